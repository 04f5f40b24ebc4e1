//! The one place that knows status codes: problem details (RFC 9457) for each kind of error (ETSI GS CIM 009 clause
//! 6.3.2), and the answers of success by name. A private cause is logged here and never leaves.

use axum::body::Body;
use axum::response::Response;
use belfry_kernel::{Error, Kind};
use belfry_ngsi_ld::json::write_str;
use http::{HeaderName, HeaderValue, StatusCode, header};

const NGSI_LD: &str = "https://uri.etsi.org/ngsi-ld/errors/";
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// How one kind of error is answered.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    status: StatusCode,
    /// The name under the standard's address, or none for an error of HTTP itself (`about:blank`).
    name: Option<&'static str>,
    title: &'static str,
}

/// How this kind is answered.
pub fn shape(kind: Kind) -> Shape {
    let (status, name, title) = match kind {
        Kind::InvalidRequest => (StatusCode::BAD_REQUEST, Some("InvalidRequest"), "Invalid request"),
        Kind::BadRequestData => (StatusCode::BAD_REQUEST, Some("BadRequestData"), "Bad request data"),
        Kind::AlreadyExists => (StatusCode::CONFLICT, Some("AlreadyExists"), "Already exists"),
        Kind::OperationNotSupported => {
            (StatusCode::UNPROCESSABLE_ENTITY, Some("OperationNotSupported"), "Operation not supported")
        }
        Kind::ResourceNotFound => (StatusCode::NOT_FOUND, Some("ResourceNotFound"), "Resource not found"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, Some("InternalError"), "Internal error"),
        Kind::TooComplexQuery => (StatusCode::FORBIDDEN, Some("TooComplexQuery"), "Too complex query"),
        Kind::TooManyResults => (StatusCode::FORBIDDEN, Some("TooManyResults"), "Too many results"),
        Kind::LdContextNotAvailable => {
            (StatusCode::GATEWAY_TIMEOUT, Some("LdContextNotAvailable"), "@context not available")
        }
        Kind::NonexistentTenant => (StatusCode::NOT_FOUND, Some("NonexistentTenant"), "Nonexistent tenant"),
        Kind::Unauthorized => (StatusCode::UNAUTHORIZED, None, "Unauthorized"),
        Kind::Forbidden => (StatusCode::FORBIDDEN, None, "Forbidden"),
        Kind::Conflict => (StatusCode::CONFLICT, None, "Conflict"),
        Kind::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, None, "Payload Too Large"),
        Kind::UriTooLong => (StatusCode::URI_TOO_LONG, None, "URI Too Long"),
        Kind::HeadersTooLarge => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, None, "Request Header Fields Too Large"),
        Kind::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, None, "Unsupported Media Type"),
        Kind::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, None, "Not Acceptable"),
        Kind::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, None, "Method Not Allowed"),
        Kind::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, None, "Too Many Requests"),
        Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, None, "Service Unavailable"),
        Kind::Timeout => (StatusCode::REQUEST_TIMEOUT, None, "Request Timeout"),
    };
    Shape { status, name, title }
}

/// The answer to an error. What is the platform's own fault is logged with its cause.
pub fn answer(error: &Error) -> Response {
    let shape = shape(error.kind());
    if shape.status.is_server_error() {
        let cause = error.cause().map(ToString::to_string).unwrap_or_default();
        tracing::error!(kind = ?error.kind(), public = error.public(), cause, "a request failed");
    }
    // Clause 6.3.4: just the status, without a body.
    if error.kind() == Kind::UnsupportedMediaType {
        return empty(shape.status);
    }
    let mut out = Vec::with_capacity(192);
    write_problem(error, &mut out);
    let mut response = with_body(shape.status, out);
    if error.kind() == Kind::Unauthorized {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"belfry\""));
    }
    response
}

/// Appends the problem details of an error: in an answer of its own, or within a report of several.
pub fn write_problem(error: &Error, out: &mut Vec<u8>) {
    let shape = shape(error.kind());
    out.extend_from_slice(b"{\"type\":\"");
    match shape.name {
        Some(name) => {
            out.extend_from_slice(NGSI_LD.as_bytes());
            out.extend_from_slice(name.as_bytes());
        }
        None => out.extend_from_slice(b"about:blank"),
    }
    out.extend_from_slice(b"\",\"title\":");
    write_str(shape.title, out);
    out.extend_from_slice(b",\"status\":");
    out.extend_from_slice(shape.status.as_str().as_bytes());
    out.extend_from_slice(b",\"detail\":");
    write_str(error.public(), out);
    if let Some(code) = error.code() {
        out.extend_from_slice(b",\"code\":");
        write_str(code, out);
    }
    out.push(b'}');
}

/// The body has no length, and there must be one (clause 6.3.4: just the status).
pub fn length_required() -> Response {
    empty(StatusCode::LENGTH_REQUIRED)
}

/// Something was made, and is found at `location`.
pub fn created(location: &str) -> Response {
    let mut response = empty(StatusCode::CREATED);
    put_location(&mut response, location);
    response
}

/// Things were made: a JSON body that lists them.
pub fn created_all(body: Vec<u8>) -> Response {
    with_body(StatusCode::CREATED, body)
}

/// Something was made, is found at `location`, and looks so.
pub fn created_as(location: &str, media: HeaderValue, body: impl Into<Body>) -> Response {
    let mut response = ok(media, body);
    *response.status_mut() = StatusCode::CREATED;
    put_location(&mut response, location);
    response
}

/// It is under way: a JSON body that says what is, and where it is heard how it went.
pub fn accepted(body: Vec<u8>, location: &str) -> Response {
    let mut response = with_body(StatusCode::ACCEPTED, body);
    put_location(&mut response, location);
    response
}

/// What was asked for is found elsewhere.
pub fn see_other(location: &str) -> Response {
    let mut response = empty(StatusCode::SEE_OTHER);
    put_location(&mut response, location);
    response
}

/// The client has it already.
pub fn not_modified() -> Response {
    empty(StatusCode::NOT_MODIFIED)
}

/// Done, and there is nothing to say.
pub fn no_content() -> Response {
    empty(StatusCode::NO_CONTENT)
}

/// Some of it was done: a JSON report.
pub fn multi_status(body: Vec<u8>) -> Response {
    with_body(StatusCode::MULTI_STATUS, body)
}

/// Here it is.
pub fn ok(media: HeaderValue, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response
}

/// Part of it: a longer answer continues elsewhere (clause 6.3.10, temporal).
pub fn partial(media: HeaderValue, body: impl Into<Body>) -> Response {
    let mut response = ok(media, body);
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    response
}

/// It works, or it does not: a JSON body that says so.
pub fn health(well: bool, body: Vec<u8>) -> Response {
    with_body(if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, body)
}

/// Adds a header whose value is made of what was checked to be visible ASCII; leaves it out otherwise.
pub fn put(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().append(name, value);
    }
}

fn put_location(response: &mut Response, location: &str) {
    put(response, header::LOCATION, location);
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn with_body(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = ok(JSON, body);
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_statuses_of_the_standard() {
        // Table 6.3.2-1 of v1.8.1 and v1.9.1 (before, an @context that is not to be had was 503). NoMultiTenantSupport (501)
        // has no case: there are always tenants.
        for (kind, name, status) in [
            (Kind::AlreadyExists, "AlreadyExists", 409),
            (Kind::BadRequestData, "BadRequestData", 400),
            (Kind::Internal, "InternalError", 500),
            (Kind::InvalidRequest, "InvalidRequest", 400),
            (Kind::LdContextNotAvailable, "LdContextNotAvailable", 504),
            (Kind::NonexistentTenant, "NonexistentTenant", 404),
            (Kind::OperationNotSupported, "OperationNotSupported", 422),
            (Kind::ResourceNotFound, "ResourceNotFound", 404),
            (Kind::TooComplexQuery, "TooComplexQuery", 403),
            (Kind::TooManyResults, "TooManyResults", 403),
        ] {
            let shape = shape(kind);
            assert_eq!((shape.status.as_u16(), shape.name), (status, Some(name)));
        }
    }
}
