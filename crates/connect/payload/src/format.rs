//! The payload formats, each a pure function from bytes to samples or documents. Holds no topic rules: mapping to
//! attributes and entities is the mapper's.

pub mod homeassistant;
pub mod lorawan;
pub mod plain;
pub mod senml;
pub mod sparkplug;
pub mod tahu;

use crate::reading::Value;
use belfry_kernel::Time;
use compact_str::CompactString;

/// The most records, rows or metrics of one message.
pub const MAX_VALUES: usize = 4096;

/// A named value out of a format that names its values itself (SenML, Home Assistant, Sparkplug B).
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The device; empty when the payload does not say.
    pub device: CompactString,
    /// The name within the device.
    pub name: CompactString,
    /// The value.
    pub value: Value,
    /// UN/CEFACT code of the unit, when the payload gives a unit that has one.
    pub unit_code: Option<CompactString>,
    /// When it was measured.
    pub at: Option<Time>,
}

/// A JSON document out of a network server's envelope.
#[derive(Clone, Debug)]
pub struct Document {
    /// The device as the network server names it.
    pub device: CompactString,
    /// When the uplink was received.
    pub at: Option<Time>,
    /// The decoded payload (an object), when the server decoded it.
    pub payload: Option<sonic_rs::Value>,
    /// The whole message.
    pub message: sonic_rs::Value,
}
