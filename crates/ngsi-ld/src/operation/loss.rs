//! Whether an operation takes something away: what who may only bring in may not do.

use super::{Change, Changed, Outcome};
use crate::{Entity, Name};
use belfry_kernel::{Iri, Time};
use compact_str::CompactString;
use smallvec::SmallVec;

/// What an entity had before an operation, without its attributes.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    types: SmallVec<[Name; 1]>,
    scopes: Vec<CompactString>,
    expires_at: Option<Time>,
    /// Attribute instances that expire, and when: few have any.
    expiring: Vec<(Name, Option<Iri>, Time)>,
}

impl Head {
    /// That of this entity.
    pub fn of(entity: &Entity) -> Self {
        let expiring = entity.attributes.iter().filter_map(|a| Some((a.name, a.dataset_id.clone(), a.expires_at?)));
        Self {
            types: entity.types.clone(),
            scopes: entity.scopes.clone(),
            expires_at: entity.expires_at,
            expiring: expiring.collect(),
        }
    }

    /// Whether the outcome deletes the entity or one of its attribute instances, takes a type or scope from it, or lets
    /// it or an instance that was there expire earlier. (Writing an instance anew is no loss, whatever it said before.)
    pub fn loses(&self, outcome: &Outcome) -> bool {
        let Some(after) = &outcome.entity else { return true };
        let loses = |changed: &Changed| match changed.change {
            Change::Deleted => true,
            Change::Created => false,
            Change::Updated | Change::Repeated => {
                let (name, dataset_id) = (changed.name, changed.dataset_id.as_ref());
                // Few expire: for the others nothing is looked up.
                after
                    .instance(name, dataset_id)
                    .and_then(|instance| instance.expires_at)
                    .is_some_and(|after| is_earlier(self.expiry(name, dataset_id), Some(after)))
            }
        };
        is_earlier(self.expires_at, after.expires_at)
            || outcome.changes.iter().any(loses)
            || self.types.iter().any(|name| !after.types.contains(name))
            || self.scopes.iter().any(|scope| !after.scopes.contains(scope))
    }
    /// When this instance expires, if it does.
    fn expiry(&self, name: Name, dataset_id: Option<&Iri>) -> Option<Time> {
        self.expiring.iter().find(|(n, d, _)| *n == name && d.as_ref() == dataset_id).map(|(_, _, at)| *at)
    }
}

/// Whether something ends earlier than it did: it need not have ended at all.
fn is_earlier(before: Option<Time>, after: Option<Time>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => after < before,
        (None, Some(_)) => true,
        (_, None) => false,
    }
}
