//! Nothing is made of nothing: water in rivers, in fields and in pipes adds up.

use crate::support::{county, listen, simulation};
use belfry_sim::Faults;
use belfry_sim::plane::Point;
use belfry_sim::process::weather::Weather;
use belfry_sim::scenario::Scenario;
use proptest::prelude::*;

#[test]
fn rivers_keep_every_drop() {
    let mut simulation = simulation(5, 200, Faults::NONE, true);
    let text = "title = 'wet'\nminutes = 2880\nstart = '07:00'\n\
        [[event]]\nat = '+01:00'\nkind = 'front'\nmm_h = 9\n\
        [[event]]\nat = '+06:00'\nkind = 'cloudburst'\nplace = 'upper valley'\nmm_h = 90\nminutes = 60\n";
    simulation.play(&Scenario::parse(text).expect("a scenario")).expect("known places");
    listen(&mut simulation, 2 * 86_400);
    let ledger = simulation.water().ledger();
    let held = simulation.water().held(simulation.county());
    let missing = ledger.before + ledger.rain - ledger.air - ledger.out - ledger.seeped - ledger.fields - held;
    assert!(ledger.rain > 1e5 && ledger.out > 1e5 && ledger.air > 1e3, "{ledger:?}");
    assert!(missing.abs() < 1e-9 * ledger.before, "{missing} m3 of {ledger:?}");
}

#[test]
fn a_cloudburst_becomes_a_flood_wave_that_arrives_later_further_down() {
    let mut simulation = simulation(5, 200, Faults::NONE, false);
    let text = "title = 'wet'\nminutes = 600\n[[event]]\nat = '+00:30'\nkind = 'cloudburst'\nplace = 'upper valley'\nmm_h = 110\nminutes = 60\nradius_m = 5000\n";
    simulation.play(&Scenario::parse(text).expect("a scenario")).expect("known places");
    let rivers: Vec<u32> = simulation.assets().rivers.clone();
    let main: Vec<u32> = rivers
        .into_iter()
        .filter(|r| simulation.county().rivers.reaches[*r as usize].kind == belfry_sim::county::WaterKind::River)
        .collect();
    let (first, last) = (main[0], main[main.len() - 1]);
    let before = simulation.water().depth(simulation.county(), first);
    let mut peak = [(0.0, 0); 2];
    for minute in 0..600 {
        listen(&mut simulation, 60);
        for (reach, peak) in [first, last].into_iter().zip(&mut peak) {
            let depth = simulation.water().depth(simulation.county(), reach);
            if depth > peak.0 {
                *peak = (depth, minute);
            }
        }
    }
    assert!(peak[0].0 > before + 0.5, "{before} m rose to {peak:?}");
    assert!(peak[1].1 > peak[0].1 + 10, "the wave came at once: {peak:?}");
}

#[test]
fn fields_use_what_they_get() {
    let mut simulation = simulation(9, 200, Faults::NONE, true);
    let before = simulation.fields().depletion();
    listen(&mut simulation, 10 * 86_400);
    let ledger = simulation.fields().ledger();
    let expected = before - (ledger.rain - ledger.runoff) - ledger.watering + ledger.used + ledger.deep;
    let found = simulation.fields().depletion();
    assert!((found - expected).abs() < 1e-6 * (1.0 + ledger.used), "{found} is not {expected}: {ledger:?}");
    assert!(ledger.used > 0.0 && ledger.watering > 0.0, "{ledger:?}");
    // Some millimetres a day and field, as summers have.
    let a_day = ledger.used / 10.0 / simulation.county().parcels.len() as f64;
    assert!((0.5..9.0).contains(&a_day), "{a_day} mm a day");
}

#[test]
fn pipes_give_what_they_get_and_a_leak_shows() {
    let mut simulation = simulation(2, 200, Faults::NONE, false);
    listen(&mut simulation, 3_600);
    let (out, drawn, lost) = simulation.network().balance();
    assert!(lost == 0.0 && (out - drawn).abs() < 1e-3 * drawn, "{out} l/s out, {drawn} drawn");
    // Far out, where pipes are narrow.
    let node = *simulation.assets().pipes.last().expect("pipes");
    let [lon, lat] = simulation.county().plane.degrees(simulation.county().pipes.nodes[node as usize].at);
    let text = format!(
        "title = 'leak'\nminutes = 60\n[[event]]\nat = '+00:10'\nkind = 'leak'\nlitres_s = 20\nplace = [{lon}, {lat}]\n"
    );
    simulation.play(&Scenario::parse(&text).expect("a scenario")).expect("known places");
    let before = simulation.network().pressure(node);
    // Events of a scenario count from the start, which is past: it breaks at once.
    listen(&mut simulation, 900);
    let (out, drawn, lost) = simulation.network().balance();
    assert!(lost > 5.0 && (out - drawn - lost).abs() < 1e-3 * out, "{out} out, {drawn} drawn, {lost} lost");
    assert!(simulation.network().pressure(node) < before - 0.1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn weather_stays_weather(seed: u64, latitude in -60.0_f64..60.0, day in 1_u16..366) {
        let mut weather = Weather::new(seed, latitude, 15_000.0, 400.0);
        for minute in 0..2_880_u32 {
            let hour = f64::from(minute % 1_440) / 60.0;
            weather.step(f64::from(minute) * 60.0, 60.0, day, hour);
            let (state, here) = (weather.state(), weather.here(weather.cell(Point::new(1_000.0, 2_000.0)), 500.0));
            prop_assert!((-45.0..55.0).contains(&here.temperature), "{here:?}");
            prop_assert!((0.0..=1.0).contains(&here.humidity) && here.rain >= 0.0, "{here:?}");
            prop_assert!((0.0..40.0).contains(&state.wind) && (0.0..=360.0).contains(&state.from), "{state:?}");
            prop_assert!(state.sun >= 0.0 && state.sun < 1_400.0 && state.dew <= state.temperature);
        }
    }

    #[test]
    fn every_seed_makes_a_county_that_hangs_together(seed: u64) {
        let county = county(seed, 50);
        prop_assert!(county.roads.segments.len() > 100);
        prop_assert!(county.houses.len() > 200 && county.places.len() > 10 && county.parcels.len() > 10);
        prop_assert!(county.service.runs.len() > 100, "{}", county.service.runs.len());
        for (number, reach) in county.rivers.reaches.iter().enumerate() {
            prop_assert!(reach.downstream.is_none_or(|to| to as usize > number));
            prop_assert!(reach.source.is_none_or(|from| (from as usize) < number));
        }
        for (number, node) in county.pipes.nodes.iter().enumerate().skip(1) {
            prop_assert!((node.parent as usize) < number);
        }
        // From everywhere one gets to the town.
        let hub = county.roads.nearest_node(county.settlements[0].at).expect("roads");
        for place in &county.places {
            prop_assert!(place.node == hub || county.roads.path(place.node, hub, |_| true).is_some(), "{}", place.name);
        }
        prop_assert!(county.find("bridge").is_some() && county.find("Upper Valley").is_some());
    }
}
