//! Which types and attributes are in use: read off the indexes, without looking at entities, but for the kinds of an
//! attribute, for which all of its entities are looked at. Writes go on between the pieces of that work.

use crate::blob;
use crate::shared::Shared;
use belfry_kernel::Error;
use belfry_ngsi_ld::{AttributeKind, Name};
use belfry_ports::{AttributeInfo, TypeInfo};
use std::collections::BTreeMap;

/// How many entities are looked at before a write may come between.
const SLOTS_AT_ONCE: usize = 4096;

/// Every type in use, by name; with their attributes, if wanted.
pub(crate) fn types(shared: &Shared, attributes: bool) -> Result<Vec<TypeInfo>, Error> {
    let numbers: Vec<u32> = shared.state.read().indexes.types().map(|(number, _)| number).collect();
    let mut found = Vec::with_capacity(numbers.len());
    for number in numbers {
        let state = shared.state.read();
        let Some(slots) = state.indexes.of_type(number).filter(|slots| !slots.is_empty()) else { continue };
        let mut of_type = Vec::new();
        if attributes {
            for (attribute, having) in state.indexes.attributes().filter(|(_, having)| !slots.is_disjoint(having)) {
                debug_assert!(!having.is_empty());
                of_type.push(shared.names.name(u64::from(attribute))?);
            }
        }
        of_type.sort_unstable();
        let name = shared.names.name(u64::from(number))?;
        found.push(TypeInfo { name, entities: slots.len(), attributes: of_type });
    }
    found.sort_by_key(|t| t.name);
    Ok(found)
}

/// Every attribute in use, by name; with the types of its entities, if wanted.
pub(crate) fn attributes(shared: &Shared, types: bool) -> Result<Vec<AttributeInfo>, Error> {
    let numbers: Vec<u32> = shared.state.read().indexes.attributes().map(|(number, _)| number).collect();
    let mut found = Vec::with_capacity(numbers.len());
    for number in numbers {
        let state = shared.state.read();
        let Some(having) = state.indexes.with_attribute(number).filter(|having| !having.is_empty()) else { continue };
        let mut with = Vec::new();
        if types {
            for (of_type, _) in state.indexes.types().filter(|(_, slots)| !slots.is_disjoint(having)) {
                with.push(shared.names.name(u64::from(of_type))?);
            }
        }
        with.sort_unstable();
        let name = shared.names.name(u64::from(number))?;
        found.push(AttributeInfo { name, entities: having.len(), types: with });
    }
    found.sort_by_key(|a| a.name);
    Ok(found)
}

/// The kinds of attributes: of one attribute, or of all those of the entities of one type.
pub(crate) fn kinds(
    shared: &Shared,
    of_type: Option<Name>,
    attribute: Option<Name>,
) -> Result<Vec<(Name, Vec<AttributeKind>)>, Error> {
    let (of_type, attribute) = (of_type.map(|t| shared.names.known(t)), attribute.map(|a| shared.names.known(a)));
    let (Some(slots), wanted) = ({
        let state = shared.state.read();
        let of_type = of_type.map(|number| number.and_then(|n| state.indexes.of_type(n)).cloned().unwrap_or_default());
        let having =
            attribute.map(|number| number.and_then(|n| state.indexes.with_attribute(n)).cloned().unwrap_or_default());
        let slots = match (of_type, having) {
            (Some(a), Some(b)) => Some(a & b),
            (one, other) => one.or(other),
        };
        (slots, attribute.flatten())
    }) else {
        return Ok(Vec::new());
    };
    // A set of kinds is a byte: one bit for each.
    let mut seen: BTreeMap<u32, u8> = BTreeMap::new();
    let mut slots = slots.iter().peekable();
    while slots.peek().is_some() {
        let state = shared.state.read();
        for blob in slots.by_ref().take(SLOTS_AT_ONCE).filter_map(|slot| state.slots.get(slot)) {
            blob::kinds(blob, |number, kind| {
                if wanted.is_none_or(|wanted| wanted == number) {
                    *seen.entry(number).or_default() |= 1 << kind as u8;
                }
            })?;
        }
    }
    let kinds_of =
        |bits: u8| AttributeKind::ALL.iter().map(|(k, ..)| *k).filter(|k| bits & (1 << *k as u8) != 0).collect();
    let mut found = Vec::with_capacity(seen.len());
    for (number, bits) in seen {
        found.push((shared.names.name(u64::from(number))?, kinds_of(bits)));
    }
    found.sort_by_key(|(name, _)| *name);
    Ok(found)
}
