//! Values in order: numbers, texts (also terms and relationship targets) and booleans at one place of entities, or their
//! identifiers. Each entry is a value and a slot; a range of values is a range of entries, read lazily. Long texts are
//! cut, so that what a range gives are candidates.

use belfry_ngsi_ld::Attribute;
use belfry_ngsi_ld::query::{Leaf, Place};
use compact_str::CompactString;
use std::collections::BTreeSet;
use std::mem::size_of;
use std::ops::Bound;

/// Characters of a text that an index holds. Characters and not bytes, so that cut texts keep the order of whole ones.
const TEXT_CHARS: usize = 100;
/// Memory of an entry: itself, and its share of nodes that are two thirds full.
const ENTRY_BYTES: usize = size_of::<(Key, u32)>() * 3 / 2;

/// A value that can be ordered. Kinds stand apart, as a comparison of different kinds never holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// A boolean.
    Bool(bool),
    /// A number, as bits whose unsigned order is the numeric one.
    Number(u64),
    /// A text.
    Text(CompactString),
    /// After every text.
    End,
}

impl Key {
    /// The key of a number; the two zeros are one.
    fn number(f: f64) -> Self {
        let bits = if f == 0.0 { 0 } else { f.to_bits() };
        Self::Number(if bits >> 63 == 1 { !bits } else { bits | 1 << 63 })
    }

    /// The key of a value or constant.
    pub(crate) fn of(leaf: Leaf<'_>) -> Self {
        match leaf {
            Leaf::Bool(b) => Self::Bool(b),
            Leaf::Number(f) => Self::number(f),
            Leaf::Text(text) => Self::Text(cut(text).into()),
        }
    }

    /// Memory beside the entry.
    fn heap_bytes(&self) -> usize {
        match self {
            Self::Text(text) if text.is_heap_allocated() => text.capacity() + 16,
            _ => 0,
        }
    }
}

fn cut(text: &str) -> &str {
    if text.len() <= TEXT_CHARS {
        return text;
    }
    text.char_indices().nth(TEXT_CHARS).map_or(text, |(end, _)| &text[..end])
}

/// Which entries are wanted.
#[derive(Clone, Debug)]
pub(crate) enum Span {
    /// From the first to the second, both included.
    Between(Key, Key),
    /// Texts that begin so.
    Prefix(CompactString),
}

impl Span {
    /// Texts that begin with this.
    pub(crate) fn prefix(text: &str) -> Self {
        Self::Prefix(cut(text).into())
    }
}

/// Entries in order.
#[derive(Default)]
pub(super) struct Entries {
    set: BTreeSet<(Key, u32)>,
    heap_bytes: usize,
}

impl Entries {
    pub(super) fn insert(&mut self, key: Key, slot: u32) {
        let bytes = key.heap_bytes();
        if self.set.insert((key, slot)) {
            self.heap_bytes += bytes;
        }
    }

    pub(super) fn remove(&mut self, key: Key, slot: u32) {
        if let Some((key, _)) = self.set.take(&(key, slot)) {
            self.heap_bytes -= key.heap_bytes();
        }
    }

    /// Memory, about.
    pub(super) fn bytes(&self) -> usize {
        self.set.len() * ENTRY_BYTES + self.heap_bytes
    }

    /// Slots with a value of the span; a slot comes once for each such value.
    pub(super) fn within<'a>(&'a self, span: &'a Span) -> impl Iterator<Item = u32> + use<'a> {
        let (low, high, prefix) = match span {
            Span::Between(low, high) => (low.clone(), high.clone(), None),
            Span::Prefix(prefix) => (Key::Text(prefix.clone()), Key::End, Some(prefix)),
        };
        let (low, high) = ((low, 0), (high, u32::MAX));
        let high = if low > high { Bound::Excluded(low.clone()) } else { Bound::Included(high) };
        self.set
            .range((Bound::Included(low), high))
            .take_while(move |(key, _)| match (prefix, key) {
                (Some(prefix), Key::Text(text)) => text.starts_with(prefix.as_str()),
                (Some(_), _) => false,
                (None, _) => true,
            })
            .map(|(_, slot)| *slot)
    }
}

/// The index of one place.
pub(crate) struct ValueIndex {
    pub(super) place: Place,
    pub(super) entries: Entries,
    pub(super) life: super::Life,
}

impl ValueIndex {
    /// An empty one.
    pub(super) fn new(place: Place) -> Self {
        Self { place, entries: Entries::default(), life: super::Life::default() }
    }

    /// Notes the values of an instance.
    pub(super) fn add(&mut self, slot: u32, attribute: &Attribute) {
        let entries = &mut self.entries;
        self.place.leaves(attribute, &mut |leaf| entries.insert(Key::of(leaf), slot));
    }

    /// Brings the index from the instances before to those after.
    pub(super) fn turn<'a>(
        &mut self,
        slot: u32,
        before: Option<impl Iterator<Item = &'a Attribute>>,
        after: Option<impl Iterator<Item = &'a Attribute>>,
    ) {
        let entries = &mut self.entries;
        for a in before.into_iter().flatten() {
            self.place.leaves(a, &mut |leaf| entries.remove(Key::of(leaf), slot));
        }
        for a in after.into_iter().flatten() {
            self.add(slot, a);
        }
    }

    /// Slots with a value of the span; a slot comes once for each such value.
    pub(crate) fn within<'a>(&'a self, span: &'a Span) -> impl Iterator<Item = u32> + use<'a> {
        self.entries.within(span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_order() {
        let mut last = None;
        for f in [f64::MIN, -1e9, -1.5, -0.0, 0.5, 1.0, 1e300] {
            let key = Key::number(f);
            assert!(last.is_none_or(|l| l < key), "{f}");
            last = Some(key);
        }
        assert_eq!(Key::number(0.0), Key::number(-0.0));
    }

    #[test]
    fn prefixes_find_all_that_begins_so_and_nothing_else() {
        let long = "é".repeat(TEXT_CHARS + 20);
        let texts = ["", "a", "ab", "abc", "ab\u{10FFFF}z", "ac", "b", "äb", long.as_str()];
        let mut entries = Entries::default();
        for (slot, text) in texts.iter().enumerate() {
            entries.insert(Key::of(Leaf::Text(text)), slot as u32);
        }
        entries.insert(Key::Bool(true), 90);
        entries.insert(Key::number(1.0), 91);
        for prefix in ["", "a", "ab", "abcd", "b", "ä", "é", long.as_str()] {
            let span = Span::prefix(prefix);
            let mut found: Vec<u32> = entries.within(&span).collect();
            found.sort_unstable();
            let wanted: Vec<u32> = (0..).zip(texts).filter(|(_, t)| t.starts_with(prefix)).map(|(n, _)| n).collect();
            assert_eq!(found, wanted, "{prefix}");
        }
    }

    #[test]
    fn cut_texts_keep_their_order() {
        let ends = ["", "a", "z", "é", "\u{10FFFF}", "aé"];
        for shared in [TEXT_CHARS - 2, TEXT_CHARS - 1, TEXT_CHARS, TEXT_CHARS + 1] {
            for (a, b) in ends.iter().flat_map(|a| ends.iter().map(move |b| (a, b))) {
                let (a, b) = (format!("{}{a}", "x".repeat(shared)), format!("{}{b}", "x".repeat(shared)));
                let (key_a, key_b) = (Key::of(Leaf::Text(&a)), Key::of(Leaf::Text(&b)));
                assert!(a > b || key_a <= key_b, "{a} {b}");
            }
        }
    }

    #[test]
    fn memory_is_counted_and_given_back() {
        let mut entries = Entries::default();
        let long = "x".repeat(500);
        for slot in 0..100 {
            entries.insert(Key::of(Leaf::Text(&long)), slot);
            entries.insert(Key::of(Leaf::Text(&long)), slot);
        }
        assert!(entries.bytes() >= 100 * TEXT_CHARS);
        for slot in 0..100 {
            entries.remove(Key::of(Leaf::Text(&long)), slot);
            entries.remove(Key::of(Leaf::Text(&long)), slot);
        }
        assert_eq!(entries.bytes(), 0);
    }
}
