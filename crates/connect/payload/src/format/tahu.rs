//! The Sparkplug B payload as protobuf messages (Eclipse Tahu `sparkplug_b.proto`, Sparkplug 3.0 section 6.4). Holds the
//! fields that readings need; data sets, templates and metadata are skipped as unknown fields.

/// A payload.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Payload {
    /// Milliseconds since 1970 at which the message was sent.
    #[prost(uint64, optional, tag = "1")]
    pub timestamp: Option<u64>,
    /// The metrics.
    #[prost(message, repeated, tag = "2")]
    pub metrics: Vec<Metric>,
    /// Sequence number, 0 to 255.
    #[prost(uint64, optional, tag = "3")]
    pub seq: Option<u64>,
}

/// A metric.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Metric {
    /// Its name; in data messages an alias may stand for it.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// Its alias, made known by a birth message.
    #[prost(uint64, optional, tag = "2")]
    pub alias: Option<u64>,
    /// Milliseconds since 1970 at which it was measured.
    #[prost(uint64, optional, tag = "3")]
    pub timestamp: Option<u64>,
    /// The data type (Sparkplug 3.0 section 6.4.16).
    #[prost(uint32, optional, tag = "4")]
    pub datatype: Option<u32>,
    /// Whether it was kept from earlier and is not the current value.
    #[prost(bool, optional, tag = "5")]
    pub is_historical: Option<bool>,
    /// Whether it has no value.
    #[prost(bool, optional, tag = "7")]
    pub is_null: Option<bool>,
    /// Properties, of which the engineering unit is read.
    #[prost(message, optional, tag = "9")]
    pub properties: Option<PropertySet>,
    /// The value.
    #[prost(oneof = "MetricValue", tags = "10, 11, 12, 13, 14, 15, 16")]
    pub value: Option<MetricValue>,
}

/// The value of a metric.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum MetricValue {
    /// Integers of 8 to 32 bits, signed ones in two's complement.
    #[prost(uint32, tag = "10")]
    Int(u32),
    /// Integers of 64 bits and instants.
    #[prost(uint64, tag = "11")]
    Long(u64),
    /// A single.
    #[prost(float, tag = "12")]
    Float(f32),
    /// A double.
    #[prost(double, tag = "13")]
    Double(f64),
    /// Yes or no.
    #[prost(bool, tag = "14")]
    Boolean(bool),
    /// A text.
    #[prost(string, tag = "15")]
    Text(String),
    /// Bytes.
    #[prost(bytes, tag = "16")]
    Bytes(Vec<u8>),
}

/// Named properties: two lists of one length.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PropertySet {
    /// The names.
    #[prost(string, repeated, tag = "1")]
    pub keys: Vec<String>,
    /// The values.
    #[prost(message, repeated, tag = "2")]
    pub values: Vec<PropertyValue>,
}

/// The value of a property; only texts are read.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PropertyValue {
    /// A text.
    #[prost(string, optional, tag = "8")]
    pub text: Option<String>,
}
