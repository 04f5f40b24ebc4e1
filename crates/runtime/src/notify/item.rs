//! One notification on its way: what it is about, and its place in the order.

use belfry_kernel::{Iri, Time};
use belfry_ngsi_ld::subscription::Match;
use belfry_ngsi_ld::{Entity, Json};
use belfry_ports::{Commit, Seq};
use bytes::Bytes;
use smallvec::SmallVec;
use std::sync::Arc;

/// A notification that waits or is under way.
#[derive(Debug)]
pub(crate) struct Item {
    /// The commit that it came of; with `part`, its place in the order.
    pub(crate) seq: Seq,
    /// Which of several of one commit.
    pub(crate) part: u32,
    /// One bit for each lane that its entities are in: two that share a bit are not under way at one time.
    pub(crate) lanes: u64,
    /// Since when it waits.
    pub(crate) since: Time,
    pub(crate) content: Content,
    /// The body, once it was made and not delivered.
    pub(crate) body: Option<Bytes>,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Changes of a commit, by their place in it.
    Changes { commit: Arc<Commit>, which: SmallVec<[(u32, Match); 1]> },
    /// Images gathered while throttled, or by a period: with the instant of their deletion if gone.
    Images { images: Vec<Image>, held: bool },
}

/// An entity as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) entity: Arc<Entity>,
    pub(crate) deleted: Option<Time>,
}

impl Image {
    /// What is kept of it over a restart: the identifier, or of an entity that is gone all that a notification of its
    /// deletion shows but the values that it had.
    pub(crate) fn kept(&self) -> Json {
        let Some(deleted) = self.deleted else { return Json::from(self.entity.id.as_str()) };
        let types = self.entity.types.iter().map(|t| Json::from(t.as_str())).collect();
        let time = |t: Time| Json::Int(t.micros());
        Json::Object(vec![
            ("id".into(), Json::from(self.entity.id.as_str())),
            ("types".into(), Json::Array(types)),
            ("createdAt".into(), time(self.entity.created_at)),
            ("modifiedAt".into(), time(self.entity.modified_at)),
            ("deletedAt".into(), time(deleted)),
        ])
    }
}

impl Item {
    /// Whether the tracker waits for it.
    pub(crate) fn is_tracked(&self) -> bool {
        matches!(self.content, Content::Changes { .. })
    }

    /// Its place in the order.
    pub(crate) fn place(&self) -> (Seq, u32) {
        (self.seq, self.part)
    }
}

/// The lane of an entity.
pub(crate) fn lane(id: &Iri) -> u64 {
    1 << (xxhash_rust::xxh3::xxh3_64(id.as_str().as_bytes()) % 64)
}
