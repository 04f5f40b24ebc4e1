//! How an answer refers to the context that it was written in: the client's own @context as given, the core @context
//! last (ETSI GS CIM 009 clauses 5.5.7 and 6.3.6). Knows no definitions.

use super::core::{CoreVersion, is_core_url};
use crate::Json;

/// The `@context` member of an answer, and the URL of its Link header.
#[derive(Debug, PartialEq)]
pub struct Reference {
    json: Json,
    text: Box<[u8]>,
    link: Option<Box<str>>,
}

impl Reference {
    /// The reference for this `@context` value. Core URLs at its top level give way to the one that was used.
    pub(super) fn of(local: &Json, version: CoreVersion) -> Self {
        let given: &[Json] = match local {
            Json::Array(all) => all,
            Json::Null => &[],
            one => std::slice::from_ref(one),
        };
        let is_core = |one: &&Json| one.as_str().is_some_and(is_core_url);
        let mut kept: Vec<Json> = given.iter().filter(|one| !is_core(one)).cloned().collect();
        // What stands before a `null` counts for nothing.
        if let Some(last) = kept.iter().rposition(|one| matches!(one, Json::Null)) {
            kept.drain(..=last);
        }
        let core = Json::from(version.url());
        let link = match kept.as_slice() {
            [] => Some(version.url().into()),
            [Json::Str(url)] => Some(Box::from(url.as_str())),
            _ => None,
        };
        let json = if kept.is_empty() {
            core
        } else {
            kept.push(core);
            Json::Array(kept)
        };
        let mut text = Vec::new();
        json.write(&mut text);
        Self { json, text: text.into(), link }
    }

    /// The value of the `@context` member: a URL or an array that ends in the core @context's URL.
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// The same as JSON text (UTF-8), ready to be put into a body.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The URL of the Link header, when one URL says it all.
    pub fn link_url(&self) -> Option<&str> {
        self.link.as_deref()
    }

    /// Whether it is the core @context alone.
    pub fn is_core(&self) -> bool {
        matches!(self.json, Json::Str(_))
    }
}
