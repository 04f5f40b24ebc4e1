//! Where the blobs are: a table of slots, found by identifier. A slot's number is how indexes speak of an entity.
//! Holds no index over content.

use crate::blob;
use belfry_history::KeyTable;

/// The blobs of all entities.
#[derive(Default)]
pub(crate) struct Slots {
    blobs: Vec<Option<Box<[u8]>>>,
    free: Vec<u32>,
    by_id: KeyTable,
    bytes: u64,
}

fn id_at(blobs: &[Option<Box<[u8]>>], slot: u32) -> &str {
    blobs[slot as usize].as_deref().and_then(|b| blob::id_of(b).ok()).unwrap_or_default()
}

impl Slots {
    /// The slot of this identifier.
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        self.by_id.find(id.as_bytes(), |slot| id_at(&self.blobs, slot) == id)
    }

    /// The bytes in a slot.
    pub(crate) fn get(&self, slot: u32) -> Option<&[u8]> {
        self.blobs.get(slot as usize)?.as_deref()
    }

    /// Puts bytes under an identifier; returns the slot and what it held.
    pub(crate) fn put(&mut self, id: &str, bytes: Box<[u8]>) -> (u32, Option<Box<[u8]>>) {
        self.bytes += bytes.len() as u64;
        let free = self.free.last().copied();
        let new = free.unwrap_or_else(|| {
            u32::try_from(self.blobs.len()).expect("the store's limit of entities is below four billion")
        });
        let blobs = &self.blobs;
        if let Some(slot) = self.by_id.find_or_add(id.as_bytes(), new, |slot| id_at(blobs, slot) == id) {
            let old = self.blobs[slot as usize].replace(bytes);
            self.bytes -= old.as_ref().map_or(0, |o| o.len() as u64);
            return (slot, old);
        }
        if free.is_some() {
            self.free.pop();
            self.blobs[new as usize] = Some(bytes);
        } else {
            self.blobs.push(Some(bytes));
        }
        (new, None)
    }

    /// Takes the bytes of an identifier out.
    pub(crate) fn remove(&mut self, id: &str) -> Option<(u32, Box<[u8]>)> {
        let blobs = &self.blobs;
        let slot = self.by_id.remove(id.as_bytes(), |slot| id_at(blobs, slot) == id)?;
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
