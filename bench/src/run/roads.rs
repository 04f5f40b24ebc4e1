//! The router on a real map: how long its answers take, whether each is the best there is, and how they compare with those of
//! Valhalla, which is asked the same in the same run.

#[path = "../../../crates/roads/tests/support/mod.rs"]
mod support;

use super::Stage;
use crate::report::Measured;
use crate::workload::Roads as Work;
use anyhow::{Context as _, Result, ensure};
use belfry_connect_osm::{Element, Kinds, Limits, read};
use belfry_kernel::Position;
use belfry_roads::{Class, Costs, Drawing, Roads, Route, Router, Rules, Snap, Workspace};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use support::Draw;

/// The version that is compared with.
const VALHALLA: &str = "pyvalhalla==3.9.1";
/// Starts, and ends, of a matrix.
const SIDE: usize = 50;
/// Farther from a road than this, a place is on none.
const SNAP_M: f64 = 100.0;

/// What is asked of both.
#[derive(Serialize)]
struct Questions {
    pairs: Vec<[[f64; 2]; 2]>,
    /// Our way of each pair.
    lines: Vec<Vec<[f64; 2]>>,
    matrices: usize,
    isochrones: usize,
}

/// What Valhalla answers.
#[derive(Deserialize)]
struct Answers {
    version: String,
    /// Seconds and metres of each pair's route.
    routes: Vec<Option<(f64, f64)>>,
    /// Seconds of our way by Valhalla's clock.
    clocked: Vec<Option<f64>>,
    route_ms: f64,
    matrix_ms: f64,
    isochrone_ms: f64,
}

pub(super) fn run(stage: &Stage, work: &Work) -> Result<Measured> {
    let file =
        support::real(&work.map).context("the map is not there; BELFRY_TEST_DATA names the folder of real data")?;
    let survey = support::survey(&file)?;
    let mut measured = Measured::default();
    let roads = Roads::new(&survey, Class::Car.family());
    let network = roads.network();
    measured.remarks.push(format!(
        "{}: {} junctions, {} edges, {} positions; {} vertices and {} turns",
        work.map,
        network.junctions(),
        network.edges(),
        network.positions(),
        roads.turns().vertices(),
        roads.turns().len(),
    ));
    let mut costs = roads.costs(Class::Car, &Rules::default());
    let mut metric = roads.metric(&costs);
    let mainland = roads.mainland(&costs);
    let mut draw = Draw(11);
    let customising = median(101, |_| {
        // A closure that comes and goes, so that every time has weights of its own.
        let edge = network.edge(draw.below(network.edges())).expect("below their number");
        costs.close(edge);
        roads.customise(&mut metric, &costs);
        costs.reset(edge);
    });
    roads.customise(&mut metric, &costs);
    let router = Router::new(&roads, &costs, &metric, &mainland);
    let wanted = work.exact_pairs.max(work.pairs).max(work.isochrones).max(2 * SIDE);
    let places: Vec<Position> =
        std::iter::from_fn(|| Some(place(&mut draw, &roads, &router))).flatten().take(2 * wanted).collect();
    let pairs: Vec<[Position; 2]> = places.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();

    let mut workspace = Workspace::default();
    let routes = median(work.pairs, |at| {
        black_box(route(&router, &mut workspace, &pairs[at]));
    });
    let matrix = median(work.matrices, |number| {
        let chosen = |side: usize| -> Vec<Snap> {
            let of = (0..SIDE).map(|at| pairs[(number * SIDE + at) % work.pairs][side]);
            of.filter_map(|position| router.snap(position, SNAP_M).ok()).collect()
        };
        let (from, to) = (chosen(0), chosen(1));
        black_box(router.matrix(&mut workspace, &from, &to));
    });
    let isochrone = median(work.isochrones, |at| {
        let from = router.snap(pairs[at][0], SNAP_M).expect("it lies on a road");
        black_box(router.isochrone(&mut workspace, &from, 900_000, &Drawing::default()));
    });
    measured.figure("route", routes, "µs, with its line and steps");
    measured.figure("matrix 50 x 50", matrix / 1000.0, "ms");
    measured.figure("isochrone of 15 minutes", isochrone / 1000.0, "ms");
    measured.figure("re-customising", customising / 1000.0, "ms");
    let unlike =
        pairs[..work.exact_pairs].iter().filter(|pair| !is_best(&router, &costs, &mut workspace, pair)).count();
    measured.figure("unlike Dijkstra's", unlike as f64, "of all pairs");

    let ours: Vec<Option<Route>> =
        pairs[..work.pairs].iter().map(|pair| Some(route(&router, &mut workspace, pair)?.0)).collect();
    match valhalla(stage, &file, work, &pairs[..work.pairs], &ours) {
        Ok(answers) => compare(&mut measured, &answers, &classes(&file)?, &roads, &ours),
        Err(e) => measured.remarks.push(format!("not compared with Valhalla: {e:#}")),
    }
    Ok(measured)
}

/// `highway=*` of each way of a map.
fn classes(path: &Path) -> Result<HashMap<i64, Box<str>>> {
    let mut classes = HashMap::new();
    let name = path.display().to_string();
    read(&name, File::open(path)?, Kinds::WAYS_AND_RELATIONS, &Limits::default(), &mut |element| {
        if let Element::Way(way) = element
            && let Some((_, class)) = way.tags.iter().find(|(key, _)| *key == "highway")
        {
            classes.insert(way.id, (*class).into());
        }
        ControlFlow::Continue(())
    })?;
    Ok(classes)
}

/// A random place on the mainland, or none this time.
fn place(draw: &mut Draw, roads: &Roads, router: &Router<'_>) -> Option<Position> {
    let edge = roads.network().edge(draw.below(roads.network().edges()))?;
    let position = Snap::on(roads.network(), edge, draw.share()).position;
    router.snap(position, 1.0).ok().map(|snap| snap.position)
}

/// From two positions to a route with its steps, as a request would have it.
fn route(router: &Router<'_>, workspace: &mut Workspace, [from, to]: &[Position; 2]) -> Option<(Route, usize)> {
    let (from, to) = (router.snap(*from, SNAP_M).ok()?, router.snap(*to, SNAP_M).ok()?);
    let route = router.route(workspace, &from, &to)?;
    let steps = router.steps(&route).len();
    Some((route, steps))
}

/// Whether a route costs what Dijkstra's algorithm finds, and its parts add up to it.
fn is_best(router: &Router<'_>, costs: &Costs, workspace: &mut Workspace, [from, to]: &[Position; 2]) -> bool {
    let (Ok(from), Ok(to)) = (router.snap(*from, SNAP_M), router.snap(*to, SNAP_M)) else { return false };
    let (route, plain) = (router.route(workspace, &from, &to), router.plain_cost(workspace, &from, &to));
    route.as_ref().map(|route| route.cost) == plain
        && route.is_none_or(|route| route.cost_of_parts(costs) == route.cost)
}

/// The median of so many runs, microseconds.
fn median(runs: usize, mut run: impl FnMut(usize)) -> f64 {
    let mut times: Vec<f64> = (0..runs)
        .map(|at| {
            let start = Instant::now();
            run(at);
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    middle(&mut times)
}

fn middle(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Asks Valhalla, which is installed beside the data of other runs at the first time.
fn valhalla(
    stage: &Stage,
    map: &Path,
    work: &Work,
    pairs: &[[Position; 2]],
    ours: &[Option<Route>],
) -> Result<Answers> {
    let environment = stage.dir.join("valhalla");
    let python = environment.join("bin/python");
    if !environment.join("installed").is_file() {
        let system = ["python3.14", "python3.13", "python3.12", "python3"].into_iter().find(|name| is_new_enough(name));
        let system = system.context("it needs Python 3.12 or newer on the path")?;
        succeed(Command::new(system).args(["-m", "venv", "--clear"]).arg(&environment))?;
        succeed(Command::new(&python).args(["-m", "pip", "install", "--quiet", VALHALLA]))?;
        std::fs::write(environment.join("installed"), VALHALLA)?;
    }
    let folder = tempfile::Builder::new().prefix("belfry-bench-").tempdir_in(&stage.dir)?;
    let as_pair = |position: &Position| [position.lon, position.lat];
    let pairs = pairs.iter().map(|[from, to]| [as_pair(from), as_pair(to)]).collect();
    let line = |route: &Option<Route>| route.iter().flat_map(|route| route.geometry.iter().map(as_pair)).collect();
    let questions = Questions {
        pairs,
        lines: ours.iter().map(line).collect(),
        matrices: work.matrices,
        isochrones: work.isochrones,
    };
    let asked = folder.path().join("questions.json");
    std::fs::write(&asked, serde_json::to_vec(&questions)?)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("engines/ask_valhalla.py");
    let answer = succeed(Command::new(&python).arg(script).args([map, &asked, folder.path()]))?;
    serde_json::from_slice(&answer).context("its answer is not understood")
}

fn is_new_enough(python: &str) -> bool {
    let check = "import sys, venv; sys.exit(sys.version_info < (3, 12))";
    Command::new(python).args(["-c", check]).output().is_ok_and(|output| output.status.success())
}

fn succeed(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(output.stdout)
}

/// Times and lengths beside each other. Another way is no worse where Valhalla itself says that ours takes no longer than its own:
/// its costs hold dislikes (of towns, of manoeuvres) beside the time. What is left is told by the class of road.
fn compare(
    measured: &mut Measured,
    answers: &Answers,
    classes: &HashMap<i64, Box<str>>,
    roads: &Roads,
    ours: &[Option<Route>],
) {
    measured.figure("Valhalla's route", answers.route_ms * 1000.0, "µs");
    measured.figure("Valhalla's matrix", answers.matrix_ms, "ms");
    measured.figure("Valhalla's isochrone", answers.isochrone_ms, "ms");
    let (mut apart, mut ratios, mut same_way, mut as_quick) = (Vec::new(), Vec::new(), 0, 0);
    let mut slower: BTreeMap<Box<str>, usize> = BTreeMap::new();
    let (mut ours_alone, mut theirs_alone) = (0, 0);
    for ((ours, theirs), clocked) in ours.iter().zip(&answers.routes).zip(&answers.clocked) {
        let (ours, (seconds, metres)) = match (ours, theirs) {
            (Some(ours), Some(theirs)) => (ours, *theirs),
            (ours, theirs) => {
                ours_alone += usize::from(ours.is_some());
                theirs_alone += usize::from(theirs.is_some());
                continue;
            }
        };
        let ratio = ours.duration_ms as f64 / 1000.0 / seconds.max(1.0);
        ratios.push(ratio);
        apart.push((ratio - 1.0).abs() * 100.0);
        if (ours.distance_m - metres).abs() <= (metres * 0.02).max(20.0) {
            same_way += 1;
        } else if clocked.is_some_and(|clocked| clocked <= seconds * 1.005) {
            as_quick += 1;
        } else {
            *slower.entry(main_class(classes, roads, ours)).or_default() += 1;
        }
    }
    let both = ratios.len();
    let share = |count: usize| count as f64 * 100.0 / both.max(1) as f64;
    measured.figure("time beside Valhalla's", middle(&mut apart), "% apart in the median");
    measured.figure("distances within 2 %", share(same_way), "% of pairs");
    measured.figure("within 2 %, or as quick by its clock", share(same_way + as_quick), "% of pairs");
    measured.remarks.push(format!(
        "Valhalla {}: {both} pairs have a route of both, {ours_alone} ours alone, {theirs_alone} theirs alone; our time is {:.2} of \
         theirs in the median; other and slower by its clock, by main class of road: {slower:?}",
        answers.version,
        middle(&mut ratios),
    ));
}

/// The class of road that most of a route is on.
fn main_class(classes: &HashMap<i64, Box<str>>, roads: &Roads, route: &Route) -> Box<str> {
    let mut metres: BTreeMap<&str, f64> = BTreeMap::new();
    for edge in &route.edges {
        let class = classes.get(&roads.network().way(*edge)).map_or("ferry", |class| class);
        *metres.entry(class).or_default() += roads.network().length_m(*edge);
    }
    metres.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map_or("none", |(class, _)| class).into()
}
