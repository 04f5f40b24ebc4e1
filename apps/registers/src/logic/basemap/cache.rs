//! Tiles in memory within a limit of bytes, in two generations: what is asked for stays, what nobody asked for since the young
//! generation was full is let go. Makes no tile.

use super::packed::Packed;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// Bytes that a place costs besides what it holds, about.
const PLACE: usize = 64;

/// Tiles by their keys.
pub(crate) struct Cache<K> {
    /// Bytes of one generation.
    half: usize,
    kept: Mutex<Generations<K>>,
}

struct Generations<K> {
    young: HashMap<K, Arc<Packed>>,
    young_bytes: usize,
    old: HashMap<K, Arc<Packed>>,
    old_bytes: usize,
}

impl<K: Hash + Eq + Clone> Cache<K> {
    /// One of so many bytes at most.
    pub(crate) fn new(bytes: usize) -> Self {
        let kept = Generations { young: HashMap::new(), young_bytes: 0, old: HashMap::new(), old_bytes: 0 };
        Self { half: bytes / 2, kept: Mutex::new(kept) }
    }

    /// The tile of this key.
    pub(crate) fn get(&self, key: &K) -> Option<Arc<Packed>> {
        let mut kept = self.kept.lock();
        if let Some(tile) = kept.young.get(key) {
            return Some(tile.clone());
        }
        let (key, tile) = kept.old.remove_entry(key)?;
        kept.old_bytes -= tile.weight() + PLACE;
        kept.put(key, tile.clone(), self.half);
        Some(tile)
    }

    /// Keeps a tile, if it has room at all.
    pub(crate) fn put(&self, key: K, tile: Arc<Packed>) {
        if tile.weight() + PLACE <= self.half {
            self.kept.lock().put(key, tile, self.half);
        }
    }

    /// Tiles and their bytes.
    pub(crate) fn size(&self) -> (usize, usize) {
        let kept = self.kept.lock();
        (kept.young.len() + kept.old.len(), kept.young_bytes + kept.old_bytes)
    }
}

impl<K: Hash + Eq> Generations<K> {
    fn put(&mut self, key: K, tile: Arc<Packed>, half: usize) {
        let weight = tile.weight() + PLACE;
        if self.young_bytes + weight > half {
            self.old = std::mem::take(&mut self.young);
            self.old_bytes = std::mem::take(&mut self.young_bytes);
        }
        if let Some(before) = self.old.remove(&key) {
            self.old_bytes -= before.weight() + PLACE;
        }
        self.young_bytes += weight;
        if let Some(before) = self.young.insert(key, tile) {
            self.young_bytes -= before.weight() + PLACE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_limit_holds() {
        let tile = |n: u32| Arc::new(Packed::new(&n.to_le_bytes()));
        let one = tile(0).weight() + PLACE;
        let cache = Cache::new(one * 20);
        for n in 0..1000 {
            cache.put(n, tile(n));
            cache.put(n, tile(n));
            assert!(cache.get(&0).is_some(), "{n}");
            let (tiles, bytes) = cache.size();
            assert!(
                tiles <= 20 && bytes <= one * 20 && bytes >= tiles * (one - 8),
                "{n}: {tiles} tiles of {bytes} bytes"
            );
        }
        assert!(cache.get(&999).is_some() && cache.get(&500).is_none());
        let noise: Vec<u8> = (0..100_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        cache.put(1000, Arc::new(Packed::new(&noise)));
        assert!(cache.get(&1000).is_none());
    }
}
