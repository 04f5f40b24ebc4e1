//! Subscriptions (ETSI GS CIM 009 clauses 5.2.12 to 5.2.15, 5.8): what one says, in types. Reading, renaming, matching,
//! the index over many and the rendering of notifications are in the modules below. Delivers nothing, reads no clock.

mod change;
pub mod index;
mod matching;
mod names;
mod notification;
mod patch;
mod read;
mod status;

pub use change::{Changed, Event};
pub use index::SubscriptionIndex;
pub use matching::Match;
pub use names::{compacted, expanded};
pub use notification::{Notice, NotificationHead, write_notification};
pub use patch::patched;
pub use status::DeliveryStatus;

use crate::form::write::{Languages, Representation, Select};
use crate::query::{Expr, GeoQuery, ScopeQuery, Selector};
use crate::{Json, Name};
use belfry_kernel::{Iri, Time};

/// A subscription, read and checked.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its identifier.
    pub id: Iri,
    /// Which entities; empty for any (then attributes are watched).
    pub entities: Vec<Selector>,
    /// Which attributes; empty for any.
    pub watched: Vec<Name>,
    /// Which kinds of change.
    pub triggers: Triggers,
    /// The `q` condition on the entity after the change.
    pub q: Option<Expr>,
    /// The geo-query on the entity after the change.
    pub geo: Option<GeoQuery>,
    /// The scope query on the entity after the change.
    pub scope: Option<ScopeQuery>,
    /// Microseconds between periodic notifications; then changes do not trigger any.
    pub time_interval: Option<i64>,
    /// Least microseconds between two notifications.
    pub throttling: Option<i64>,
    /// Whether the client wants it to work; false is "paused".
    pub active: bool,
    /// When it ends.
    pub expires_at: Option<Time>,
    /// What is sent, and where to.
    pub notification: NotificationParams,
    /// The languages in which LanguageProperties are shown.
    pub languages: Option<Languages>,
    /// The instances that are shown; `None` among them is the default instance.
    pub datasets: Option<Vec<Option<Iri>>>,
    /// The URL of the @context of its notifications.
    pub jsonld_context: Option<Box<str>>,
    /// When it was made here.
    pub created_at: Time,
    /// When it was last changed.
    pub modified_at: Time,
    /// All members as kept: names expanded, read-only members left out. What [`Subscription::read`] reads.
    pub body: Json,
}

/// Kinds of change as a set of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triggers(u8);

impl Triggers {
    /// An entity came.
    pub const ENTITY_CREATED: Self = Self(1);
    /// An entity went.
    pub const ENTITY_DELETED: Self = Self(2);
    /// An attribute instance came.
    pub const ATTRIBUTE_CREATED: Self = Self(4);
    /// An attribute instance was written.
    pub const ATTRIBUTE_UPDATED: Self = Self(8);
    /// An attribute instance went.
    pub const ATTRIBUTE_DELETED: Self = Self(16);

    /// None.
    pub const fn none() -> Self {
        Self(0)
    }

    /// The set of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether they have a kind in common.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The set that a text of `notificationTrigger` stands for (table 5.2.12-1).
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "entityCreated" => Self::ENTITY_CREATED,
            "entityDeleted" => Self::ENTITY_DELETED,
            "entityUpdated" => Self::ATTRIBUTE_CREATED.with(Self::ATTRIBUTE_UPDATED).with(Self::ATTRIBUTE_DELETED),
            "attributeCreated" => Self::ATTRIBUTE_CREATED,
            "attributeUpdated" => Self::ATTRIBUTE_UPDATED,
            "attributeDeleted" => Self::ATTRIBUTE_DELETED,
            _ => return None,
        })
    }
}

impl Default for Triggers {
    /// `attributeCreated` and `attributeUpdated`.
    fn default() -> Self {
        Self::ATTRIBUTE_CREATED.with(Self::ATTRIBUTE_UPDATED)
    }
}

/// What is sent (clause 5.2.14).
#[derive(Clone, Debug)]
pub struct NotificationParams {
    /// The form of entities.
    pub format: Representation,
    /// Whether the value before is shown too.
    pub show_changes: bool,
    /// Whether the system's times are shown.
    pub sys_attrs: bool,
    /// Which attributes are shown.
    pub select: Select,
    /// Whether the id is shown.
    pub shows_id: bool,
    /// Whether the type is shown.
    pub shows_type: bool,
    /// Whether the scope is shown.
    pub shows_scope: bool,
    /// Where to.
    pub endpoint: Endpoint,
}

/// Where notifications go (clause 5.2.15).
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its URL.
    pub uri: Box<str>,
    /// How it is spoken to.
    pub binding: Binding,
    /// The media type of the body.
    pub accept: Accept,
    /// Microseconds that it may take to answer, when the client says so.
    pub timeout: Option<i64>,
    /// Least microseconds between a failure and the next attempt.
    pub cooldown: Option<i64>,
    /// Extra headers (HTTP) or metadata (MQTT).
    pub receiver_info: Vec<(Box<str>, Box<str>)>,
}

/// How an endpoint is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A POST (clause 6.3.8).
    Http,
    /// A message (clause 7.2).
    Mqtt {
        /// Quality of service, 0 to 2.
        qos: u8,
        /// Whether version 5.0 is spoken, else 3.1.1.
        v5: bool,
    },
}

/// The media type of a notification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accept {
    /// `application/json`, the context in a Link header.
    #[default]
    Json,
    /// `application/ld+json`, the context in the body.
    JsonLd,
    /// `application/geo+json`, a FeatureCollection.
    GeoJson,
}

impl Accept {
    /// The media type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JsonLd => "application/ld+json",
            Self::GeoJson => "application/geo+json",
        }
    }
}

/// What a subscription is doing (table 5.2.12-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It notifies.
    Active,
    /// The client put it to rest.
    Paused,
    /// Its time is over.
    Expired,
}

impl State {
    /// The text of `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Expired => "expired",
        }
    }
}

impl Subscription {
    /// What it is doing at `now`.
    pub fn state(&self, now: Time) -> State {
        if self.expires_at.is_some_and(|t| t <= now) {
            State::Expired
        } else if self.active {
            State::Active
        } else {
            State::Paused
        }
    }

    /// The bytes under which it is kept.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        Json::Object(vec![
            ("createdAt".into(), Json::Int(self.created_at.micros())),
            ("modifiedAt".into(), Json::Int(self.modified_at.micros())),
            ("subscription".into(), self.body.clone()),
        ])
        .write(&mut out);
        out
    }
}
