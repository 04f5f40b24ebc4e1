//! What the county's own services report of what they see: accidents and closed roads.
//! Not what only the truth knows.

use super::json::Entity;
use crate::county::County;
use crate::truth::{Truth, TruthKind};
use belfry_kernel::Time;

/// The entity by which the road service tells of an accident, as it begins or ends; none for anything else.
pub fn accident(county: &County, truth: &Truth, clock: &dyn Fn(Time) -> Time) -> Option<(String, String)> {
    if truth.kind != TruthKind::Accident {
        return None;
    }
    let id = format!("urn:ngsi-ld:RoadAccident:{}", truth.id + 1);
    let mut out = String::with_capacity(420);
    let mut entity = Entity::new(&mut out, &id, "RoadAccident");
    let street = match truth.assets.first() {
        Some(crate::truth::Asset::Segment(segment)) => county.roads.way(*segment).name.as_str(),
        _ => "",
    };
    let closed = truth.size >= 1.0;
    let what = if closed { "the road is closed" } else { "one lane is blocked" };
    entity
        .text("name", &format!("Accident, {street}"))
        .text("description", &format!("{street}: {what}"))
        .instant("accidentDate", clock(truth.begin))
        .text("status", if truth.end.is_some() { "solved" } else { "onGoing" });
    if let Some(at) = truth.at {
        entity.place(county, &[at], false);
    }
    entity.end();
    Some((id, out))
}
