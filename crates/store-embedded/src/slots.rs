//! Where the blobs are: a table of slots, found by identifier. A slot's number is how indexes speak of an entity.
//! Holds no index over content.

use crate::blob;
use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

/// The blobs of all entities.
#[derive(Default)]
pub(crate) struct Slots {
    blobs: Vec<Option<Box<[u8]>>>,
    free: Vec<u32>,
    /// Part of the identifier's hash, so that looking up and growing seldom touch other blobs, and the slot.
    by_id: HashTable<(u32, u32)>,
    bytes: u64,
}

fn id_at(blobs: &[Option<Box<[u8]>>], slot: u32) -> &str {
    blobs[slot as usize].as_deref().and_then(|b| blob::id_of(b).ok()).unwrap_or_default()
}

fn hash_part(id: &str) -> u32 {
    (xxh3_64(id.as_bytes()) >> 32) as u32
}

/// Half a hash as a whole one, whose both ends the table uses.
fn spread(part: u32) -> u64 {
    u64::from(part).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Slots {
    /// The slot of this identifier.
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        let part = hash_part(id);
        self.by_id.find(spread(part), |&(other, slot)| other == part && id_at(&self.blobs, slot) == id).map(|e| e.1)
    }

    /// The bytes in a slot.
    pub(crate) fn get(&self, slot: u32) -> Option<&[u8]> {
        self.blobs.get(slot as usize)?.as_deref()
    }

    /// Puts bytes under an identifier; returns the slot and what it held.
    pub(crate) fn put(&mut self, id: &str, bytes: Box<[u8]>) -> (u32, Option<Box<[u8]>>) {
        self.bytes += bytes.len() as u64;
        if let Some(slot) = self.find(id) {
            let old = self.blobs[slot as usize].replace(bytes);
            self.bytes -= old.as_ref().map_or(0, |o| o.len() as u64);
            return (slot, old);
        }
        let slot = if let Some(slot) = self.free.pop() {
            self.blobs[slot as usize] = Some(bytes);
            slot
        } else {
            self.blobs.push(Some(bytes));
            u32::try_from(self.blobs.len() - 1).expect("the store's limit of entities is below four billion")
        };
        let part = hash_part(id);
        self.by_id.insert_unique(spread(part), (part, slot), |&(part, _)| spread(part));
        (slot, None)
    }

    /// Takes the bytes of an identifier out.
    pub(crate) fn remove(&mut self, id: &str) -> Option<(u32, Box<[u8]>)> {
        let blobs = &self.blobs;
        let part = hash_part(id);
        let is_it = |&(other, slot): &(u32, u32)| other == part && id_at(blobs, slot) == id;
        let ((_, slot), _) = self.by_id.find_entry(spread(part), is_it).ok()?.remove();
        let old = self.blobs[slot as usize].take()?;
        self.bytes -= old.len() as u64;
        self.free.push(slot);
        Some((slot, old))
    }

    /// How many entities.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// One past the highest slot.
    pub(crate) fn end(&self) -> u32 {
        self.blobs.len() as u32
    }

    /// Bytes of all blobs.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}
