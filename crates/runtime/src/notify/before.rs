//! Whether commits are to carry attribute instances as they were before: as long as a subscription shows changes.

use belfry_kernel::Time;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

/// How long a subscription that was just written counts without a notifier knowing of it, microseconds.
const GRACE: i64 = 60_000_000;

/// Counts the subscriptions of all tenants that show changes.
#[derive(Debug, Default)]
pub struct KeepBefore {
    known: AtomicUsize,
    /// Microseconds; zero for never.
    until: AtomicI64,
}

impl KeepBefore {
    /// A subscription that shows changes is about to be kept: it counts from now on, until its notifier counts it.
    pub fn announce(&self, now: Time) {
        self.until.fetch_max(now.micros().saturating_add(GRACE), Ordering::Relaxed);
    }

    /// Whether anybody wants to see what was before.
    pub fn is_wanted(&self, now: impl FnOnce() -> Time) -> bool {
        if self.known.load(Ordering::Relaxed) > 0 {
            return true;
        }
        let until = self.until.load(Ordering::Relaxed);
        until > 0 && now().micros() < until
    }

    /// A notifier knows of `after` where it knew of `before`.
    pub(super) fn recount(&self, before: usize, after: usize) {
        if after > before {
            self.known.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.known.fetch_sub(before - after, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_wanted_while_somebody_shows_changes() {
        let (keep, start) = (KeepBefore::default(), Time::from_micros(1_000));
        let at = |seconds: i64| move || start.plus_micros(seconds * 1_000_000);
        assert!(!keep.is_wanted(at(0)));
        keep.announce(start);
        assert!(keep.is_wanted(at(59)) && !keep.is_wanted(at(61)));
        keep.recount(0, 2);
        assert!(keep.is_wanted(at(61)));
        keep.recount(2, 0);
        assert!(!keep.is_wanted(at(61)));
    }
}
