//! Series in key order: sorted leaves of ids, so that a series costs a few bytes in it. The keys themselves are the
//! caller's.

const LEAF: usize = 512;

/// Steps that are tried from the last insertion: what an entity brings lies among its own.
const NEAR: usize = 12;

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
    /// Where the last insertion went: entities bring their series together.
    last: Place,
}

impl KeyOrder {
    /// Adds `id`, whose key is not there yet. Beside the last insertion it costs a few comparisons.
    pub(crate) fn insert<'k>(&mut self, id: u32, key_of: impl Fn(u32) -> &'k [u8]) {
        let key = key_of(id);
        if self.leaves.is_empty() {
            self.leaves.push(vec![id]);
            return;
        }
        let place = self.near_last(key, &key_of).unwrap_or_else(|| {
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

    /// The place within a few steps of the last insertion, if `key` belongs there.
    fn near_last<'k>(&self, key: &[u8], key_of: &impl Fn(u32) -> &'k [u8]) -> Option<Place> {
        let leaf = self.leaves.get(self.last.leaf)?;
        let mut at = self.last.at;
        if key_of(*leaf.get(at)?) < key {
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
        } else {
            for _ in 0..NEAR {
                let before = at.checked_sub(1)?;
                if key_of(leaf[before]) < key {
                    return Some(Place { leaf: self.last.leaf, at });
                }
                at = before;
            }
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
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.leaves.iter().flatten().copied()
    }
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
                let key = format!("urn:{entity}:{series}").into_bytes();
                if model.contains_key(&key) {
                    continue;
                }
                let id = keys.len() as u32;
                model.insert(key.clone(), id);
                keys.push(key);
                order.insert(id, |id| &keys[id as usize]);
            }
        }
        assert!(order.iter().eq(model.values().copied()));
        for (key, id) in model.iter().step_by(97) {
            let place = order.seek(key, |id| &keys[id as usize]);
            assert_eq!(order.get(place).map(|(found, _)| found), Some(*id));
        }
    }
}
