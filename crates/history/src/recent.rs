//! Which byte strings were stored lately, and where: most remainders are those of a row shortly before. Of fixed size; what it
//! forgets is stored once more, no worse.

use xxhash_rust::xxh3::xxh3_64;

use crate::arena::NOWHERE;

/// Addresses that it knows: 16 KiB.
const SLOTS: usize = 4096;

/// Addresses, each in the slot that its bytes' hash names.
#[derive(Default)]
pub(crate) struct Recent {
    slots: Vec<u32>,
}

impl Recent {
    /// Where `bytes` lie, if that is known (`is_it` compares), or else the slot to [`Self::put`] it in.
    pub(crate) fn find(&self, bytes: &[u8], is_it: impl Fn(u32) -> bool) -> Result<u32, usize> {
        let slot = xxh3_64(bytes) as usize % SLOTS;
        match self.slots.get(slot) {
            Some(&at) if at != NOWHERE && is_it(at) => Ok(at),
            _ => Err(slot),
        }
    }

    /// Notes where bytes lie.
    pub(crate) fn put(&mut self, slot: usize, at: u32) {
        if self.slots.is_empty() {
            self.slots = vec![NOWHERE; SLOTS];
        }
        self.slots[slot] = at;
    }
}
