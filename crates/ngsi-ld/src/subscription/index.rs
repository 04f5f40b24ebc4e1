//! Which of many subscriptions a change may concern: looked up by identifier, type and attribute of the change, so that
//! those about anything else cost nothing. Candidates are then asked one by one by [`Subscription::matches`].

use super::{Event, Match, Subscription};
use crate::Name;
use crate::query::{Lookup, TypeSelection};
use belfry_kernel::{Iri, Time};
use hashbrown::HashMap;
use std::sync::Arc;

/// The most places one subscription is kept at; one that would need more is kept by fewer properties.
const MAX_PLACES: usize = 4096;

/// Subscriptions by what they are about.
#[derive(Default)]
pub struct SubscriptionIndex {
    slots: Vec<Option<Arc<Subscription>>>,
    free: Vec<u32>,
    by_key: HashMap<Iri, u32>,
    by_id: HashMap<Iri, ByName>,
    by_type: HashMap<Name, ByName>,
    others: ByName,
    showing_changes: usize,
}

/// Slots by attribute watched.
#[derive(Default)]
struct ByName {
    any: Vec<u32>,
    of: HashMap<Name, Vec<u32>>,
}

impl ByName {
    fn add(&mut self, watched: &[Name], slot: u32) {
        if watched.is_empty() {
            push(&mut self.any, slot);
        }
        for name in watched {
            push(self.of.entry(*name).or_default(), slot);
        }
    }

    fn remove(&mut self, watched: &[Name], slot: u32) {
        self.any.retain(|s| *s != slot);
        for name in watched {
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

    fn find(&self, names: &[Name], into: &mut Vec<u32>) {
        into.extend_from_slice(&self.any);
        if !self.of.is_empty() {
            for name in names {
                if let Some(slots) = self.of.get(name) {
                    into.extend_from_slice(slots);
                }
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

fn places(subscription: &Subscription) -> Vec<Place<'_>> {
    let watched = subscription.watched.len().max(1);
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
    if count * watched > MAX_PLACES { vec![Place::Others] } else { places }
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

    /// Whether one wants to see the value before.
    pub fn shows_changes(&self) -> bool {
        self.showing_changes > 0
    }

    /// The subscription of this identifier.
    pub fn get(&self, id: &str) -> Option<&Arc<Subscription>> {
        self.slots[*self.by_key.get(id)? as usize].as_ref()
    }

    /// Every subscription.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Subscription>> {
        self.slots.iter().flatten()
    }

    /// Adds one, in the place of one of the same identifier.
    pub fn insert(&mut self, subscription: Arc<Subscription>) {
        self.remove(subscription.id.as_str());
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as u32
        });
        self.showing_changes += usize::from(subscription.notification.show_changes);
        // Periodic ones wait for the clock, not for changes.
        if subscription.time_interval.is_none() {
            let watched = subscription.watched.as_slice();
            for place in places(&subscription) {
                match place {
                    Place::Ids(ids) => {
                        for id in ids {
                            self.by_id.entry(id.clone()).or_default().add(watched, slot);
                        }
                    }
                    // An entity that is selected has all types of some alternative, so the first of each will do.
                    Place::Types(types) => {
                        for name in types.any_of.iter().filter_map(|all| all.first()?.name) {
                            self.by_type.entry(name).or_default().add(watched, slot);
                        }
                    }
                    Place::Others => self.others.add(watched, slot),
                }
            }
        }
        self.by_key.insert(subscription.id.clone(), slot);
        self.slots[slot as usize] = Some(subscription);
    }

    /// Takes one out.
    pub fn remove(&mut self, id: &str) -> Option<Arc<Subscription>> {
        let slot = self.by_key.remove(id)?;
        let subscription = self.slots[slot as usize].take()?;
        self.free.push(slot);
        self.showing_changes -= usize::from(subscription.notification.show_changes);
        let watched = subscription.watched.as_slice();
        for place in places(&subscription) {
            match place {
                Place::Ids(ids) => {
                    for id in ids {
                        drop_from(&mut self.by_id, id, watched, slot);
                    }
                }
                Place::Types(types) => {
                    for name in types.any_of.iter().filter_map(|all| all.first()?.name) {
                        drop_from(&mut self.by_type, &name, watched, slot);
                    }
                }
                Place::Others => self.others.remove(watched, slot),
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
        let names = event.names();
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
            if let Some(subscription) = &self.slots[*slot as usize]
                && let Some(how) = subscription.matches(event, now, lookup)
            {
                found(subscription, how);
            }
        }
    }
}

fn drop_from<K: std::hash::Hash + Eq>(map: &mut HashMap<K, ByName>, key: &K, watched: &[Name], slot: u32) {
    if let Some(by_name) = map.get_mut(key) {
        by_name.remove(watched, slot);
        if by_name.is_empty() {
            map.remove(key);
        }
    }
}
