//! What a context remembers of its answers, without locks and in bounded room: names of terms that have no definition
//! of their own, and the short forms of names. Both only grow, and are dropped with their context.

use crate::Name;
use crate::name::MAX_NAMES;
use std::sync::OnceLock;

const SLOTS: usize = 1024;
const PROBES: usize = 4;

/// Names of undefined terms by the hash of the term: [`SLOTS`] of them at most; what finds no slot is worked out anew
/// each time. A slot keeps only the name; the asker must check that it is the one it wants.
#[derive(Debug)]
pub(super) struct Seen(OnceLock<Box<[OnceLock<Name>]>>);

impl Seen {
    pub(super) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The first name in the slots of this hash that `is_it` accepts.
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(Name) -> bool) -> Option<Name> {
        let slots = self.0.get()?;
        for i in 0..PROBES {
            let name = *slots[slot(hash, i)].get()?;
            if is_it(name) {
                return Some(name);
            }
        }
        None
    }

    /// Keeps the name when one of its slots is free.
    pub(super) fn keep(&self, hash: u64, name: Name) {
        let slots = self.0.get_or_init(|| std::iter::repeat_with(OnceLock::new).take(SLOTS).collect());
        for i in 0..PROBES {
            if *slots[slot(hash, i)].get_or_init(|| name) == name {
                return;
            }
        }
    }
}

fn slot(hash: u64, probe: usize) -> usize {
    (hash as usize).wrapping_add(probe) % SLOTS
}

const LEAF: usize = 64;
const BRANCH: usize = 128;
const _: () = assert!(BRANCH * BRANCH * LEAF >= MAX_NAMES, "every name id must have a place");

type Leaf = [OnceLock<Box<str>>; LEAF];
type Branch = [OnceLock<Box<Leaf>>; BRANCH];

/// Short forms by the id of the name: a tree of three levels whose parts are made when first needed, so that a
/// context used with a hundred names takes some kilobytes, and a look-up is three loads.
#[derive(Debug)]
pub(super) struct Shorts(OnceLock<Box<[OnceLock<Box<Branch>>; BRANCH]>>);

impl Shorts {
    pub(super) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The short form of this name, worked out by `make` the first time.
    pub(super) fn get_or_make(&self, name: Name, make: impl FnOnce() -> Box<str>) -> &str {
        let id = name.id() as usize;
        let root = self.0.get_or_init(|| Box::new([const { OnceLock::new() }; BRANCH]));
        let branch = root[id / (LEAF * BRANCH) % BRANCH].get_or_init(|| Box::new([const { OnceLock::new() }; BRANCH]));
        let leaf = branch[id / LEAF % BRANCH].get_or_init(|| Box::new([const { OnceLock::new() }; LEAF]));
        leaf[id % LEAF].get_or_init(make)
    }
}
