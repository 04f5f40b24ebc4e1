//! Random towns: whatever roads, one-ways, barriers and restrictions there are, every answer has the cost that Dijkstra's
//! algorithm finds on the same turns, also after live changes; isochrones are valid; nothing panics, wherever on earth it is.

use belfry_kernel::{Geometry, Position};
use belfry_roads::{
    Choice, Class, Drawing, Edge, FOREVER, Fix, Matching, MemberKind, Roads, Router, Rules, Snap, Survey, Workspace,
};
use geo::Validation;
use proptest::prelude::*;

/// A town: places on a grid of eight columns, roads as lists of places with tags, restrictions, barriers.
#[derive(Clone, Debug)]
struct Town {
    corner: (f64, f64),
    spread: f64,
    roads: Vec<(Vec<u8>, u8)>,
    /// The first piece, steps from there, the kind.
    bans: Vec<(u8, Vec<u8>, u8)>,
    barriers: Vec<(u8, u8)>,
}

const ROADS: [&[(&str, &str)]; 8] = [
    &[("highway", "residential")],
    &[("highway", "primary"), ("maxspeed", "70")],
    &[("highway", "residential"), ("oneway", "yes")],
    &[("highway", "tertiary"), ("oneway", "-1")],
    &[("highway", "service"), ("access", "private")],
    &[("highway", "track")],
    &[("highway", "residential"), ("junction", "roundabout")],
    &[("highway", "unclassified"), ("motor_vehicle", "no")],
];

const BANS: [&str; 4] = ["no_left_turn", "only_straight_on", "no_u_turn", "only_right_turn"];

const BARRIERS: [&[(&str, &str)]; 4] = [
    &[("barrier", "bollard")],
    &[("highway", "traffic_signals")],
    &[("barrier", "gate"), ("access", "no")],
    &[("highway", "stop")],
];

fn town(corners: impl Strategy<Value = (f64, f64)>, spread: f64) -> impl Strategy<Value = Town> {
    let road = (prop::collection::vec(0_u8..64, 2..9), 0_u8..8);
    let ban = (0_u8..255, prop::collection::vec(0_u8..64, 1..4), 0_u8..4);
    let parts = (
        corners,
        prop::collection::vec(road, 1..24),
        prop::collection::vec(ban, 0..16),
        prop::collection::vec((0_u8..64, 0_u8..4), 0..6),
    );
    parts.prop_map(move |(corner, roads, bans, barriers)| Town { corner, spread, roads, bans, barriers })
}

impl Town {
    /// Pairs of places, each a way of its own, so that restrictions can speak of them; with their tags.
    fn pieces(&self) -> Vec<([i64; 2], u8)> {
        let mut pieces = Vec::new();
        for (nodes, kind) in &self.roads {
            // Neighbours on the grid, so that roads meet; a place may come twice, a road lead back.
            let mut at = nodes[0];
            for step in &nodes[1..] {
                let next = at.wrapping_add([1, 8, 255, 248, 9][*step as usize % 5]) % 64;
                pieces.push(([i64::from(at), i64::from(next)], *kind));
                at = next;
            }
        }
        pieces
    }

    fn survey(&self) -> Survey {
        let mut survey = Survey::default();
        let pieces = self.pieces();
        for (id, (nodes, kind)) in pieces.iter().enumerate() {
            survey.way(id as i64, nodes, ROADS[*kind as usize]);
        }
        for (first, steps, kind) in &self.bans {
            // A walk over pieces that join: the first is from, the last is to.
            let mut walk = vec![*first as usize % pieces.len()];
            let mut place = pieces[walk[0]].0[1];
            for step in steps {
                let joined: Vec<_> = (0..pieces.len()).filter(|piece| pieces[*piece].0.contains(&place)).collect();
                let next = joined[*step as usize % joined.len()];
                walk.push(next);
                let [a, b] = pieces[next].0;
                place = if a == place { b } else { a };
            }
            let way = |piece: &usize, role| (MemberKind::Way, *piece as i64, role);
            let mut members = vec![way(&walk[0], "from"), way(&walk[walk.len() - 1], "to")];
            match &walk[1..walk.len() - 1] {
                [] => members.push((MemberKind::Node, pieces[walk[0]].0[1], "via")),
                between => members.extend(between.iter().map(|piece| way(piece, "via"))),
            }
            let tags = [("type", "restriction"), ("restriction", BANS[*kind as usize % 4])];
            survey.relation(members.into_iter(), &tags);
        }
        for place in 0..64_u8 {
            let (x, y) = (f64::from(place % 8), f64::from(place / 8));
            let lon = self.corner.0 + x * self.spread;
            let lon = if lon > 180.0 { lon - 360.0 } else { lon };
            let lat = (self.corner.1 + y * self.spread).min(90.0);
            let tags =
                self.barriers.iter().find(|(at, _)| *at == place).map_or(&[][..], |(_, kind)| BARRIERS[*kind as usize]);
            survey.node(i64::from(place), Position { lon, lat, alt: None }, tags);
        }
        survey
    }
}

/// Every tenth edge or so as a place.
fn places(roads: &Roads) -> Vec<Snap> {
    let edges = roads.network().edges();
    let step = (edges / 12).max(1) | 1;
    let share = |at: usize| [0.0, 0.25, 0.5, 1.0][at % 4];
    let at = |at: usize| roads.network().edge(at).map(|edge| Snap::on(roads.network(), edge, share(at)));
    (0..edges).step_by(step).filter_map(at).collect()
}

/// Holds every answer of a router to Dijkstra's algorithm.
fn hold(roads: &Roads, router: &Router<'_>, costs: &belfry_roads::Costs) -> Result<(), TestCaseError> {
    let mut workspace = Workspace::default();
    let places = places(roads);
    let matrix = router.matrix(&mut workspace, &places, &places);
    for (row, from) in places.iter().enumerate() {
        for (column, to) in places.iter().enumerate() {
            let plain = router.plain_cost(&mut workspace, from, to);
            let route = router.route(&mut workspace, from, to);
            prop_assert_eq!(route.as_ref().map(|route| route.cost), plain);
            prop_assert_eq!(router.cost(&mut workspace, from, to), plain);
            prop_assert_eq!(matrix.get(row, column), plain);
            let Some(route) = route else { continue };
            prop_assert_eq!(route.cost_of_parts(costs), route.cost);
            prop_assert!(route.geometry.len() > 1 && route.duration_ms <= u64::from(route.cost));
            let steps = router.steps(&route);
            prop_assert!(steps.len() > 1);
            for other in router.alternatives(&mut workspace, from, to, &Choice::default()) {
                prop_assert!(other.cost >= route.cost && other.cost_of_parts(costs) == other.cost);
            }
        }
        let times = router.times(&mut workspace, from);
        for edge in (0..times.len()).step_by(7).filter_map(|edge| roads.network().edge(edge)) {
            let to = Snap::on(roads.network(), edge, 0.0);
            let route = router.route(&mut workspace, from, &to);
            if route.as_ref().is_some_and(|route| route.edges.len() == 1) {
                continue;
            }
            // The beginning of an edge is also the end of the edge back.
            let by = |edge: Edge, rest| Some(times[edge.index()] + rest).filter(|_| costs.edge(edge) < FOREVER);
            let back = edge.reverse();
            let swept =
                [by(edge, 0), by(back, costs.edge(back))].into_iter().flatten().min().filter(|cost| *cost < FOREVER);
            prop_assert_eq!(swept, route.map(|route| route.cost));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_answer_is_that_of_dijkstra(town in town(Just((9.5, 47.0)), 0.002), class in 0_usize..6, on_call: bool) {
        let (class, rules) = (Class::ALL[class], if on_call { Rules::on_call() } else { Rules::default() });
        let roads = Roads::new(&town.survey(), class.family());
        let mut costs = roads.costs(class, &rules);
        let mut metric = roads.metric(&costs);
        let mainland = roads.mainland(&costs);
        hold(&roads, &Router::new(&roads, &costs, &metric, &mainland), &costs)?;
        for at in (0..roads.network().edges()).step_by(5) {
            let edge = roads.network().edge(at).expect("below their number");
            if at % 3 == 0 { costs.close(edge) } else { costs.set_speed(roads.network(), edge, 3.0) }
        }
        roads.customise(&mut metric, &costs);
        hold(&roads, &Router::new(&roads, &costs, &metric, &mainland), &costs)?;
    }

    #[test]
    fn isochrones_are_valid_and_nothing_panics_wherever_on_earth(
        town in prop_oneof![
            town(Just((9.5, 47.0)), 0.002),
            town(Just((179.995, 10.0)), 0.002),
            town(Just((20.0, 89.99)), 0.002),
            town(Just((20.0, -90.0)), 0.002),
            town(Just((9.5, 47.0)), 0.0),
            town(Just((-180.0, -90.0)), 25.0),
        ],
        minutes in 0_u32..20,
    ) {
        let roads = Roads::new(&town.survey(), Class::FireEngine.family());
        let costs = roads.costs(Class::FireEngine, &Rules::on_call());
        let (metric, mainland) = (roads.metric(&costs), roads.mainland(&costs));
        let router = Router::new(&roads, &costs, &metric, &mainland);
        let mut workspace = Workspace::default();
        let places = places(&roads);
        for place in places.iter().take(4) {
            let _ = router.snap(place.position, 100.0);
            if let Some(area) = router.isochrone(&mut workspace, place, minutes * 60_000, &Drawing::default()) {
                prop_assert!(is_valid(&area), "{area:?}");
            }
        }
        let trace: Vec<Fix> = places.iter().take(5).map(|place| Fix { position: place.position }).collect();
        let matched = router.match_trace(&mut workspace, &trace, &Matching::default());
        prop_assert_eq!(matched.len(), trace.len());
        for pair in places.windows(2) {
            let plain = router.plain_cost(&mut workspace, &pair[0], &pair[1]);
            prop_assert_eq!(router.route(&mut workspace, &pair[0], &pair[1]).map(|route| route.cost), plain);
        }
    }
}

/// Whether the polygons are valid by the rules of simple features (OGC 06-103r4, section 6.1.11).
fn is_valid(area: &Geometry) -> bool {
    let Geometry::MultiPolygon(polygons) = area else { return false };
    let ring = |ring: &Vec<Position>| -> geo::LineString { ring.iter().map(|at| (at.lon, at.lat)).collect() };
    let polygon = |rings: &Vec<Vec<Position>>| {
        let mut rings = rings.iter().map(ring);
        geo::Polygon::new(rings.next().expect("a shell"), rings.collect())
    };
    geo::MultiPolygon::new(polygons.iter().map(polygon).collect()).is_valid()
}
