//! Measures the router on a map: what is built, how long customising, routes, matrices and isochrones take (medians), and
//! whether every route has the cost that Dijkstra's algorithm finds.
//!
//! `cargo run --release -p belfry-roads --example speed -- [FILE] [pairs] [class]`

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use belfry_roads::{Choice, Class, Drawing, Roads, Router, Rules, Snap, Workspace};
use support::Draw;

fn main() {
    let mut args = std::env::args().skip(1);
    let file =
        args.next().map(PathBuf::from).or_else(|| support::real("liechtenstein.osm.pbf")).expect("a file is named");
    let pairs: usize = args.next().map_or(10_000, |text| text.parse().expect("pairs is a number"));
    let wanted = args.next().unwrap_or_else(|| "Car".to_owned());
    let class = Class::ALL.into_iter().find(|class| format!("{class:?}") == wanted).expect("a class is named");
    let start = Instant::now();
    let survey = support::survey(&file).expect("the file is read");
    println!("read: {:.0?}; {:?}", start.elapsed(), survey.report());
    let start = Instant::now();
    let roads = Roads::new(&survey, class.family());
    println!("built: {:.0?}", start.elapsed());
    let (network, turns, hierarchy) = (roads.network(), roads.turns(), roads.hierarchy());
    println!(
        "{} junctions, {} edges, {} positions, {} vertices, {} turns; {} arcs, height {}; {:?}",
        network.junctions(),
        network.edges(),
        network.positions(),
        turns.vertices(),
        turns.len(),
        hierarchy.arcs(),
        hierarchy.height(),
        network.report(),
    );
    let mut costs = roads.costs(class, &Rules::default());
    let start = Instant::now();
    let mainland = roads.mainland(&costs);
    println!("mainland: {:.1?}", start.elapsed());
    let mut metric = roads.metric(&costs);
    println!("arcs in queries: {:?}", metric.arcs());
    let mut draw = Draw(7);
    let customised = median(101, || {
        // A closure that comes and goes, so that every turn has its own weights.
        let edge = network.edges_of_way(network.way(Snapper::edge(&mut draw, &roads))).next().expect("an edge");
        costs.close(edge);
        roads.customise(&mut metric, &costs);
        costs.reset(edge);
    });
    roads.customise(&mut metric, &costs);
    let router = Router::new(&roads, &costs, &metric, &mainland);
    let mut workspace = Workspace::default();
    let places: Vec<Snap> =
        std::iter::from_fn(|| Some(Snapper::place(&mut draw, &roads, &router))).flatten().take(2 * pairs).collect();
    let mut at = 0;
    let mut pair = || {
        at = (at + 2) % (2 * pairs);
        (places[at], places[at + 1])
    };
    let route = median(pairs, || {
        let (from, to) = pair();
        black_box(router.route(&mut workspace, &from, &to));
    });
    let guided = median(pairs, || {
        let (from, to) = pair();
        black_box(router.route(&mut workspace, &from, &to).map(|route| router.steps(&route).len()));
    });
    let cost = median(pairs, || {
        let (from, to) = pair();
        black_box(router.cost(&mut workspace, &from, &to));
    });
    let plain = median(pairs.min(200), || {
        let (from, to) = pair();
        black_box(router.plain_cost(&mut workspace, &from, &to));
    });
    let matrix = median(51, || {
        let start = draw.below(2 * pairs - 100);
        black_box(router.matrix(&mut workspace, &places[start..start + 50], &places[start + 50..start + 100]));
    });
    let isochrone = median(51, || {
        let from = places[draw.below(places.len())];
        black_box(router.isochrone(&mut workspace, &from, 900_000, &Drawing::default()));
    });
    let mut offered = 0;
    let alternatives = median(201, || {
        let (from, to) = pair();
        offered += usize::from(router.alternatives(&mut workspace, &from, &to, &Choice::default()).len() > 1);
    });
    let snap = median(pairs, || {
        let position = places[draw.below(places.len())].position;
        black_box(router.snap(position, 1000.0)).expect("a place on a road");
    });
    println!("| what | median |\n|---|---|");
    for (what, micros) in [
        ("re-customising, one closure", customised),
        ("route with geometry", route),
        ("route with instructions", guided),
        ("cost alone", cost),
        ("cost by Dijkstra", plain),
        ("matrix 50 x 50", matrix),
        ("isochrone of 15 minutes", isochrone),
        ("three alternatives", alternatives),
        ("place on a road", snap),
    ] {
        println!("| {what} | {micros:.1} µs |");
    }
    println!("{offered} of 201 pairs have an alternative");
    let (mut mismatches, mut without) = (0, 0);
    for pair in places.chunks_exact(2) {
        let route = router.route(&mut workspace, &pair[0], &pair[1]);
        let plain = router.plain_cost(&mut workspace, &pair[0], &pair[1]);
        without += usize::from(plain.is_none());
        let same = route.as_ref().map(|route| route.cost) == plain;
        let adds_up = route.as_ref().is_none_or(|route| route.cost_of_parts(&costs) == route.cost);
        mismatches += usize::from(!same || !adds_up);
    }
    println!("{pairs} pairs: {mismatches} mismatches with Dijkstra, {without} without a way");
    assert_eq!(mismatches, 0);
}

/// The median of so many runs, microseconds.
fn median(runs: usize, mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Random places.
struct Snapper;

impl Snapper {
    fn edge(draw: &mut Draw, roads: &Roads) -> belfry_roads::Edge {
        roads.network().edge(draw.below(roads.network().edges())).expect("below their number")
    }

    /// A random place on the mainland, or none this time.
    fn place(draw: &mut Draw, roads: &Roads, router: &Router<'_>) -> Option<Snap> {
        let edge = Self::edge(draw, roads);
        let position = Snap::on(roads.network(), edge, draw.share()).position;
        router.snap(position, 300.0).ok()
    }
}
