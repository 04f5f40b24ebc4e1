//! One notification on its way: what it is about, and its place in the order.

use belfry_kernel::{Iri, Time};
use belfry_ngsi_ld::Entity;
use belfry_ngsi_ld::subscription::Match;
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
