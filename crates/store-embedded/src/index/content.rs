//! The indexes over content: values at a place of entities, geometries of an attribute, identifiers. Each is built when a
//! query first asks for it, and given up when others are asked for or all take too much memory.

use super::geometry::GeometryIndex;
use super::value::{Entries, Key, Span, ValueIndex};
use belfry_kernel::Time;
use belfry_ngsi_ld::query::{Leaf, Place};
use belfry_ngsi_ld::{Entity, Name};
use hashbrown::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};

/// How many there are at most.
const MOST: usize = 64;
/// One that helped a query within this time is not given up for another, seconds.
const KEPT_S: i64 = 600;
/// Memory that all together may take whatever the entities take, bytes.
const SURE_BYTES: u64 = 64 << 20;

/// An index over content that a query would have used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Values at a place.
    Values(Place),
    /// Geometries of an attribute.
    Geometry(Name),
    /// Identifiers in order.
    Ids,
}

/// What each index knows of itself.
#[derive(Default)]
pub(crate) struct Life {
    /// Whether it holds every entity and may answer.
    complete: bool,
    /// When it was asked for or last helped a query, microseconds.
    used: AtomicI64,
}

impl Life {
    fn use_now(&self, now: Time) -> bool {
        if self.complete {
            self.used.store(now.micros(), Ordering::Relaxed);
        }
        self.complete
    }
}

/// Identifiers in order.
#[derive(Default)]
pub(crate) struct IdIndex {
    entries: Entries,
    life: Life,
}

impl IdIndex {
    /// Slots of entities whose identifier is of the span.
    pub(crate) fn within<'a>(&'a self, span: &'a Span) -> impl Iterator<Item = u32> + use<'a> {
        self.entries.within(span)
    }
}

fn id_key(id: &str) -> Key {
    Key::of(Leaf::Text(id))
}

/// All of them.
#[derive(Default)]
pub(crate) struct Content {
    /// By the attribute that their places are in.
    values: HashMap<Name, Vec<ValueIndex>>,
    geometries: HashMap<Name, GeometryIndex>,
    ids: Option<IdIndex>,
}

impl Content {
    /// The index of this place, if built.
    pub(crate) fn values(&self, place: &Place, now: Time) -> Option<&ValueIndex> {
        let of_attribute = self.values.get(&place.attribute())?;
        of_attribute.iter().find(|i| i.place == *place).filter(|i| i.life.use_now(now))
    }

    /// The geometry index of this attribute, if built.
    pub(crate) fn geometries(&self, name: Name, now: Time) -> Option<&GeometryIndex> {
        self.geometries.get(&name).filter(|i| i.life.use_now(now))
    }

    /// The index of identifiers, if built.
    pub(crate) fn ids(&self, now: Time) -> Option<&IdIndex> {
        self.ids.as_ref().filter(|i| i.life.use_now(now))
    }

    /// Starts an empty index, which follows every change from now on but answers nothing until it is complete. False when
    /// it is there or there may be no more: as many as may be, all in use, or all the memory taken.
    pub(crate) fn start(&mut self, wanted: &Wanted, now: Time, entity_bytes: u64) -> bool {
        if self.life_mut(wanted).is_some() || self.exceeds(entity_bytes) {
            return false;
        }
        let idle = |used: i64| used.saturating_add(KEPT_S * 1_000_000) < now.micros();
        while self.all().count() >= MOST {
            let Some((_, used, least)) = self.all().min_by_key(|(_, used, _)| *used) else { return false };
            if !idle(used) {
                return false;
            }
            self.give_up(&least);
        }
        match wanted {
            Wanted::Values(place) => {
                self.values.entry(place.attribute()).or_default().push(ValueIndex::new(place.clone()));
            }
            Wanted::Geometry(name) => drop(self.geometries.entry(*name).or_default()),
            Wanted::Ids => self.ids = Some(IdIndex::default()),
        }
        if let Some(life) = self.life_mut(wanted) {
            *life.used.get_mut() = now.micros();
        }
        true
    }

    /// Adds what an entity has to an index that was started; harmless when it is there.
    pub(crate) fn fill(&mut self, wanted: &Wanted, slot: u32, entity: &Entity) {
        match wanted {
            Wanted::Values(place) => {
                let of_attribute = self.values.get_mut(&place.attribute()).into_iter().flatten();
                for index in of_attribute.filter(|i| i.place == *place) {
                    entity.instances(place.attribute()).for_each(|a| index.add(slot, a));
                }
            }
            Wanted::Geometry(name) => {
                if let Some(index) = self.geometries.get_mut(name) {
                    index.turn(slot, Some(entity.instances(*name)), Some(entity.instances(*name)));
                }
            }
            Wanted::Ids => self.add_id(slot, entity.id.as_str()),
        }
    }

    /// Lets a started index answer.
    pub(crate) fn complete(&mut self, wanted: &Wanted) {
        if let Some(life) = self.life_mut(wanted) {
            life.complete = true;
        }
    }

    /// Drops an index.
    pub(crate) fn give_up(&mut self, which: &Wanted) {
        match which {
            Wanted::Values(place) => {
                if let Some(of_attribute) = self.values.get_mut(&place.attribute()) {
                    of_attribute.retain(|i| i.place != *place);
                    if of_attribute.is_empty() {
                        self.values.remove(&place.attribute());
                    }
                }
            }
            Wanted::Geometry(name) => drop(self.geometries.remove(name)),
            Wanted::Ids => self.ids = None,
        }
    }

    /// While all take more memory than the entities do themselves, the largest one is dropped. Which ones were.
    pub(crate) fn bound(&mut self, entity_bytes: u64) -> Vec<Wanted> {
        let mut dropped = Vec::new();
        while self.exceeds(entity_bytes)
            && let Some((_, _, largest)) = self.all().max_by_key(|(bytes, _, _)| *bytes)
        {
            self.give_up(&largest);
            dropped.push(largest);
        }
        dropped
    }

    /// Whether all take more memory than they may.
    pub(crate) fn exceeds(&self, entity_bytes: u64) -> bool {
        self.all().map(|(bytes, _, _)| bytes as u64).sum::<u64>() > entity_bytes.max(SURE_BYTES)
    }

    /// Each with its memory and when it was last used.
    fn all(&self) -> impl Iterator<Item = (usize, i64, Wanted)> {
        let used = |life: &Life| life.used.load(Ordering::Relaxed);
        let values = self.values.values().flatten();
        let values = values.map(move |i| (i.entries.bytes(), used(&i.life), Wanted::Values(i.place.clone())));
        let geometries = self.geometries.iter();
        let geometries = geometries.map(move |(name, i)| (i.bytes(), used(&i.life), Wanted::Geometry(*name)));
        let ids = self.ids.iter().map(move |i| (i.entries.bytes(), used(&i.life), Wanted::Ids));
        values.chain(geometries).chain(ids)
    }

    fn life_mut(&mut self, which: &Wanted) -> Option<&mut Life> {
        match which {
            Wanted::Values(place) => {
                let of_attribute = self.values.get_mut(&place.attribute())?;
                of_attribute.iter_mut().find(|i| i.place == *place).map(|i| &mut i.life)
            }
            Wanted::Geometry(name) => self.geometries.get_mut(name).map(|i| &mut i.life),
            Wanted::Ids => self.ids.as_mut().map(|i| &mut i.life),
        }
    }

    /// Whether a change of these attributes touches an index, so that images are needed.
    pub(crate) fn watches(&self, mut names: impl Iterator<Item = Name>) -> bool {
        self.watches_attributes() && names.any(|n| self.values.contains_key(&n) || self.geometries.contains_key(&n))
    }

    /// Whether any index over attributes is kept.
    pub(crate) fn watches_attributes(&self) -> bool {
        !self.values.is_empty() || !self.geometries.is_empty()
    }

    /// Brings the indexes from the image before to the one after; only `names` differ (all, when none).
    pub(crate) fn turn(&mut self, slot: u32, before: Option<&Entity>, after: Option<&Entity>, names: Option<&[Name]>) {
        let concerns = |name: &Name| names.is_none_or(|n| n.contains(name));
        for (name, of_attribute) in self.values.iter_mut().filter(|(n, _)| concerns(n)) {
            for index in of_attribute {
                index.turn(slot, before.map(|e| e.instances(*name)), after.map(|e| e.instances(*name)));
            }
        }
        for (name, index) in self.geometries.iter_mut().filter(|(n, _)| concerns(n)) {
            index.turn(slot, before.map(|e| e.instances(*name)), after.map(|e| e.instances(*name)));
        }
    }

    /// Notes the identifier of a new entity.
    pub(crate) fn add_id(&mut self, slot: u32, id: &str) {
        if let Some(index) = &mut self.ids {
            index.entries.insert(id_key(id), slot);
        }
    }

    /// Forgets the identifier of one that is gone.
    pub(crate) fn remove_id(&mut self, slot: u32, id: &str) {
        if let Some(index) = &mut self.ids {
            index.entries.remove(id_key(id), slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use belfry_testkit::entity::{entity, name, text};

    fn place(n: usize) -> Wanted {
        Wanted::Values(Place { members: [format!("m{n}").into()].into_iter().collect(), ..Place::of(name("a")) })
    }

    #[test]
    fn there_are_never_more_than_may_be_and_used_ones_stay() {
        let (mut content, start) = (Content::default(), Time::from_micros(0));
        for n in 0..MOST {
            assert!(content.start(&place(n), start, 0));
            content.complete(&place(n));
        }
        assert!(!content.start(&place(0), start, 0), "it is there");
        assert!(!content.start(&Wanted::Ids, start, 0), "all are young");
        let later = start.plus_micros((KEPT_S + 1) * 1_000_000);
        let Wanted::Values(used) = place(7) else { panic!("a place") };
        assert!(content.values(&used, later).is_some());
        for n in MOST..2 * MOST - 1 {
            assert!(content.start(&place(n), later, 0));
        }
        assert!(!content.start(&Wanted::Ids, later, 0), "all are young again");
        assert!(content.values(&used, later).is_some());
        assert_eq!(content.all().count(), MOST);
    }

    #[test]
    fn what_takes_more_memory_than_the_entities_is_dropped() {
        let (mut content, now) = (Content::default(), Time::from_micros(0));
        let (large, small) = (Wanted::Values(Place::of(name("a"))), Wanted::Values(Place::of(name("b"))));
        assert!(content.start(&large, now, 0) && content.start(&small, now, 0));
        for n in 0..800_000_u32 {
            let mut one = entity("urn:x:1", "T", vec![text("a", &format!("{n:0100}"), now)], now);
            one.attributes.extend((n % 100 == 0).then(|| text("b", "short", now)));
            content.turn(n, None, Some(&one), None);
        }
        assert!(content.bound(1 << 30).is_empty(), "the entities are larger");
        assert_eq!(content.bound(0), [large]);
        assert!(content.bound(0).is_empty());
    }
}
