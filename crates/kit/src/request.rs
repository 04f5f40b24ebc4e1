//! A request as an application sees it: what the door has parsed and checked of it. No socket, no token.

use crate::{Parameters, media};
use belfry_kernel::Error;
use belfry_ngsi_ld::Context;
use bytes::Bytes;
use std::sync::Arc;

/// One request to an endpoint.
#[derive(Clone, Debug)]
pub struct Request {
    /// The variable segments of the path, decoded, in order.
    pub path: Vec<String>,
    /// The parameters of the query string: only those that the endpoint lists, each of its schema.
    pub parameters: Parameters,
    /// What is wanted of the answer.
    pub headers: Headers,
    /// Which of the media types that the endpoint takes the body is; none where it takes no body.
    pub media: Option<&'static str>,
    /// The body, unpacked.
    pub body: Bytes,
    /// What terms mean: the `@context` that the Link header names, else the core one.
    pub context: Arc<Context>,
    /// The name of who asks, for records of who did what; none on a server that asks nobody.
    pub principal: Option<Arc<str>>,
    /// Path and query string as they were asked for, for links to other pages of the answer.
    pub target: String,
    /// The server's own address as clients know it (`https://town.example`), for links that must be whole.
    pub server: Arc<str>,
}

/// Headers that say what the answer should be.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    /// Values of `Accept`.
    pub accept: Vec<String>,
    /// Value of `Accept-Language`.
    pub accept_language: Option<String>,
    /// Value of `Accept-Encoding`.
    pub accept_encoding: Option<String>,
    /// Value of `If-None-Match`. The door answers it for every reply with an ETag; an application looks only to save work.
    pub if_none_match: Option<String>,
}

impl Request {
    /// A variable segment of the path; the empty text where there is none.
    pub fn segment(&self, at: usize) -> &str {
        self.path.get(at).map_or("", String::as_str)
    }

    /// The place of the media type that the client wants among those that can be made.
    ///
    /// # Errors
    /// `NotAcceptable`, listing what there is.
    pub fn choose(&self, offered: &[&str]) -> Result<usize, Error> {
        media::choose(self.headers.accept.iter().map(String::as_str), offered)
    }

    /// Whether the client takes a body that is packed with gzip (RFC 9110 section 12.5.3). One that says nothing is handed none.
    pub fn takes_gzip(&self) -> bool {
        let wanted = self.headers.accept_encoding.as_deref().unwrap_or_default();
        let weight = |name: &str| {
            wanted.split(',').find_map(|one| {
                let mut parts = one.split(';').map(str::trim);
                let same = parts.next().is_some_and(|coding| coding.eq_ignore_ascii_case(name));
                same.then(|| parts.find_map(|p| p.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0)))
            })
        };
        weight("gzip").or_else(|| weight("*")).is_some_and(|weight: f64| weight > 0.0)
    }

    /// Whether the client has the answer of this ETag already.
    pub fn has(&self, etag: &str) -> bool {
        self.headers.if_none_match.as_deref().is_some_and(|wanted| matches_etag(wanted, etag))
    }
}

/// Whether an `If-None-Match` names this ETag, weakly compared (RFC 9110 section 13.1.2).
pub(crate) fn matches_etag(wanted: &str, etag: &str) -> bool {
    let plain = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    wanted.trim() == "*" || wanted.split(',').any(|one| plain(one) == plain(etag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_those_who_say_so() {
        for (wanted, takes) in [
            (None, false),
            (Some(""), false),
            (Some("identity"), false),
            (Some("br, gzip"), true),
            (Some("GZIP;q=0.5"), true),
            (Some("gzip;q=0, *"), false),
            (Some("br;q=1, *;q=0.1"), true),
            (Some("*;q=0"), false),
            (Some("gzip; q=x"), false),
        ] {
            let headers = Headers { accept_encoding: wanted.map(str::to_owned), ..Headers::default() };
            let request = Request {
                path: Vec::new(),
                parameters: Parameters::default(),
                headers,
                media: None,
                body: Bytes::new(),
                context: Context::core().clone(),
                principal: None,
                target: String::new(),
                server: "".into(),
            };
            assert_eq!(request.takes_gzip(), takes, "{wanted:?}");
        }
    }

    #[test]
    fn etags_are_compared_weakly() {
        for (wanted, etag, same) in [
            ("\"a\"", "\"a\"", true),
            ("\"b\", W/\"a\"", "\"a\"", true),
            ("W/\"a\"", "W/\"a\"", true),
            ("*", "\"a\"", true),
            ("\"b\"", "\"a\"", false),
            ("a", "\"a\"", false),
        ] {
            assert_eq!(matches_etag(wanted, etag), same, "{wanted} {etag}");
        }
    }
}
