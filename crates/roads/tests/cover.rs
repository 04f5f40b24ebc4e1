//! Which edges a geometry covers, and routes along given edges: on a drawn town.

use belfry_kernel::{Geometry, Position};
use belfry_roads::{Class, Family, Fix, Matching, Roads, Router, Rules, Survey, Workspace};

fn at(lon: f64, lat: f64) -> Position {
    Position { lon, lat, alt: None }
}

/// Two roads from west to east, 111 m apart, and three from south to north across them, about 380 m apart.
fn town() -> Roads {
    let mut survey = Survey::default();
    let tags = [("highway", "residential")];
    survey.way(1, &[1, 2, 3], &[tags[0], ("name", "South Street")]);
    survey.way(2, &[4, 5, 6], &[tags[0], ("name", "North Street")]);
    survey.way(3, &[1, 4], &tags);
    survey.way(4, &[2, 5], &tags);
    survey.way(5, &[3, 6], &tags);
    for (node, (lon, lat)) in
        [(9.500, 47.0), (9.505, 47.0), (9.510, 47.0), (9.500, 47.001), (9.505, 47.001), (9.510, 47.001)]
            .iter()
            .enumerate()
    {
        survey.node(node as i64 + 1, at(*lon, *lat), &[] as &[(&str, &str)]);
    }
    Roads::new(&survey, Family::Drive)
}

/// The ways of the edges that are covered, and how many of them there are.
fn covered(roads: &Roads, geometry: &Geometry, within_m: f64) -> (Vec<i64>, usize) {
    let edges = roads.covered(geometry, within_m);
    let mut ways: Vec<i64> = edges.iter().map(|edge| roads.network().way(*edge)).collect();
    ways.dedup();
    ways.sort_unstable();
    (ways, edges.len())
}

#[test]
fn lines_cover_what_runs_along_them() {
    let roads = town();
    let line = |all: &[(f64, f64)]| Geometry::LineString(all.iter().map(|(lon, lat)| at(*lon, *lat)).collect());
    for (what, geometry, ways, edges) in [
        ("the whole street, drawn 5 m beside it", line(&[(9.500, 47.000_05), (9.510, 47.000_05)]), vec![1], 2),
        ("half of it", line(&[(9.500, 47.0), (9.505, 47.0)]), vec![1], 1),
        ("20 m in the middle of one link", line(&[(9.502, 47.0), (9.502_3, 47.0)]), vec![1], 1),
        ("too little of it", line(&[(9.502, 47.0), (9.502_05, 47.0)]), vec![], 0),
        ("around a corner", line(&[(9.502, 47.0), (9.505, 47.0), (9.505, 47.001)]), vec![1, 4], 2),
        ("a line across both streets", line(&[(9.502, 46.999), (9.502, 47.002)]), vec![], 0),
        ("20 m away", line(&[(9.500, 47.000_2), (9.510, 47.000_2)]), vec![], 0),
        ("no line at all", line(&[(9.5, 47.0), (9.5, 47.0)]), vec![], 0),
    ] {
        assert_eq!(covered(&roads, &geometry, 12.0), (ways, edges), "{what}");
    }
    // The direction is that of the line.
    let (east, west) = (line(&[(9.500, 47.0), (9.505, 47.0)]), line(&[(9.505, 47.0), (9.500, 47.0)]));
    let (east, west) = (roads.covered(&east, 12.0), roads.covered(&west, 12.0));
    assert_eq!(east.iter().map(|edge| edge.reverse()).collect::<Vec<_>>(), west);
    let way: Vec<f64> = roads.network().geometry(east[0]).map(|position| position.lon).collect();
    assert!(way.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn points_and_areas_cover_both_directions() {
    let roads = town();
    assert_eq!(covered(&roads, &Geometry::Point(at(9.502, 47.000_1)), 30.0), (vec![1], 2));
    assert_eq!(covered(&roads, &Geometry::Point(at(9.502, 47.000_5)), 30.0), (vec![], 0));
    let ring = |west: f64, south: f64, east: f64, north: f64| {
        [(west, south), (east, south), (east, north), (west, north), (west, south)]
            .map(|(lon, lat)| at(lon, lat))
            .to_vec()
    };
    let middle = ring(9.504, 46.999_9, 9.506, 47.001_1);
    assert_eq!(covered(&roads, &Geometry::Polygon(vec![middle.clone()]), 0.0), (vec![1, 2, 4], 10));
    // A hole around the crossing in the south.
    let hole = ring(9.503_9, 46.999_8, 9.506_1, 47.000_5);
    let (ways, edges) = covered(&roads, &Geometry::Polygon(vec![middle, hole]), 0.0);
    assert_eq!((ways, edges), (vec![2, 4], 6));
    let far = Geometry::MultiPolygon(vec![vec![ring(19.0, 47.0, 19.1, 47.1)], vec![]]);
    assert_eq!(covered(&roads, &far, 0.0), (vec![], 0));
}

#[test]
fn a_matched_trace_is_a_route_and_steps_hold_its_line() {
    let roads = town();
    let costs = roads.costs(Class::Car, &Rules::default());
    let (metric, mainland) = (roads.metric(&costs), roads.mainland(&costs));
    let router = Router::new(&roads, &costs, &metric, &mainland);
    let mut workspace = Workspace::default();
    let trace = [at(9.501, 47.000_02), at(9.504, 47.0), at(9.505, 47.000_5), at(9.508, 47.001)];
    let fixes = trace.map(|position| Fix { position });
    let matched = router.match_trace(&mut workspace, &fixes, &Matching::default());
    let matched: Vec<_> = matched.into_iter().map(|one| one.expect("near a road")).collect();
    let mut metres = 0.0;
    for pair in matched.windows(2) {
        let leg = router.along(&pair[1].way, &pair[0].snap, &pair[1].snap).expect("joined edges");
        assert_eq!(leg.cost_of_parts(&costs), leg.cost);
        assert_eq!(
            (leg.geometry[0], leg.geometry[leg.geometry.len() - 1]),
            (pair[0].snap.position, pair[1].snap.position)
        );
        metres += leg.distance_m;
    }
    let whole = router.route(&mut workspace, &matched[0].snap, &matched[3].snap).expect("a way");
    assert!((whole.distance_m - metres).abs() < 0.5, "{} {metres}", whole.distance_m);
    assert!(router.along(&[], &matched[0].snap, &matched[1].snap).is_none());
    let apart = [matched[0].edge, matched[3].edge];
    assert!(router.along(&apart, &matched[0].snap, &matched[3].snap).is_none());

    let steps = router.steps(&whole);
    assert_eq!((steps[0].line.0, steps[steps.len() - 1].line.1), (0, whole.geometry.len() - 1));
    for pair in steps.windows(2) {
        assert_eq!(pair[0].line.1, pair[1].line.0);
        assert_eq!(whole.geometry[pair[1].line.0], pair[1].position);
    }
    // East, then north, then east again.
    let bearings: Vec<_> = steps.iter().map(|step| (step.bearings.0.round(), step.bearings.1.round())).collect();
    assert_eq!(bearings, [(0.0, 90.0), (90.0, 0.0), (0.0, 90.0), (90.0, 0.0)]);
    let pieces = router.pieces(&whole);
    assert_eq!(pieces.len(), whole.geometry.len() - 1);
    let (metres, ms) = pieces.iter().fold((0.0, 0.0), |(m, t), (metres, ms)| (m + metres, t + ms));
    assert!((metres - whole.distance_m).abs() < 1.0 && ms <= whole.duration_ms as f64 + 2.0, "{metres} {ms}");
}
