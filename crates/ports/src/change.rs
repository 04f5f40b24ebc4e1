//! What one commit changes. A [`ChangeSet`] is what a decision asks for; a [`Commit`] is what became true.

use crate::DocumentChange;
use belfry_kernel::{Iri, Time, TraceContext};
use belfry_ngsi_ld::{Attribute, Entity, Name};
use std::sync::Arc;

/// The place of a commit in the one ordered log; the first is 1.
pub type Seq = u64;

/// All that one decision changes, committed whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct ChangeSet {
    /// Entities put or deleted, in order.
    pub entities: Vec<EntityChange>,
    /// Instances that go into history alone (temporal API writes), not into the current state.
    pub samples: Vec<Sample>,
    /// Documents put or deleted, in order.
    pub documents: Vec<DocumentChange>,
    /// The span of the commit, when what asked for it is traced. In memory only: what is read back from a log has none.
    pub trace: Option<TraceContext>,
}

/// A change of one entity's current state.
#[derive(Clone, Debug)]
pub enum EntityChange {
    /// The entity is now this (the full image), by these attribute changes.
    Put {
        /// The image after the change.
        entity: Arc<Entity>,
        /// Whether it did not exist before.
        created: bool,
        /// Whether its types, scopes or expiry changed.
        head: bool,
        /// Which attribute instances changed, and how. Unlisted ones are as they were.
        changes: Vec<Change>,
    },
    /// The entity is gone.
    Delete {
        /// Its identifier.
        id: Iri,
        /// Its last image, for those who were subscribed to it.
        last: Arc<Entity>,
    },
}

/// A change of one attribute instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The attribute.
    pub name: Name,
    /// The instance; none for the default one.
    pub dataset_id: Option<Iri>,
    /// What happened.
    pub kind: ChangeKind,
    /// The instance before, where it existed and a reader asked for it (`showChanges`) or it is deleted.
    pub before: Option<Box<Attribute>>,
}

/// What happened to an attribute instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It is new.
    Created,
    /// It was written again and says something else.
    Updated,
    /// It was written again and says the same: but for the time of its modification nothing changed.
    Repeated,
    /// It is gone.
    Deleted,
}

/// A write to history alone.
#[derive(Clone, Debug)]
pub enum Sample {
    /// One instance more.
    Append {
        /// The entity, which need not have a current state.
        id: Iri,
        /// Its types; those that its history does not have yet are added to it.
        types: Vec<Name>,
        /// The instance.
        attribute: Attribute,
    },
    /// The instance of this number is now this.
    Replace {
        /// The entity.
        id: Iri,
        /// Which instance: its number within the series.
        stamp: i64,
        /// What it is now.
        attribute: Attribute,
    },
    /// The instance of this number is gone.
    Remove {
        /// The entity.
        id: Iri,
        /// The attribute.
        name: Name,
        /// The dataset.
        dataset_id: Option<Iri>,
        /// Which instance.
        stamp: i64,
    },
    /// All instances of an attribute are gone, or of the whole entity when there is no name: those before this commit,
    /// whatever else the commit adds.
    Forget {
        /// The entity.
        id: Iri,
        /// The attribute.
        name: Option<Name>,
        /// The dataset: none for the default instance only, unless `all_datasets`.
        dataset_id: Option<Iri>,
        /// Every dataset.
        all_datasets: bool,
    },
}

/// A commit: its place, its instant and what it changed. Handed to every consumer of the feed.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Its place in the log.
    pub seq: Seq,
    /// When it was committed; never decreases along the log.
    pub at: Time,
    /// What it changed.
    pub changes: Arc<ChangeSet>,
}

impl ChangeSet {
    /// Whether nothing changes; such a set is acknowledged without a commit.
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty() && self.samples.is_empty() && self.documents.is_empty()
    }

    /// A set of one entity change.
    pub fn of(change: EntityChange) -> Self {
        Self { entities: vec![change], ..Self::default() }
    }
}

impl EntityChange {
    /// The entity's identifier.
    pub fn id(&self) -> &Iri {
        match self {
            Self::Put { entity, .. } => &entity.id,
            Self::Delete { id, .. } => id,
        }
    }
}
