//! The protobuf messages of OTLP (opentelemetry-proto 1.x: `collector/trace/v1`, `trace/v1`, `resource/v1`, `common/v1`),
//! as far as spans need them, and how a span becomes one. Field numbers are those of the published files.

use super::span::{Record, Value as Noted};
use belfry_kernel::TraceContext;
use prost::Message;

/// `ExportTraceServiceRequest`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Request {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

/// Who the spans are of.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, optional, tag = "1")]
    scope: Option<Scope>,
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

/// `InstrumentationScope`.
#[derive(Clone, PartialEq, Message)]
struct Scope {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    version: String,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(int32, tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    end_time_unix_nano: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(message, repeated, tag = "13")]
    links: Vec<Link>,
    #[prost(message, optional, tag = "15")]
    status: Option<Status>,
    #[prost(fixed32, tag = "16")]
    flags: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Link {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(fixed32, tag = "6")]
    flags: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    /// 2 is an error.
    #[prost(int32, tag = "3")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Value", tags = "1, 3")]
    value: Option<Value>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Value {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(int64, tag = "3")]
    Int(i64),
}

/// `ExportTraceServiceResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Response {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

/// `ExportTracePartialSuccess`.
#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected_spans: i64,
}

impl Response {
    /// How many spans the collector did not take.
    pub(super) fn rejected(&self) -> u64 {
        self.partial_success.as_ref().and_then(|p| u64::try_from(p.rejected_spans).ok()).unwrap_or(0)
    }
}

/// `SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK`: whether the other span is of another program is known.
const HAS_IS_REMOTE: u32 = 0x100;
/// `SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK`.
const IS_REMOTE: u32 = 0x200;
/// The sampled flag of W3C Trace Context.
const SAMPLED: u32 = 1;

/// This program as a resource; `instance` tells several processes of one name apart.
pub(super) fn resource(service_name: &str, instance: u64) -> Resource {
    let text = |key: &str, text: String| key_value(key, Value::Text(text));
    Resource {
        attributes: vec![
            text("service.name", service_name.to_owned()),
            text("service.version", env!("CARGO_PKG_VERSION").to_owned()),
            text("service.instance.id", format!("{instance:016x}")),
        ],
    }
}

/// The body of a request with these spans.
pub(super) fn encode(resource: &Resource, records: &[Record]) -> Vec<u8> {
    let scope = Scope { name: "belfry".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans: records.iter().map(span).collect() }];
    Request { resource_spans: vec![ResourceSpans { resource: Some(resource.clone()), scope_spans }] }.encode_to_vec()
}

fn span(record: &Record) -> Span {
    let TraceContext { trace_id, span_id, .. } = record.context;
    let start = record.start_us.saturating_mul(1000);
    let attributes = record.attributes.iter().map(|(key, value)| {
        let value = match value {
            Noted::Text(text) => Value::Text(text.to_string()),
            Noted::Int(number) => Value::Int(*number),
        };
        key_value(key, value)
    });
    Span {
        trace_id: trace_id.to_be_bytes().to_vec(),
        span_id: span_id.to_be_bytes().to_vec(),
        parent_span_id: record.parent.map(|id| id.to_be_bytes().to_vec()).unwrap_or_default(),
        name: record.name.to_string(),
        kind: record.kind as i32,
        start_time_unix_nano: start,
        end_time_unix_nano: start.saturating_add(record.took_ns),
        attributes: attributes.collect(),
        links: record.link.iter().map(link).collect(),
        status: record.is_error.then_some(Status { code: 2 }),
        flags: SAMPLED,
    }
}

fn link(to: &TraceContext) -> Link {
    Link {
        trace_id: to.trace_id.to_be_bytes().to_vec(),
        span_id: to.span_id.to_be_bytes().to_vec(),
        flags: HAS_IS_REMOTE | IS_REMOTE | if to.sampled { SAMPLED } else { 0 },
    }
}

fn key_value(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }) }
}
