//! A clock that stands still until it is moved.

use belfry_kernel::{Clock, Time};
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock under the test's control. Shared by reference counting at the caller's.
#[derive(Debug)]
pub struct MockClock(AtomicI64);

impl MockClock {
    /// A clock that stands at `at`.
    pub fn at(at: Time) -> Self {
        Self(AtomicI64::new(at.micros()))
    }

    /// Moves it on (or back).
    pub fn advance_micros(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets it.
    pub fn set(&self, at: Time) {
        self.0.store(at.micros(), Ordering::SeqCst);
    }
}

impl Default for MockClock {
    /// 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Self::at(Time::from_micros(1_767_225_600_000_000))
    }
}

impl Clock for MockClock {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::SeqCst))
    }
}
