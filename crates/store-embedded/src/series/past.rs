//! Which entities have a past, all of them or by type. Those that are here are found by the index over types; of one
//! that is gone, or was written to history alone, a series of its own tells the type: the number [`PAST`] under a type
//! in place of an entity, with the identifier in place of a dataset. Reads no instance.

use super::read::{kept, life};
use super::{history_error, key_into, parts, prefix_of};
use crate::shared::Shared;
use belfry_kernel::{Error, Iri};
use belfry_ngsi_ld::Name;
use belfry_ports::temporal::Evolution;
use std::collections::BTreeSet;

/// The number that no attribute has: that an entity of this type is in history.
pub(super) const PAST: u32 = u32::MAX - 1;

/// What stands before a type, so that it is no identifier: these series come before those of all entities.
const TYPE: char = '\u{1}';

/// How many slots are looked at before a write may come between.
const SLOTS_AT_ONCE: usize = 4096;

/// The series that says that an entity of this type (its number) is in history.
pub(super) fn key_of(number: u32, id: &str) -> Vec<u8> {
    let mut key = start_of(number);
    key.extend_from_slice(id.as_bytes());
    key
}

fn start_of(number: u32) -> Vec<u8> {
    let mut key = Vec::new();
    key_into(&format!("{TYPE}{number:08x}"), PAST, None, &mut key);
    key
}

/// Identifiers after `after`, at most `limit`, ascending; see [`belfry_ports::Store::historic`].
pub(crate) fn historic(
    shared: &Shared,
    types: Option<&[Name]>,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Iri>, Error> {
    let Some(types) = types else { return all(shared, after, limit) };
    kept(shared)?;
    let mut first = First { after, limit, found: BTreeSet::new() };
    for number in types.iter().filter_map(|name| shared.names.known(*name)) {
        gone(shared, number, &mut first)?;
        present(shared, number, &mut first)?;
    }
    Ok(first.found.iter().map(|id| Iri::from_checked(id)).collect())
}

fn all(shared: &Shared, after: Option<&str>, limit: usize) -> Result<Vec<Iri>, Error> {
    let history = kept(shared)?;
    let mut found: Vec<Iri> = Vec::new();
    // Keys come in order of identifiers, so that a page begins where the last one ended.
    let start = after.map_or_else(|| vec![TYPE as u8 + 1], after_entity);
    for key in history.series_after(&start) {
        let key = key.map_err(|e| history_error(&e))?;
        let (id, ..) = parts(&key)?;
        if found.last().is_some_and(|last| last.as_str() == id) {
            continue;
        }
        if found.len() == limit {
            break;
        }
        if life(shared, history, id, &mut Evolution::default())? {
            found.push(Iri::from_checked(id));
        }
    }
    Ok(found)
}

/// The first key after all series of an entity.
pub(super) fn after_entity(id: &str) -> Vec<u8> {
    let mut key = prefix_of(id);
    key.pop();
    key.push(1);
    key
}

fn gone(shared: &Shared, number: u32, first: &mut First<'_>) -> Result<(), Error> {
    let history = kept(shared)?;
    let prefix = start_of(number);
    let start = key_of(number, first.after.unwrap_or_default());
    for key in history.series_after(&start) {
        let key = key.map_err(|e| history_error(&e))?;
        let Some(id) = key.strip_prefix(prefix.as_slice()) else { break };
        if !first.add(std::str::from_utf8(id).map_err(Error::internal)?) {
            break;
        }
    }
    Ok(())
}

fn present(shared: &Shared, number: u32, first: &mut First<'_>) -> Result<(), Error> {
    let Some(slots) = shared.state.read().indexes.of_type(number).cloned() else { return Ok(()) };
    let mut slots = slots.iter().peekable();
    while slots.peek().is_some() {
        let state = shared.state.read();
        for slot in slots.by_ref().take(SLOTS_AT_ONCE) {
            if let Some(blob) = state.slots.get(slot) {
                first.add(crate::blob::id_of(blob)?);
            }
        }
    }
    Ok(())
}

/// The first so many identifiers after one.
struct First<'a> {
    after: Option<&'a str>,
    limit: usize,
    found: BTreeSet<Box<str>>,
}

impl First<'_> {
    /// Whether this one is among the first, so far.
    fn add(&mut self, id: &str) -> bool {
        let full = self.found.len() >= self.limit;
        if self.after.is_some_and(|after| id <= after) || (full && self.found.last().is_none_or(|last| id >= &**last)) {
            return !full;
        }
        if !self.found.contains(id) {
            self.found.insert(id.into());
            if full {
                self.found.pop_last();
            }
        }
        true
    }
}
