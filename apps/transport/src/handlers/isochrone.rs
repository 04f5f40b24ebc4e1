//! GET and POST /isochrone: what can be reached within a time, as GeoJSON polygons, in the form of Valhalla's service.

use super::{feature, members, place_of, snap_all};
use crate::Service;
use crate::model::class;
use crate::model::coordinates::invalid;
use crate::model::written::{area, rounded, text};
use belfry_kit::{Error, Parameter, Position, Reply, Request, Schema};
use belfry_ngsi_ld::Json;
use belfry_roads::{Class, Drawing};
use std::sync::Arc;

/// Contours of one request.
const MOST: usize = 8;
/// The longest time, minutes.
const LONGEST_MIN: f64 = 240.0;
/// Metres within which a road is looked for.
const WITHIN_M: f64 = 1_000.0;
/// Levels of JSON in a body.
const DEPTH: usize = 16;
/// Colours of contours that have none of their own, from the nearest.
const COLOURS: [&str; MOST] = ["#1a9850", "#66bd63", "#a6d96a", "#d9ef8b", "#fee08b", "#fdae61", "#f46d43", "#d73027"];

pub(crate) const PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "json",
        Schema::Text,
        "The whole request as JSON, as in the body of a POST; then nothing else is said.",
    ),
    Parameter::new("lon", Schema::Decimal, "The place, with lat."),
    Parameter::new("lat", Schema::Decimal, "The place, with lon."),
    Parameter::new("costing", Schema::Text, "The class of vehicle; car when nothing is said."),
    Parameter::new("contours", Schema::Text, "Minutes, between commas."),
];

/// What is asked for.
#[derive(Debug, PartialEq)]
struct Asked {
    place: Position,
    class: Class,
    /// Minutes and colour, from the longest.
    contours: Vec<(f64, Option<String>)>,
    id: Option<String>,
}

pub(crate) async fn by_query(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let get = |name| request.parameters.get(name);
    let asked = match get("json") {
        Some(_) if request.parameters.iter().count() > 1 => {
            return Err(invalid("InvalidOptions", "json says everything; other parameters contradict it"));
        }
        Some(text) => {
            let wrong = |e: Error| invalid("InvalidQuery", format!("json: {}", e.public().replace("the body", "it")));
            of_json(&Json::parse(text.as_bytes(), DEPTH).map_err(wrong)?)?
        }
        None => {
            let number = |name: &'static str| {
                request.parameters.decimal(name).ok_or_else(|| invalid("InvalidOptions", format!("{name} is missing")))
            };
            let (lon, lat) = (number("lon")?, number("lat")?);
            let place = place_of(&Json::Array(vec![Json::number(lon), Json::number(lat)]));
            let minutes = get("contours").ok_or_else(|| invalid("InvalidOptions", "contours is missing"))?;
            let minutes: Option<Vec<f64>> = minutes.split(',').take(MOST + 1).map(|one| one.parse().ok()).collect();
            let minutes =
                minutes.ok_or_else(|| invalid("InvalidValue", "contours: they are minutes, between commas"))?;
            Asked {
                place: place.ok_or_else(|| invalid("InvalidValue", "lon and lat are not on the globe"))?,
                class: class::parse(get("costing").unwrap_or("car"))?,
                contours: contours(minutes.into_iter().map(|minutes| (minutes, None)).collect())?,
                id: None,
            }
        }
    };
    answer(service, asked).await
}

pub(crate) async fn by_body(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let asked = of_json(&Json::parse(&request.body, DEPTH)?)?;
    answer(service, asked).await
}

fn of_json(json: &Json) -> Result<Asked, Error> {
    let Json::Object(all) = json else { return Err(invalid("InvalidQuery", "a request is an object")) };
    let (mut place, mut class, mut wanted, mut id) = (None, Class::Car, None, None);
    for (name, value) in all {
        match name.as_str() {
            "locations" => {
                let one = match value {
                    Json::Array(all) if all.len() == 1 => place_of(&all[0]),
                    _ => None,
                };
                let wrong = || invalid("InvalidValue", "locations: it is a list of one object with lon and lat");
                place = Some(one.ok_or_else(wrong)?);
            }
            "costing" => {
                let name = value.as_str().ok_or_else(|| invalid("InvalidValue", "costing: it is a text"))?;
                class = class::parse(name)?;
            }
            "contours" => wanted = Some(contour_list(value)?),
            "id" => {
                let text = value.as_str().ok_or_else(|| invalid("InvalidValue", "id: it is a text"))?;
                id = Some(text.to_owned());
            }
            "polygons" if *value == Json::Bool(true) => {}
            "polygons" => return Err(invalid("InvalidValue", "polygons: areas are drawn, never lines; it is true")),
            // Tolerances of another way of drawing; here nothing needs them.
            "denoise" | "generalize" if value.as_f64().is_some() => {}
            name => {
                let name: String = name.chars().take(40).collect();
                return Err(invalid("InvalidOptions", format!("{name:?} does not belong to this request")));
            }
        }
    }
    Ok(Asked {
        place: place.ok_or_else(|| invalid("InvalidOptions", "locations is missing"))?,
        class,
        contours: wanted.ok_or_else(|| invalid("InvalidOptions", "contours is missing"))?,
        id,
    })
}

fn contour_list(json: &Json) -> Result<Vec<(f64, Option<String>)>, Error> {
    let wrong = || invalid("InvalidValue", "contours: each one is an object with time, in minutes, and perhaps color");
    let Json::Array(all) = json else { return Err(wrong()) };
    let one = |one: &Json| {
        let Json::Object(members) = one else { return None };
        let known = members.iter().all(|(name, _)| matches!(name.as_str(), "time" | "color"));
        let colour = match one.get("color") {
            None => None,
            Some(colour) => Some(colour.as_str().filter(|c| is_colour(c))?.trim_start_matches('#').to_owned()),
        };
        known.then_some((one.get("time")?.as_f64()?, colour.map(|colour| format!("#{colour}"))))
    };
    contours(all.iter().take(MOST + 1).map(one).collect::<Option<_>>().ok_or_else(wrong)?)
}

fn is_colour(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or(text);
    matches!(digits.len(), 3 | 6) && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Contours from the longest.
fn contours(mut all: Vec<(f64, Option<String>)>) -> Result<Vec<(f64, Option<String>)>, Error> {
    if all.is_empty() || all.len() > MOST || all.iter().any(|(min, _)| !(0.1..=LONGEST_MIN).contains(min)) {
        let text = format!("contours: 1 to {MOST} of them, each from 0.1 to {LONGEST_MIN} minutes");
        return Err(invalid("InvalidValue", text));
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(all)
}

async fn answer(service: Arc<Service>, asked: Asked) -> Result<Reply, Error> {
    let town = service.town()?;
    let json = service.ctx.blocking(move || {
        let driving = town.driving(asked.class);
        let router = driving.router();
        let from = snap_all(&router, &[asked.place], &[WITHIN_M])?[0];
        let count = asked.contours.len();
        let features = asked.contours.iter().enumerate().map(|(at, (minutes, colour))| {
            let limit = (minutes * 60_000.0).round() as u32;
            let drawn = town.with_workspace(|w| router.isochrone(w, &from, limit, &Drawing::default()));
            let colour = colour.as_deref().unwrap_or(COLOURS[(count - 1 - at) * MOST / count]);
            let properties = members(vec![
                ("contour", rounded(*minutes, 3)),
                ("metric", text("time")),
                ("color", text(colour)),
                ("fillColor", text(colour)),
                ("fillOpacity", rounded(0.33, 2)),
            ]);
            feature(properties, drawn.as_ref().map_or(Json::Null, area))
        });
        let mut all = vec![("type", text("FeatureCollection"))];
        all.extend(asked.id.as_ref().map(|id| ("id", text(id))));
        all.push(("features", Json::Array(features.collect())));
        Ok::<_, Error>(members(all))
    });
    let mut out = Vec::with_capacity(64 * 1024);
    json.await??.write(&mut out);
    Ok(Reply::bytes("application/geo+json", out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_and_refused() {
        let read = |text: &str| of_json(&Json::parse(text.as_bytes(), DEPTH).unwrap());
        let place = r#""locations":[{"lon":9.5,"lat":47.1}]"#;
        let good = read(&format!(
            r#"{{{place},"costing":"auto","contours":[{{"time":5,"color":"ff0000"}},{{"time":15}}],"polygons":true,"denoise":0.5,"id":"x"}}"#
        ));
        let good = good.unwrap();
        assert_eq!((good.class, good.id.as_deref()), (Class::Car, Some("x")));
        assert_eq!(good.contours, [(15.0, None), (5.0, Some("#ff0000".to_owned()))]);
        for (text, code) in [
            ("[]".to_owned(), "InvalidQuery"),
            ("{}".to_owned(), "InvalidOptions"),
            (format!("{{{place}}}"), "InvalidOptions"),
            (format!(r#"{{{place},"contours":[]}}"#), "InvalidValue"),
            (format!(r#"{{{place},"contours":[{{"time":0}}]}}"#), "InvalidValue"),
            (format!(r#"{{{place},"contours":[{{"time":500}}]}}"#), "InvalidValue"),
            (format!(r#"{{{place},"contours":[{{"distance":5}}]}}"#), "InvalidValue"),
            (format!(r#"{{{place},"contours":[{{"time":5,"color":"red"}}]}}"#), "InvalidValue"),
            (format!(r#"{{{place},"contours":[{{"time":5}}],"polygons":false}}"#), "InvalidValue"),
            (format!(r#"{{{place},"contours":[{{"time":5}}],"reverse":true}}"#), "InvalidOptions"),
            (r#"{"locations":[{"lon":9.5,"lat":147.1}],"contours":[{"time":5}]}"#.to_owned(), "InvalidValue"),
            (r#"{"locations":[],"contours":[{"time":5}]}"#.to_owned(), "InvalidValue"),
        ] {
            assert_eq!(read(&text).unwrap_err().code(), Some(code), "{text}");
        }
    }
}
