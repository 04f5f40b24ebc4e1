//! GET /match/v1/{class}/{coordinates}: the roads that a vehicle's trace came along. The trace is not kept.

use super::shape::Wanted;
use super::{members, ok, waypoint};
use crate::Service;
use crate::logic::town::Driving;
use crate::model::class;
use crate::model::coordinates::{each, invalid, parse};
use crate::model::written::{count, rounded};
use belfry_kit::{Error, Parameter, Position, Reply, Request, Schema};
use belfry_ngsi_ld::Json;
use belfry_roads::{Fix, Matched, Matching, Route, Workspace};
use std::sync::Arc;

/// Positions of one trace.
const MOST: usize = 100;
/// Seconds between two positions from which a trace is taken for two.
const GAP_S: i64 = 60;
/// Roads are looked for within so many standard deviations of a position.
const DEVIATIONS: f64 = 5.0;

pub(crate) const PARAMETERS: &[Parameter] = &[
    Parameter::new("timestamps", Schema::Text, "Seconds of each position, in order, between semicolons."),
    Parameter::new(
        "gaps",
        Schema::OneOf(&["split", "ignore"]),
        "Whether a trace is split where a minute passes between two positions, as when nothing is said.",
    ),
];

/// A piece of the trace that hangs together: the places it was matched to, and the ways between them.
#[derive(Default)]
struct Piece {
    points: Vec<(usize, Matched)>,
    legs: Vec<Route>,
}

pub(crate) async fn run(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let class = class::parse(request.segment(0))?;
    let places = parse(request.segment(1), 2, MOST)?;
    let noise = each("radiuses", request.parameters.get("radiuses"), places.len(), |text| {
        text.parse::<f64>().ok().filter(|m| (0.0..=100.0).contains(m))
    })?;
    let stamps = stamps(&request, places.len())?;
    let split = request.parameters.get("gaps") != Some("ignore");
    let wanted = Wanted::of(&request);
    let skip = request.parameters.is_true("skip_waypoints");
    let town = service.town()?;
    let json = service.ctx.blocking(move || {
        let driving = town.driving(class);
        let known: Vec<f64> = noise.into_iter().flatten().collect();
        let usual = Matching::default();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let noise_m = if known.is_empty() { usual.noise_m } else { mean.max(1.0) };
        let matching = Matching { noise_m, radius_m: (noise_m * DEVIATIONS).max(usual.radius_m), ..usual };
        let mut pieces: Vec<Piece> = Vec::new();
        town.with_workspace(|workspace| {
            for (from, to) in runs(&stamps, places.len(), split) {
                let trace: Vec<Fix> = places[from..to].iter().map(|position| Fix { position: *position }).collect();
                let matched = driving.router().match_trace(workspace, &trace, &matching);
                join(&driving, workspace, from, matched, &mut pieces);
            }
        });
        // A lone point is no way.
        pieces.retain(|piece| !piece.legs.is_empty());
        if pieces.is_empty() {
            return Err(invalid("NoMatch", "no roads were found along which the trace could have come"));
        }
        Ok(written(&driving, &wanted, &places, &pieces, matching.noise_m, skip))
    });
    Ok(Reply::json(&json.await??))
}

fn stamps(request: &Request, places: usize) -> Result<Vec<Option<i64>>, Error> {
    let stamps = each("timestamps", request.parameters.get("timestamps"), places, |text| text.parse::<i64>().ok())?;
    let known: Vec<i64> = stamps.iter().flatten().copied().collect();
    if known.windows(2).any(|pair| pair[1] < pair[0]) {
        return Err(invalid("InvalidValue", "timestamps: they go back in time"));
    }
    Ok(stamps)
}

/// The ranges of positions between which no gap lies.
fn runs(stamps: &[Option<i64>], places: usize, split: bool) -> Vec<(usize, usize)> {
    let gap = |at: &usize| match (stamps[*at - 1], stamps[*at]) {
        (Some(before), Some(after)) => split && after.saturating_sub(before) > GAP_S,
        _ => false,
    };
    let mut ends: Vec<usize> = (1..places).filter(gap).collect();
    ends.push(places);
    let begins = std::iter::once(0).chain(ends.clone());
    begins.zip(ends).collect()
}

/// Adds what a run of positions was matched to.
fn join(
    driving: &Driving,
    workspace: &mut Workspace,
    first: usize,
    all: Vec<Option<Matched>>,
    pieces: &mut Vec<Piece>,
) {
    let router = driving.router();
    let mut fresh = true;
    for (at, matched) in all.into_iter().enumerate() {
        let Some(matched) = matched else { continue };
        let last = pieces.last().filter(|_| !fresh && !matched.begins).and_then(|piece| piece.points.last());
        let leg = last.and_then(|(_, before)| {
            let along = router.along(&matched.way, &before.snap, &matched.snap);
            along.or_else(|| router.route(workspace, &before.snap, &matched.snap))
        });
        match (pieces.last_mut(), leg) {
            (Some(piece), Some(leg)) => {
                piece.legs.push(leg);
                piece.points.push((first + at, matched));
            }
            _ => pieces.push(Piece { points: vec![(first + at, matched)], legs: Vec::new() }),
        }
        fresh = false;
    }
}

fn written(
    driving: &Driving,
    wanted: &Wanted,
    places: &[Position],
    pieces: &[Piece],
    noise_m: f64,
    skip: bool,
) -> Json {
    let router = driving.router();
    let matchings = pieces.iter().map(|piece| {
        let legs: Vec<&Route> = piece.legs.iter().collect();
        // The likelihood of a position so far from its road, in the mean.
        let strain = piece.points.iter().map(|(_, m)| (m.snap.distance_m / noise_m).powi(2)).sum::<f64>();
        let confidence = (-0.5 * strain / piece.points.len() as f64).exp();
        wanted.route(driving, &legs, vec![("confidence", rounded(confidence, 3))])
    });
    let mut all = vec![("matchings", Json::Array(matchings.collect()))];
    if !skip {
        let mut points = vec![Json::Null; places.len()];
        for (number, piece) in pieces.iter().enumerate() {
            for (within, (at, matched)) in piece.points.iter().enumerate() {
                let mut point = waypoint(&router, &matched.snap);
                point.push(("matchings_index", count(number as u64)));
                point.push(("waypoint_index", count(within as u64)));
                points[*at] = members(point);
            }
        }
        all.push(("tracepoints", Json::Array(points)));
    }
    ok(all)
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn a_trace_is_split_at_gaps() {
        let stamps = [Some(0), Some(30), Some(100), None, Some(500), Some(561)];
        assert_eq!(runs(&stamps, 6, true), [(0, 2), (2, 5), (5, 6)]);
        assert_eq!(runs(&stamps, 6, false), [(0, 6)]);
    }
}
