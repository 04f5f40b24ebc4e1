//! One notification on its way: what it is about, and its place in the order.

use belfry_kernel::{Iri, Time};
use belfry_ngsi_ld::subscription::Match;
use belfry_ngsi_ld::{Entity, Json};
use belfry_ports::{Change, ChangeKind, Commit, Seq};
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
    /// What has changed since the notification before, with what was there then. Not kept over a restart.
    pub(crate) changes: Arc<Vec<Change>>,
}

impl Image {
    /// Brings it up to what came later of the same entity.
    pub(crate) fn update(&mut self, later: Self) {
        if self.deleted.is_none() && later.deleted.is_none() {
            let changes = Arc::make_mut(&mut self.changes);
            later.changes.iter().for_each(|change| add(changes, change));
            self.entity = later.entity;
        } else {
            *self = later;
        }
    }

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

/// Adds a later change: what was before is what was before the first of them.
fn add(changes: &mut Vec<Change>, later: &Change) {
    let same = |c: &Change| c.name == later.name && c.dataset_id == later.dataset_id;
    let Some(at) = changes.iter().position(same) else { return changes.push(later.clone()) };
    changes[at].kind = match (changes[at].kind, later.kind) {
        (ChangeKind::Created, ChangeKind::Deleted) => {
            changes.remove(at);
            return;
        }
        (ChangeKind::Deleted, ChangeKind::Created) => ChangeKind::Updated,
        (ChangeKind::Created, _) => ChangeKind::Created,
        (known, ChangeKind::Repeated) => known,
        (_, kind) => kind,
    };
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

#[cfg(test)]
mod tests {
    use super::*;
    use belfry_ngsi_ld::Name;

    #[test]
    fn changes_one_after_the_other_are_one() {
        use ChangeKind::{Created, Deleted, Repeated, Updated};
        let name = Name::intern("https://example.org/a").unwrap();
        for (kinds, wanted) in [
            (&[Created, Updated][..], Some(Created)),
            (&[Created, Deleted], None),
            (&[Created, Deleted, Created], Some(Created)),
            (&[Updated, Repeated, Updated], Some(Updated)),
            (&[Updated, Deleted], Some(Deleted)),
            (&[Deleted, Created], Some(Updated)),
            (&[Deleted, Created, Deleted], Some(Deleted)),
        ] {
            let mut all = Vec::new();
            for kind in kinds {
                add(&mut all, &Change { name, dataset_id: None, kind: *kind, before: None });
            }
            assert_eq!(all.first().map(|c| c.kind), wanted, "{kinds:?}");
            assert!(all.len() < 2);
        }
    }
}
