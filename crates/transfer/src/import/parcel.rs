//! What goes out in one request: rows with where they come from. Builds bodies, sends nothing.

use super::window::Origin;
use crate::history_body::Evolution;
use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::context::CoreVersion;
use bytes::Bytes;
use compact_str::CompactString;
use std::sync::Arc;

/// A row of a batch of states.
pub(super) struct StateRow {
    pub(super) origin: Origin,
    pub(super) id: CompactString,
    /// Its JSON text.
    pub(super) text: Vec<u8>,
    pub(super) has_context: bool,
}

/// A batch of states.
#[derive(Default)]
pub(super) struct StateParcel {
    pub(super) rows: Vec<Arc<StateRow>>,
    pub(super) bytes: usize,
}

/// The history of one entity.
#[derive(Default)]
pub(super) struct HistoryParcel {
    pub(super) rows: Vec<(Origin, Json)>,
    pub(super) id: CompactString,
    pub(super) bytes: usize,
    /// Attribute instances in all.
    pub(super) instances: usize,
    /// Of the attribute that has most.
    pub(super) most: usize,
}

/// The media type and the body of these states.
pub(super) fn state_body(rows: &[Arc<StateRow>]) -> (&'static str, Bytes) {
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
pub(super) fn history_body<'r>(rows: impl Iterator<Item = &'r Json>) -> (&'static str, Bytes) {
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
