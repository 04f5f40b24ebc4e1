//! Which byte strings were stored lately, and where: most remainders are those of a row shortly before. Of fixed size; what it
//! forgets is stored once more, no worse.

use xxhash_rust::xxh3::xxh3_64;

use crate::arena::NOWHERE;

/// Addresses that it knows: 32 KiB.
const SLOTS: usize = 4096;

/// Addresses, each in the slot that its bytes' hash names, with another part of the hash: bytes that were stored long ago are
/// not looked at in vain.
#[derive(Default)]
pub(crate) struct Recent {
    slots: Vec<(u32, u32)>,
}

impl Recent {
    /// Where `bytes` lie, if that is known (`is_it` compares), or else what [`Self::put`] takes.
    pub(crate) fn find(&self, bytes: &[u8], is_it: impl Fn(u32) -> bool) -> Result<u32, u64> {
        let hash = xxh3_64(bytes);
        match self.slots.get(hash as usize % SLOTS) {
            Some(&(part, at)) if part == (hash >> 32) as u32 && at != NOWHERE && is_it(at) => Ok(at),
            _ => Err(hash),
        }
    }

    /// Notes where bytes with this hash lie.
    pub(crate) fn put(&mut self, hash: u64, at: u32) {
        if self.slots.is_empty() {
            self.slots = vec![(0, NOWHERE); SLOTS];
        }
        self.slots[hash as usize % SLOTS] = ((hash >> 32) as u32, at);
    }
}
