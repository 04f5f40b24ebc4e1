//! What devices say against what was: noise as stated, faults as often as configured, and nothing else wrong.

use crate::support::{listen, simulation};
use belfry_sim::draw::BELL_MAX;
use belfry_sim::{Event, Faults, Kind, Reading, Simulation, TruthKind};
use std::ops::ControlFlow;

fn within(found: f64, expected: f64, share: f64, what: &str) {
    assert!((found - expected).abs() <= share * expected, "{what}: {found}, not {expected}");
}

#[test]
fn truth_and_observation_agree_within_the_stated_noise() {
    let mut simulation = simulation(4, 2_000, Faults::USUAL, true);
    let (readings, _) = listen(&mut simulation, 6 * 3_600);
    assert!(readings.len() > 40_000, "{}", readings.len());
    let mut squares = [0.0_f64; 14];
    let mut counts = [0_u32; 14];
    for reading in &readings {
        let second = ((reading.at.micros() - simulation.setup().start.micros()) / 1_000_000) as u32;
        for (i, attribute) in reading.kind.spec().attributes.iter().enumerate() {
            let (said, was) = (reading.values[i], reading.truth[i]);
            let deviation = attribute.noise.0 + attribute.noise.1 * was.abs();
            let drift = if attribute.drift > 0.0 {
                simulation.drift_of(reading.device, i, attribute.drift, second)
            } else {
                0.0
            };
            let (low, high) = attribute.range;
            assert!((low..=high).contains(&said), "{:?} {} says {said}", reading.kind, attribute.name);
            let wrong = match attribute.name {
                "windDirection" => (said - was + 540.0).rem_euclid(360.0) - 180.0,
                _ => said - was,
            };
            let most = deviation * BELL_MAX + drift.abs() + 1e-4 * (1.0 + was.abs());
            assert!(wrong.abs() <= most, "{:?} {}: {said}, was {was}, at most {most}", reading.kind, attribute.name);
            if i == 0 && deviation > 0.0 && drift == 0.0 && was > low + 4.0 * deviation && was < high - 4.0 * deviation
            {
                squares[reading.kind as usize] += f64::from(wrong / deviation).powi(2);
                counts[reading.kind as usize] += 1;
            }
        }
    }
    for kind in
        [Kind::Weather, Kind::River, Kind::Air, Kind::Soil, Kind::Traffic, Kind::Room, Kind::Pressure, Kind::Zone]
    {
        let (sum, count) = (squares[kind as usize], counts[kind as usize]);
        assert!(count > 300, "{kind:?} {count}");
        within((sum / f64::from(count)).sqrt(), 1.0, 0.12, &format!("deviation of {kind:?}"));
    }
}

#[test]
fn faults_come_as_often_as_configured() {
    let faults = Faults { silences_a_day: 0.5, duplicates: 0.02, late: 0.03, skewed: 0.2, ..Faults::USUAL };
    let mut simulation = simulation(6, 3_000, faults, false);
    let (readings, truths) = listen(&mut simulation, 86_400);
    let counts = simulation.counts();
    let made = counts.readings as f64;
    let unordered = 1.0 - readings.iter().filter(|r| r.kind == Kind::Zone).count() as f64 / readings.len() as f64;
    let copies = readings.iter().filter(|r| r.copy).count() as f64;
    let late = readings.iter().filter(|r| !r.copy && r.sent > r.at).count() as f64;
    within(copies, made * unordered * (1.0 - 0.03) * 0.02, 0.05, "copies");
    within(late, made * unordered * 0.03, 0.05, "late reports");
    let silences = truths.iter().filter(|(t, _)| t.kind == TruthKind::Silence).count() as f64;
    // A device that is silent or dead falls silent no second time: at half a silence a day of an hour and a half, 3 % less.
    within(silences, 3_000.0 * 0.5 * 0.95, 0.08, "silences");
    assert_eq!(silences as u64, counts.silences);
    let mean: f64 = truths
        .iter()
        .filter(|(t, _)| t.kind == TruthKind::Silence)
        .map(|(t, _)| (t.end.expect("a known end").micros() - t.begin.micros()) as f64 / 1e6)
        .sum::<f64>()
        / silences;
    assert!((5_400.0..6_600.0).contains(&mean), "silences last {mean} s");
    let skewed = (0..3_000).filter(|d| faults.skew(simulation.county().seed, *d) != 0).count() as f64;
    within(skewed, 600.0, 0.15, "wrong clocks");
    for reading in &readings {
        let skew = reading.stamp.micros() - reading.at.micros();
        assert_eq!(skew, faults.skew(simulation.county().seed, reading.device));
        assert!(skew.abs() <= 90_000_000 && reading.sent >= reading.at);
    }
}

#[test]
fn a_silent_device_is_silent_and_speaks_again() {
    let faults = Faults { silences_a_day: 4.0, late: 0.0, duplicates: 0.0, ..Faults::USUAL };
    let mut simulation = simulation(6, 300, faults, false);
    let (readings, truths) = listen(&mut simulation, 86_400);
    let mut checked = 0;
    for (truth, _) in truths.iter().filter(|(t, _)| matches!(t.kind, TruthKind::Silence | TruthKind::BatteryDead)) {
        let belfry_sim::Asset::Device(device) = truth.assets[0] else { panic!("a silence of something else") };
        let end = truth.end.expect("a known end");
        assert!(!readings.iter().any(|r| r.device == device && r.at >= truth.begin && r.at < end));
        checked += 1;
    }
    assert!(checked > 500, "{checked}");
}

#[test]
fn without_faults_everything_comes_once_and_in_order() {
    let mut simulation = simulation(1, 500, Faults::NONE, true);
    let (readings, truths) = listen(&mut simulation, 7_200);
    assert!(readings.windows(2).all(|pair| pair[0].sent <= pair[1].sent));
    assert!(readings.iter().all(|r| !r.copy && r.sent == r.at && r.stamp == r.at));
    assert!(!truths.iter().any(|(t, _)| matches!(t.kind, TruthKind::Silence | TruthKind::LiftStopped)));
    let mut last = vec![None::<Reading>; 500];
    for reading in readings {
        if let Some(before) = last[reading.device as usize] {
            assert_eq!(reading.count, before.count + 1);
            let period = i64::from(reading.kind.spec().period) * 1_000_000;
            assert_eq!(reading.at.micros() - before.at.micros(), period, "{:?}", reading.kind);
        }
        last[reading.device as usize] = Some(reading);
    }
}

#[test]
fn work_grows_with_reports_and_not_with_devices() {
    // Of devices that report once an hour, a second costs a few: the wheel hands out only those.
    let events = |simulation: &mut Simulation| {
        let until = simulation.now().plus_micros(60_000_000);
        let mut n = 0;
        simulation.advance(until, &mut |event| {
            n += u32::from(matches!(event, Event::Reading(_)));
            ControlFlow::Continue(())
        });
        n
    };
    let mut small = simulation(1, 2_000, Faults::NONE, false);
    let mut large = simulation(1, 20_000, Faults::NONE, false);
    let (a, b) = (events(&mut small), events(&mut large));
    assert!(b > 8 * a && b < 12 * a, "{a} and {b}");
    // What is no report does not grow with devices at all; roads and trips of the larger county do, a little.
    assert!(large.counts().events < 4 * small.counts().events + 100, "{:?} {:?}", small.counts(), large.counts());
}
