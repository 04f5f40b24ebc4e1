//! Whether an operation takes something away: what who may only bring in may not do.

use super::{Change, Outcome};
use crate::{Entity, Name};
use belfry_kernel::Time;
use compact_str::CompactString;
use smallvec::SmallVec;

/// What an entity had before an operation, without its attributes.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    types: SmallVec<[Name; 1]>,
    scopes: Vec<CompactString>,
    expires_at: Option<Time>,
}

impl Head {
    /// That of this entity.
    pub fn of(entity: &Entity) -> Self {
        Self { types: entity.types.clone(), scopes: entity.scopes.clone(), expires_at: entity.expires_at }
    }

    /// Whether the outcome deletes the entity or one of its attribute instances, takes a type or scope from it, or lets
    /// it expire earlier. (Writing an instance anew is no loss, whatever it said before.)
    pub fn loses(&self, outcome: &Outcome) -> bool {
        let Some(after) = &outcome.entity else { return true };
        let earlier = match (self.expires_at, after.expires_at) {
            (Some(before), Some(after)) => after < before,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        earlier
            || outcome.changes.iter().any(|changed| changed.change == Change::Deleted)
            || self.types.iter().any(|name| !after.types.contains(name))
            || self.scopes.iter().any(|scope| !after.scopes.contains(scope))
    }
}
