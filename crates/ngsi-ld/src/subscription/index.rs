//! Which of many subscriptions a change may concern: looked up by identifier and type, then by the attributes that
//! changed and those that the entity must have for `q` to hold, so that those about anything else cost nothing. Candidates are then asked one by one by [`Subscription::matches`].

use super::{Event, Match, Subscription};
use crate::Name;
use crate::query::{Expr, Lookup, TypeSelection};
use belfry_kernel::{Iri, Time};
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::sync::Arc;

/// The most places one subscription is kept at; one that would need more is kept by fewer properties.
const MAX_PLACES: usize = 4096;
/// The most attributes by which `q` finds a place; one that is about more is found without.
const MAX_NEEDED: usize = 16;

/// Subscriptions by what they are about.
#[derive(Default)]
pub struct SubscriptionIndex {
    slots: Vec<Option<Held>>,
    free: Vec<u32>,
    by_key: HashMap<Iri, u32>,
    by_id: HashMap<Iri, ByName>,
    by_type: HashMap<Name, ByName>,
    others: ByName,
    /// How many subscriptions are found by an attribute that they need.
    needing: HashMap<Name, u32>,
    showing_changes: usize,
}

struct Held {
    subscription: Arc<Subscription>,
    /// The attributes by which it is found: an entity that it selects has at least one. Empty when any will do.
    needed: SmallVec<[Name; 4]>,
}

/// Slots by attribute watched.
#[derive(Default)]
struct ByName {
    any: Having,
    of: HashMap<Name, Having>,
}

/// Slots by an attribute that the entity must have for `q` to hold.
#[derive(Default)]
struct Having {
    any: Vec<u32>,
    of: HashMap<Name, Vec<u32>>,
}

/// The attributes that put a subscription in its place below an identifier or a type.
struct Keys<'s> {
    watched: &'s [Name],
    needed: &'s [Name],
}

/// What of a change is looked up.
struct Names {
    changed: SmallVec<[Name; 8]>,
    /// Of all attributes that the entity has.
    had: SmallVec<[Name; 16]>,
}

impl ByName {
    fn add(&mut self, keys: &Keys<'_>, slot: u32) {
        if keys.watched.is_empty() {
            self.any.add(keys.needed, slot);
        }
        for name in keys.watched {
            self.of.entry(*name).or_default().add(keys.needed, slot);
        }
    }

    fn remove(&mut self, keys: &Keys<'_>, slot: u32) {
        if keys.watched.is_empty() {
            self.any.remove(keys.needed, slot);
        }
        for name in keys.watched {
            if let Some(having) = self.of.get_mut(name) {
                having.remove(keys.needed, slot);
                if having.is_empty() {
                    self.of.remove(name);
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.any.is_empty() && self.of.is_empty()
    }

    fn find(&self, names: &Names, into: &mut Vec<u32>) {
        self.any.find(&names.had, into);
        if !self.of.is_empty() {
            for name in &names.changed {
                if let Some(having) = self.of.get(name) {
                    having.find(&names.had, into);
                }
            }
        }
    }
}

impl Having {
    fn add(&mut self, needed: &[Name], slot: u32) {
        if needed.is_empty() {
            push(&mut self.any, slot);
        }
        for name in needed {
            push(self.of.entry(*name).or_default(), slot);
        }
    }

    fn remove(&mut self, needed: &[Name], slot: u32) {
        if needed.is_empty() {
            self.any.retain(|s| *s != slot);
        }
        for name in needed {
            if let Some(slots) = self.of.get_mut(name) {
                slots.retain(|s| *s != slot);
                if slots.is_empty() {
                    self.of.remove(name);
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.any.is_empty() && self.of.is_empty()
    }

    fn find(&self, had: &[Name], into: &mut Vec<u32>) {
        into.extend_from_slice(&self.any);
        if !self.of.is_empty() {
            for slots in had.iter().filter_map(|name| self.of.get(name)) {
                into.extend_from_slice(slots);
            }
        }
    }
}

fn push(slots: &mut Vec<u32>, slot: u32) {
    if slots.last() != Some(&slot) {
        slots.push(slot);
    }
}

/// Where one selector of a subscription is found.
enum Place<'s> {
    Ids(&'s [Iri]),
    Types(&'s TypeSelection),
    Others,
}

fn places<'s>(subscription: &'s Subscription, keys: &Keys<'_>) -> Vec<Place<'s>> {
    let names = keys.watched.len().max(1) * keys.needed.len().max(1);
    if subscription.entities.is_empty() {
        return vec![Place::Others];
    }
    let places: Vec<Place<'_>> = subscription
        .entities
        .iter()
        .map(|s| match &s.types {
            _ if !s.ids.is_empty() => Place::Ids(&s.ids),
            Some(types) => Place::Types(types),
            None => Place::Others,
        })
        .collect();
    let count: usize = places
        .iter()
        .map(|p| match p {
            Place::Ids(ids) => ids.len(),
            Place::Types(types) => types.any_of.len(),
            Place::Others => 1,
        })
        .sum();
    if count * names > MAX_PLACES { vec![Place::Others] } else { places }
}

impl SubscriptionIndex {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// How many want to see the value before.
    pub fn showing_changes(&self) -> usize {
        self.showing_changes
    }

    /// The subscription of this identifier.
    pub fn get(&self, id: &str) -> Option<&Arc<Subscription>> {
        Some(&self.slots[*self.by_key.get(id)? as usize].as_ref()?.subscription)
    }

    /// Every subscription.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Subscription>> {
        self.slots.iter().flatten().map(|held| &held.subscription)
    }

    /// Adds one, in the place of one of the same identifier.
    pub fn insert(&mut self, subscription: Arc<Subscription>) {
        self.remove(subscription.id.as_str());
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as u32
        });
        self.showing_changes += usize::from(subscription.notification.show_changes);
        let needed = self.needed(&subscription);
        for name in &needed {
            *self.needing.entry(*name).or_default() += 1;
        }
        // Periodic ones wait for the clock, not for changes.
        if subscription.time_interval.is_none() {
            let keys = Keys { watched: &subscription.watched, needed: &needed };
            for place in places(&subscription, &keys) {
                match place {
                    Place::Ids(ids) => {
                        for id in ids {
                            self.by_id.entry(id.clone()).or_default().add(&keys, slot);
                        }
                    }
                    // An entity that is selected has all types of some alternative, so the first of each will do.
                    Place::Types(types) => {
                        for name in types.any_of.iter().filter_map(|all| all.first()?.name) {
                            self.by_type.entry(name).or_default().add(&keys, slot);
                        }
                    }
                    Place::Others => self.others.add(&keys, slot),
                }
            }
        }
        self.by_key.insert(subscription.id.clone(), slot);
        self.slots[slot as usize] = Some(Held { subscription, needed });
    }

    /// Of the sets of attributes that `q` needs the one that fewest others are found by: what all of them need, such as
    /// the attribute that every entity has, tells them apart least.
    fn needed(&self, subscription: &Subscription) -> SmallVec<[Name; 4]> {
        let sets = subscription.q.as_ref().map(Expr::needs).unwrap_or_default();
        let others = |set: &SmallVec<[Name; 4]>| -> u32 { set.iter().filter_map(|name| self.needing.get(name)).sum() };
        sets.into_iter()
            .filter(|set| (1..=MAX_NEEDED).contains(&set.len()))
            .min_by_key(|set| (others(set), set.len()))
            .unwrap_or_default()
    }

    /// Takes one out.
    pub fn remove(&mut self, id: &str) -> Option<Arc<Subscription>> {
        let slot = self.by_key.remove(id)?;
        let Held { subscription, needed } = self.slots[slot as usize].take()?;
        self.free.push(slot);
        self.showing_changes -= usize::from(subscription.notification.show_changes);
        for name in &needed {
            if let Some(count) = self.needing.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    self.needing.remove(name);
                }
            }
        }
        let keys = Keys { watched: &subscription.watched, needed: &needed };
        for place in places(&subscription, &keys) {
            match place {
                Place::Ids(ids) => {
                    for id in ids {
                        drop_from(&mut self.by_id, id, &keys, slot);
                    }
                }
                Place::Types(types) => {
                    for name in types.any_of.iter().filter_map(|all| all.first()?.name) {
                        drop_from(&mut self.by_type, &name, &keys, slot);
                    }
                }
                Place::Others => self.others.remove(&keys, slot),
            }
        }
        Some(subscription)
    }

    /// Hands out each subscription that this change is to be notified to, in no particular order. `scratch` is room to
    /// work in, kept by the caller from change to change.
    pub fn matching(
        &self,
        event: &Event<'_>,
        now: Time,
        lookup: Option<Lookup<'_>>,
        scratch: &mut Vec<u32>,
        mut found: impl FnMut(&Arc<Subscription>, Match),
    ) {
        scratch.clear();
        if self.by_key.is_empty() {
            return;
        }
        let mut had: SmallVec<[Name; 16]> = event.entity.attributes.iter().map(|a| a.name).collect();
        // Instances of one name stand together.
        had.dedup();
        let names = Names { changed: event.names(), had };
        if let Some(by_name) = self.by_id.get(event.entity.id.as_str()) {
            by_name.find(&names, scratch);
        }
        for name in &event.entity.types {
            if let Some(by_name) = self.by_type.get(name) {
                by_name.find(&names, scratch);
            }
        }
        self.others.find(&names, scratch);
        if scratch.len() > 1 {
            scratch.sort_unstable();
            scratch.dedup();
        }
        for slot in scratch.iter() {
            if let Some(Held { subscription, .. }) = &self.slots[*slot as usize]
                && let Some(how) = subscription.matches(event, now, lookup)
            {
                found(subscription, how);
            }
        }
    }
}

fn drop_from<K: std::hash::Hash + Eq>(map: &mut HashMap<K, ByName>, key: &K, keys: &Keys<'_>, slot: u32) {
    if let Some(by_name) = map.get_mut(key) {
        by_name.remove(keys, slot);
        if by_name.is_empty() {
            map.remove(key);
        }
    }
}
