//! What the tests share: counties that live, and all that they say.

use belfry_kernel::Time;
use belfry_sim::county::{County, Outline};
use belfry_sim::wire::{Message, messages};
use belfry_sim::{Event, Faults, Reading, Setup, Simulation, Truth};
use std::ops::ControlFlow;

pub const MORNING: &str = "2026-06-17T06:00:00Z";

pub fn instant(text: &str) -> Time {
    Time::parse(text).expect("an instant")
}

pub fn county(seed: u64, devices: u32) -> County {
    County::generate(&Outline { seed, devices, ..Outline::default() })
}

pub fn simulation(seed: u64, devices: u32, faults: Faults, chance: bool) -> Simulation {
    let setup = Setup { start: instant(MORNING), devices, faults, chance };
    Simulation::new(county(seed, devices), setup)
}

/// All that is said and that happens within so many seconds.
pub fn listen(simulation: &mut Simulation, seconds: i64) -> (Vec<Reading>, Vec<(Truth, bool)>) {
    let until = simulation.now().plus_micros(seconds * 1_000_000);
    let (mut readings, mut truths) = (Vec::new(), Vec::new());
    simulation.advance(until, &mut |event| {
        match event {
            Event::Reading(reading) => readings.push(*reading),
            Event::Began(truth) => truths.push((truth.clone(), true)),
            Event::Ended(truth) => truths.push((truth.clone(), false)),
        }
        ControlFlow::Continue(())
    });
    (readings, truths)
}

/// The messages of readings.
pub fn said(simulation: &Simulation, readings: &[Reading]) -> Vec<Message> {
    let mut all = Vec::new();
    for reading in readings {
        messages(simulation, reading, &|at| at, &mut |message| all.push(message));
    }
    all
}

/// FNV-1a, so that a hash is the same for every build of the standard library.
pub fn fingerprint(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
