//! A reading: one value of one attribute of one device at one instant. Holds the shapes only.

use belfry_kernel::{Iri, Position, Time};
use compact_str::CompactString;
use std::sync::Arc;

/// One value that a device reported.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The device, as its protocol names it (a TTS device id, a DevEUI, `group/node/device`); without any, the topic.
    pub device: CompactString,
    /// The entity that the mapping names; without, the device register says which entity the device feeds.
    pub entity: Option<Arc<EntityRef>>,
    /// The attribute: a short name or an IRI.
    pub attribute: CompactString,
    /// The value.
    pub value: Value,
    /// The unit, a UN/CEFACT Recommendation 20 code (`CEL`, `P1`).
    pub unit_code: Option<CompactString>,
    /// When the device measured it; without, the instant of arrival counts.
    pub observed_at: Option<Time>,
}

/// The entity of a reading.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityRef {
    /// Its identifier.
    pub id: Iri,
    /// Its types, short names or IRIs; at least one.
    pub types: Arc<[CompactString]>,
}

/// The value of a reading.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A finite number.
    Number(f64),
    /// Yes or no.
    Bool(bool),
    /// A text.
    Text(CompactString),
    /// A JSON array or object, as JSON text.
    Json(Box<str>),
    /// A place, WGS 84 degrees within their ranges.
    Point(Position),
}
