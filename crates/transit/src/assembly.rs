//! Courses brought into patterns: the last step of building a timetable, and of changing one.

use crate::timetable::{Event, Pattern, Run, Timetable};
use belfry_connect_gtfs::{Date, StopIndex};
use hashbrown::HashMap;
use std::ops::Range;

/// Lanes of a pattern that are tried for a run before it gets its own.
const LANES: usize = 8;

/// A run's stop with its times.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub stop: StopIndex,
    pub flags: u8,
    pub planned: Event,
    pub expected: Event,
}

/// Runs with their calls, in any order.
#[derive(Default)]
pub struct Courses {
    pub runs: Vec<(Run, Range<usize>)>,
    pub calls: Vec<Call>,
}

impl Courses {
    /// Adds a run.
    pub fn push(&mut self, run: Run, calls: impl Iterator<Item = Call>) {
        let start = self.calls.len();
        self.calls.extend(calls);
        self.runs.push((run, start..self.calls.len()));
    }

    /// The timetable of these runs. Runs of the same stops share a pattern unless one overtakes the other.
    pub fn assemble(self, date: Date, stop_count: usize) -> Timetable {
        let mut groups: HashMap<Vec<(StopIndex, u8)>, Vec<usize>> = HashMap::new();
        for (index, (_, calls)) in self.runs.iter().enumerate() {
            let key = self.calls[calls.clone()].iter().map(|call| (call.stop, call.flags)).collect();
            groups.entry(key).or_default().push(index);
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        // The same feed makes the same timetable, whatever the hashes.
        groups.sort_unstable_by_key(|(_, runs)| runs[0]);
        let mut out = Timetable {
            date,
            patterns: Vec::new(),
            stops: Vec::new(),
            flags: Vec::new(),
            runs: Vec::with_capacity(self.runs.len()),
            run_patterns: Vec::with_capacity(self.runs.len()),
            events: Vec::with_capacity(self.calls.len()),
            planned: Vec::with_capacity(self.calls.len()),
            first_call: Vec::new(),
            calls_at: Vec::new(),
        };
        for (key, mut runs) in groups {
            runs.sort_by_key(|run| {
                let calls = &self.runs[*run].1;
                (self.calls[calls.start].expected, self.calls[calls.end - 1].expected, *run)
            });
            for lane in self.lanes(&runs) {
                self.pattern(&key, &lane, &mut out);
            }
        }
        index_stops(&mut out, stop_count);
        out
    }

    fn lanes(&self, runs: &[usize]) -> Vec<Vec<usize>> {
        let follows = |before: usize, after: usize| {
            let (before, after) = (&self.calls[self.runs[before].1.clone()], &self.calls[self.runs[after].1.clone()]);
            before.iter().zip(after).all(|(before, after)| {
                before.expected.arrival <= after.expected.arrival
                    && before.expected.departure <= after.expected.departure
            })
        };
        let mut lanes: Vec<Vec<usize>> = Vec::new();
        for run in runs {
            let from = lanes.len().saturating_sub(LANES);
            match lanes[from..].iter_mut().find(|lane| lane.last().is_some_and(|last| follows(*last, *run))) {
                Some(lane) => lane.push(*run),
                None => lanes.push(vec![*run]),
            }
        }
        lanes
    }

    fn pattern(&self, key: &[(StopIndex, u8)], lane: &[usize], out: &mut Timetable) {
        let number = out.patterns.len() as u32;
        let (calls, runs) = (out.stops.len() as u32, out.runs.len() as u32);
        out.patterns.push(Pattern {
            calls: calls..calls + key.len() as u32,
            runs: runs..runs + lane.len() as u32,
            events: out.events.len() as u32,
        });
        out.stops.extend(key.iter().map(|(stop, _)| *stop));
        out.flags.extend(key.iter().map(|(_, flags)| *flags));
        for run in lane {
            let (run, calls) = &self.runs[*run];
            out.runs.push(*run);
            out.run_patterns.push(number);
            let calls = &self.calls[calls.clone()];
            out.events.extend(calls.iter().map(|call| call.expected));
            out.planned.extend(calls.iter().map(|call| call.planned));
        }
    }
}

fn index_stops(out: &mut Timetable, stop_count: usize) {
    let mut first = vec![0_u32; stop_count + 1];
    for stop in &out.stops {
        first[stop.at() + 1] += 1;
    }
    for at in 0..stop_count {
        first[at + 1] += first[at];
    }
    let mut next = first.clone();
    out.calls_at = vec![(0, 0); out.stops.len()];
    for (pattern, number) in out.patterns.iter().zip(0..) {
        for (call, position) in pattern.calls.clone().zip(0..) {
            let place = &mut next[out.stops[call as usize].at()];
            out.calls_at[*place as usize] = (number, position);
            *place += 1;
        }
    }
    out.first_call = first;
}
