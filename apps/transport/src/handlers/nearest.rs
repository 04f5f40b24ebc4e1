//! GET /nearest/v1/{class}/{coordinates}: the nearest places on roads.

use super::{members, ok, radiuses, waypoint};
use crate::Service;
use crate::model::class;
use crate::model::coordinates::{invalid, parse};
use belfry_kit::{Error, Parameter, Reply, Request, Schema};
use belfry_ngsi_ld::Json;
use std::sync::Arc;

/// Places of one answer.
const MOST: usize = 100;

pub(crate) const PARAMETERS: &[Parameter] =
    &[Parameter::new("number", Schema::Number, "How many are wanted, on as many different roads: from 1 to 100.")];

pub(crate) async fn run(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let class = class::parse(request.segment(0))?;
    let places = parse(request.segment(1), 1, 1)?;
    let within = radiuses(&request, 1)?;
    let number = request.parameters.number("number").unwrap_or(1);
    if !(1..=MOST).contains(&number) {
        return Err(invalid("InvalidValue", format!("number: it is from 1 to {MOST}")));
    }
    let town = service.town()?;
    let driving = town.driving(class);
    let router = driving.router();
    let found = router.candidates(places[0], within[0], number);
    let found = found.map_err(|why| invalid("NoSegment", format!("coordinate 0: {why}")))?;
    let mut all = Vec::new();
    if !request.parameters.is_true("skip_waypoints") {
        all.push(("waypoints", Json::Array(found.iter().map(|snap| members(waypoint(&router, snap))).collect())));
    }
    Ok(Reply::json(&ok(all)))
}
