//! GET /table/v1/{class}/{coordinates}: times, and distances, between many places.

use super::{members, ok, radiuses, snap_all, waypoint};
use crate::Service;
use crate::model::class;
use crate::model::coordinates::{invalid, parse};
use crate::model::written::{metres, seconds};
use belfry_kit::{Error, Parameter, Reply, Request, Schema};
use belfry_ngsi_ld::Json;
use belfry_roads::Snap;
use std::sync::Arc;

/// Coordinates of one request.
const MOST: usize = 500;
/// Cells whose ways are found one by one, for distances.
const MOST_WAYS: usize = 10_000;

pub(crate) const PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "sources",
        Schema::Text,
        "Places to start from, by their numbers from 0, between semicolons; all when nothing is said.",
    ),
    Parameter::new("destinations", Schema::Text, "Places to get to, likewise."),
    Parameter::new(
        "annotations",
        Schema::SomeOf(&["duration", "distance"]),
        "What is wanted: duration when nothing is said.",
    ),
];

pub(crate) async fn run(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let class = class::parse(request.segment(0))?;
    let places = parse(request.segment(1), 1, MOST)?;
    let radiuses = radiuses(&request, places.len())?;
    let sources = chosen(&request, "sources", places.len())?;
    let destinations = chosen(&request, "destinations", places.len())?;
    let distances = request.parameters.lists("annotations", "distance");
    let durations = !distances || request.parameters.lists("annotations", "duration");
    if distances && sources.len() * destinations.len() > MOST_WAYS {
        return Err(invalid("TooBig", format!("distances are given for at most {MOST_WAYS} pairs")));
    }
    let town = service.town()?;
    let skip = request.parameters.is_true("skip_waypoints");
    // Large ones take some milliseconds.
    let json = service.ctx.blocking(move || {
        let driving = town.driving(class);
        let router = driving.router();
        let snaps = snap_all(&router, &places, &radiuses)?;
        let pick = |numbers: &[usize]| numbers.iter().map(|at| snaps[*at]).collect::<Vec<Snap>>();
        let (from, to) = (pick(&sources), pick(&destinations));
        let rows = |cell: &mut dyn FnMut(usize, usize) -> Json| {
            let row = |start| Json::Array((0..to.len()).map(|end| cell(start, end)).collect());
            Json::Array((0..from.len()).map(row).collect())
        };
        let mut all = Vec::new();
        town.with_workspace(|workspace| {
            if durations {
                let matrix = router.matrix(workspace, &from, &to);
                let mut cell = |start, end| matrix.get(start, end).map_or(Json::Null, |ms| seconds(u64::from(ms)));
                all.push(("durations", rows(&mut cell)));
            }
            if distances {
                let mut cell = |start: usize, end: usize| {
                    let route = router.route(workspace, &from[start], &to[end]);
                    route.map_or(Json::Null, |route| metres(route.distance_m))
                };
                all.push(("distances", rows(&mut cell)));
            }
        });
        if !skip {
            let waypoints =
                |snaps: &[Snap]| Json::Array(snaps.iter().map(|snap| members(waypoint(&router, snap))).collect());
            all.push(("sources", waypoints(&from)));
            all.push(("destinations", waypoints(&to)));
        }
        Ok::<_, Error>(ok(all))
    });
    Ok(Reply::json(&json.await??))
}

/// The numbers that a parameter names.
fn chosen(request: &Request, name: &str, count: usize) -> Result<Vec<usize>, Error> {
    match request.parameters.get(name) {
        None | Some("all") => Ok((0..count).collect()),
        Some(text) => {
            let wrong = || {
                invalid("InvalidValue", format!("{name}: at most {count} numbers below {count}, between semicolons"))
            };
            let numbers: Option<Vec<usize>> =
                text.split(';').take(count + 1).map(|one| one.parse().ok().filter(|at| *at < count)).collect();
            numbers.filter(|numbers| numbers.len() <= count).ok_or_else(wrong)
        }
    }
}
