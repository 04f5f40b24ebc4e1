//! NGSI-LD (ETSI GS CIM 009 v1.8/1.9) as pure functions and types: the information model, @context expansion and
//! compaction, the query languages, the rules of each operation, rendering. No I/O, no clock, no storage.

pub mod context;
pub mod entity;
pub mod form;
pub mod geojson;
pub mod json;
pub mod lent;
pub mod name;
pub mod operation;
pub mod query;
pub mod subscription;

pub use context::Context;
pub use entity::{Attribute, AttributeKind, Entity, Objects, Terms, Value};
pub use json::Json;
pub use name::Name;
