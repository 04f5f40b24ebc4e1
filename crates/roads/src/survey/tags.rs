//! Tags of one element as they are looked up. Knows no meaning of any.

use smallvec::SmallVec;

/// The tags of one element.
pub(crate) struct Tags<'a>(SmallVec<[(&'a str, &'a str); 16]>);

impl<'a> Tags<'a> {
    pub(crate) fn new<K: AsRef<str>, V: AsRef<str>>(tags: &'a [(K, V)]) -> Self {
        Self(tags.iter().map(|(key, value)| (key.as_ref(), value.as_ref())).collect())
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, value)| *value)
    }

    pub(crate) fn is(&self, key: &str, value: &str) -> bool {
        self.get(key) == Some(value)
    }

    /// The value of `base:suffix`.
    pub(crate) fn under(&self, base: &str, suffix: &str) -> Option<&'a str> {
        let tag =
            |(key, _): &&(&str, &str)| key.strip_prefix(base).and_then(|rest| rest.strip_prefix(':')) == Some(suffix);
        self.0.iter().find(tag).map(|(_, value)| *value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.0.iter().copied()
    }
}
