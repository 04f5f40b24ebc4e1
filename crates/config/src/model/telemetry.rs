//! `[telemetry]`: traces for an OpenTelemetry collector. Holds no span and no transport.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Traces for an OpenTelemetry collector. Off until `endpoint` is set; metrics are always at `GET /metrics`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// The collector that spans are sent to, by OTLP over HTTP with protobuf: `http://host:4318`. The path is `/v1/traces` unless the URL has one. No traces are made when absent. Loopback and private addresses may be named, those of cloud metadata services may not.
    #[schemars(example = &"http://127.0.0.1:4318")]
    pub endpoint: Option<String>,
    /// How many of a million traces that begin here are recorded; 1,000,000 records all, 0 only those whose caller records its own.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub sample_per_million: u32,
    /// The name of this program in traces (`service.name`).
    pub service_name: String,
    /// What is done with the `traceparent` header of a request: `"continue"` the caller's trace, `"link"` to it from a trace of our own (for servers that strangers call), or `"ignore"` it. When it is looked at, a request is recorded if the caller says that it records its own.
    pub incoming: Incoming,
    /// Most spans that wait to be sent; further ones are dropped and counted (`belfry_telemetry_spans_dropped_total`).
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_queued_spans: usize,
    /// Milliseconds that the collector may take for one batch of spans.
    #[schemars(range(min = 10, max = 600_000))]
    pub timeout_ms: u64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            endpoint: None,
            sample_per_million: 1_000_000,
            service_name: "belfry".to_owned(),
            incoming: Incoming::Continue,
            max_queued_spans: 2048,
            timeout_ms: 10_000,
        }
    }
}

/// What is done with the `traceparent` header of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Incoming {
    /// Our spans go into the caller's trace.
    #[default]
    Continue,
    /// Our spans go into a trace of their own, with a link to the caller's.
    Link,
    /// It is not looked at.
    Ignore,
}
