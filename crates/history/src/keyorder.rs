//! Series in key order: sorted leaves of ids, so that a series costs a few bytes in it. The keys themselves are the
//! caller's.

const LEAF: usize = 512;

/// A place in the order.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    leaf: usize,
    at: usize,
}

/// Leaves of ids, ascending by key.
#[derive(Default)]
pub(crate) struct KeyOrder {
    leaves: Vec<Vec<u32>>,
    /// The leaf of the last insertion: entities bring their series together.
    last: usize,
}

impl KeyOrder {
    /// Adds `id`, whose key is not there yet.
    pub(crate) fn insert<'k>(&mut self, id: u32, key_of: impl Fn(u32) -> &'k [u8]) {
        let key = key_of(id);
        if self.leaves.is_empty() {
            self.leaves.push(vec![id]);
            return;
        }
        let starts_before = |leaf: &Vec<u32>| key_of(leaf[0]) <= key;
        let near = self.leaves.get(self.last).is_some_and(starts_before)
            && self.leaves.get(self.last + 1).is_none_or(|leaf| !starts_before(leaf));
        if !near {
            self.last = self.leaves.partition_point(starts_before).saturating_sub(1);
        }
        let leaf = &mut self.leaves[self.last];
        let at = if leaf.last().is_some_and(|&l| key_of(l) < key) {
            leaf.len()
        } else {
            leaf.partition_point(|&other| key_of(other) < key)
        };
        leaf.insert(at, id);
        if leaf.len() > LEAF {
            // Ascending insertion fills leaves; anything else splits them in two.
            let upper = leaf.split_off(if at + 1 == leaf.len() { LEAF } else { LEAF / 2 });
            self.leaves.insert(self.last + 1, upper);
        }
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
