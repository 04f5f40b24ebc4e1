//! Texts in memory by key, bounded by number and bytes: when there is no room, the one that was used longest ago goes.
//! Knows nothing of contexts.

use belfry_kernel::Time;
use hashbrown::HashMap;

/// Bytes that an entry weighs beside its text and its key, about.
const ENTRY_BYTES: usize = 256;

/// What lies on a shelf.
pub(super) trait Kept {
    /// Its text, bytes.
    fn bytes(&self) -> usize;
    /// When it was last used.
    fn last_used(&self) -> Time;
}

pub(super) struct Shelf<T> {
    entries: HashMap<String, T>,
    bytes: usize,
    max_entries: usize,
    max_bytes: usize,
}

impl<T: Kept> Shelf<T> {
    pub(super) fn new(max_entries: usize, max_bytes: usize) -> Self {
        Self { entries: HashMap::new(), bytes: 0, max_entries, max_bytes }
    }

    pub(super) fn get(&self, key: &str) -> Option<&T> {
        self.entries.get(key)
    }

    /// For its times and counts: its text must stay what it is.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        self.entries.get_mut(key)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.values()
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<T> {
        let entry = self.entries.remove(key)?;
        self.bytes -= weight(key, &entry);
        Some(entry)
    }

    /// Puts it here and answers the keys of those that went for it: its own when it is heavier than all may be.
    pub(super) fn put(&mut self, key: &str, entry: T) -> Vec<String> {
        self.remove(key);
        let weight = weight(key, &entry);
        if weight > self.max_bytes || self.max_entries == 0 {
            return vec![key.to_owned()];
        }
        let mut gone = Vec::new();
        while self.entries.len() >= self.max_entries || self.bytes + weight > self.max_bytes {
            let Some(oldest) = self.entries.iter().min_by_key(|(_, e)| e.last_used()).map(|(key, _)| key.clone())
            else {
                break;
            };
            self.remove(&oldest);
            gone.push(oldest);
        }
        self.bytes += weight;
        self.entries.insert(key.to_owned(), entry);
        gone
    }
}

fn weight<T: Kept>(key: &str, entry: &T) -> usize {
    ENTRY_BYTES + key.len() + entry.bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Text(usize, i64);

    impl Kept for Text {
        fn bytes(&self) -> usize {
            self.0
        }

        fn last_used(&self) -> Time {
            Time::from_micros(self.1)
        }
    }

    #[test]
    fn number_and_bytes_are_bounded_and_the_oldest_goes_first() {
        let mut shelf = Shelf::new(3, 10_000);
        for (at, key) in ["a", "b", "c"].into_iter().enumerate() {
            assert!(shelf.put(key, Text(1000, at as i64)).is_empty());
        }
        assert_eq!(shelf.put("d", Text(1000, 9)), ["a"]);
        assert_eq!(shelf.put("e", Text(8000, 10)), ["b", "c"]);
        assert_eq!(shelf.put("f", Text(9990, 11)), ["f"]);
        assert!(shelf.put("d", Text(10, 12)).is_empty());
        assert_eq!(shelf.bytes, 2 * (ENTRY_BYTES + 1) + 8010);
        shelf.remove("e");
        shelf.remove("d");
        assert_eq!((shelf.bytes, shelf.entries.len()), (0, 0));
    }
}
