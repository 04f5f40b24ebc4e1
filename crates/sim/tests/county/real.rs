//! Sensors on real towns: the maps and the feed of `../shared/data` (or `$BELFRY_TEST_DATA`), where they are.

use crate::support::{instant, listen};
use belfry_connect_gtfs::{Feed, Limits as FeedLimits, Zip};
use belfry_connect_osm::{Element, Kinds, Limits, read};
use belfry_sim::county::{County, Import};
use belfry_sim::{Faults, Setup, Simulation, VehicleKind};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

fn real(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = std::env::var_os("BELFRY_TEST_DATA").map_or(beside, PathBuf::from).join(name);
    let there = path.is_file();
    if !there {
        println!("{} is not there; not tested", path.display());
    }
    there.then_some(path)
}

fn import(path: &Path, feed: Option<Feed>) -> County {
    let mut import = Import::default();
    let file = std::fs::File::open(path).expect("the file is there");
    read(&path.display().to_string(), file, Kinds::ALL, &Limits::default(), &mut |element| {
        match element {
            Element::Node(node) => import.node(node.id, node.position, node.tags),
            Element::Way(way) => import.way(way.nodes, way.tags),
            Element::Relation(_) => {}
        }
        ControlFlow::Continue(())
    })
    .expect("the file is read");
    import.finish(5, feed, None).expect("a county")
}

fn lives(name: &str, county: County, start: &str) -> Simulation {
    println!(
        "{name}: {} segments, {} places, {} houses, {} reaches, {} fields, {} car parks, {} trips, {} pipes",
        county.roads.segments.len(),
        county.places.len(),
        county.houses.len(),
        county.rivers.reaches.len(),
        county.parcels.len(),
        county.car_parks.len(),
        county.service.runs.len(),
        county.pipes.nodes.len()
    );
    let setup = Setup { start: instant(start), devices: 500, faults: Faults::USUAL, chance: true };
    let mut simulation = Simulation::new(county, setup);
    let (readings, _) = listen(&mut simulation, 1_800);
    assert!(readings.len() > 1_000, "{name}: {}", readings.len());
    let reach = simulation.county().reach_m * 1.6;
    for device in 0..simulation.devices() {
        let at = simulation.place(device);
        assert!(at.x.abs() < reach && at.y.abs() < reach, "{name}: device {device} at {at:?}");
    }
    simulation
}

#[test]
fn a_county_and_a_town() {
    for (name, roads) in [("osm/liechtenstein.osm.pbf", 10_000), ("osm/bad-hersfeld.osm.xml.gz", 3_000)] {
        let Some(path) = real(name) else { continue };
        let county = import(&path, None);
        assert!(county.roads.segments.len() > roads, "{name}");
        assert!(!county.rivers.reaches.is_empty() && !county.places.is_empty());
        let simulation = lives(name, county, "2026-06-17T06:00:00Z");
        assert!(simulation.vehicles().iter().any(|v| v.kind == VehicleKind::Bus), "{name}");
    }
}

#[test]
fn a_desert_town_with_its_timetable() {
    let (Some(map), Some(feed)) = (real("osm/beatty-nevada.osm"), real("gtfs/beatty-sample-feed.zip")) else { return };
    let mut zip = Zip::new(std::fs::File::open(feed).expect("the feed")).expect("an archive");
    let (feed, _) = belfry_connect_gtfs::read(&mut zip, &FeedLimits::default(), None);
    let county = import(&map, Some(feed));
    assert!(county.service.runs.len() > 5, "{}", county.service.runs.len());
    // The feed is valid in 2007 and its buses start at six, eight hours behind UTC.
    let mut simulation = lives("Beatty", county, "2007-06-05T14:00:00Z");
    let mut seen = 0;
    for _ in 0..20 {
        listen(&mut simulation, 120);
        seen += simulation.vehicles().iter().filter(|v| v.kind == VehicleKind::Bus).count();
    }
    assert!(seen > 0, "no bus of the feed drives");
}
