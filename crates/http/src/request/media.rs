//! Media types: what the body is, and what the client accepts (ETSI GS CIM 009 clause 6.3.4, RFC 9110 section 12.5.1).

use crate::operation::Takes;
use belfry_kernel::{Error, Kind};
use http::{HeaderMap, HeaderValue, header};

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
    pub fn media_types(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Json => "application/json, application/ld+json",
            Self::Patch => "application/json, application/ld+json, application/merge-patch+json",
            Self::Lines => "application/json, application/ld+json, application/x-ndjson",
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
    let mut values = headers.get_all(header::ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return Ok(Media::Json);
    }
    let mut best: [Option<(u8, u16)>; 3] = [None; 3];
    for value in values {
        let text = value.to_str().map_err(|_| Error::invalid("the Accept header is not plain text"))?;
        for range in text.split(',') {
            let mut parts = range.split(';');
            let kind = parts.next().unwrap_or_default().trim();
            let weight = parts
                .find_map(|p| p.trim().strip_prefix("q=").or_else(|| p.trim().strip_prefix("Q=")))
                .map_or(Some(1000), weight)
                .ok_or_else(|| Error::invalid("a weight in the Accept header is not a number from 0 to 1"))?;
            for (at, (_, name)) in offered.iter().enumerate() {
                // The most specific range that fits decides (RFC 9110 section 12.5.1).
                let precision = match kind {
                    "*/*" => 1,
                    "application/*" => 2,
                    _ if kind.eq_ignore_ascii_case(name) => 3,
                    _ => continue,
                };
                if best[at].is_none_or(|(p, _)| precision > p) {
                    best[at] = Some((precision, weight));
                }
            }
        }
    }
    let mut chosen: Option<(u16, Media)> = None;
    for ((media, _), found) in offered.iter().zip(best) {
        let weight = found.map_or(0, |(_, weight)| weight);
        if weight > chosen.map_or(0, |(w, _)| w) {
            chosen = Some((weight, *media));
        }
    }
    chosen.map(|(_, media)| media).ok_or_else(|| {
        let names: Vec<&str> = offered.iter().map(|(_, name)| *name).collect();
        Error::new(Kind::NotAcceptable, format!("this can be had as {}", names.join(", ")))
    })
}

/// A weight in thousandths.
fn weight(text: &str) -> Option<u16> {
    let weight: f64 = text.trim().parse().ok().filter(|w| (0.0..=1.0).contains(w))?;
    Some((weight * 1000.0).round() as u16)
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
    let mut parts = text.split(';');
    let kind = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let charset = parts.find_map(|p| {
        let (name, value) = p.trim().split_once('=')?;
        name.eq_ignore_ascii_case("charset").then_some(value.trim_matches('"'))
    });
    if charset.is_some_and(|c| !c.eq_ignore_ascii_case("utf-8") && !c.eq_ignore_ascii_case("us-ascii")) {
        return Err(unsupported());
    }
    match kind.as_str() {
        "application/json" => Ok(Content::Json),
        "application/ld+json" => Ok(Content::JsonLd),
        "application/merge-patch+json" if takes == Takes::Patch => Ok(Content::Json),
        "application/x-ndjson" | "application/jsonl" if takes == Takes::Lines => Ok(Content::Lines),
        _ => Err(unsupported()),
    }
}
