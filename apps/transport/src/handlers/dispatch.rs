//! POST /dispatch: units ranked by the time in which they get to a place by road now, and those that cannot, each with its reason.

use super::{members, place_of, waypoint};
use crate::Service;
use crate::logic::fact::last_part;
use crate::model::class;
use crate::model::coordinates::invalid;
use crate::model::written::{count, object, position, seconds, text};
use belfry_kit::{Error, Iri, Kind, Position, Reply, Request};
use belfry_ngsi_ld::query::filter::{self, Expansion};
use belfry_ngsi_ld::query::{EntityQuery, Naming, Selector, TypeSelection};
use belfry_ngsi_ld::{Context, Entity, Json, Value};
use belfry_roads::{Class, Snap};
use std::sync::Arc;

/// Units looked at.
const MOST: usize = 2_000;
/// Metres within which a road is looked for, of units and of the place.
const WITHIN_M: f64 = 1_000.0;
/// Levels of JSON in a body.
const DEPTH: usize = 16;

/// What is asked for.
struct Asked {
    target: Target,
    class: Class,
    units: Units,
    /// A position that is older than this is not gone by, seconds.
    max_age_s: Option<f64>,
    /// Units that are listed as ranked, at most.
    limit: usize,
}

/// Where to.
enum Target {
    Place(Position),
    /// Where this entity is.
    Entity(Iri),
}

/// Which units.
enum Units {
    Listed(Vec<Iri>),
    Found(Box<EntityQuery>),
}

/// A unit that may go.
struct Unit {
    id: Iri,
    name: Option<String>,
    place: Position,
    age_s: f64,
}

/// A unit that cannot, and why.
struct LeftOut {
    id: Iri,
    reason: &'static str,
    detail: String,
}

pub(crate) async fn run(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let asked = read(&Json::parse(&request.body, DEPTH)?, &request.context)?;
    let town = service.town()?;
    let inner = service.clone();
    let json = service.ctx.blocking(move || {
        let now = inner.ctx.now();
        let target = match &asked.target {
            Target::Place(place) => *place,
            Target::Entity(id) => {
                let entity = inner.ctx.entity(id.as_str())?;
                let entity = entity.ok_or_else(|| Error::not_found(format!("there is no entity {id}")))?;
                location(&entity).ok_or_else(|| Error::bad_data(format!("the entity {id} has no location")))?.0
            }
        };
        let (units, mut left_out) = gather(&inner, &asked)?;
        let driving = town.driving(asked.class);
        let router = driving.router();
        let to = router.snap(target, WITHIN_M);
        let to = to.map_err(|why| invalid("NoSegment", format!("the place: {why}")))?;
        let mut snapped: Vec<(Unit, Snap)> = Vec::with_capacity(units.len());
        for unit in units {
            match router.snap(unit.place, WITHIN_M) {
                Ok(snap) => snapped.push((unit, snap)),
                Err(why) => left_out.push(LeftOut { id: unit.id, reason: "unsnapped", detail: why.to_string() }),
            }
        }
        let from: Vec<Snap> = snapped.iter().map(|(_, snap)| *snap).collect();
        let matrix = town.with_workspace(|workspace| router.matrix(workspace, &from, &[to]));
        let mut ranked: Vec<(u32, Unit, Snap)> = Vec::with_capacity(snapped.len());
        for (at, (unit, snap)) in snapped.into_iter().enumerate() {
            match matrix.get(at, 0) {
                Some(ms) => ranked.push((ms, unit, snap)),
                None => {
                    let detail = "no road leads from it to the place now".to_owned();
                    left_out.push(LeftOut { id: unit.id, reason: "unreachable", detail });
                }
            }
        }
        ranked.sort_by(|a, b| (a.0, a.1.id.as_str()).cmp(&(b.0, b.1.id.as_str())));
        left_out.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        let units = ranked.iter().take(asked.limit).map(|(ms, unit, snap)| {
            let mut all = vec![("id", text(unit.id.as_str()))];
            all.extend(unit.name.as_ref().map(|name| ("name", text(name))));
            all.push(("duration", seconds(u64::from(*ms))));
            all.push(("position", position(unit.place)));
            all.push(("positionAge", seconds((unit.age_s * 1000.0).max(0.0) as u64)));
            all.push(("waypoint", members(waypoint(&router, snap))));
            members(all)
        });
        let left = left_out.iter().map(|unit| {
            let reason = ("reason", text(unit.reason));
            object([("id", text(unit.id.as_str())), reason, ("detail", text(&unit.detail))])
        });
        Ok::<_, Error>(members(vec![
            ("at", text(now.to_string())),
            ("class", text(class::name(asked.class))),
            ("place", members(waypoint(&router, &to))),
            ("ranked", count(ranked.len() as u64)),
            ("units", Json::Array(units.collect())),
            ("leftOut", Json::Array(left.collect())),
        ]))
    });
    Ok(Reply::json(&json.await??))
}

/// The units that are meant, as they are now.
fn gather(service: &Service, asked: &Asked) -> Result<(Vec<Unit>, Vec<LeftOut>), Error> {
    let (mut units, mut left_out) = (Vec::new(), Vec::new());
    let now = service.ctx.now();
    let mut take = |entity: &Entity| {
        if units.len() + left_out.len() == MOST {
            return Err(Error::new(
                Kind::TooManyResults,
                format!("more than {MOST} units are meant; narrow the query"),
            ));
        }
        let Some((place, at)) = location(entity) else {
            let detail = "it has no location that is a point".to_owned();
            left_out.push(LeftOut { id: entity.id.clone(), reason: "noLocation", detail });
            return Ok(());
        };
        let age_s = (now.micros() - at.micros()) as f64 / 1e6;
        if asked.max_age_s.is_some_and(|max| age_s > max) {
            let detail = format!("its position is {age_s:.0} s old");
            left_out.push(LeftOut { id: entity.id.clone(), reason: "stale", detail });
            return Ok(());
        }
        units.push(Unit { id: entity.id.clone(), name: name(entity), place, age_s });
        Ok(())
    };
    match &asked.units {
        Units::Found(query) => service.ctx.visit(query, &mut |lent| take(&lent.make()?))?,
        Units::Listed(ids) => {
            let mut missing = Vec::new();
            for id in ids {
                match service.ctx.entity(id.as_str())? {
                    Some(entity) => take(&entity)?,
                    None => missing.push(id.clone()),
                }
            }
            let detail = "there is no such entity".to_owned();
            left_out.extend(missing.into_iter().map(|id| LeftOut { id, reason: "missing", detail: detail.clone() }));
        }
    }
    Ok((units, left_out))
}

/// Where an entity is, and since when that is known.
fn location(entity: &Entity) -> Option<(Position, belfry_kit::Time)> {
    let found =
        entity.attributes.iter().find(|a| a.dataset_id.is_none() && last_part(a.name.as_str()) == "location")?;
    match &found.value {
        Value::Geo(belfry_kit::Geometry::Point(place)) => {
            Some((*place, found.observed_at.unwrap_or(found.modified_at)))
        }
        _ => None,
    }
}

fn name(entity: &Entity) -> Option<String> {
    let found = entity.attributes.iter().find(|a| a.dataset_id.is_none() && last_part(a.name.as_str()) == "name")?;
    match &found.value {
        Value::Property(json) => json.as_str().map(str::to_owned),
        Value::Language(all) => all.first().and_then(|(_, text)| text.as_str().map(str::to_owned)),
        _ => None,
    }
}

fn read(json: &Json, context: &Context) -> Result<Asked, Error> {
    let wrong = |what: &str| invalid("InvalidValue", what);
    let Json::Object(all) = json else { return Err(invalid("InvalidQuery", "a request is an object")) };
    let (mut target, mut class, mut units, mut max_age_s, mut limit) = (None, None, None, None, MOST);
    for (key, value) in all {
        match key.as_str() {
            "place" => {
                let place = place_of(value).ok_or_else(|| wrong("place: it is a GeoJSON point, or lon and lat"))?;
                if target.replace(Target::Place(place)).is_some() {
                    return Err(invalid("InvalidOptions", "place and incident contradict each other"));
                }
            }
            "incident" => {
                let id = value.as_str().and_then(|text| Iri::parse(text).ok());
                let id = id.ok_or_else(|| wrong("incident: it is the id of an entity with a location"))?;
                if target.replace(Target::Entity(id)).is_some() {
                    return Err(invalid("InvalidOptions", "place and incident contradict each other"));
                }
            }
            "class" => {
                class = Some(class::parse(value.as_str().ok_or_else(|| wrong("class: it is a text"))?)?);
            }
            "units" => units = Some(units_of(value, context)?),
            "maxAge" => {
                let seconds = value.as_f64().filter(|s| (0.0..=1e9).contains(s));
                max_age_s = Some(seconds.ok_or_else(|| wrong("maxAge: it is a number of seconds"))?);
            }
            "limit" => {
                let number = value.as_f64().filter(|n| n.fract() == 0.0 && (1.0..=MOST as f64).contains(n));
                limit = number.ok_or_else(|| wrong("limit: it is a whole number from 1 to 2000"))? as usize;
            }
            key => {
                let key: String = key.chars().take(40).collect();
                return Err(invalid("InvalidOptions", format!("{key:?} does not belong to this request")));
            }
        }
    }
    let missing = |what: &str| invalid("InvalidOptions", format!("{what} is missing"));
    Ok(Asked {
        target: target.ok_or_else(|| missing("place (or incident)"))?,
        class: class.ok_or_else(|| missing("class"))?,
        units: units.ok_or_else(|| missing("units"))?,
        max_age_s,
        limit,
    })
}

/// Units by a type and perhaps a condition, or one by one.
fn units_of(json: &Json, context: &Context) -> Result<Units, Error> {
    let wrong = || invalid("InvalidValue", "units: an object with type and perhaps q, or with ids");
    let Json::Object(all) = json else { return Err(wrong()) };
    let keys: Vec<&str> = all.iter().map(|(key, _)| key.as_str()).collect();
    let naming = Naming::new(context);
    match keys[..] {
        ["ids"] => {
            let Some(Json::Array(ids)) = json.get("ids") else { return Err(wrong()) };
            if ids.is_empty() || ids.len() > MOST {
                return Err(invalid("InvalidValue", format!("units: 1 to {MOST} ids")));
            }
            let one = |id: &Json| id.as_str().and_then(|text| Iri::parse(text).ok());
            let mut ids: Vec<Iri> = ids.iter().map(one).collect::<Option<_>>().ok_or_else(wrong)?;
            ids.sort_by(|a, b| a.as_str().cmp(b.as_str()));
            ids.dedup();
            Ok(Units::Listed(ids))
        }
        ["type"] | ["type", "q"] | ["q", "type"] => {
            let types = json.get("type").and_then(Json::as_str).ok_or_else(wrong)?;
            let types = TypeSelection::parse(types, &naming)?;
            let q = match json.get("q") {
                Some(q) => Some(filter::parse(q.as_str().ok_or_else(wrong)?, &naming, Expansion(&[]))?),
                None => None,
            };
            let selectors = vec![Selector { types, ..Selector::default() }];
            Ok(Units::Found(Box::new(EntityQuery { selectors, q, ..EntityQuery::default() })))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_and_refused() {
        let read = |text: &str| read(&Json::parse(text.as_bytes(), DEPTH).unwrap(), Context::core());
        let rest = r#""class":"fire_engine","units":{"type":"Vehicle","q":"serviceStatus==\"onCall\""}"#;
        for place in [r#"{"lon":9.5,"lat":47.1}"#, "[9.5,47.1]", r#"{"type":"Point","coordinates":[9.5,47.1]}"#] {
            assert!(matches!(read(&format!("{{\"place\":{place},{rest}}}")).unwrap().target, Target::Place(_)));
        }
        let listed = read(
            r#"{"incident":"urn:i:1","class":"foot","units":{"ids":["urn:v:2","urn:v:1","urn:v:1"]},"limit":3,"maxAge":60}"#,
        );
        let listed = listed.unwrap();
        assert!(matches!(&listed.units, Units::Listed(ids) if ids.len() == 2));
        assert_eq!((listed.limit, listed.max_age_s), (3, Some(60.0)));
        for (text, part) in [
            ("[]".to_owned(), "a request is an object"),
            (format!("{{{rest}}}"), "place (or incident) is missing"),
            (format!("{{\"place\":[9.5,147],{rest}}}"), "place: it is"),
            (format!("{{\"place\":[9.5,47],\"incident\":\"urn:i:1\",{rest}}}"), "contradict"),
            (r#"{"place":[9.5,47],"class":"car"}"#.to_owned(), "units is missing"),
            (r#"{"place":[9.5,47],"class":"tank","units":{"ids":["urn:v:1"]}}"#.to_owned(), "no class of vehicle"),
            (r#"{"place":[9.5,47],"class":"car","units":{"ids":[]}}"#.to_owned(), "units: 1 to"),
            (r#"{"place":[9.5,47],"class":"car","units":{"ids":["x"]}}"#.to_owned(), "units: an object"),
            (
                r#"{"place":[9.5,47],"class":"car","units":{"type":"V","ids":["urn:v:1"]}}"#.to_owned(),
                "units: an object",
            ),
            (r#"{"place":[9.5,47],"class":"car","units":{"type":"V","q":"=="}}"#.to_owned(), ""),
            (format!("{{\"place\":[9.5,47],\"limit\":0,{rest}}}"), "limit: it is"),
            (format!("{{\"place\":[9.5,47],\"maxAge\":-1,{rest}}}"), "maxAge: it is"),
            (format!("{{\"place\":[9.5,47],\"speed\":1,{rest}}}"), "\"speed\" does not belong"),
        ] {
            let error = read(&text).err().unwrap_or_else(|| panic!("{text}"));
            assert!(error.public().contains(part), "{text}: {error}");
        }
    }
}
