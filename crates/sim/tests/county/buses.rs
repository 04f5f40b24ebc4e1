//! Buses keep their timetable when nothing is in their way, and are late when something is.

use crate::support::{listen, simulation};
use belfry_connect_gtfs::realtime::{decode, encode};
use belfry_sim::scenario::Scenario;
use belfry_sim::{Faults, VehicleKind};

#[test]
fn undisturbed_they_are_on_time_everywhere() {
    let mut simulation = simulation(11, 300, Faults::NONE, false);
    let mut seen = 0;
    for _ in 0..240 {
        listen(&mut simulation, 45);
        for vehicle in simulation.vehicles().into_iter().filter(|v| v.kind == VehicleKind::Bus) {
            assert!(vehicle.late.abs() < 1.0, "{vehicle:?}");
            seen += 1;
        }
    }
    assert!(seen > 1_000, "{seen}");
}

#[test]
fn they_stop_where_and_when_the_timetable_says() {
    let mut simulation = simulation(11, 300, Faults::NONE, false);
    let (mut standing, mut driving) = (0, 0);
    for _ in 0..120 {
        listen(&mut simulation, 30);
        let message = simulation.realtime(&|at| at);
        let now = (simulation.now().micros() / 1_000_000) as i32;
        let county = simulation.county();
        for (_, position) in &message.vehicles {
            let trip = position.trip.as_ref().expect("a trip");
            let number = county.feed.trips.iter().position(|t| t.id == trip.trip.as_str()).expect("a known trip");
            let rows = county.feed.times(belfry_connect_gtfs::TripIndex(number as u32));
            let row = rows.iter().find(|row| Some(row.sequence) == position.sequence).expect("a known stop");
            let of_day = county.second_of_day(i64::from(now)) as i32;
            if position.status == belfry_connect_gtfs::realtime::VehicleStatus::Stopped {
                assert!((row.arrival..=row.departure + 60).contains(&of_day), "{of_day} {row:?}");
                let at = county.feed.stops[row.stop.at()].position.expect("a place");
                let place = |lon, lat| county.plane.point(belfry_kernel::Position { lon, lat, alt: None });
                let away = place(at.lon, at.lat).to(place(position.lon.into(), position.lat.into()));
                assert!(away < 15.0, "{away} m from its stop");
                standing += 1;
            } else {
                assert!(of_day <= row.arrival, "{of_day} {row:?}");
                driving += 1;
            }
        }
        let (back, rejected) = decode(&encode(&message)).expect("bytes of our own");
        assert!(rejected.is_empty());
        assert_eq!((back.vehicles.len(), back.trips.len()), (message.vehicles.len(), message.trips.len()));
    }
    assert!(standing > 50 && driving > 200, "{standing} {driving}");
}

#[test]
fn a_closed_bridge_makes_them_late_and_is_told() {
    let mut simulation = simulation(11, 300, Faults::NONE, false);
    let county = simulation.county();
    // A road that a line drives over: the middle of a leg in the middle of a pattern.
    let pattern = &county.service.patterns[0];
    let segment = pattern.legs[pattern.legs.len() / 2][0];
    let (a, b) = county.roads.ends(segment);
    let [lon, lat] = county.plane.degrees(a.toward(b, 0.5));
    let text = format!(
        "title = 'crash'\nminutes = 180\n[[event]]\nat = '+00:05'\nkind = 'crash'\nplace = [{lon}, {lat}]\ncloses = true\nminutes = 120\n"
    );
    simulation.play(&Scenario::parse(&text).expect("a scenario")).expect("a place");
    let (mut latest, mut alerts) = (0.0_f64, 0);
    for _ in 0..90 {
        listen(&mut simulation, 60);
        let late = simulation.vehicles().into_iter().map(|v| v.late).fold(0.0, f64::max);
        latest = latest.max(late);
        alerts = alerts.max(simulation.realtime(&|at| at).alerts.len());
    }
    assert!(latest > 120.0, "{latest} s");
    assert_eq!(alerts, 1);
    assert!(simulation.units_out() > 0);
}
