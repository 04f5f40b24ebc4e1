//! What goes out in one request: rows with where they come from. Builds bodies, sends nothing.

use super::window::Origin;
use crate::history_body::Evolution;
use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::context::CoreVersion;
use bytes::Bytes;
use compact_str::CompactString;
use std::sync::Arc;

/// A row of a batch of states.
pub(crate) struct StateRow {
    pub(crate) origin: Origin,
    pub(crate) id: CompactString,
    /// Its JSON text.
    pub(crate) text: Vec<u8>,
    pub(crate) has_context: bool,
}

/// A batch of states.
#[derive(Default)]
pub(crate) struct StateParcel {
    pub(crate) rows: Vec<Arc<StateRow>>,
    pub(crate) bytes: usize,
}

/// The history of one entity.
#[derive(Default)]
pub(crate) struct HistoryParcel {
    pub(crate) rows: Vec<(Origin, Json)>,
    pub(crate) id: CompactString,
    pub(crate) bytes: usize,
    /// Attribute instances in all.
    pub(crate) instances: usize,
    /// Of the attribute that has most.
    pub(crate) most: usize,
}

/// The media type and the body of these states.
pub(crate) fn state_body(rows: &[Arc<StateRow>]) -> (&'static str, Bytes) {
    let linked = rows.iter().any(|row| row.has_context);
    let mut out = Vec::with_capacity(rows.iter().map(|row| row.text.len() + 1).sum::<usize>() + 2);
    out.push(b'[');
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&row.text);
        // In a JSON-LD batch every entity names its context (clause 6.3.5).
        if linked && !row.has_context {
            out.pop();
            out.extend_from_slice(b",\"@context\":\"");
            out.extend_from_slice(CoreVersion::default().url().as_bytes());
            out.extend_from_slice(b"\"}");
        }
    }
    out.push(b']');
    (media(linked), out.into())
}

/// The media type and the body of this history.
pub(crate) fn history_body<'r>(rows: impl Iterator<Item = &'r Json>) -> (&'static str, Bytes) {
    let mut evolution = Evolution::default();
    rows.for_each(|row| evolution.add(row));
    let json = evolution.into_json();
    let mut out = Vec::new();
    json.write(&mut out);
    (media(json.get("@context").is_some()), out.into())
}

fn media(linked: bool) -> &'static str {
    if linked { "application/ld+json" } else { "application/json" }
}
