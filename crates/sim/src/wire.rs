//! What leaves the county, as bytes: messages of devices in the formats that they speak, entities of services and registers in
//! NGSI-LD, warnings in CAP, roads in OpenStreetMap's XML, the timetable in GTFS. Sends nothing.

pub mod cap;
mod json;
pub mod message;
pub mod osm;
pub mod register;
pub mod service;
mod sparkplug;
pub mod truth;

pub use message::{Message, birth, messages};

/// The timetable as GTFS tables.
pub use crate::county::timetable::tables as gtfs;

/// The rules by which a platform's mapping takes the messages that no built-in rule knows, in Belfry's mapping format.
pub const MAPPING: &str = include_str!("wire/mapping.toml");
