//! What answers requests about roads, one file an operation, and what they share: parameters, places on roads, the shapes of
//! OSRM's answers. Computes no way.

pub(crate) mod dispatch;
pub(crate) mod isochrone;
pub(crate) mod matching;
pub(crate) mod nearest;
pub(crate) mod roads;
pub(crate) mod route;
pub(crate) mod shape;
pub(crate) mod table;

use crate::model::coordinates::{each, invalid};
use crate::model::written::{metres, object, position, text};
use belfry_kit::{Error, Parameter, Position, Request, Schema};
use belfry_ngsi_ld::Json;
use belfry_roads::{Router, Snap};

/// Parameters of all of OSRM's services.
pub(crate) const COMMON: &[Parameter] = &[
    Parameter::new(
        "radiuses",
        Schema::Text,
        "Metres within which a road is looked for, one for each coordinate; unlimited for 20,000.",
    ),
    Parameter::new("generate_hints", Schema::Boolean, "Taken for the sake of clients; there are no hints here."),
    Parameter::new("skip_waypoints", Schema::Boolean, "Whether waypoints are left out of the answer."),
];

/// Parameters of services that answer with lines.
pub(crate) const LINES: &[Parameter] = &[
    Parameter::new("steps", Schema::Boolean, "Whether instructions are wanted."),
    Parameter::new(
        "annotations",
        Schema::SomeOf(&["true", "false", "duration", "distance", "speed"]),
        "What is wanted for each piece of the line.",
    ),
    Parameter::new("geometries", Schema::OneOf(&["polyline", "polyline6", "geojson"]), "The form of lines."),
    Parameter::new(
        "overview",
        Schema::OneOf(&["simplified", "full", "false"]),
        "Whether the whole line is wanted, and how exact.",
    ),
];

/// Metres within which a road is looked for when nothing is said.
const USUAL_M: f64 = 1_000.0;
/// The most that can be said.
const MOST_M: f64 = 20_000.0;

/// How far roads are looked for, for each coordinate.
///
/// # Errors
/// `BadRequestData` with OSRM's code.
pub(crate) fn radiuses(request: &Request, count: usize) -> Result<Vec<f64>, Error> {
    let read = |text: &str| match text {
        "unlimited" => Some(MOST_M),
        number => number.parse::<f64>().ok().filter(|m| (0.0..=MOST_M).contains(m)),
    };
    let all = each("radiuses", request.parameters.get("radiuses"), count, read)?;
    Ok(all.into_iter().map(|m| m.unwrap_or(USUAL_M)).collect())
}

/// The nearest place on a road for each position.
///
/// # Errors
/// `BadRequestData` with the code `NoSegment`, saying which has none and why.
pub(crate) fn snap_all(router: &Router<'_>, all: &[Position], radiuses: &[f64]) -> Result<Vec<Snap>, Error> {
    let snap = |(at, (place, within)): (usize, (&Position, &f64))| {
        router.snap(*place, *within).map_err(|why| invalid("NoSegment", format!("coordinate {at}: {why}")))
    };
    all.iter().zip(radiuses).enumerate().map(snap).collect()
}

/// OSRM's Waypoint: a place on a road.
pub(crate) fn waypoint(router: &Router<'_>, snap: &Snap) -> Vec<(&'static str, Json)> {
    vec![
        ("location", position(snap.position)),
        ("distance", metres(snap.distance_m)),
        ("name", text(router.name(snap))),
    ]
}

/// An object of these members.
pub(crate) fn members(all: Vec<(&'static str, Json)>) -> Json {
    Json::Object(all.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// OSRM's answer of success.
pub(crate) fn ok(mut more: Vec<(&'static str, Json)>) -> Json {
    more.insert(0, ("code", text("Ok")));
    members(more)
}

/// The position that an object of `lon` and `lat`, a GeoJSON point or a pair is.
pub(crate) fn place_of(json: &Json) -> Option<Position> {
    let pair = |a: &Json, b: &Json| Some(Position { lon: a.as_f64()?, lat: b.as_f64()?, alt: None });
    let found = match json {
        Json::Array(all) if all.len() >= 2 => pair(&all[0], &all[1]),
        Json::Object(_) => match (json.get("lon"), json.get("lat"), json.get("coordinates")) {
            (Some(lon), Some(lat), None) => pair(lon, lat),
            (None, None, Some(Json::Array(all))) if all.len() >= 2 => pair(&all[0], &all[1]),
            _ => None,
        },
        _ => None,
    };
    found.filter(|place| place.lon.abs() <= 180.0 && place.lat.abs() <= 90.0)
}

/// A GeoJSON Feature.
pub(crate) fn feature(properties: Json, geometry: Json) -> Json {
    object([("type", text("Feature")), ("properties", properties), ("geometry", geometry)])
}
