//! Numbers found by a key that lies elsewhere: what the series of an open part and the slots of a store are found by.
//! Holds no key.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use xxhash_rust::xxh3::xxh3_64;

/// Numbers by key, with half the key's hash each (xxh3), so that looking up and growing seldom touch other keys. 8 bytes a
/// number and the table's own.
#[derive(Default)]
pub struct KeyTable {
    table: HashTable<(u32, u32)>,
}

fn half(key: &[u8]) -> u32 {
    (xxh3_64(key) >> 32) as u32
}

/// Half a hash as a whole one, whose both ends the table uses.
fn spread(half: u32) -> u64 {
    u64::from(half).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl KeyTable {
    /// The number under `key`; `is_it` tells whether a number's key is this one.
    pub fn find(&self, key: &[u8], is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let part = half(key);
        self.table.find(spread(part), |&(other, n)| other == part && is_it(n)).map(|&(_, n)| n)
    }

    /// The number under `key`, or none when there was none: then it is `new` from now on.
    pub fn find_or_add(&mut self, key: &[u8], new: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let part = half(key);
        match self.table.entry(spread(part), |&(other, n)| other == part && is_it(n), |&(part, _)| spread(part)) {
            Entry::Occupied(found) => Some(found.get().1),
            Entry::Vacant(place) => {
                place.insert((part, new));
                None
            }
        }
    }

    /// Takes the number under `key` out.
    pub fn remove(&mut self, key: &[u8], is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let part = half(key);
        let found = self.table.find_entry(spread(part), |&(other, n)| other == part && is_it(n)).ok()?;
        Some(found.remove().0.1)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }
}
