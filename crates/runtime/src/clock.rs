//! The real clock and the real randomness: the only places that read them.

use belfry_kernel::{Clock, Rng, Time};
use std::time::{SystemTime, UNIX_EPOCH};

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        #[expect(clippy::disallowed_methods, reason = "this is where the shell reads the clock for everyone")]
        let now = SystemTime::now();
        match now.duration_since(UNIX_EPOCH) {
            Ok(since) => Time::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)),
            Err(before) => Time::from_micros(-i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX)),
        }
    }
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    fn fill(&self, into: &mut [u8]) {
        getrandom::fill(into).expect("the operating system always has randomness once it runs");
    }
}
