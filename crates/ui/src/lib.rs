//! The page of Belfry as HTTP answers: the files of `web/dist` embedded in the binary (feature `embed`), or a plain page
//! that says how to build them in. Routing, authorisation and every other path belong to `belfry-http`.
//!
//! # Headers
//! Every answer carries the security headers of this crate. The page works under this content security policy, without
//! exceptions for inline code, `eval`, blob workers or other origins:
//!
//! ```text
//! default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';
//! connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
//! ```
//!
//! `worker-src` is for the map's worker, a file of our own; `img-src data:` is for the icons in the map's style sheet;
//! `connect-src` is for the API and the event stream. File names under `/assets/` contain a hash of their content and are
//! cached for ever; everything else is revalidated by its `ETag`.

mod encoding;
mod files;
mod headers;

use bytes::Bytes;
use http::{Response, StatusCode, header};

pub use headers::CONTENT_SECURITY_POLICY;

/// Answers a GET (or, without its body, a HEAD) of `path`, or `None` when the page has no such file.
///
/// `path` is the path of the request target as it came, without query; `/` is the page itself. `if_none_match` and
/// `accept_encoding` are the values of those request headers: a matching tag gets 304 (RFC 9110 clause 13.1.2), and the
/// answer is compressed with Brotli or gzip when the client accepts it (clause 12.5.3) and a compressed copy was embedded.
#[must_use]
pub fn respond(path: &str, if_none_match: Option<&str>, accept_encoding: Option<&str>) -> Option<Response<Bytes>> {
    let name = match path.strip_prefix('/')? {
        "" => "index.html",
        name => name,
    };
    let content_type = headers::content_type(name)?;
    let (file, coding) = encoding::accepted(accept_encoding)
        .find_map(|coding| files::find(&format!("{name}{}", coding.ending())).map(|file| (file, coding)))?;

    let tag = file.tag;
    let fresh = if_none_match.is_some_and(|wanted| headers::matches(wanted, &tag));
    let mut answer = Response::builder()
        .status(if fresh { StatusCode::NOT_MODIFIED } else { StatusCode::OK })
        .header(header::ETAG, tag)
        .header(header::CACHE_CONTROL, headers::cache_control(name))
        .header(header::VARY, "accept-encoding");
    for (header, value) in headers::SECURITY {
        answer = answer.header(header, value);
    }
    if !fresh {
        answer = answer.header(header::CONTENT_TYPE, content_type);
        if let Some(coding) = coding.name() {
            answer = answer.header(header::CONTENT_ENCODING, coding);
        }
    }
    let body = if fresh { Bytes::new() } else { file.content };
    Some(answer.body(body).expect("every header value is made of visible ASCII"))
}

/// Whether this build carries the page.
#[must_use]
pub const fn embedded() -> bool {
    cfg!(feature = "embed")
}

#[cfg(test)]
mod tests;
