//! What a running Belfry has of an extract: of each entity a number for its content, 32 bytes with all. Reads, writes
//! nothing.

use super::content::{has_foreign, print};
use super::object::Object;
use super::table::Table;
use crate::TransferError;
use crate::client::Client;
use crate::query::{Target, entities, get, next_offset};
use belfry_connect_osm::Kind;
use belfry_ngsi_ld::Json;
use std::collections::HashMap;

const PATH: &str = "/ngsi-ld/v1/entities";
/// Entities asked for at one time; a page may be shorter.
const PAGE: &str = "1000";
/// Entities asked for by id at one time: their ids stand in one address.
pub(super) const MOST_IDS: usize = 40;

/// The entities of an extract.
#[derive(Default)]
pub(super) struct Known {
    types: Vec<String>,
    entities: HashMap<Key, Seen>,
    /// Entities that were closed before and are still there.
    pub(super) closed: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    entity: u16,
    kind: Kind,
    id: i64,
}

/// What is known of one entity.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    /// A number for its content.
    pub(super) print: u64,
    /// Whether it has attributes that no import made.
    pub(super) foreign: bool,
    /// Whether it was closed before.
    pub(super) closed: bool,
}

impl Known {
    /// Asks for all entities of an extract.
    pub(super) async fn of(client: &Client, extract: &str, table: &Table) -> Result<Self, TransferError> {
        let mut known = Self::default();
        let mut target = Target::new(PATH);
        target.add("type", "*");
        target.add("q", &format!("extract==\"{extract}\""));
        target.add("limit", PAGE);
        let mut offset = 0;
        loop {
            let page = get(client, &target.with("offset", offset), None, "application/json").await?;
            let Some(answer) = page else { return Ok(known) };
            for entity in entities(client, &answer)? {
                known.add(&entity, table);
            }
            match next_offset(&answer).filter(|next| *next > offset) {
                Some(next) => offset = next,
                None => return Ok(known),
            }
        }
    }

    fn add(&mut self, entity: &Json, table: &Table) {
        let id = entity.get("id").and_then(Json::as_str).unwrap_or_default();
        // An entity that another hand gave this extract is not of the import.
        let Some((kind, object)) = Object::of_entity(id) else { return };
        let at = match self.types.iter().position(|known| known == kind) {
            Some(at) => at,
            None => {
                self.types.push(kind.to_owned());
                self.types.len() - 1
            }
        };
        let Ok(at) = u16::try_from(at) else { return };
        let closed = entity.get("dateRemoved").is_some();
        self.closed += u64::from(closed);
        let seen = Seen { print: print(entity, table), foreign: has_foreign(entity, table), closed };
        self.entities.insert(Key { entity: at, kind: object.kind, id: object.id }, seen);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.entities.len()
    }

    /// Takes an entity out: it is in the new extract too.
    pub(super) fn take(&mut self, entity: &str, object: Object) -> Option<Seen> {
        let at = self.types.iter().position(|known| known == entity)?;
        self.entities.remove(&Key { entity: u16::try_from(at).ok()?, kind: object.kind, id: object.id })
    }

    /// Takes out all that an object is: it is in the extract, but cannot be read.
    pub(super) fn spare(&mut self, object: Object) {
        for at in 0..self.types.len() {
            let Ok(entity) = u16::try_from(at) else { return };
            self.entities.remove(&Key { entity, kind: object.kind, id: object.id });
        }
    }

    /// What was not taken out, in the order of types and numbers.
    pub(super) fn rest(self) -> Vec<(String, Object, Seen)> {
        let Self { types, entities, .. } = self;
        let mut rest: Vec<(Key, Seen)> = entities.into_iter().collect();
        rest.sort_unstable_by_key(|(key, _)| (key.entity, key.kind as u8, key.id));
        rest.into_iter()
            .map(|(key, seen)| {
                let entity = &types[usize::from(key.entity)];
                let object = Object { kind: key.kind, id: key.id };
                (object.entity_id(entity), object, seen)
            })
            .collect()
    }
}

/// Entities as they are now, by their ids; those that are gone are missing.
pub(super) async fn fetch(client: &Client, ids: &[&str]) -> Result<HashMap<String, Json>, TransferError> {
    let mut found = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(MOST_IDS) {
        let mut target = Target::new(PATH);
        target.add("id", &ids.join(","));
        target.add("type", "*");
        target.add("limit", &MOST_IDS.to_string());
        // A page ends early when its entities are large.
        let mut offset = 0;
        loop {
            let page = get(client, &target.with("offset", offset), None, "application/json").await?;
            let Some(answer) = page else { break };
            for entity in entities(client, &answer)? {
                let id = entity.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
                found.insert(id, entity);
            }
            match next_offset(&answer).filter(|next| *next > offset) {
                Some(next) => offset = next,
                None => break,
            }
        }
    }
    Ok(found)
}
