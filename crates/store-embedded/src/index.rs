//! Indexes over the current state. Those over types, attribute names, scopes and expiry are always kept; those over
//! values and geometry of one attribute are built when a query first asks for them and kept from then on, so that
//! nobody pays for an index that nobody uses. All are views: none is on disk.

mod geometry;
mod value;

pub(crate) use geometry::GeometryIndex;
pub(crate) use value::{Key, ValueIndex};

use crate::blob::Head;
use belfry_kernel::Time;
use belfry_ngsi_ld::{Entity, Name};
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
    values: HashMap<Name, ValueIndex>,
    geometries: HashMap<Name, GeometryIndex>,
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

    /// The value index of this attribute, if built.
    pub(crate) fn values(&self, name: Name) -> Option<&ValueIndex> {
        self.values.get(&name).filter(|i| i.complete)
    }

    /// The geometry index of this attribute, if built.
    pub(crate) fn geometries(&self, name: Name) -> Option<&GeometryIndex> {
        self.geometries.get(&name).filter(|i| i.complete)
    }

    /// Starts an empty value index, which follows every change from now on but answers nothing until it is complete.
    pub(crate) fn start_values(&mut self, name: Name) {
        self.values.entry(name).or_default();
    }

    /// Starts an empty geometry index, likewise.
    pub(crate) fn start_geometries(&mut self, name: Name) {
        self.geometries.entry(name).or_default();
    }

    /// Adds what an entity has to indexes that were started; harmless when it is there.
    pub(crate) fn fill(&mut self, slot: u32, name: Name, entity: &Entity) {
        if let Some(index) = self.values.get_mut(&name) {
            entity.instances(name).for_each(|a| index.add(slot, a));
        }
        if let Some(index) = self.geometries.get_mut(&name) {
            index.turn(slot, Some(entity.instances(name)), Some(entity.instances(name)));
        }
    }

    /// Lets started indexes of this attribute answer.
    pub(crate) fn complete(&mut self, name: Name) {
        if let Some(index) = self.values.get_mut(&name) {
            index.complete = true;
        }
        if let Some(index) = self.geometries.get_mut(&name) {
            index.complete = true;
        }
    }

    /// Whether a change of these attributes touches an index over content, so that images are needed.
    pub(crate) fn watches(&self, mut names: impl Iterator<Item = Name>) -> bool {
        (!self.values.is_empty() || !self.geometries.is_empty())
            && names.any(|n| self.values.contains_key(&n) || self.geometries.contains_key(&n))
    }

    /// Whether any index over content is kept.
    pub(crate) fn watches_content(&self) -> bool {
        !self.values.is_empty() || !self.geometries.is_empty()
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

    /// Brings the indexes over content from the image before to the one after; only `names` differ (all, when none).
    pub(crate) fn turn(&mut self, slot: u32, before: Option<&Entity>, after: Option<&Entity>, names: Option<&[Name]>) {
        let concerns = |name: &Name| names.is_none_or(|n| n.contains(name));
        for (name, index) in self.values.iter_mut().filter(|(n, _)| concerns(n)) {
            index.turn(slot, before.map(|e| e.instances(*name)), after.map(|e| e.instances(*name)));
        }
        for (name, index) in self.geometries.iter_mut().filter(|(n, _)| concerns(n)) {
            index.turn(slot, before.map(|e| e.instances(*name)), after.map(|e| e.instances(*name)));
        }
    }
}

/// The earliest instant at which the entity or an instance of it expires.
pub(crate) fn earliest_expiry(entity: &Entity) -> Option<Time> {
    entity.attributes.iter().filter_map(|a| a.expires_at).chain(entity.expires_at).min()
}
