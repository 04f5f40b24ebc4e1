//! The real maps of `../shared/data` (or `$BELFRY_TEST_DATA`), where they are: every class, random pairs against Dijkstra's algorithm,
//! isochrones, and that a fire engine gets around. The full count of pairs is in the example `speed`.

#[path = "support/mod.rs"]
mod support;

use belfry_roads::{Class, Drawing, Roads, Router, Rules, Snap, Survey, Workspace};
use support::{Draw, real, survey};

/// Pairs for each map and class: Dijkstra's algorithm takes its time without optimisation.
const PAIRS: usize = if cfg!(debug_assertions) { 100 } else { 10_000 };

fn hold(name: &str, survey: &Survey, class: Class, rules: &Rules) {
    let roads = Roads::new(survey, class.family());
    let costs = roads.costs(class, rules);
    let (metric, mainland) = (roads.metric(&costs), roads.mainland(&costs));
    let router = Router::new(&roads, &costs, &metric, &mainland);
    let (mut workspace, mut draw) = (Workspace::default(), Draw(11));
    let mut place = || loop {
        let edge = roads.network().edge(draw.below(roads.network().edges())).expect("below their number");
        if let Ok(snap) = router.snap(Snap::on(roads.network(), edge, draw.share()).position, 500.0) {
            return snap;
        }
    };
    let mut without = 0;
    for _ in 0..PAIRS {
        let (from, to) = (place(), place());
        let route = router.route(&mut workspace, &from, &to);
        assert_eq!(route.as_ref().map(|r| r.cost), router.plain_cost(&mut workspace, &from, &to), "{name} {class:?}");
        let Some(route) = route else {
            without += 1;
            continue;
        };
        assert_eq!(route.cost_of_parts(&costs), route.cost, "{name} {class:?}");
        assert!(router.steps(&route).len() > 1);
    }
    assert!(without * 20 <= PAIRS, "{name} {class:?}: {without} of {PAIRS} pairs have no way");
    let area = router.isochrone(&mut workspace, &place(), 900_000, &Drawing::default());
    assert!(area.is_some(), "{name} {class:?}");
    println!(
        "{name} {class:?}: {} edges, {} turns, {} without a way; {:?}",
        roads.network().edges(),
        roads.turns().len(),
        without,
        roads.network().report()
    );
}

fn every_class(name: &str) {
    let Some(path) = real(name) else { return };
    let survey = survey(&path).expect("the file is read");
    for class in Class::ALL {
        hold(name, &survey, class, &Rules::default());
    }
    hold(name, &survey, Class::FireEngine, &Rules::on_call());
}

#[test]
fn a_county() {
    every_class("liechtenstein.osm.pbf");
}

#[test]
fn a_town() {
    every_class("bad-hersfeld.osm.xml.gz");
}

#[test]
fn a_desert() {
    every_class("beatty-nevada.osm");
}
