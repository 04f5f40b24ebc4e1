//! Indexes over the current state. Those over types, attribute names, scopes and expiry are always kept; those over
//! content (values, geometries, identifiers) are built when a query first asks for them and kept while they are used, so
//! that nobody pays for an index that nobody uses. All are views: none is on disk.

mod content;
mod geometry;
mod value;

use content::Life;
pub(crate) use content::{Content, Wanted};
pub(crate) use value::{Key, Span};

use crate::blob::Head;
use belfry_kernel::Time;
use belfry_ngsi_ld::Entity;
use compact_str::CompactString;
use hashbrown::HashMap;
use roaring::RoaringBitmap;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// All indexes of one store.
#[derive(Default)]
pub(crate) struct Indexes {
    types: HashMap<u32, RoaringBitmap>,
    attributes: HashMap<u32, RoaringBitmap>,
    scopes: BTreeMap<CompactString, RoaringBitmap>,
    expiry: BTreeSet<(Time, u32)>,
    expiring: RoaringBitmap,
    pub(crate) content: Content,
}

impl Indexes {
    /// Entities of this type (the dictionary's number).
    pub(crate) fn of_type(&self, number: u32) -> Option<&RoaringBitmap> {
        self.types.get(&number)
    }

    /// Entities that have this attribute.
    pub(crate) fn with_attribute(&self, number: u32) -> Option<&RoaringBitmap> {
        self.attributes.get(&number)
    }

    /// Types in use.
    pub(crate) fn types(&self) -> impl Iterator<Item = (u32, &RoaringBitmap)> {
        self.types.iter().filter(|(_, b)| !b.is_empty()).map(|(n, b)| (*n, b))
    }

    /// Attributes in use.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (u32, &RoaringBitmap)> {
        self.attributes.iter().filter(|(_, b)| !b.is_empty()).map(|(n, b)| (*n, b))
    }

    /// Entities with this scope or, with `below`, one under it.
    pub(crate) fn in_scope(&self, scope: &str, below: bool) -> RoaringBitmap {
        let mut found = RoaringBitmap::new();
        for (text, slots) in self.scopes.range::<str, _>((Bound::Included(scope), Bound::Unbounded)) {
            let Some(rest) = text.strip_prefix(scope) else { break };
            if rest.is_empty() || (below && rest.starts_with('/')) {
                found |= slots;
            } else if !below {
                break;
            }
        }
        found
    }

    /// Slots of entities with something that expires at or before `now`, the earliest first.
    pub(crate) fn expired(&self, now: Time) -> impl Iterator<Item = u32> + '_ {
        self.expiry.range(..=(now, u32::MAX)).map(|(_, slot)| *slot)
    }

    /// Notes the head of an entity.
    pub(crate) fn add_head(&mut self, slot: u32, head: &Head<'_>) {
        for number in &head.types {
            self.types.entry(*number).or_default().insert(slot);
        }
        for scope in &head.scopes {
            match self.scopes.get_mut(*scope) {
                Some(slots) => {
                    slots.insert(slot);
                }
                None => {
                    self.scopes.insert(CompactString::from(*scope), RoaringBitmap::from_iter([slot]));
                }
            }
        }
    }

    /// Forgets the head of an entity.
    pub(crate) fn remove_head(&mut self, slot: u32, head: &Head<'_>) {
        for number in &head.types {
            if let Some(slots) = self.types.get_mut(number) {
                slots.remove(slot);
            }
        }
        for scope in &head.scopes {
            if let Some(slots) = self.scopes.get_mut(*scope) {
                slots.remove(slot);
                if slots.is_empty() {
                    self.scopes.remove(*scope);
                }
            }
        }
    }

    /// Notes that the entity has (or no longer has) an attribute.
    pub(crate) fn set_attribute(&mut self, slot: u32, number: u32, present: bool) {
        if present {
            self.attributes.entry(number).or_default().insert(slot);
        } else if let Some(slots) = self.attributes.get_mut(&number) {
            slots.remove(slot);
        }
    }

    /// Whether anything expires at all.
    pub(crate) fn anything_expires(&self) -> bool {
        !self.expiry.is_empty()
    }

    /// Whether anything of the entity expires.
    pub(crate) fn has_expiry(&self, slot: u32) -> bool {
        self.expiring.contains(slot)
    }

    /// Notes or forgets an instant at which something of the entity expires.
    pub(crate) fn set_expiry(&mut self, slot: u32, old: Option<Time>, new: Option<Time>) {
        if old != new {
            if let Some(t) = old {
                self.expiry.remove(&(t, slot));
                self.expiring.remove(slot);
            }
            if let Some(t) = new {
                self.expiry.insert((t, slot));
                self.expiring.insert(slot);
            }
        }
    }
}

/// The earliest instant at which the entity or an instance of it expires.
pub(crate) fn earliest_expiry(entity: &Entity) -> Option<Time> {
    entity.attributes.iter().filter_map(|a| a.expires_at).chain(entity.expires_at).min()
}
