//! The same seed gives the same bytes, whatever the size of the steps in which it is asked for them.

use crate::support::{fingerprint, listen, said, simulation};
use belfry_sim::wire::Message;
use belfry_sim::{Faults, Simulation};

fn hour(simulation: &mut Simulation, steps: i64) -> u64 {
    let (mut bytes, mut happened) = (Vec::new(), Vec::new());
    for _ in 0..steps {
        let (readings, truths) = listen(simulation, 3_600 / steps);
        for message in said(simulation, &readings) {
            let (first, second) = match message {
                Message::Publish { topic, payload } => (topic.into_bytes(), payload),
                Message::Entity { id, body } => (id.into_bytes(), body.into_bytes()),
            };
            bytes.extend(first);
            bytes.extend(second);
        }
        for (truth, began) in truths {
            happened.extend(format!("{truth:?} {began}").bytes());
        }
    }
    bytes.extend(happened);
    for vehicle in simulation.vehicles() {
        bytes.extend(format!("{vehicle:?}").bytes());
    }
    fingerprint(bytes.into_iter())
}

#[test]
fn one_seed_is_one_history() {
    let one = |seed, steps| hour(&mut simulation(seed, 400, Faults::USUAL.times(5.0), true), steps);
    let first = one(7, 1);
    assert_eq!(first, one(7, 1));
    assert_eq!(first, one(7, 60), "asked in sixty steps it is another history");
    assert_ne!(first, one(8, 1));
}

#[test]
fn whoever_listens_may_stop_and_go_on() {
    let mut whole = simulation(3, 300, Faults::USUAL, true);
    let mut broken = simulation(3, 300, Faults::USUAL, true);
    let (expected, _) = listen(&mut whole, 1_800);
    let until = broken.now().plus_micros(1_800_000_000);
    let mut found = Vec::new();
    loop {
        let mut taken = 0;
        let advanced = broken.advance(until, &mut |event| {
            if let belfry_sim::Event::Reading(reading) = event {
                found.push(*reading);
                taken += 1;
            }
            if taken == 7 { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
        });
        if advanced == belfry_sim::Advanced::Reached {
            break;
        }
    }
    assert_eq!(found, expected);
}
