//! Contexts that are kept here (ETSI GS CIM 009 clause 5.13): those that clients add, and those made for subscriptions whose
//! context no single URL names. Documents of the store; a change makes processed contexts forget what they came from.

use super::Contexts;
use crate::write::write;
use belfry_kernel::{Error, Time};
use belfry_ngsi_ld::context::NoRemote;
use belfry_ngsi_ld::{Context, Json, json};
use belfry_ports::{ChangeSet, Collection, DocumentChange};
use std::sync::Arc;

/// How many documents are listed at most.
const MAX_LISTED: usize = 10_000;

/// Why a context is kept (clause 5.13.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A client added it.
    Hosted,
    /// It was fetched from elsewhere.
    Cached,
    /// An answer needed it.
    ImplicitlyCreated,
}

impl Kind {
    /// Every kind with its text.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Hosted, "Hosted"), (Self::Cached, "Cached"), (Self::ImplicitlyCreated, "ImplicitlyCreated")];

    /// The text of a `kind` parameter or member.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The kind of this text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, t)| *t == text).map(|(kind, _)| *kind)
    }
}

/// A context that is kept here.
#[derive(Clone, Debug, PartialEq)]
pub struct Hosted {
    /// Its identifier, the last part of its URL.
    pub id: String,
    /// Why it is here.
    pub kind: Kind,
    /// When it came.
    pub created_at: Time,
    /// The `@context` value.
    pub context: Json,
}

/// What is to be kept.
#[derive(Clone, Debug)]
pub struct NewHosted {
    /// Its identifier.
    pub id: String,
    /// Why.
    pub kind: Kind,
    /// The `@context` value.
    pub context: Json,
}

impl Hosted {
    /// The whole document: an object with the member `@context`.
    pub(super) fn document(self) -> Result<Json, Error> {
        Ok(Json::Object(vec![("@context".into(), self.context)]))
    }

    fn decode(id: &str, bytes: &[u8]) -> Result<Self, Error> {
        let damaged = || Error::internal("a kept @context is damaged");
        let json = Json::parse(bytes, json::KEPT_DEPTH).map_err(Error::internal)?;
        let text = |key: &str| json.get(key).and_then(Json::as_str);
        let created_at = match json.get("createdAt") {
            Some(Json::Int(micros)) => Time::from_micros(*micros),
            _ => return Err(damaged()),
        };
        Ok(Self {
            id: id.to_owned(),
            kind: text("kind").and_then(Kind::parse).ok_or_else(damaged)?,
            created_at,
            context: json.get("@context").cloned().ok_or_else(damaged)?,
        })
    }
}

fn encode(new: NewHosted, now: Time) -> Arc<[u8]> {
    let mut out = Vec::new();
    Json::Object(vec![
        ("kind".into(), Json::from(new.kind.as_str())),
        ("createdAt".into(), Json::Int(now.micros())),
        ("@context".into(), new.context),
    ])
    .write(&mut out);
    out.into()
}

impl Contexts {
    /// The context that is kept under this identifier.
    ///
    /// # Errors
    /// `Internal` when it is damaged.
    pub fn hosted(&self, id: &str) -> Result<Option<Hosted>, Error> {
        match self.store.document(Collection::Context, id)? {
            Some(bytes) => Hosted::decode(id, &bytes).map(Some),
            None => self.implicit.get(id, self.now()),
        }
    }

    /// Every context that is kept here, by identifier.
    ///
    /// # Errors
    /// `Internal` when one is damaged.
    pub fn all_hosted(&self) -> Result<Vec<Hosted>, Error> {
        let documents = self.store.documents(Collection::Context, None, MAX_LISTED)?;
        let mut all = documents.iter().map(|d| Hosted::decode(&d.key, &d.bytes)).collect::<Result<Vec<_>, _>>()?;
        for implicit in self.implicit.all()? {
            // One that is kept for a subscription has the same name.
            if !documents.iter().any(|d| *d.key == *implicit.id) {
                all.push(implicit);
            }
        }
        Ok(all)
    }

    /// Checks a context and keeps it.
    ///
    /// # Errors
    /// `BadRequestData` when it cannot be processed; `LdContextNotAvailable` when it needs a remote one that cannot be
    /// had; `Unavailable` when the store takes no writes.
    pub async fn add(&self, new: NewHosted) -> Result<(), Error> {
        self.resolve(&new.context).await?;
        self.keep(new).await
    }

    pub(super) async fn keep(&self, new: NewHosted) -> Result<(), Error> {
        let url = self.hosted_url(&new.id);
        let id = new.id.clone();
        write(&*self.store, move |_, now| {
            let change = DocumentChange {
                collection: Collection::Context,
                key: new.id.clone().into(),
                bytes: Some(encode(new, now)),
            };
            Ok((ChangeSet { documents: vec![change], ..ChangeSet::default() }, ()))
        })
        .await?;
        self.forget(&url);
        self.forget(&id);
        Ok(())
    }

    /// Deletes what is kept under this identifier. Answers whether there was something.
    ///
    /// # Errors
    /// `Unavailable` when the store takes no writes.
    pub async fn remove(&self, id: &str) -> Result<bool, Error> {
        let key: Box<str> = id.into();
        let (found, _) = write(&*self.store, move |read, _| {
            if read.document(Collection::Context, &key)?.is_none() {
                return Ok((ChangeSet::default(), false));
            }
            let change = DocumentChange { collection: Collection::Context, key, bytes: None };
            Ok((ChangeSet { documents: vec![change], ..ChangeSet::default() }, true))
        })
        .await?;
        let implicit = self.implicit.remove(id);
        self.forget(&self.hosted_url(id));
        Ok(found || implicit)
    }

    /// Processed contexts that came from this document are built anew when next needed.
    pub(super) fn forget(&self, url: &str) {
        self.cache.forget(url);
    }

    /// Whether a value is an `@context` that can be processed without any remote document.
    pub fn is_closed(&self, local: &Json) -> bool {
        Context::build(local, &NoRemote, &self.limits).is_ok()
    }
}
