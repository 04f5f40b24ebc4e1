//! Time and randomness as inputs. Holds the traits only; the real ones live in the runtime, the mock ones in testkit.

use crate::Time;

/// Where "now" comes from. Decisions never read a clock: they are given a [`Time`].
pub trait Clock: Send + Sync + 'static {
    /// The current instant, UTC.
    fn now(&self) -> Time;
}

/// Where randomness comes from (identifiers, tokens, jitter).
pub trait Rng: Send + Sync + 'static {
    /// Fills `into` with random bytes.
    fn fill(&self, into: &mut [u8]);
}
