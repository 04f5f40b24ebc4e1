//! Series in key order: sorted leaves of ids, brought up to date when somebody asks for the order, which writers never do. The
//! keys themselves are the caller's.

use std::cmp::Ordering;

const LEAF: usize = 512;

/// Steps that are tried from the last insertion, which mostly was of a key shortly before.
const NEAR: usize = 12;

/// New ids are merged with all others where these are at most so many times as many; fewer are inserted one by one.
const MANY: usize = 16;

/// A place in the order.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    leaf: usize,
    at: usize,
}

/// Leaves of ids, ascending by key.
#[derive(Default)]
pub(crate) struct KeyOrder {
    leaves: Vec<Vec<u32>>,
    /// Ids below this are in the leaves.
    len: u32,
    /// Where the last insertion went.
    last: Place,
}

impl KeyOrder {
    /// Takes in all ids below `len`; those that are new are sorted together. `key_of` gives each id's key, and no two the same.
    pub(crate) fn bring_up<'k>(&mut self, len: u32, key_of: impl Fn(u32) -> &'k [u8]) {
        if self.len == len {
            return;
        }
        let new = sorted(self.len..len, &key_of);
        if self.len as usize > new.len() * MANY {
            for id in new {
                self.insert(id, &key_of);
            }
        } else {
            self.merge(new, &key_of);
        }
        self.len = len;
    }

    fn merge<'k>(&mut self, new: Vec<u32>, key_of: &impl Fn(u32) -> &'k [u8]) {
        let old = std::mem::take(&mut self.leaves);
        let mut old = old.iter().flatten().copied().peekable();
        let mut new = new.into_iter().peekable();
        let mut leaf = Vec::with_capacity(LEAF);
        loop {
            let next = match (old.peek(), new.peek()) {
                (Some(&a), Some(&b)) if key_of(b) < key_of(a) => new.next(),
                (None, _) => new.next(),
                _ => old.next(),
            };
            let Some(id) = next else { break };
            leaf.push(id);
            if leaf.len() == LEAF {
                self.leaves.push(std::mem::replace(&mut leaf, Vec::with_capacity(LEAF)));
            }
        }
        if !leaf.is_empty() {
            self.leaves.push(leaf);
        }
        self.last = Place::default();
    }

    /// Adds `id`, whose key is not there yet. Beside the last insertion it costs a few comparisons.
    fn insert<'k>(&mut self, id: u32, key_of: &impl Fn(u32) -> &'k [u8]) {
        let key = key_of(id);
        let place = self.near_last(key, key_of).unwrap_or_else(|| {
            let leaf = self.leaves.partition_point(|leaf| key_of(leaf[0]) <= key).saturating_sub(1);
            Place { leaf, at: self.leaves[leaf].partition_point(|&other| key_of(other) < key) }
        });
        let Place { leaf: number, at } = place;
        let leaf = &mut self.leaves[number];
        leaf.insert(at, id);
        self.last = place;
        if leaf.len() > LEAF {
            // Ascending insertion fills leaves; anything else splits them in two.
            let keep = if at + 1 == leaf.len() { LEAF } else { LEAF / 2 };
            let upper = leaf.split_off(keep);
            self.leaves.insert(number + 1, upper);
            if at >= keep {
                self.last = Place { leaf: number + 1, at: at - keep };
            }
        }
    }

    /// The place within a few steps after the last insertion, if `key` belongs there.
    fn near_last<'k>(&self, key: &[u8], key_of: &impl Fn(u32) -> &'k [u8]) -> Option<Place> {
        let leaf = self.leaves.get(self.last.leaf)?;
        let mut at = self.last.at;
        if key_of(*leaf.get(at)?) >= key {
            return None;
        }
        for _ in 0..NEAR {
            at += 1;
            let below = match leaf.get(at) {
                Some(&next) => key < key_of(next),
                None => self.leaves.get(self.last.leaf + 1).is_none_or(|next| key < key_of(next[0])),
            };
            if below {
                return Some(Place { leaf: self.last.leaf, at });
            }
            leaf.get(at)?;
        }
        None
    }

    /// The place of the first key that is not before `key`.
    pub(crate) fn seek<'k>(&self, key: &[u8], key_of: impl Fn(u32) -> &'k [u8]) -> Place {
        let leaf = self.leaves.partition_point(|l| key_of(l[0]) <= key).saturating_sub(1);
        let at = self.leaves.get(leaf).map_or(0, |l| l.partition_point(|&id| key_of(id) < key));
        Place { leaf, at }
    }

    /// The id at `place` and the place after it.
    pub(crate) fn get(&self, mut place: Place) -> Option<(u32, Place)> {
        if place.at >= self.leaves.get(place.leaf)?.len() {
            place = Place { leaf: place.leaf + 1, at: 0 };
        }
        let id = *self.leaves.get(place.leaf)?.get(place.at)?;
        Some((id, Place { at: place.at + 1, ..place }))
    }

    /// All ids in key order.
    pub(crate) fn ids(&self) -> Vec<u32> {
        self.leaves.concat()
    }
}

/// Ids by their keys. What all keys begin with is left out, and the eight bytes after it tell most of them apart without a
/// look at the keys, which lie far from each other.
fn sorted<'k>(ids: std::ops::Range<u32>, key_of: &impl Fn(u32) -> &'k [u8]) -> Vec<u32> {
    let first = key_of(ids.start);
    let alike = |key: &[u8]| first.iter().zip(key).take_while(|(a, b)| a == b).count();
    let shared = ids.clone().map(|id| alike(key_of(id))).min().unwrap_or(0);
    let mut all: Vec<(u64, u32)> = ids.map(|id| (word(&key_of(id)[shared..]), id)).collect();
    all.sort_unstable_by(|a, b| match a.0.cmp(&b.0) {
        Ordering::Equal => key_of(a.1).cmp(key_of(b.1)),
        other => other,
    });
    all.into_iter().map(|(_, id)| id).collect()
}

/// The first eight bytes as a number that is ordered as they are; zeros stand for what is missing.
fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    let len = bytes.len().min(8);
    word[..len].copy_from_slice(&bytes[..len]);
    u64::from_be_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn is_in_key_order_however_keys_come() {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        let (mut keys, mut order, mut model) = (Vec::new(), KeyOrder::default(), BTreeMap::new());
        while keys.len() < 20_000 {
            // A run of neighbours, up or down, from a random place: as entities bring their series.
            let (entity, up) = (next(50_000), next(2) == 0);
            let run = 1 + next(9);
            for n in 0..run {
                let series = if up { n } else { run - n };
                // Keys of which one is the beginning of another, with zeros after it.
                let key = [format!("urn:{entity}").as_bytes(), &vec![0; series as usize]].concat();
                if model.contains_key(&key) {
                    continue;
                }
                model.insert(key.clone(), keys.len() as u32);
                keys.push(key);
            }
            // Few and many at a time.
            if next(if keys.len() < 10_000 { 3 } else { 300 }) == 0 {
                order.bring_up(keys.len() as u32, |id| &keys[id as usize]);
            }
        }
        order.bring_up(keys.len() as u32, |id| &keys[id as usize]);
        assert!(order.ids().iter().eq(model.values()));
        for (key, id) in model.iter().step_by(97) {
            let place = order.seek(key, |id| &keys[id as usize]);
            assert_eq!(order.get(place).map(|(found, _)| found), Some(*id));
        }
    }
}
