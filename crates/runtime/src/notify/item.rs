//! One notification on its way: what it is about, and its place in the order.

use super::weight;
use belfry_kernel::{Iri, Time, TraceContext};
use belfry_ngsi_ld::{Entity, Json};
use belfry_ports::{Change, ChangeKind, Commit, EntityChange, Seq};
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
    pub(crate) origin: Origin,
    /// What it shows: of its own, so that no commit is kept for one entity of many. Empty once there is a body, unless
    /// it was held.
    pub(crate) images: SmallVec<[Image; 1]>,
    /// The body, once it was made and not delivered.
    pub(crate) body: Option<Bytes>,
}

/// What a notification came of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Origin {
    /// One commit, with the trace that it belongs to.
    Commit(Option<TraceContext>),
    /// What throttling held back.
    Held,
    /// A period that ended.
    Period,
}

/// An entity as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) entity: Arc<Entity>,
    /// When it was deleted, if it was.
    pub(crate) deleted: Option<Time>,
    /// What has changed since the notification before, with what was there then. Not kept over a restart.
    pub(crate) changes: Arc<Vec<Change>>,
    /// What it takes.
    pub(crate) bytes: usize,
}

impl Image {
    pub(crate) fn new(entity: Arc<Entity>, deleted: Option<Time>, changes: Vec<Change>) -> Self {
        let mut image = Self { entity, deleted, changes: Arc::new(changes), bytes: 0 };
        image.weigh();
        image
    }

    /// A change of a commit as it is shown; `values`: with the values before.
    pub(crate) fn of(commit: &Commit, at: u32, values: bool) -> Option<Self> {
        Some(match commit.changes.entities.get(at as usize)? {
            EntityChange::Put { entity, changes, .. } => {
                let changes = changes.iter().map(|c| Change {
                    before: c.before.clone().filter(|_| values || c.kind == ChangeKind::Deleted),
                    dataset_id: c.dataset_id.clone(),
                    ..*c
                });
                Self::new(entity.clone(), None, changes.collect())
            }
            EntityChange::Delete { last, .. } => Self::new(last.clone(), Some(commit.at), Vec::new()),
        })
    }

    fn weigh(&mut self) {
        self.bytes = weight::entity(&self.entity) + self.changes.iter().map(weight::change).sum::<usize>();
    }

    /// Brings it up to what came later of the same entity.
    pub(crate) fn update(&mut self, later: Self) {
        if self.deleted.is_none() && later.deleted.is_none() {
            let changes = Arc::make_mut(&mut self.changes);
            later.changes.iter().for_each(|change| add(changes, change));
            self.entity = later.entity;
            self.weigh();
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
        matches!(self.origin, Origin::Commit(_))
    }

    /// What it takes while it waits, bytes.
    pub(crate) fn bytes(&self) -> usize {
        let images: usize = self.images.iter().map(|image| image.bytes).sum();
        size_of::<Self>() + images + self.body.as_ref().map_or(0, Bytes::len)
    }

    /// Keeps the body that was made of it, and of the images only what is still asked for.
    pub(crate) fn keep_body(&mut self, body: Bytes) {
        if !matches!(self.origin, Origin::Held) {
            self.images = SmallVec::new();
        }
        self.body = Some(body);
    }

    /// Its place in the order.
    pub(crate) fn place(&self) -> (Seq, u32) {
        (self.seq, self.part)
    }
}

/// Cuts images into what one notification each shows: at most so many entities, and so many bytes unless one entity is
/// larger by itself.
pub(crate) fn portions(images: Vec<Image>, most: usize, bytes: usize) -> SmallVec<[SmallVec<[Image; 1]>; 1]> {
    let mut portions: SmallVec<[SmallVec<[Image; 1]>; 1]> = SmallVec::new();
    let mut left = 0;
    for image in images {
        match portions.last_mut() {
            Some(portion) if portion.len() < most && image.bytes <= left => {
                left -= image.bytes;
                portion.push(image);
            }
            _ => {
                left = bytes.saturating_sub(image.bytes);
                portions.push(SmallVec::from_iter([image]));
            }
        }
    }
    portions
}

/// All lanes that entities are in.
pub(crate) fn lanes(images: &[Image]) -> u64 {
    images.iter().fold(0, |lanes, image| lanes | lane(&image.entity.id))
}

/// The lane of an entity.
fn lane(id: &Iri) -> u64 {
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
