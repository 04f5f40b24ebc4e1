//! History and state from one source: of each attribute the newest instance becomes the state, every other one history.
//! The newest is not sent as history: Belfry keeps what becomes state as history by itself, and nothing is there twice.

use super::window::Origin;
use crate::TransferError;
use crate::history_body::is_attribute;
use belfry_kernel::Time;
use belfry_ngsi_ld::Json;
use compact_str::CompactString;
use std::collections::HashMap;

/// The most entities whose newest state is held until the end.
const MAX_ENTITIES: usize = 1_000_000;

/// The newest state of each entity so far.
#[derive(Default)]
pub(super) struct Newest {
    at: HashMap<CompactString, usize>,
    entities: Vec<Held>,
}

struct Held {
    origin: Origin,
    head: Vec<(CompactString, Json)>,
    instances: Vec<Instance>,
}

struct Instance {
    name: CompactString,
    dataset: Option<CompactString>,
    at: Option<Time>,
    json: Json,
}

impl Instance {
    fn of(name: CompactString, json: Json) -> Self {
        let text = |member| json.get(member).and_then(Json::as_str);
        let dataset = text("datasetId").map(CompactString::from);
        let at = text("observedAt").and_then(|t| Time::parse(t).ok());
        Self { name, dataset, at, json }
    }
}

impl Newest {
    /// Takes an entity in; gives back what of it, and of what was held, is history now.
    ///
    /// # Errors
    /// [`TransferError::Usage`] when there are more entities than can be held.
    pub(super) fn offer(&mut self, origin: &Origin, entity: Json) -> Result<Option<Json>, TransferError> {
        let Json::Object(members) = entity else { return Ok(None) };
        let (attributes, head): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| is_attribute(name));
        let id = head.iter().find(|(name, _)| name == "id" || name == "@id").and_then(|(_, id)| id.as_str());
        let id = CompactString::from(id.unwrap_or_default());
        let at = match self.at.get(&id) {
            Some(at) => *at,
            None => {
                if self.entities.len() == MAX_ENTITIES {
                    return Err(TransferError::Usage(format!(
                        "the source has more than {MAX_ENTITIES} entities: import it with --mode history, then its last rows with --mode state"
                    )));
                }
                self.at.insert(id, self.entities.len());
                self.entities.push(Held { origin: origin.clone(), head: head.clone(), instances: Vec::new() });
                self.entities.len() - 1
            }
        };
        let held = &mut self.entities[at];
        let mut past: Vec<(CompactString, Json)> = Vec::new();
        for (name, value) in attributes {
            let instances = match value {
                Json::Array(items) if items.iter().any(|item| matches!(item, Json::Object(_))) => items,
                one => vec![one],
            };
            for json in instances {
                let new = Instance::of(name.clone(), json);
                let known =
                    held.instances.iter_mut().find(|known| known.name == new.name && known.dataset == new.dataset);
                let older = match known {
                    None => {
                        held.instances.push(new);
                        held.origin = origin.clone();
                        continue;
                    }
                    // Of equal instants the later row counts.
                    Some(known) if known.at <= new.at => {
                        held.origin = origin.clone();
                        held.head.clone_from(&head);
                        std::mem::replace(known, new)
                    }
                    Some(_) => new,
                };
                // Without an instant it was never a part of history.
                if older.at.is_some() {
                    put(&mut past, older.name, older.json);
                }
            }
        }
        if past.is_empty() {
            return Ok(None);
        }
        let mut members = head;
        let context = members.iter().position(|(name, _)| name == "@context").map(|at| members.remove(at));
        members.append(&mut past);
        members.extend(context);
        Ok(Some(Json::Object(members)))
    }

    /// The newest states, in the order in which the entities were first met, each with the row that it is from last.
    pub(super) fn into_entities(self) -> impl Iterator<Item = (Origin, Json)> {
        self.entities.into_iter().map(|held| {
            let mut members = held.head;
            for instance in held.instances {
                put(&mut members, instance.name, instance.json);
            }
            (held.origin, Json::Object(members))
        })
    }
}

/// Adds an instance; several of one name stand in an array.
fn put(members: &mut Vec<(CompactString, Json)>, name: CompactString, json: Json) {
    match members.iter_mut().find(|(known, _)| *known == name) {
        None => members.push((name, json)),
        Some((_, Json::Array(instances))) => instances.push(json),
        Some((_, one)) => {
            let first = std::mem::replace(one, Json::Null);
            *one = Json::Array(vec![first, json]);
        }
    }
}
