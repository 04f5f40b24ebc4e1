//! How large images are, near enough: an upper bound of the bytes that an entity takes in a record. Knows what the
//! entities of late messages weighed, so that a batch can be cut before it is handed to the store.

use super::Message;
use belfry_kernel::{Geometry, Iri};
use belfry_ngsi_ld::{Attribute, Entity, Json, Value};
use belfry_ports::Store;
use hashbrown::{HashMap, HashSet};
use parking_lot::Mutex;

/// One message that weighs more is refused for good, bytes. A record of the log takes 32 MiB.
pub(super) const MOST_MESSAGE: usize = 22 << 20;
/// What the values before may weigh that one message's changes carry, bytes; those beyond are left out.
pub(super) const MOST_BEFORE: usize = 4 << 20;
/// What a commit must not weigh, bytes: when an entity has grown since it was last weighed, its batch is sent again.
pub(super) const MOST: usize = 28 << 20;
/// What is taken for the entity of a device that is new here, bytes.
const NEW: usize = 1 << 10;
/// Entities whose weight is remembered; beyond, all are weighed anew.
const MOST_KNOWN: usize = 100_000;
/// What a reading adds besides its value, bytes.
const READING: usize = 96;

/// The weights of entities.
#[derive(Debug, Default)]
pub(super) struct Weights(Mutex<HashMap<Iri, usize>>);

impl Weights {
    /// Cuts a batch so that each part makes a commit of about `most` bytes, in order.
    pub fn cut(&self, store: &dyn Store, batch: Vec<Message>, most: usize) -> Vec<Vec<Message>> {
        let mut parts = Vec::with_capacity(1);
        let (mut part, mut bytes) = (Vec::with_capacity(batch.len()), 0);
        for message in batch {
            let more = self.of_message(store, &message);
            if bytes + more > most && !part.is_empty() {
                parts.push(std::mem::take(&mut part));
                bytes = 0;
            }
            bytes += more;
            part.push(message);
        }
        parts.push(part);
        parts
    }

    /// Remembers what an entity weighs now.
    pub fn note(&self, id: &Iri, bytes: usize) {
        let mut known = self.0.lock();
        match known.get_mut(id) {
            Some(weight) => *weight = bytes,
            None => {
                if known.len() >= MOST_KNOWN {
                    known.clear();
                }
                known.insert(id.clone(), bytes);
            }
        }
    }

    fn of_message(&self, store: &dyn Store, message: &Message) -> usize {
        let learned: usize =
            message.learned.iter().map(|l| l.key.len() + l.bytes.as_ref().map_or(0, |b| b.len())).sum();
        let mut heaviest = 0;
        let mut last = None;
        for target in message.readings.iter().filter_map(|r| r.entity.as_ref()) {
            if last != Some(&target.id) {
                heaviest = heaviest.max(self.of_entity(store, &target.id));
                last = Some(&target.id);
            }
        }
        let values: usize = message.readings.iter().map(|r| READING + value_bytes(&r.value)).sum();
        learned + puts(message) * (heaviest + values.min(heaviest + NEW)) + values
    }

    fn of_entity(&self, store: &dyn Store, id: &Iri) -> usize {
        if let Some(bytes) = self.0.lock().get(id) {
            return *bytes;
        }
        let bytes = match store.entity(id.as_str()) {
            Ok(Some(image)) => entity(&image),
            // What cannot be read now is seen by the decision.
            Ok(None) | Err(_) => NEW,
        };
        self.note(id, bytes);
        bytes
    }
}

/// At most how many images the readings of a message make: one an entity, and one more whenever an attribute comes again.
fn puts(message: &Message) -> usize {
    let readings = &message.readings;
    if readings.len() < 2 {
        return readings.len();
    }
    let (mut entities, mut attributes) = (HashSet::new(), HashSet::new());
    for r in readings {
        let id = r.entity.as_ref().map(|e| &e.id);
        entities.insert(id);
        attributes.insert((id, r.attribute.as_str()));
    }
    readings.len() - attributes.len() + entities.len()
}

fn value_bytes(value: &belfry_connect_payload::Value) -> usize {
    match value {
        belfry_connect_payload::Value::Text(t) => t.len(),
        belfry_connect_payload::Value::Json(t) => t.len(),
        _ => 0,
    }
}

/// What an entity weighs, bytes.
pub(super) fn entity(e: &Entity) -> usize {
    let scopes: usize = e.scopes.iter().map(|s| s.len() + 8).sum();
    64 + e.id.as_str().len() + scopes + e.types.len() * 8 + e.attributes.iter().map(attribute).sum::<usize>()
}

pub(super) fn attribute(a: &Attribute) -> usize {
    let dataset = a.dataset_id.as_ref().map_or(0, |d| d.as_str().len());
    64 + dataset
        + a.unit_code.as_ref().map_or(0, |u| u.len())
        + value(&a.value)
        + a.sub.iter().map(attribute).sum::<usize>()
}

fn value(v: &Value) -> usize {
    match v {
        Value::Property(j) | Value::Json(j) => json(j),
        Value::Geo(Geometry::Point(_)) => 32,
        // Their text is longer than their bytes.
        other => format!("{other:?}").len(),
    }
}

fn json(j: &Json) -> usize {
    match j {
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) => 10,
        Json::Str(t) => 6 + t.len(),
        Json::Array(items) => 6 + items.iter().map(json).sum::<usize>(),
        Json::Object(members) => 6 + members.iter().map(|(k, v)| 6 + k.len() + json(v)).sum::<usize>(),
    }
}
