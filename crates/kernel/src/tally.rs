//! A count of one kind of event that says when a line about it is due: at the first, then once a minute at most, so that
//! a device gone wrong fills a counter and not the log. Writes no line itself.

use crate::Time;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// How far lines about one kind of event are apart, microseconds.
const PERIOD: i64 = 60_000_000;

/// A count with lines.
#[derive(Debug)]
pub struct Tally {
    total: AtomicU64,
    told: AtomicU64,
    /// No line before this, microseconds since the epoch.
    next: AtomicI64,
}

impl Default for Tally {
    fn default() -> Self {
        Self { total: AtomicU64::new(0), told: AtomicU64::new(0), next: AtomicI64::new(i64::MIN) }
    }
}

impl Tally {
    /// Counts one event; see [`Self::due`] for what it gives.
    pub fn note(&self, now: Time) -> Option<u64> {
        self.total.fetch_add(1, Ordering::Relaxed);
        self.due(now)
    }

    /// How many events a line is due about: those since the last line, if that is a minute ago. Whoever gets a number
    /// writes the line; nobody else gets it.
    pub fn due(&self, now: Time) -> Option<u64> {
        let (now, next) = (now.micros(), self.next.load(Ordering::Relaxed));
        // A clock that was put back does not silence it.
        let early = now < next && next.saturating_sub(now) <= PERIOD;
        if early || self.total() == self.told.load(Ordering::Relaxed) {
            return None;
        }
        self.next.compare_exchange(next, now.saturating_add(PERIOD), Ordering::Relaxed, Ordering::Relaxed).ok()?;
        let total = self.total();
        Some(total - self.told.swap(total, Ordering::Relaxed).min(total))
    }

    /// Events so far.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_at_once_then_one_a_minute() {
        let tally = Tally::default();
        let at = |seconds: i64| Time::from_micros(seconds * 1_000_000);
        assert_eq!(tally.due(at(0)), None, "nothing happened");
        assert_eq!(tally.note(at(0)), Some(1));
        for second in 1..60 {
            assert_eq!(tally.note(at(second)), None, "{second}");
        }
        assert_eq!(tally.due(at(60)), Some(59), "what was held back is told without a further event");
        assert_eq!(tally.due(at(120)), None, "nothing happened since");
        assert_eq!(tally.note(at(121)), Some(1));
        assert_eq!(tally.note(at(122)), None);
        assert_eq!(tally.note(at(-5000)), Some(2), "the clock was put back");
        assert_eq!(tally.total(), 63);
    }
}
