//! One item of a batch (clauses 5.6.7 to 5.6.10, 5.6.20): which single operation it is. Items on the same entity are
//! applied one after the other, each to what the one before left (5.5.11). Holds no rule of its own.

use super::{MergeOptions, Outcome, append_attributes, create_entity, merge_entity, replace_entity, update_attributes};
use crate::Entity;
use crate::form::{EntityFragment, Mode};
use belfry_kernel::{Error, Time};

/// The batch operations that write entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchKind {
    /// Create (5.6.7).
    Create,
    /// Upsert that replaces what is there (5.6.8, the default).
    UpsertReplace,
    /// Upsert that updates what is there (5.6.8, `options=update`).
    UpsertUpdate,
    /// Update (5.6.9), overwriting.
    Update,
    /// Update with `options=noOverwrite`.
    UpdateNoOverwrite,
    /// Merge (5.6.20).
    Merge,
}

impl BatchKind {
    /// How the items of this batch are read.
    pub fn mode(self) -> Mode {
        match self {
            Self::Create | Self::UpsertReplace | Self::Update | Self::UpdateNoOverwrite => Mode::Full,
            Self::UpsertUpdate => Mode::Update,
            Self::Merge => Mode::Merge,
        }
    }
}

/// Applies one item to the entity of its id, as it is now.
///
/// # Errors
/// Those of the single operation: `AlreadyExists`, `ResourceNotFound`, `BadRequestData`.
pub fn apply_batch_item(
    kind: BatchKind,
    current: Option<Entity>,
    fragment: EntityFragment,
    now: Time,
) -> Result<Outcome, Error> {
    let missing = |fragment: &EntityFragment| {
        Error::not_found(match &fragment.id {
            Some(id) => format!("there is no entity {id}"),
            None => "the entity has no id".to_owned(),
        })
    };
    match (kind, current) {
        (BatchKind::Create, current) => create_entity(current.as_ref(), fragment.into_entity(now)?, now),
        (BatchKind::UpsertReplace | BatchKind::UpsertUpdate, None) => {
            create_entity(None, fragment.into_entity(now)?, now)
        }
        (BatchKind::UpsertReplace, Some(current)) => replace_entity(Some(&current), fragment.into_entity(now)?, now),
        (BatchKind::UpsertUpdate, Some(current)) => update_attributes(current, fragment, now),
        (_, None) => Err(missing(&fragment)),
        (BatchKind::Update, Some(current)) => append_attributes(current, fragment, true, now),
        (BatchKind::UpdateNoOverwrite, Some(current)) => append_attributes(current, fragment, false, now),
        (BatchKind::Merge, Some(current)) => merge_entity(current, fragment, &MergeOptions::default(), now),
    }
}
