//! From what an operation decided to a change of the store, and what a write begins with. Pure; holds no rule of an operation.
//!
//! What has expired is not there for a write either (ETSI GS CIM 009 clause 4.22), though the sweeper may not have come yet:
//! a write begins without it, and says in its own commit that it is gone.

use crate::{Change, ChangeKind, EntityChange};
use belfry_kernel::Time;
use belfry_ngsi_ld::Entity;
use belfry_ngsi_ld::operation::{self, Outcome};
use std::sync::Arc;

/// The change that an outcome asks for: none when it changes nothing. `before` is the image that it started from;
/// `keep_before` keeps the instances as they were, for subscriptions that want to show them.
pub fn change_of(outcome: &mut Outcome, before: Option<&Arc<Entity>>, keep_before: bool) -> Option<EntityChange> {
    if !outcome.is_change() {
        return None;
    }
    let changes = outcome
        .changes
        .iter_mut()
        .map(|c| Change {
            name: c.name,
            dataset_id: c.dataset_id.clone(),
            kind: match c.change {
                operation::Change::Created => ChangeKind::Created,
                operation::Change::Updated => ChangeKind::Updated,
                operation::Change::Repeated => ChangeKind::Repeated,
                operation::Change::Deleted => ChangeKind::Deleted,
            },
            before: c.last.take().or_else(|| {
                before
                    .filter(|_| keep_before && c.change == operation::Change::Updated)
                    .and_then(|b| b.instance(c.name, c.dataset_id.as_ref()))
                    .map(|a| Box::new(a.clone()))
            }),
        })
        .collect();
    match outcome.entity.take() {
        Some(entity) => Some(EntityChange::Put {
            entity: Arc::new(entity),
            created: outcome.created,
            head: outcome.entity_changed,
            changes,
        }),
        None => before.map(|last| EntityChange::Delete { id: last.id.clone(), last: last.clone() }),
    }
}

/// What a write begins with.
#[derive(Debug, Default)]
pub struct Current {
    /// The entity without what has expired of it; none when it is not there or has expired itself.
    pub entity: Option<Arc<Entity>>,
    /// The end of the expired entity: committed before another is made in its place.
    pub ended: Option<EntityChange>,
    gone: Vec<Change>,
}

impl Current {
    /// What is there of the stored entity at `now`. `keep_before` keeps expired instances as they were, for subscriptions
    /// that want to show them.
    pub fn of(stored: Option<Arc<Entity>>, now: Time, keep_before: bool) -> Self {
        let past = |at: Option<Time>| at.is_some_and(|at| at <= now);
        match stored {
            None => Self::default(),
            Some(last) if past(last.expires_at) => {
                Self { ended: Some(EntityChange::Delete { id: last.id.clone(), last }), ..Self::default() }
            }
            Some(entity) if entity.attributes.iter().any(|a| past(a.expires_at)) => {
                let mut live = Arc::unwrap_or_clone(entity);
                let mut gone = Vec::new();
                live.attributes.retain(|a| {
                    if past(a.expires_at) {
                        gone.push(Change {
                            name: a.name,
                            dataset_id: a.dataset_id.clone(),
                            kind: ChangeKind::Deleted,
                            before: keep_before.then(|| Box::new(a.clone())),
                        });
                    }
                    !past(a.expires_at)
                });
                Self { entity: Some(Arc::new(live)), ended: None, gone }
            }
            entity => Self { entity, ..Self::default() },
        }
    }

    /// The instances that have expired, as changes: they belong to the change that is made of the entity.
    pub fn gone(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.gone)
    }
}

/// Adds to a change the instances that had expired before it and that it does not bring back.
pub fn with_gone(change: &mut EntityChange, gone: Vec<Change>) {
    if let EntityChange::Put { entity, changes, .. } = change {
        changes.extend(gone.into_iter().filter(|g| entity.instance(g.name, g.dataset_id.as_ref()).is_none()));
    }
}
