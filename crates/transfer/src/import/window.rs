//! A window of rows on their way: put together into requests that can be under way at one time, bounded in rows and
//! bytes. What comes after a window is sent after it, so that later rows of an entity win.

use super::parcel::{HistoryParcel, StateParcel, StateRow};
use crate::history_body::{is_attribute, weight};
use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::form::Limits;
use compact_str::CompactString;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Most attribute instances of one name and of one entity in a request; half of what Belfry takes by default
/// (`server.limits.max_temporal_instances_per_body`).
const MAX_INSTANCES: usize = 10_000;
const MAX_WEIGHT: usize = 10_000;
/// The size of a body at which it is closed; half of what Belfry takes by default.
const BODY_BYTES: usize = 4 << 20;
/// So many entities' histories are put together at one time.
const MAX_OPEN: usize = 4096;
/// So many attribute instances are in a window: what a cut import has to look up before it goes on.
const MAX_SAMPLES: usize = 40_000;
/// The size of a window at which it is sent.
const WINDOW_BYTES: usize = 32 << 20;

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) file: Arc<Path>,
    /// From 1.
    pub(crate) line: u64,
}

/// Rows that are sent together.
pub(crate) struct Window {
    pub(crate) states: Vec<StateParcel>,
    pub(crate) histories: Vec<HistoryParcel>,
    /// In which batch an entity is: all its states of one window are in one batch, in their order.
    batch_of: HashMap<CompactString, usize>,
    /// The open history of an entity under a context.
    open: HashMap<(CompactString, Option<String>), usize>,
    /// Histories that take no more rows.
    sealed: usize,
    /// Attribute instances of all histories.
    samples: usize,
    bytes: usize,
    batch: usize,
    in_flight: usize,
    full: bool,
}

impl Window {
    pub(crate) fn new(batch: u16, in_flight: u8) -> Self {
        Self {
            states: Vec::new(),
            histories: Vec::new(),
            batch_of: HashMap::new(),
            open: HashMap::new(),
            sealed: 0,
            samples: 0,
            bytes: 0,
            batch: usize::from(batch),
            in_flight: usize::from(in_flight),
            full: false,
        }
    }

    /// This window, a new one in its place.
    pub(crate) fn take(&mut self) -> Self {
        let (batch, in_flight) = (self.batch, self.in_flight);
        std::mem::replace(self, Self { batch, in_flight, ..Self::new(1, 1) })
    }

    pub(crate) fn is_full(&self) -> bool {
        self.full || self.bytes >= WINDOW_BYTES
    }

    /// Adds a state.
    pub(crate) fn state(&mut self, origin: &Origin, entity: &Json) {
        let id = id_of(entity);
        let mut text = Vec::with_capacity(512);
        entity.write(&mut text);
        let last = self.states.len().checked_sub(1);
        let at = match self.batch_of.get(&id) {
            Some(at) => *at,
            None => match last
                .filter(|at| self.states[*at].rows.len() < self.batch && self.states[*at].bytes < BODY_BYTES)
            {
                Some(at) => at,
                None => {
                    self.states.push(StateParcel::default());
                    self.states.len() - 1
                }
            },
        };
        self.batch_of.insert(id.clone(), at);
        let parcel = &mut self.states[at];
        parcel.bytes += text.len() + 1;
        self.bytes += text.len();
        let has_context = entity.get("@context").is_some();
        parcel.rows.push(Arc::new(StateRow { origin: origin.clone(), id, text, has_context }));
        let closed = |parcel: &StateParcel| parcel.rows.len() >= self.batch || parcel.bytes >= BODY_BYTES;
        // A batch behind the last one that is full cannot take more of its entities.
        self.full |= closed(parcel) && (at + 1 < self.states.len() || self.states.len() >= self.in_flight);
    }

    /// Adds history; what is too much for one request is cut into several.
    pub(crate) fn history(&mut self, origin: &Origin, entity: Json) {
        let (all, most) = weight(&entity);
        if all > MAX_WEIGHT || most > MAX_INSTANCES {
            for part in parts(&entity) {
                self.history_part(origin, part);
            }
        } else {
            self.history_part(origin, entity);
        }
    }

    fn history_part(&mut self, origin: &Origin, entity: Json) {
        let id = id_of(&entity);
        let (all, most) = weight(&entity);
        let mut text = Vec::with_capacity(512);
        entity.write(&mut text);
        let key = (id.clone(), entity.get("@context").map(ToString::to_string));
        let open = self.open.get(&key).copied().filter(|at| {
            let parcel = &self.histories[*at];
            parcel.most + most <= MAX_INSTANCES
                && parcel.instances + all <= MAX_WEIGHT
                && parcel.bytes + text.len() <= BODY_BYTES
        });
        let at = open.unwrap_or_else(|| {
            self.histories.push(HistoryParcel { id, ..HistoryParcel::default() });
            self.sealed += usize::from(self.open.insert(key, self.histories.len() - 1).is_some());
            self.histories.len() - 1
        });
        let parcel = &mut self.histories[at];
        parcel.instances += all;
        self.samples += all;
        // The sum of the largest is at least the largest sum.
        parcel.most += most;
        parcel.bytes += text.len();
        self.bytes += text.len();
        parcel.rows.push((origin.clone(), entity));
        self.full |= self.sealed >= self.in_flight * 4 || self.open.len() >= MAX_OPEN || self.samples >= MAX_SAMPLES;
    }
}

fn id_of(entity: &Json) -> CompactString {
    entity.get("id").or_else(|| entity.get("@id")).and_then(Json::as_str).unwrap_or_default().into()
}

/// How large a part of a history may be.
pub(crate) fn limits() -> Limits {
    Limits { instances: MAX_INSTANCES, attributes: MAX_WEIGHT, ..Limits::default() }
}

/// A history cut into parts that one request can hold each.
pub(crate) fn parts(entity: &Json) -> Vec<Json> {
    let (all, most) = weight(entity);
    let Json::Object(members) = entity else { return Vec::new() };
    if all <= MAX_WEIGHT && most <= MAX_INSTANCES {
        return vec![entity.clone()];
    }
    let head: Vec<_> = members.iter().filter(|(name, _)| !is_attribute(name)).cloned().collect();
    let mut parts = Vec::new();
    for (name, value) in members.iter().filter(|(name, _)| is_attribute(name)) {
        let one = std::slice::from_ref(value);
        let instances = match value {
            Json::Array(instances) => instances.as_slice(),
            _ => one,
        };
        for chunk in instances.chunks(MAX_INSTANCES) {
            let mut part = head.clone();
            part.push((name.clone(), Json::Array(chunk.to_vec())));
            parts.push(Json::Object(part));
        }
    }
    parts
}
