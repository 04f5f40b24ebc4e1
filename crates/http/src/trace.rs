//! The span of a request, named and filled by the OpenTelemetry semantic conventions for HTTP (stable, 1.23 and later).
//! Left out on purpose: `url.path`, `url.query`, `client.address` and headers, since they carry identifiers of entities,
//! what is asked for, who asks, and secrets. `http.route` says which operation it was.

use crate::operation::Operation;
use belfry_kernel::TraceContext;
use belfry_runtime::telemetry::{Span, SpanKind, Tracer};
use http::request::Parts;
use http::{HeaderMap, Version};
use std::sync::Arc;

/// Begins the span of a request, if it is recorded.
pub(crate) fn begin(tracer: &Arc<Tracer>, operation: &Operation, head: &Parts) -> Option<Span> {
    let mut span = tracer.remote(caller(&head.headers), operation.path, SpanKind::Server)?;
    span.rename(format!("{} {}", head.method, operation.path));
    // Only methods of the table come here, and HEAD.
    span.text("http.request.method", head.method.to_string());
    span.text("http.route", operation.path);
    span.text("url.scheme", "http");
    let version = if head.version >= Version::HTTP_2 { "2" } else { "1.1" };
    span.text("network.protocol.version", version);
    span.text("belfry.operation", operation.id);
    Some(span)
}

/// Ends it with the answer: only what is the server's own fault is an error.
pub(crate) fn end(mut span: Span, status: u16) {
    span.number("http.response.status_code", status);
    if status >= 500 {
        span.error(status.to_string());
    }
}

/// Where the caller is in its trace; none when there are several such headers, or one that is none.
fn caller(headers: &HeaderMap) -> Option<TraceContext> {
    let mut all = headers.get_all("traceparent").iter();
    let first = all.next()?;
    if all.next().is_some() {
        return None;
    }
    TraceContext::parse(first.to_str().ok()?)
}
