//! What requests have in common: the exchange itself, its query parameters, media types, body, @context, representation,
//! selection and paging. One noun a file. Holds no operation.

pub mod body;
pub mod context;
pub mod exchange;
pub mod host;
pub mod media;
pub mod paging;
pub mod parameters;
pub mod query;
pub mod query_body;
pub mod representation;
pub mod selection;
pub mod untrusted;

pub use exchange::{Exchange, TENANT, Writing};
