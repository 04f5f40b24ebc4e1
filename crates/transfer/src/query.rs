//! Asking for pages of entities: targets with their parameters, answers as JSON. Writes nothing.

use crate::TransferError;
use crate::client::{Answer, Call, Client, problem};
use belfry_ngsi_ld::Json;
use http::{Method, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt::Write;

/// Levels of JSON in an answer.
const DEPTH: usize = 128;

/// A target with its parameters.
pub(crate) struct Target(String);

impl Target {
    pub(crate) fn new(path: &str) -> Self {
        Self(format!("{path}?"))
    }

    pub(crate) fn add(&mut self, name: &str, value: &str) {
        let mark = if self.0.ends_with('?') { "" } else { "&" };
        // Writing to a text cannot fail.
        let _ = write!(self.0, "{mark}{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
    }

    pub(crate) fn with(&self, name: &str, value: impl std::fmt::Display) -> Self {
        let mut target = Self(self.0.clone());
        target.add(name, &value.to_string());
        target
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Asks for a page. None: there is no such thing.
pub(crate) async fn get(
    client: &Client,
    target: &Target,
    link: Option<&str>,
    accept: &'static str,
) -> Result<Option<Answer>, TransferError> {
    let call = Call { method: Method::GET, target: target.as_str(), body: None, accept, link, repeatable: true };
    let answer = client.send(&call).await?;
    match answer.status {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(Some(answer)),
        StatusCode::NOT_FOUND => Ok(None),
        status => Err(client.strange(&format!("it answered {status}: {}", problem(&answer)))),
    }
}

/// The JSON of an answer.
pub(crate) fn json(client: &Client, answer: &Answer) -> Result<Json, TransferError> {
    Json::parse(&answer.body, DEPTH)
        .map_err(|why| client.strange(&format!("its answer cannot be read: {}", why.public())))
}

/// The entities of an answer that is an array, or one entity.
pub(crate) fn entities(client: &Client, answer: &Answer) -> Result<Vec<Json>, TransferError> {
    match json(client, answer)? {
        Json::Array(entities) => Ok(entities),
        entity @ Json::Object(_) => Ok(vec![entity]),
        other => Err(client.strange(&format!("its answer is {}, not entities", other.kind()))),
    }
}

/// The offset of the next page, when there is one: a page may be shorter than asked for (clause 5.5.9.1).
pub(crate) fn next_offset(answer: &Answer) -> Option<u64> {
    let links = answer.headers.get_all(header::LINK).iter().filter_map(|value| value.to_str().ok());
    let mut links = links.filter_map(|value| Some(&value[..value.find("rel=\"next\"")?]));
    let (_, link) = links.next()?.rsplit_once('<')?;
    let (_, query) = link.split('>').next()?.split_once('?')?;
    query.split('&').find_map(|part| part.strip_prefix("offset="))?.parse().ok()
}

/// The number of all results, when the answer tells.
pub(crate) fn count(answer: &Answer) -> Option<u64> {
    answer.headers.get("ngsild-results-count")?.to_str().ok()?.parse().ok()
}
