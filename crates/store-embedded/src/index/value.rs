//! The values of one attribute in order: numbers, texts (also terms and relationship targets), booleans and instants.
//! Each entry is a value and a slot; a range of values is a range of entries, read lazily.

use belfry_ngsi_ld::Attribute;
use belfry_ngsi_ld::query::{Leaf, leaves};
use compact_str::CompactString;
use std::collections::BTreeSet;
use std::ops::Bound;

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
            Leaf::Text(text) => Self::Text(text.into()),
        }
    }
}

/// The index of one attribute.
#[derive(Default)]
pub(crate) struct ValueIndex {
    entries: BTreeSet<(Key, u32)>,
    /// Whether it holds every entity and may answer.
    pub(super) complete: bool,
}

impl ValueIndex {
    /// Notes the values of an instance.
    pub(crate) fn add(&mut self, slot: u32, attribute: &Attribute) {
        leaves(&attribute.value, &mut |leaf| {
            self.entries.insert((Key::of(leaf), slot));
        });
    }

    /// Brings the index from the instances before to those after.
    pub(crate) fn turn<'a>(
        &mut self,
        slot: u32,
        before: Option<impl Iterator<Item = &'a Attribute>>,
        after: Option<impl Iterator<Item = &'a Attribute>>,
    ) {
        for a in before.into_iter().flatten() {
            leaves(&a.value, &mut |leaf| {
                self.entries.remove(&(Key::of(leaf), slot));
            });
        }
        for a in after.into_iter().flatten() {
            self.add(slot, a);
        }
    }

    /// Slots with a value from `range.0` to `range.1`, both inclusive; a slot comes once for each such value.
    pub(crate) fn range(&self, range: &(Key, Key)) -> impl Iterator<Item = u32> + use<'_> {
        let (low, high) = ((range.0.clone(), 0), (range.1.clone(), u32::MAX));
        let high = if low > high { Bound::Excluded(low.clone()) } else { Bound::Included(high) };
        self.entries.range((Bound::Included(low), high)).map(|(_, slot)| *slot)
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
}
