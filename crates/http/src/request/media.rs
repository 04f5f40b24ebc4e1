//! Media types: what the body is, and what the client accepts (ETSI GS CIM 009 clause 6.3.4, RFC 9110 section 12.5.1).

use crate::operation::Takes;
use belfry_kernel::{Error, Kind};
use http::{HeaderMap, HeaderValue, header};
use smallvec::SmallVec;
use std::borrow::Cow;

/// What an answer is made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// application/json, with the @context in a Link header
    Json,
    /// application/ld+json, with the @context in the body
    JsonLd,
    /// application/geo+json
    GeoJson,
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// application/json, or a merge patch
    Json,
    /// application/ld+json
    JsonLd,
    /// application/x-ndjson: one JSON text a line
    Lines,
}

const ALL: [(Media, &str); 3] = [
    (Media::Json, "application/json"),
    (Media::JsonLd, "application/ld+json"),
    (Media::GeoJson, "application/geo+json"),
];

impl Media {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        ALL[self as usize].1
    }

    /// Its name as a header's value.
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.as_str())
    }
}

impl Takes {
    /// The media types, for the `Accept` header of a refusal and the API description.
    pub fn media_types(self) -> Cow<'static, str> {
        match self {
            Self::Nothing => "".into(),
            Self::Json => "application/json, application/ld+json".into(),
            Self::Patch => "application/json, application/ld+json, application/merge-patch+json".into(),
            Self::Lines => "application/json, application/ld+json, application/x-ndjson".into(),
            Self::Media(all) => all.join(", ").into(),
        }
    }
}

/// What the client accepts, among JSON and JSON-LD, and GeoJSON where `geo`: the one of the highest weight, in this
/// order where weights are equal.
///
/// # Errors
/// `NotAcceptable`, listing what there is.
pub fn accepted(headers: &HeaderMap, geo: bool) -> Result<Media, Error> {
    let offered = if geo { &ALL[..] } else { &ALL[..2] };
    if !headers.contains_key(header::ACCEPT) {
        return Ok(Media::Json);
    }
    let names: SmallVec<[&str; 3]> = offered.iter().map(|(_, name)| *name).collect();
    Ok(offered[belfry_kit::media::choose(accepts(headers)?, &names)?].0)
}

/// The values of the Accept headers.
///
/// # Errors
/// `InvalidRequest` when one is not plain text.
pub fn accepts(headers: &HeaderMap) -> Result<SmallVec<[&str; 2]>, Error> {
    let not_plain = |_| Error::invalid("the Accept header is not plain text");
    headers.get_all(header::ACCEPT).iter().map(|value| value.to_str().map_err(not_plain)).collect()
}

/// What the body says it is.
///
/// # Errors
/// `UnsupportedMediaType` when the operation does not take that, or a character set other than UTF-8.
pub fn content(headers: &HeaderMap, takes: Takes) -> Result<Content, Error> {
    let unsupported = || Error::new(Kind::UnsupportedMediaType, format!("the body must be {}", takes.media_types()));
    let text = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).ok_or_else(unsupported)?;
    // What nearly everyone sends.
    if text == "application/json" {
        return Ok(Content::Json);
    }
    let kind = kind(text).ok_or_else(unsupported)?;
    match kind.as_str() {
        "application/json" => Ok(Content::Json),
        "application/ld+json" => Ok(Content::JsonLd),
        "application/merge-patch+json" if takes == Takes::Patch => Ok(Content::Json),
        "application/x-ndjson" | "application/jsonl" if takes == Takes::Lines => Ok(Content::Lines),
        _ => Err(unsupported()),
    }
}

/// Which of these media types the body says it is.
///
/// # Errors
/// `UnsupportedMediaType` for any other.
pub fn one_of(headers: &HeaderMap, all: &'static [&'static str]) -> Result<&'static str, Error> {
    let text = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let found = text.and_then(kind).and_then(|kind| all.iter().find(|one| **one == kind).copied());
    found.ok_or_else(|| {
        Error::new(Kind::UnsupportedMediaType, format!("the body must be {}", Takes::Media(all).media_types()))
    })
}

/// A media type without its parameters, in lower case; none for a character set other than UTF-8.
fn kind(text: &str) -> Option<String> {
    let mut parts = text.split(';');
    let kind = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let charset = parts.find_map(|p| {
        let (name, value) = p.trim().split_once('=')?;
        name.eq_ignore_ascii_case("charset").then_some(value.trim_matches('"'))
    });
    let other = charset.is_some_and(|c| !c.eq_ignore_ascii_case("utf-8") && !c.eq_ignore_ascii_case("us-ascii"));
    (!other).then_some(kind)
}
