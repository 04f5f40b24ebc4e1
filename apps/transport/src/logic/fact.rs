//! What an entity says of roads now: that they are closed, or how fast one drives there. Reads entities by the names that the Smart
//! Data Models (Transportation) give to types and attributes, whatever their context; knows no network.
//!
//! | type | says |
//! |---|---|
//! | RoadSegment | closed, when its `status` is `closed` |
//! | RoadClosure, RoadBlockage, RoadWork(s), CityWork | closed while it lasts, unless its status says that it is over; CityWork only when its `status` is `closed` |
//! | TrafficFlowObserved | a speed, `averageVehicleSpeed` in km/h, for as long as it is fresh |

use crate::model::class::NAMES;
use belfry_kit::{Geometry, Iri, Time};
use belfry_ngsi_ld::{Attribute, Entity, Json, Name, Value};
use belfry_roads::Classes;

/// How long a measured speed holds, microseconds.
const FRESH: i64 = 30 * 60 * 1_000_000;

/// Types that say something of roads, by the last part of their names.
pub(crate) const TYPES: [&str; 8] = [
    "RoadSegment",
    "RoadClosure",
    "RoadBlockage",
    "RoadWork",
    "RoadWorks",
    "Roadworks",
    "CityWork",
    "TrafficFlowObserved",
];

/// What an entity says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fact {
    pub(crate) place: Place,
    pub(crate) effect: Effect,
    /// In force from this instant on; from ever when none.
    pub(crate) from: Option<Time>,
    /// In force until before this instant.
    pub(crate) until: Option<Time>,
}

/// Where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    /// Here.
    At(Geometry),
    /// Where this RoadSegment is.
    Segment(Iri),
}

/// What is so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Closed, but for these classes.
    Closed(Classes),
    /// So many km/h are driven.
    Speed(f32, Lane),
}

/// In which direction of the geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Both,
    Forward,
    Backward,
}

/// Why an entity of such a type says nothing that can be used.
pub(crate) type Unusable = &'static str;

impl Fact {
    /// Whether it is in force.
    pub(crate) fn holds(&self, now: Time) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    /// The next instant after `now` at which that changes.
    pub(crate) fn next(&self, now: Time) -> Option<Time> {
        [self.from, self.until].into_iter().flatten().filter(|at| *at > now).min()
    }
}

/// The last part of a name.
pub(crate) fn last_part(name: &str) -> &str {
    name.rsplit(['/', '#', ':']).next().unwrap_or(name)
}

/// Whether a type says something of roads.
pub(crate) fn concerns(types: &[Name]) -> bool {
    types.iter().any(|name| TYPES.contains(&last_part(name.as_str())))
}

/// What an entity says of roads; nothing when all is as usual there.
///
/// # Errors
/// Why it cannot be used.
pub(crate) fn read(entity: &Entity) -> Result<Option<Fact>, Unusable> {
    let Some(kind) = entity.types.iter().map(|name| last_part(name.as_str())).find(|name| TYPES.contains(name)) else {
        return Ok(None);
    };
    let effect = match kind {
        "RoadSegment" => (status(entity).as_deref() == Some("closed")).then(|| Effect::Closed(Classes::default())),
        "CityWork" => (status(entity).as_deref() == Some("closed")).then(|| Effect::Closed(exempt(entity))),
        "TrafficFlowObserved" => speed(entity)?,
        _ => (!status(entity).is_some_and(|status| is_over(&status))).then(|| Effect::Closed(exempt(entity))),
    };
    let Some(effect) = effect else { return Ok(None) };
    let time = |names: &[&str]| names.iter().find_map(|name| instant(find(entity, name)?));
    let mut fact = Fact { place: place(entity)?, effect, from: None, until: entity.expires_at };
    if let Effect::Speed(..) = effect {
        fact.until = earlier(fact.until, Some(Time::from_micros(measured(entity).micros().saturating_add(FRESH))));
    } else if kind != "RoadSegment" {
        fact.from = time(&["startDate", "validFrom", "validityStartDate", "dateFrom", "startsAt"]);
        fact.until = earlier(fact.until, time(&["endDate", "validTo", "validityEndDate", "dateTo", "endsAt"]));
    }
    Ok(Some(fact))
}

fn earlier(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    [a, b].into_iter().flatten().min()
}

/// The default instance of the attribute with this last part.
fn find<'e>(entity: &'e Entity, name: &str) -> Option<&'e Attribute> {
    let of_name = |a: &&Attribute| a.dataset_id.is_none() && last_part(a.name.as_str()) == name;
    entity.attributes.iter().find(of_name)
}

fn status(entity: &Entity) -> Option<String> {
    let said = ["status", "workState", "state"].iter().find_map(|name| word(find(entity, name)?))?;
    Some(said.to_ascii_lowercase())
}

fn is_over(status: &str) -> bool {
    [
        "open",
        "opened",
        "reopened",
        "finished",
        "completed",
        "ended",
        "over",
        "cancelled",
        "canceled",
        "resolved",
        "planned",
    ]
    .contains(&status)
}

fn word(attribute: &Attribute) -> Option<&str> {
    match &attribute.value {
        Value::Property(json) | Value::Json(json) => json.as_str(),
        Value::Vocab(terms) => terms.as_slice().first().map(|term| last_part(term.as_str())),
        _ => None,
    }
}

fn words(attribute: &Attribute) -> Vec<&str> {
    match &attribute.value {
        Value::Property(Json::Array(all)) | Value::List(all) => all.iter().filter_map(Json::as_str).collect(),
        Value::Vocab(terms) => terms.as_slice().iter().map(|term| last_part(term.as_str())).collect(),
        _ => word(attribute).into_iter().collect(),
    }
}

/// An instant as texts and the typed values of JSON-LD have it.
fn instant(attribute: &Attribute) -> Option<Time> {
    let Value::Property(json) = &attribute.value else { return None };
    let text = json.as_str().or_else(|| json.get("@value")?.as_str())?;
    Time::parse(text).or_else(|_| Time::parse(&format!("{text}Z"))).ok()
}

fn number(attribute: &Attribute) -> Option<f64> {
    match &attribute.value {
        Value::Property(json) => json.as_f64(),
        _ => None,
    }
}

/// When a speed was measured.
fn measured(entity: &Entity) -> Time {
    let speed = find(entity, "averageVehicleSpeed");
    let said = || ["dateObservedTo", "dateObserved"].iter().find_map(|name| instant(find(entity, name)?));
    speed.and_then(|speed| speed.observed_at).or_else(said).unwrap_or(entity.modified_at)
}

fn speed(entity: &Entity) -> Result<Option<Effect>, Unusable> {
    let Some(attribute) = find(entity, "averageVehicleSpeed") else { return Ok(None) };
    let kmh = number(attribute).ok_or("averageVehicleSpeed is no number")?;
    // Some feeds say -1 where nothing was measured.
    if !(0.0..=300.0).contains(&kmh) {
        return Err("averageVehicleSpeed is not from 0 to 300 km/h");
    }
    let kmh = match attribute.unit_code.as_deref() {
        None | Some("KMH") => kmh,
        Some("MTS") => kmh * 3.6,
        Some("HM") => kmh * 1.609_344,
        Some(_) => return Err("averageVehicleSpeed is in a unit that is not known: it is KMH, MTS or HM"),
    };
    let lane = match find(entity, "laneDirection").and_then(word) {
        Some("forward") => Lane::Forward,
        Some("backward") => Lane::Backward,
        _ => Lane::Both,
    };
    // A vehicle was seen to stand, which says little of those that come next: walking pace then.
    Ok(Some(Effect::Speed((kmh as f32).max(3.0), lane)))
}

fn place(entity: &Entity) -> Result<Place, Unusable> {
    if let Some(Value::Geo(geometry)) = find(entity, "location").map(|a| &a.value) {
        return Ok(Place::At(geometry.clone()));
    }
    let segment = find(entity, "refRoadSegment").and_then(|a| a.value.targets().first());
    segment.cloned().map(Place::Segment).ok_or("it has neither location nor refRoadSegment")
}

/// The classes that a closure lets through (`allowedVehicleType`, in the words of the models).
fn exempt(entity: &Entity) -> Classes {
    let named = ["allowedVehicleType", "allowedVehicle"].iter().find_map(|name| find(entity, name));
    named.into_iter().flat_map(words).flat_map(classes_of).fold(Classes::default(), Classes::with)
}

fn classes_of(word: &str) -> Vec<belfry_roads::Class> {
    use belfry_roads::Class::{Ambulance, Bicycle, Car, FireEngine, Foot, Truck};
    match word {
        "bicycle" => vec![Bicycle],
        "pedestrian" => vec![Foot],
        "car" | "van" | "caravan" | "motorcycle" => vec![Car],
        "lorry" | "trailer" | "trucks" | "companiesTrucks" | "tanker" => vec![Truck],
        "emergencyVehicle" => vec![FireEngine, Ambulance],
        "firefighters" => vec![FireEngine],
        "ambulance" => vec![Ambulance],
        "anyVehicle" | "allVehicle" => NAMES.iter().map(|(class, ..)| *class).filter(|class| *class != Foot).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use belfry_ngsi_ld::Context;
    use belfry_ngsi_ld::form::{Limits, read_entity};
    use belfry_roads::Class;

    const LINE: &str =
        r#""location":{"type":"GeoProperty","value":{"type":"LineString","coordinates":[[9.5,47.1],[9.6,47.1]]}}"#;

    fn said(kind: &str, members: &str) -> Result<Option<Fact>, Unusable> {
        let text = format!("{{\"id\":\"urn:r:1\",\"type\":\"{kind}\",{members}}}");
        read(&read_entity(text.as_bytes(), Context::core(), &Limits::default()).unwrap())
    }

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    #[test]
    fn types_and_statuses_close_and_open() {
        for (kind, status, closed) in [
            ("RoadSegment", "closed", true),
            ("RoadSegment", "open", false),
            ("RoadSegment", "limited", false),
            ("https://smartdatamodels.org/dataModel.Transportation/RoadSegment", "closed", true),
            ("RoadClosure", "active", true),
            ("RoadClosure", "reopened", false),
            ("RoadWorks", "onGoing", true),
            ("RoadWorks", "Finished", false),
            ("CityWork", "open", false),
            ("CityWork", "closed", true),
            ("RoadAccident", "closed", false),
        ] {
            let fact = said(kind, &format!("\"status\":\"{status}\",{LINE}")).unwrap();
            assert_eq!(fact.is_some(), closed, "{kind} {status}");
        }
        assert!(said("RoadClosure", LINE).unwrap().is_some());
        assert!(said("RoadSegment", LINE).unwrap().is_none());
    }

    #[test]
    fn a_closure_lasts_and_lets_some_through() {
        let fact = said(
            "RoadClosure",
            &format!(
                "\"startDate\":\"2026-03-01T08:00:00Z\",\"endDate\":{{\"type\":\"Property\",\"value\":{{\"@type\":\"DateTime\",\"@value\":\"2026-03-02T08:00:00Z\"}}}},\
                 \"allowedVehicleType\":[\"bicycle\",\"emergencyVehicle\"],{LINE}"
            ),
        );
        let fact = fact.unwrap().unwrap();
        let Effect::Closed(exempt) = fact.effect else { panic!("{fact:?}") };
        assert!(exempt.has(Class::Bicycle) && exempt.has(Class::Ambulance) && !exempt.has(Class::Car));
        let instants = ["2026-03-01T07:59:59Z", "2026-03-01T08:00:00Z", "2026-03-02T08:00:00Z"].map(at);
        assert_eq!(instants.map(|now| fact.holds(now)), [false, true, false]);
        assert_eq!(instants.map(|now| fact.next(now)), [Some(instants[1]), Some(instants[2]), None]);
    }

    #[test]
    fn speeds_are_of_a_unit_a_lane_and_an_instant() {
        let speed = |members: &str| said("TrafficFlowObserved", &format!("{members},{LINE}"));
        let measured = r#""averageVehicleSpeed":{"type":"Property","value":10,"unitCode":"MTS","observedAt":"2026-03-01T08:00:00Z"},"laneDirection":"backward""#;
        let fact = speed(measured).unwrap().unwrap();
        assert_eq!(fact.effect, Effect::Speed(36.0, Lane::Backward));
        assert_eq!(fact.until, Some(at("2026-03-01T08:30:00Z")));
        let dated = r#""averageVehicleSpeed":52.6,"dateObserved":{"type":"Property","value":{"@type":"DateTime","@value":"2016-12-07T11:10:00"}}"#;
        assert_eq!(speed(dated).unwrap().unwrap().until, Some(at("2016-12-07T11:40:00Z")));
        assert_eq!(speed("\"averageVehicleSpeed\":0").unwrap().unwrap().effect, Effect::Speed(3.0, Lane::Both));
        assert!(speed("\"intensity\":5").unwrap().is_none());
        assert!(speed("\"averageVehicleSpeed\":-1").is_err());
        assert!(speed("\"averageVehicleSpeed\":\"fast\"").is_err());
        assert!(said("TrafficFlowObserved", "\"averageVehicleSpeed\":5").is_err());
        let by = said(
            "TrafficFlowObserved",
            r#""averageVehicleSpeed":5,"refRoadSegment":{"type":"Relationship","object":"urn:s:1"}"#,
        );
        assert_eq!(by.unwrap().unwrap().place, Place::Segment(Iri::parse("urn:s:1").unwrap()));
    }
}
