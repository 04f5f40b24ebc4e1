//! Departure boards: what leaves from a stop, or from every platform of a station, soonest first.

use crate::timetable::{Event, NO_PICKUP, RunIndex, SKIPPED, Timetable};
use belfry_connect_gtfs::{Feed, StopIndex};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What a board says of a departure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It leaves.
    Runs,
    /// It does not stop here today.
    Skipped,
    /// It does not run today.
    Cancelled,
}

/// A line of a board. Times are seconds of the service day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// The run.
    pub run: RunIndex,
    /// The platform.
    pub stop: StopIndex,
    /// The position of the platform among the run's stops.
    pub position: usize,
    /// When it should leave.
    pub planned: i32,
    /// When it will.
    pub expected: i32,
    /// Whether it will.
    pub status: Status,
}

impl Timetable {
    /// The next `most` departures from a stop at or after a time; of a station, those of its platforms. Runs end at their
    /// last stop: it is no departure.
    pub fn board(&self, feed: &Feed, stop: StopIndex, from: i32, most: usize) -> Vec<Departure> {
        let within = |at: &StopIndex| *at == stop || feed.stops[at.at()].parent == Some(stop);
        // The next departure of each call: time, pattern, position, run within the pattern.
        let mut next = BinaryHeap::new();
        for at in (0..self.stop_count() as u32).map(StopIndex).filter(within) {
            for (number, position) in self.calls_at(at) {
                let pattern = &self.patterns[*number as usize];
                let flags = self.flags[(pattern.calls.start + position) as usize];
                let last = position + 1 == pattern.calls.end - pattern.calls.start;
                if last || flags & (NO_PICKUP | SKIPPED) == NO_PICKUP {
                    continue;
                }
                let count = pattern.runs.end - pattern.runs.start;
                let run = self.boarding(pattern, *position, from, count);
                if run < count {
                    next.push(Reverse((self.event(pattern, run, *position).departure, *number, *position, run)));
                }
            }
        }
        let mut out = Vec::new();
        while out.len() < most {
            let Some(Reverse((expected, number, position, run))) = next.pop() else { break };
            let pattern = &self.patterns[number as usize];
            let index = RunIndex(pattern.runs.start + run);
            let call = (pattern.calls.start + position) as usize;
            let Event { departure: planned, .. } = self.planned_of(index)[position as usize];
            let status = match self.flags[call] & SKIPPED {
                _ if self.run(index).cancelled => Status::Cancelled,
                0 => Status::Runs,
                _ => Status::Skipped,
            };
            out.push(Departure {
                run: index,
                stop: self.stops[call],
                position: position as usize,
                planned,
                expected,
                status,
            });
            if run + 1 < pattern.runs.end - pattern.runs.start {
                next.push(Reverse((self.event(pattern, run + 1, position).departure, number, position, run + 1)));
            }
        }
        out
    }
}
