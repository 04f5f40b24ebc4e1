//! The values of one attribute in order: numbers, texts (also terms and relationship targets), booleans and instants.
//! Each entry is a value and a slot; a range of values is a range of entries, read lazily.

use belfry_ngsi_ld::{Attribute, Json, Value};
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
    pub(crate) fn number(f: f64) -> Self {
        let bits = if f == 0.0 { 0 } else { f.to_bits() };
        Self::Number(if bits >> 63 == 1 { !bits } else { bits | 1 << 63 })
    }

    fn of(json: &Json) -> Option<Self> {
        match json {
            Json::Object(_) => json.get("@value").and_then(Self::of),
            Json::Bool(b) => Some(Self::Bool(*b)),
            Json::Int(_) | Json::Float(_) => json.as_f64().map(Self::number),
            Json::Str(s) => Some(Self::Text(s.clone())),
            Json::Null | Json::Array(_) => None,
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

fn for_each_key(attribute: &Attribute, mut with: impl FnMut(Key)) {
    let mut json = |value: &Json| match value {
        Json::Array(items) => items.iter().filter_map(Key::of).for_each(&mut with),
        other => {
            if let Some(key) = Key::of(other) {
                with(key);
            }
        }
    };
    match &attribute.value {
        Value::Property(value) | Value::Json(value) => json(value),
        Value::List(items) => items.iter().for_each(json),
        Value::Language(map) => map.iter().for_each(|(_, text)| json(text)),
        Value::Vocab(terms) => terms.as_slice().iter().for_each(|t| with(Key::Text(t.as_str().into()))),
        Value::Relationship { .. } | Value::ListRelationship { .. } => {
            attribute.value.targets().iter().for_each(|t| with(Key::Text(t.as_str().into())));
        }
        Value::Geo(_) => {}
    }
}

impl ValueIndex {
    /// Notes the values of an instance.
    pub(crate) fn add(&mut self, slot: u32, attribute: &Attribute) {
        for_each_key(attribute, |key| {
            self.entries.insert((key, slot));
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
            for_each_key(a, |key| {
                self.entries.remove(&(key, slot));
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
