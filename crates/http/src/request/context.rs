//! The @context of a request (ETSI GS CIM 009 clause 6.3.5): in a Link header, or in a body of application/ld+json, and
//! never both.

use super::Exchange;
use super::media::{self, Content, Media};
use crate::problem;
use axum::response::Response;
use belfry_kernel::Error;
use belfry_ngsi_ld::form::take_context;
use belfry_ngsi_ld::{Context, Json};
use http::{HeaderMap, HeaderValue, header};
use std::sync::Arc;

/// The relation of a link to a context (JSON-LD 1.1 section 6.1).
const RELATION: &str = "http://www.w3.org/ns/json-ld#context";
/// The most links that are looked at.
const MAX_LINKS: usize = 16;

/// The URL of the @context in the Link headers.
///
/// # Errors
/// `BadRequestData` when there are two, or one is malformed.
pub fn link(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let mut found = None;
    for value in headers.get_all(header::LINK) {
        let text = value.to_str().map_err(|_| Error::bad_data("the Link header is not plain text"))?;
        let mut rest = text;
        for _ in 0..MAX_LINKS {
            let Some((url, relation, after)) = next_link(rest)? else {
                rest = "";
                break;
            };
            if relation.split(' ').any(|one| one == RELATION) && found.replace(url).is_some() {
                return Err(Error::bad_data("the request links to two @contexts; put them into one document"));
            }
            rest = after;
        }
        if !rest.trim().is_empty() {
            return Err(Error::bad_data("the Link header has too many links"));
        }
    }
    Ok(found)
}

/// The next link-value (RFC 8288 section 3): its target, its relation and what follows.
fn next_link(text: &str) -> Result<Option<(&str, &str, &str)>, Error> {
    let malformed = || Error::bad_data("the Link header is malformed: it is of the form <URL>; rel=\"…\"");
    let text = text.trim_start_matches([' ', '\t', ',']);
    if text.is_empty() {
        return Ok(None);
    }
    let (url, mut rest) = text.strip_prefix('<').and_then(|t| t.split_once('>')).ok_or_else(malformed)?;
    // What RFC 3986 lets stand nowhere in a URI: a `<` in it is the beginning of the next link, whose `>` is missing here.
    if url.is_empty() || url.contains(|c: char| c.is_control() || " \"<{|}\\^`".contains(c)) {
        return Err(malformed());
    }
    let mut relation = "";
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(Some((url, relation, rest)));
        }
        if let Some(after) = rest.strip_prefix(',') {
            return Ok(Some((url, relation, after)));
        }
        rest = rest.strip_prefix(';').ok_or_else(malformed)?.trim_start();
        let end = rest.find(['=', ';', ',']).unwrap_or(rest.len());
        let name = rest[..end].trim_end();
        rest = &rest[end..];
        let Some(value) = rest.strip_prefix('=') else { continue };
        let value = value.trim_start();
        let given = if let Some(quoted) = value.strip_prefix('"') {
            let (inside, after) = quoted.split_once('"').ok_or_else(malformed)?;
            rest = after;
            inside
        } else {
            let end = value.find([';', ',']).unwrap_or(value.len());
            rest = &value[end..];
            value[..end].trim_end()
        };
        if name.eq_ignore_ascii_case("rel") && relation.is_empty() {
            relation = given;
        }
    }
}

/// A body as JSON with the context that it is under.
pub struct Parsed {
    /// The body, without its `@context` member when that was an object's.
    pub json: Json,
    /// The context of the whole body. Items of an array under application/ld+json have their own.
    pub context: Arc<Context>,
    /// What the body is.
    pub content: Content,
}

impl Exchange {
    /// The context of a request without a body: that of its Link header.
    ///
    /// # Errors
    /// `BadRequestData` for a malformed header or context; `LdContextNotAvailable`.
    pub async fn linked_context(&self) -> Result<Arc<Context>, Error> {
        match link(&self.head.headers)? {
            None => Ok(Context::core().clone()),
            Some(url) => self.app.contexts.of_url(url).await,
        }
    }

    /// Reads and parses a JSON body and finds its context.
    ///
    /// # Errors
    /// `UnsupportedMediaType`, `PayloadTooLarge`, `InvalidRequest` when it is no JSON, `BadRequestData` when the rules for
    /// @contexts are broken, `LdContextNotAvailable`.
    pub async fn read_json(&mut self) -> Result<Parsed, Error> {
        let content = media::content(&self.head.headers, self.operation.takes)?;
        let bytes = self.read_body().await?;
        let mut json = Json::parse(&bytes, self.app.reading.json_depth)?;
        drop(bytes);
        let context = match content {
            Content::Json | Content::Lines => {
                if has_context(&json) {
                    return Err(Error::bad_data(
                        "a body of application/json has no @context member: send application/ld+json, or a Link header",
                    ));
                }
                self.linked_context().await?
            }
            Content::JsonLd => {
                if link(&self.head.headers)?.is_some() {
                    return Err(Error::bad_data(
                        "a body of application/ld+json carries its @context itself; the Link header contradicts it",
                    ));
                }
                match &json {
                    // Each item has its own.
                    Json::Array(_) => Context::core().clone(),
                    _ => match take_context(&mut json) {
                        Some(local) => self.app.contexts.resolve(&local).await?,
                        None => {
                            return Err(Error::bad_data("a body of application/ld+json must have an @context member"));
                        }
                    },
                }
            }
        };
        Ok(Parsed { json, context, content })
    }

    /// The text of the `@context` member for an answer in this media type: none for application/json, where a Link
    /// header says it.
    pub fn context_member<'c>(&self, context: &'c Context, media: Media) -> Option<&'c str> {
        let wanted = match media {
            Media::Json => false,
            Media::JsonLd => true,
            Media::GeoJson => !self.prefers_plain_body(),
        };
        wanted.then(|| std::str::from_utf8(context.reference().text()).unwrap_or("null"))
    }

    /// Adds the Link header where the body does not say the context (clause 6.3.6).
    ///
    /// # Errors
    /// `Unavailable` when a document had to be made for it and could not.
    pub async fn put_context_link(
        &self,
        context: &Context,
        media: Media,
        response: &mut Response,
    ) -> Result<(), Error> {
        let wanted = match media {
            Media::Json => true,
            Media::JsonLd => false,
            Media::GeoJson => self.prefers_plain_body(),
        };
        if !wanted {
            return Ok(());
        }
        if context.reference().is_core() {
            response.headers_mut().append(header::LINK, core_link());
            return Ok(());
        }
        let url = self.app.contexts.link_url(context);
        problem::put(response, header::LINK, &context_link(&url));
        Ok(())
    }

    /// `Prefer: body=json` (clause 6.3.6).
    fn prefers_plain_body(&self) -> bool {
        let values = self.head.headers.get_all("prefer").iter();
        values.filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).any(|one| one.trim() == "body=json")
    }
}

/// Whether a body of plain JSON carries a context all the same.
fn has_context(json: &Json) -> bool {
    match json {
        Json::Object(_) => json.get("@context").is_some(),
        Json::Array(items) => items.iter().any(|item| item.get("@context").is_some()),
        _ => false,
    }
}

fn context_link(url: &str) -> String {
    format!("<{url}>; rel=\"{RELATION}\"; type=\"application/ld+json\"")
}

/// The Link header of the core context, made once.
fn core_link() -> HeaderValue {
    static LINK: std::sync::LazyLock<HeaderValue> = std::sync::LazyLock::new(|| {
        let url = Context::core().link_url().unwrap_or_default();
        HeaderValue::from_str(&context_link(url)).expect("the core context's URL is visible ASCII")
    });
    LINK.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values {
            map.append(header::LINK, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[test]
    fn finds_the_link_of_the_context() {
        let good = "<http://a/c.jsonld>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"";
        for (values, url) in [
            (vec![], None),
            (vec![good], Some("http://a/c.jsonld")),
            (vec!["<x>; rel=next", good], Some("http://a/c.jsonld")),
            (vec!["<a,b;c>;rel=http://www.w3.org/ns/json-ld#context"], Some("a,b;c")),
            (vec!["<x>; title=\"a,b;<\" ; rel=\"prev http://www.w3.org/ns/json-ld#context\", <y>"], Some("x")),
            (vec!["<x>;flag"], None),
            (vec![" , "], None),
        ] {
            assert_eq!(link(&headers(&values)).unwrap(), url, "{values:?}");
        }
        for bad in [
            vec![good, good],
            vec!["http://a"],
            vec!["<http://a"],
            vec!["<a> b"],
            vec!["<http://a.<b>"],
            vec!["<http://a b>"],
            vec!["<>"],
            vec!["<a>; rel=\"x"],
        ] {
            assert!(link(&headers(&bad)).is_err(), "{bad:?}");
        }
        assert!(link(&headers(&[&"<a>,".repeat(40)])).is_err());
    }
}
