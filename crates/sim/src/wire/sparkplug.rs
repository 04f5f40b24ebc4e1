//! Sparkplug B payloads (Eclipse Sparkplug 3.0, section 6.4), the few fields that a meter sends.

use prost::Message as _;

/// Data types of the specification: 64-bit integers and doubles.
const INT64: u32 = 4;
const DOUBLE: u32 = 10;

#[derive(Clone, PartialEq, prost::Message)]
struct Payload {
    #[prost(uint64, optional, tag = "1")]
    timestamp: Option<u64>,
    #[prost(message, repeated, tag = "2")]
    metrics: Vec<Metric>,
    #[prost(uint64, optional, tag = "3")]
    seq: Option<u64>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Metric {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
    #[prost(uint64, optional, tag = "3")]
    timestamp: Option<u64>,
    #[prost(uint32, optional, tag = "4")]
    datatype: Option<u32>,
    #[prost(uint64, optional, tag = "11")]
    long: Option<u64>,
    #[prost(double, optional, tag = "13")]
    double: Option<f64>,
}

/// A birth or data message of values by name, at milliseconds since 1970. `born`: the number of the birth, for a birth.
pub fn payload(values: &[(&str, f64)], millis: u64, seq: u64, born: Option<u64>) -> Vec<u8> {
    let metric = |(name, value): &(&str, f64)| Metric {
        name: Some((*name).to_owned()),
        timestamp: Some(millis),
        datatype: Some(DOUBLE),
        long: None,
        double: Some(*value),
    };
    let birth = born.map(|born| Metric {
        name: Some("bdSeq".to_owned()),
        timestamp: Some(millis),
        datatype: Some(INT64),
        long: Some(born),
        double: None,
    });
    let metrics = birth.into_iter().chain(values.iter().map(metric)).collect();
    Payload { timestamp: Some(millis), metrics, seq: Some(seq) }.encode_to_vec()
}
