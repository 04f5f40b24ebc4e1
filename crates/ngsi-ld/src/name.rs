//! Interned names: attribute names, types and vocabulary terms as expanded IRIs, each held once for the life of the
//! process. Comparing two is comparing two pointers. Holds no mapping to short terms (that is the @context's work).

use belfry_kernel::{Error, Kind};
use hashbrown::HashMap;
use parking_lot::RwLock;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many distinct names one process holds at most, unless [`Name::limit`] says otherwise. A town's data models use a
/// few thousand; the limit keeps a client that invents a name for each request from filling the memory.
pub const MAX_NAMES: usize = 1_000_000;

static LIMIT: AtomicUsize = AtomicUsize::new(MAX_NAMES);

/// The longest name, bytes.
pub const MAX_NAME_BYTES: usize = 2048;

struct Entry {
    id: u32,
    text: Box<str>,
}

/// An expanded name (an IRI), interned: eight bytes, `Copy`, equal when it is the same text.
#[derive(Clone, Copy)]
pub struct Name(&'static Entry);

static NAMES: LazyLock<RwLock<HashMap<&'static str, Name>>> = LazyLock::new(|| RwLock::new(HashMap::new()));

impl Name {
    /// The name of this text, made if it is new.
    ///
    /// # Errors
    /// `BadRequestData` when it is longer than [`MAX_NAME_BYTES`]; `Unavailable` when
    /// as many names as may be are held already.
    pub fn intern(text: &str) -> Result<Self, Error> {
        if let Some(name) = Self::lookup(text) {
            return Ok(name);
        }
        if text.len() > MAX_NAME_BYTES {
            return Err(Error::bad_data("a name is longer than 2048 bytes"));
        }
        let mut names = NAMES.write();
        if let Some(name) = names.get(text) {
            return Ok(*name);
        }
        if names.len() >= LIMIT.load(Ordering::Relaxed) {
            return Err(Error::new(
                Kind::Unavailable,
                "the platform holds as many distinct names as it may (store.max_names)",
            ));
        }
        let id = names.len() as u32;
        let entry: &'static Entry = Box::leak(Box::new(Entry { id, text: text.into() }));
        let name = Self(entry);
        names.insert(&entry.text, name);
        Ok(name)
    }

    /// The name of this text if anything ever used it: for queries, which must not make names.
    pub fn lookup(text: &str) -> Option<Self> {
        NAMES.read().get(text).copied()
    }

    /// Sets how many distinct names this process holds at most; what is held already stays.
    pub fn limit(max: usize) {
        LIMIT.store(max, Ordering::Relaxed);
    }

    /// The expanded IRI.
    pub fn as_str(self) -> &'static str {
        &self.0.text
    }

    /// A dense number, in the order in which this process met the names; not stable between runs.
    pub fn id(self) -> u32 {
        self.0.id
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.0.id);
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    /// By text, so that an order by name is the same in every run.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_the_same_name() {
        let a = Name::intern("https://example.org/name-test/a").unwrap();
        let b = Name::intern("https://example.org/name-test/b").unwrap();
        assert_eq!(a, Name::intern("https://example.org/name-test/a").unwrap());
        assert_ne!(a, b);
        assert!(a < b);
        assert_eq!(Name::lookup("https://example.org/name-test/a"), Some(a));
        assert_eq!(Name::lookup("https://example.org/name-test/never"), None);
        assert!(Name::intern(&"x".repeat(3000)).is_err());
    }
}
