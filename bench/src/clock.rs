//! The wall clock of the load client, for `observedAt`. Holds nothing else: durations are measured with `Instant`.

use belfry_kernel::Time;
use std::time::{SystemTime, UNIX_EPOCH};

/// The current instant.
#[expect(clippy::disallowed_methods, reason = "the benchmark stands outside the product and is its own shell")]
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_micros(since.as_micros() as i64)
}
