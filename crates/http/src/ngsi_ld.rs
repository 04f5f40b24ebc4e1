//! The NGSI-LD operations, one a file: each reads its request, asks or changes the store, and answers. The rules of what
//! a change does are in the information model's crate.

mod batch;
pub(crate) mod catalogue;
mod change;
mod lines;
mod subscription;
mod update_result;

pub(crate) mod attribute_delete;
pub(crate) mod attribute_info;
pub(crate) mod attribute_list;
pub(crate) mod attribute_replace;
pub(crate) mod attribute_update;
pub(crate) mod attributes_append;
pub(crate) mod attributes_update;
pub(crate) mod batch_create;
pub(crate) mod batch_delete;
pub(crate) mod batch_merge;
pub(crate) mod batch_query;
pub(crate) mod batch_update;
pub(crate) mod batch_upsert;
pub(crate) mod context_add;
pub(crate) mod context_delete;
pub(crate) mod context_list;
pub(crate) mod context_serve;
pub(crate) mod entity_create;
pub(crate) mod entity_delete;
pub(crate) mod entity_merge;
pub(crate) mod entity_purge;
pub(crate) mod entity_query;
pub(crate) mod entity_replace;
pub(crate) mod entity_retrieve;
pub(crate) mod subscription_create;
pub(crate) mod subscription_delete;
pub(crate) mod subscription_list;
pub(crate) mod subscription_retrieve;
pub(crate) mod subscription_update;
pub(crate) mod type_info;
pub(crate) mod type_list;
