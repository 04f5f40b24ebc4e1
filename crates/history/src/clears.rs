//! Which series were emptied as a whole: single ones and everything under a prefix. Applies to what is older than the
//! part of the history that carries it, never to that part's own rows.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::wire::{FormatError, Reader, put_bytes, put_u64};

/// Emptied series. No prefix in it starts with another one of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Clears {
    keys: BTreeSet<Box<[u8]>>,
    prefixes: BTreeSet<Box<[u8]>>,
}

impl Clears {
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.prefixes.is_empty()
    }

    /// Adds one series. Returns the bytes of memory that this takes.
    pub(crate) fn add_key(&mut self, key: &[u8]) -> usize {
        if !self.covers(key) && self.keys.insert(key.into()) { key.len() + 48 } else { 0 }
    }

    /// Adds every series whose key starts with `prefix`. Returns the bytes of memory that this takes.
    pub(crate) fn add_prefix(&mut self, prefix: &[u8]) -> usize {
        if self.under_prefix(prefix) {
            return 0;
        }
        for set in [&mut self.keys, &mut self.prefixes] {
            let from = (Bound::Included(prefix), Bound::Unbounded);
            let gone: Vec<_> = set.range::<[u8], _>(from).take_while(|k| k.starts_with(prefix)).cloned().collect();
            for k in gone {
                set.remove(&k);
            }
        }
        self.prefixes.insert(prefix.into());
        prefix.len() + 48
    }

    /// Whether `key` was emptied.
    pub(crate) fn covers(&self, key: &[u8]) -> bool {
        self.keys.contains(key) || self.under_prefix(key)
    }

    /// The greatest prefix not above the key is the only one that can be its beginning, since none starts with another.
    fn under_prefix(&self, key: &[u8]) -> bool {
        let up_to = (Bound::Unbounded, Bound::Included(key));
        self.prefixes.range::<[u8], _>(up_to).next_back().is_some_and(|p| key.starts_with(p))
    }

    /// Adds all of `other`.
    pub(crate) fn merge(&mut self, other: &Self) {
        for p in &other.prefixes {
            self.add_prefix(p);
        }
        for k in &other.keys {
            self.add_key(k);
        }
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        for set in [&self.keys, &self.prefixes] {
            put_u64(out, set.len() as u64);
            for k in set {
                put_bytes(out, k);
            }
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, FormatError> {
        let mut out = Self::default();
        for _ in 0..r.count(r.remaining())? {
            out.keys.insert(r.bytes()?.into());
        }
        for _ in 0..r.count(r.remaining())? {
            out.prefixes.insert(r.bytes()?.into());
        }
        Ok(out)
    }
}
