//! The newest commits, kept for readers of the feed that keep up. Bounded; who falls behind reads the log.

use belfry_ports::{Commit, Seq};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many commits are kept at most.
const COMMITS: usize = 8192;
/// How many entity changes are kept at most, whatever commits they are in.
const CHANGES: usize = 65_536;

/// The newest commits in order, without a hole.
#[derive(Default)]
pub(crate) struct Ring {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    commits: VecDeque<Arc<Commit>>,
    changes: usize,
}

impl Ring {
    /// Adds commits, the oldest first; the oldest kept ones leave.
    pub(crate) fn push<'a>(&self, commits: impl Iterator<Item = &'a Arc<Commit>>) {
        let mut inner = self.inner.lock();
        for commit in commits {
            inner.changes += commit.changes.entities.len();
            inner.commits.push_back(commit.clone());
        }
        while inner.commits.len() > COMMITS || (inner.changes > CHANGES && inner.commits.len() > 1) {
            if let Some(old) = inner.commits.pop_front() {
                inner.changes -= old.changes.entities.len();
            }
        }
    }

    /// The commit after this place; `None` when it is not (or no longer) here.
    pub(crate) fn after(&self, seq: Seq) -> Option<Arc<Commit>> {
        let inner = self.inner.lock();
        let first = inner.commits.front()?.seq;
        let index = usize::try_from((seq + 1).checked_sub(first)?).ok()?;
        inner.commits.get(index).cloned()
    }
}
