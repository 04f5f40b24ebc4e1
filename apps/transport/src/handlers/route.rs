//! GET /route/v1/{class}/{coordinates}: the best way through places, and others.

use super::shape::Wanted;
use super::{members, ok, radiuses, snap_all, waypoint};
use crate::Service;
use crate::model::class;
use crate::model::coordinates::{invalid, parse};
use belfry_kit::{Error, Parameter, Reply, Request, Schema};
use belfry_ngsi_ld::Json;
use belfry_roads::{Choice, Route};
use std::sync::Arc;

/// Coordinates of one request.
const MOST: usize = 100;
/// Ways beside the best one.
const MOST_OTHERS: usize = 7;

pub(crate) const PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "alternatives",
        Schema::Text,
        "Whether other ways are wanted beside the best one (between two places): true, false or how many.",
    ),
    Parameter::new(
        "continue_straight",
        Schema::OneOf(&["default", "false"]),
        "One may turn around at a place on the way.",
    ),
];

pub(crate) async fn run(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let class = class::parse(request.segment(0))?;
    let places = parse(request.segment(1), 2, MOST)?;
    let radiuses = radiuses(&request, places.len())?;
    let others = others(&request)?;
    let wanted = Wanted::of(&request);
    let town = service.town()?;
    let driving = town.driving(class);
    let router = driving.router();
    let snaps = snap_all(&router, &places, &radiuses)?;
    let none = |at: usize| invalid("NoRoute", format!("there is no way from coordinate {at} to coordinate {}", at + 1));
    let routes: Vec<Vec<Route>> = town.with_workspace(|workspace| {
        if let ([from, to], 1..) = (&snaps[..], others) {
            let choice = Choice { routes: others + 1, ..Choice::default() };
            let found = router.alternatives(workspace, from, to, &choice);
            return if found.is_empty() { Err(none(0)) } else { Ok(found.into_iter().map(|one| vec![one]).collect()) };
        }
        let legs = snaps.windows(2).enumerate();
        let legs = legs.map(|(at, pair)| router.route(workspace, &pair[0], &pair[1]).ok_or_else(|| none(at)));
        Ok(vec![legs.collect::<Result<Vec<_>, _>>()?])
    })?;
    let written = routes.iter().map(|legs| wanted.route(&driving, &legs.iter().collect::<Vec<_>>(), Vec::new()));
    let mut all = vec![("routes", Json::Array(written.collect()))];
    if !request.parameters.is_true("skip_waypoints") {
        all.push(("waypoints", Json::Array(snaps.iter().map(|snap| members(waypoint(&router, snap))).collect())));
    }
    Ok(Reply::json(&ok(all)))
}

fn others(request: &Request) -> Result<usize, Error> {
    match request.parameters.get("alternatives") {
        None | Some("false") => Ok(0),
        Some("true") => Ok(2),
        Some(number) => {
            let number = number.parse().ok().filter(|n| *n <= MOST_OTHERS);
            number.ok_or_else(|| {
                invalid("InvalidValue", format!("alternatives: it is true, false or a number to {MOST_OTHERS}"))
            })
        }
    }
}
