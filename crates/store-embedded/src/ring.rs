//! The newest commits, kept for readers of the feed that keep up. Bounded; who falls behind reads the log.

use belfry_ports::{Commit, Seq};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many commits are kept at most.
const COMMITS: usize = 4096;
/// How many bytes of records their commits may have together; the newest is kept whatever it has. In memory, as entities
/// that can be worked with, they take five times as much.
const BYTES: usize = 4 << 20;

/// The newest commits in order, without a hole.
#[derive(Default)]
pub(crate) struct Ring {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// With the length of each one's record.
    commits: VecDeque<(Arc<Commit>, usize)>,
    bytes: usize,
}

impl Ring {
    /// Adds commits with the lengths of their records, the oldest first; the oldest kept ones leave.
    pub(crate) fn push<'a>(&self, commits: impl Iterator<Item = (&'a Arc<Commit>, usize)>) {
        let mut inner = self.inner.lock();
        for (commit, bytes) in commits {
            inner.bytes += bytes;
            inner.commits.push_back((commit.clone(), bytes));
        }
        while inner.commits.len() > COMMITS || (inner.bytes > BYTES && inner.commits.len() > 1) {
            if let Some((_, bytes)) = inner.commits.pop_front() {
                inner.bytes -= bytes;
            }
        }
    }

    /// The commit after this place; `None` when it is not (or no longer) here.
    pub(crate) fn after(&self, seq: Seq) -> Option<Arc<Commit>> {
        let inner = self.inner.lock();
        let first = inner.commits.front()?.0.seq;
        let index = usize::try_from((seq + 1).checked_sub(first)?).ok()?;
        inner.commits.get(index).map(|(commit, _)| commit.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use belfry_ports::ChangeSet;

    fn commit(seq: Seq) -> Arc<Commit> {
        Arc::new(Commit { seq, at: belfry_kernel::Time::MIN, changes: Arc::new(ChangeSet::default()) })
    }

    #[test]
    fn is_bounded_in_commits_and_bytes() {
        for (bytes, kept) in [(1, COMMITS as u64), (1 << 20, 4), (BYTES, 1), (BYTES + 1, 1)] {
            let (ring, last) = (Ring::default(), 20_000);
            for seq in 1..=last {
                ring.push(std::iter::once((&commit(seq), bytes)));
            }
            assert!(ring.after(last - kept - 1).is_none(), "{bytes} bytes a record");
            assert_eq!(ring.after(last - kept).map(|c| c.seq), Some(last - kept + 1), "{bytes} bytes a record");
            assert_eq!(ring.after(last - 1).map(|c| c.seq), Some(last));
            assert!(ring.after(last).is_none());
        }
    }
}
