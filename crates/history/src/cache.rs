//! Recently used blocks, bounded by bytes (second-chance replacement). Holds no files.

use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::Mutex;

use crate::block::Block;

struct Slot {
    name: (u64, u32),
    block: Arc<Block>,
    used: bool,
}

#[derive(Default)]
struct Slots {
    slots: Vec<Slot>,
    places: HashMap<(u64, u32), usize>,
    hand: usize,
    bytes: usize,
}

/// Blocks by run and place.
pub(crate) struct Cache {
    limit: usize,
    inner: Mutex<Slots>,
}

impl Cache {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, inner: Mutex::default() }
    }

    pub(crate) fn get(&self, run: u64, place: u32) -> Option<Arc<Block>> {
        let mut inner = self.inner.lock();
        let at = *inner.places.get(&(run, place))?;
        inner.slots[at].used = true;
        Some(Arc::clone(&inner.slots[at].block))
    }

    pub(crate) fn put(&self, run: u64, place: u32, block: &Arc<Block>) {
        let bytes = block.bytes();
        if bytes > self.limit / 4 {
            return;
        }
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        if inner.places.contains_key(&(run, place)) {
            return;
        }
        while inner.bytes + bytes > self.limit {
            if inner.hand >= inner.slots.len() {
                inner.hand = 0;
            }
            let slot = &mut inner.slots[inner.hand];
            if std::mem::take(&mut slot.used) {
                inner.hand += 1;
                continue;
            }
            let gone = inner.slots.swap_remove(inner.hand);
            inner.bytes -= gone.block.bytes();
            inner.places.remove(&gone.name);
            if let Some(moved) = inner.slots.get(inner.hand) {
                inner.places.insert(moved.name, inner.hand);
            }
        }
        inner.places.insert((run, place), inner.slots.len());
        inner.slots.push(Slot { name: (run, place), block: Arc::clone(block), used: false });
        inner.bytes += bytes;
    }

    /// Forgets the blocks of a run that is gone.
    pub(crate) fn forget(&self, run: u64) {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        inner.slots.retain(|s| s.name.0 != run);
        inner.places = inner.slots.iter().enumerate().map(|(at, s)| (s.name, at)).collect();
        inner.bytes = inner.slots.iter().map(|s| s.block.bytes()).sum();
        inner.hand = 0;
    }
}
