//! Buses on their trips, by events: a bus leaves a halt, drives, arrives, and waits for its time. Between events its place is
//! worked out from its line. A bus that nothing holds up keeps its timetable.

use super::traffic::Traffic;
use crate::county::service::{Pattern, Run};
use crate::county::{County, Service};
use crate::plane::{Point, along};

/// Seconds that the way around a closed road costs.
const AROUND: f64 = 420.0;
/// Least share of the timetable's running time in which a late bus drives a leg.
const FASTEST: f64 = 0.92;
/// Seconds that a late bus stands at a halt at least.
const LEAST_DWELL: f64 = 12.0;

/// A bus on a trip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bus {
    /// The trip.
    pub run: Run,
    /// Its service day, days since 1970.
    pub day: i32,
    /// The vehicle, from 1.
    pub vehicle: u32,
    /// The halt that it stands at or goes to.
    pub halt: u32,
    /// Seconds since the start: when it left the halt before, and when it arrives.
    left: f64,
    arrives: f64,
    /// When it leaves the halt.
    leaves: f64,
    /// When the trip would begin, seconds since the start.
    begin: f64,
}

/// Where a bus is and what it does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    /// Where.
    pub at: Point,
    /// Radians from east.
    pub direction: f64,
    /// Metres a second.
    pub speed: f64,
    /// Whether it stands at the halt.
    pub stands: bool,
    /// Seconds late at the halt.
    pub late: f64,
}

/// All buses.
#[derive(Clone, Debug, Default)]
pub struct Buses {
    buses: Vec<Option<Bus>>,
    free: Vec<u32>,
}

fn pattern(service: &Service, bus: &Bus) -> usize {
    debug_assert!((bus.run.pattern as usize) < service.patterns.len());
    bus.run.pattern as usize
}

impl Buses {
    /// A trip begins. Returns the bus's slot and when it leaves its first halt.
    pub fn begin(&mut self, run: Run, day: i32, begin: f64) -> (u32, f64) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.buses.push(None);
            self.buses.len() as u32 - 1
        });
        let bus = Bus { run, day, vehicle: slot + 1, halt: 0, left: begin, arrives: begin, leaves: begin, begin };
        self.buses[slot as usize] = Some(bus);
        (slot, begin)
    }

    /// A bus leaves its halt. Returns when it leaves the next one; none when its trip has ended.
    pub fn leave(&mut self, slot: u32, now: f64, county: &County, traffic: &Traffic) -> Option<f64> {
        let bus = self.buses.get_mut(slot as usize)?.as_mut()?;
        let pattern = &county.service.patterns[pattern(&county.service, bus)];
        let at = bus.halt as usize;
        let Some(next) = pattern.halts.get(at + 1) else {
            self.buses[slot as usize] = None;
            self.free.push(slot);
            return None;
        };
        let planned = f64::from(next.arrival - pattern.halts[at].departure).max(1.0);
        let leg = &pattern.legs[at];
        let slow = traffic.slower(leg);
        let drive = if traffic.blocked(leg) {
            planned + AROUND
        } else if slow > 1.0 {
            // The timetable has some ease; what is beyond it is late.
            planned * (slow * 0.8).max(1.0)
        } else {
            // A bus that is late makes up for it where it can.
            let late = now - (bus.begin + f64::from(pattern.halts[at].departure));
            (planned - late.max(0.0)).max(planned * FASTEST)
        };
        (bus.left, bus.arrives) = (now, now + drive);
        bus.halt += 1;
        let due = bus.begin + f64::from(next.departure);
        let last = at + 2 == pattern.halts.len();
        // At its last halt it stays for a minute, so that its arrival is seen.
        bus.leaves =
            if last { bus.arrives + 60.0 } else { due.max(bus.arrives + LEAST_DWELL.min(next_dwell(pattern, at + 1))) };
        Some(bus.leaves)
    }

    /// Buses on trips, by slot.
    pub fn all(&self) -> impl Iterator<Item = &Bus> {
        self.buses.iter().flatten()
    }

    /// Where a bus is now.
    pub fn sight(county: &County, bus: &Bus, now: f64) -> Sight {
        let pattern = &county.service.patterns[pattern(&county.service, bus)];
        let halt = &pattern.halts[bus.halt as usize];
        let late = bus.arrives.max(bus.left) - (bus.begin + f64::from(halt.arrival));
        let from = bus.halt.checked_sub(1).map_or(halt.metres, |before| pattern.halts[before as usize].metres);
        let length = halt.metres - from;
        if now >= bus.arrives || length <= 0.0 {
            let (at, direction) = along(&pattern.line, halt.metres);
            return Sight { at, direction, speed: 0.0, stands: true, late };
        }
        let share = ((now - bus.left) / (bus.arrives - bus.left)).clamp(0.0, 1.0);
        let (at, direction) = along(&pattern.line, from + length * share);
        Sight { at, direction, speed: length / (bus.arrives - bus.left), stands: false, late }
    }
}

fn next_dwell(pattern: &Pattern, halt: usize) -> f64 {
    f64::from(pattern.halts[halt].departure - pattern.halts[halt].arrival)
}
