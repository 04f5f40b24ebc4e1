//! Headers that requests are read from: Accept, Content-Type, Content-Encoding, Link, traceparent.

use belfry_http::operation::Takes;
use belfry_http::request::{body, context, media};
use belfry_kernel::TraceContext;
use http::{HeaderMap, HeaderValue, header};

/// Runs the target: lines, each the value of a header, in turn Accept, Content-Type, Content-Encoding and Link, and each
/// as a traceparent too.
pub fn run(data: &[u8]) {
    let names = [header::ACCEPT, header::CONTENT_TYPE, header::CONTENT_ENCODING, header::LINK];
    let mut headers = HeaderMap::new();
    for (line, name) in data.split(|byte| *byte == b'\n').take(16).zip(names.iter().cycle()) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(name, value);
        }
        if let Some(context) = std::str::from_utf8(line).ok().and_then(TraceContext::parse) {
            assert_eq!(TraceContext::parse(&context.to_string()), Some(context));
        }
    }
    for geo in [false, true] {
        let _ = media::accepted(&headers, geo).map(|media| media.as_str());
    }
    for takes in [Takes::Json, Takes::Patch, Takes::Lines] {
        let _ = media::content(&headers, takes);
    }
    let _ = (body::coding(&headers), body::is_absent(&headers));
    if let Ok(Some(url)) = context::link(&headers) {
        assert!(!url.contains('>'), "{url}");
    }
}
