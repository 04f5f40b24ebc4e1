//! What is not NGSI-LD: health, metrics, the API description, the event stream, backups, tokens. One operation a file.

pub(crate) mod api_description;
pub(crate) mod backup;
pub(crate) mod backup_create;
pub(crate) mod backup_list;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod token_create;
pub(crate) mod token_list;
pub(crate) mod token_revoke;
