//! The NGSI-LD operations, one a file: each reads its request, asks or changes the store, and answers. The rules of what
//! a change does are in the information model's crate.

mod change;
mod batch;

pub(crate) mod attribute_update;
pub(crate) mod batch_create;
pub(crate) mod batch_delete;
pub(crate) mod batch_merge;
pub(crate) mod batch_update;
pub(crate) mod batch_upsert;
pub(crate) mod entity_create;
pub(crate) mod entity_query;
pub(crate) mod entity_retrieve;
