//! The timetable of a service day as flat arrays: patterns (the same stops in the same order), the runs of each by time,
//! the events of each run. Holds no way to build one.

use belfry_connect_gtfs::{Date, StopIndex, TripIndex};
use std::ops::Range;

/// Nobody boards here.
pub const NO_PICKUP: u8 = 1;
/// Nobody leaves here.
pub const NO_DROP_OFF: u8 = 2;
/// The vehicle does not stop here today, though it is planned.
pub const SKIPPED: u8 = 4;

/// Index of a run in its timetable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunIndex(pub u32);

/// Arrival and departure, seconds since the service day began (noon less twelve hours).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// Arrival.
    pub arrival: i32,
    /// Departure, not before the arrival.
    pub departure: i32,
}

/// A trip on one day, or one departure of a trip that is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The trip of the feed.
    pub trip: TripIndex,
    /// The service day to which it belongs; it may be the one before or after that of the timetable.
    pub date: Date,
    /// The planned first departure, seconds of its own service day.
    pub start: i32,
    /// Whether its times are exact; false for trips that go about so often.
    pub exact: bool,
    /// Whether realtime said that it does not run.
    pub cancelled: bool,
}

/// Runs with the same stops in the same order, none of which overtakes another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Its stops, a range of the timetable's calls.
    pub(crate) calls: Range<u32>,
    /// Its runs, by time.
    pub(crate) runs: Range<u32>,
    /// Where its events begin; run by run.
    pub(crate) events: u32,
}

/// A timetable.
#[derive(Clone, Debug, PartialEq)]
pub struct Timetable {
    pub(crate) date: Date,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) stops: Vec<StopIndex>,
    pub(crate) flags: Vec<u8>,
    pub(crate) runs: Vec<Run>,
    pub(crate) run_patterns: Vec<u32>,
    pub(crate) events: Vec<Event>,
    pub(crate) planned: Vec<Event>,
    /// By stop, where its calls begin in [`Timetable::calls_at`].
    pub(crate) first_call: Vec<u32>,
    /// Pattern and position.
    pub(crate) calls_at: Vec<(u32, u32)>,
}

impl Timetable {
    /// The service day.
    pub fn date(&self) -> Date {
        self.date
    }

    /// How many stops the feed has.
    pub fn stop_count(&self) -> usize {
        self.first_call.len().saturating_sub(1)
    }

    /// How many patterns there are.
    pub fn pattern_count(&self) -> usize {
        self.patterns.len()
    }

    /// Every run.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// A run.
    pub fn run(&self, run: RunIndex) -> &Run {
        &self.runs[run.0 as usize]
    }

    /// The stops of a run, in order.
    pub fn stops_of(&self, run: RunIndex) -> &[StopIndex] {
        let calls = &self.patterns[self.run_patterns[run.0 as usize] as usize].calls;
        &self.stops[calls.start as usize..calls.end as usize]
    }

    /// The expected events of a run, in order.
    pub fn events_of(&self, run: RunIndex) -> &[Event] {
        &self.events[self.range_of(run)]
    }

    /// The planned events of a run, in order.
    pub fn planned_of(&self, run: RunIndex) -> &[Event] {
        &self.planned[self.range_of(run)]
    }

    pub(crate) fn flags_of(&self, run: RunIndex) -> &[u8] {
        let calls = &self.patterns[self.run_patterns[run.0 as usize] as usize].calls;
        &self.flags[calls.start as usize..calls.end as usize]
    }

    fn range_of(&self, run: RunIndex) -> Range<usize> {
        let pattern = &self.patterns[self.run_patterns[run.0 as usize] as usize];
        let length = pattern.calls.len();
        let start = pattern.events as usize + (run.0 - pattern.runs.start) as usize * length;
        start..start + length
    }

    /// The calls at a stop, as pattern and position.
    pub(crate) fn calls_at(&self, stop: StopIndex) -> &[(u32, u32)] {
        let at = stop.at();
        &self.calls_at[self.first_call[at] as usize..self.first_call[at + 1] as usize]
    }

    /// The event of the `run`-th run of a pattern at a position.
    #[inline]
    pub(crate) fn event(&self, pattern: &Pattern, run: u32, position: u32) -> Event {
        let length = pattern.calls.end - pattern.calls.start;
        self.events[(pattern.events + run * length + position) as usize]
    }

    /// The first run of a pattern, among its first `below`, that departs from a position at or after a time.
    #[inline]
    pub(crate) fn boarding(&self, pattern: &Pattern, position: u32, time: i32, below: u32) -> u32 {
        let (mut low, mut high) = (0, below);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.event(pattern, middle, position).departure < time {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}
