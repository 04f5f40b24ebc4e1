//! What tags make a way as a line: a road, a rail, a ferry, running water.

use crate::osm::tags::Tags;
use crate::subject::{Road, RoadClass, Subject, Water};

/// What a way is as a line. A closed one that is a square is none.
pub(crate) fn line(tags: &Tags, closed: bool) -> Option<Subject<'_>> {
    let tunnel = tags.has("tunnel") || tags.is("covered", "yes");
    if let Some(class) = road(tags) {
        if closed && tags.is("area", "yes") {
            return None;
        }
        let number = if class <= RoadClass::Street { tags.get("ref") } else { "" };
        return Some(Subject::Road(Road {
            class,
            link: tags.get("highway").ends_with("_link"),
            tunnel,
            bridge: tags.has("bridge"),
            oneway: tags.is("oneway", "yes") || tags.is("junction", "roundabout"),
            number,
        }));
    }
    let kind = match tags.get("waterway") {
        "river" => Water::River,
        "stream" | "tidal_channel" => Water::Stream,
        "canal" => Water::Canal,
        "ditch" | "drain" => Water::Ditch,
        _ => return None,
    };
    Some(Subject::Water { kind, tunnel })
}

fn road(tags: &Tags) -> Option<RoadClass> {
    let highway = tags.get("highway");
    if let Some(class) = highway_class(highway.strip_suffix("_link").unwrap_or(highway)) {
        return Some(class);
    }
    match tags.get("railway") {
        "rail" if tags.has("service") => None,
        "rail" | "narrow_gauge" | "funicular" => Some(RoadClass::Rail),
        "tram" | "light_rail" | "subway" | "monorail" => Some(RoadClass::Tram),
        _ => tags.is("route", "ferry").then_some(RoadClass::Ferry),
    }
}

fn highway_class(highway: &str) -> Option<RoadClass> {
    Some(match highway {
        "motorway" => RoadClass::Motorway,
        "trunk" => RoadClass::Trunk,
        "primary" => RoadClass::Primary,
        "secondary" => RoadClass::Secondary,
        "tertiary" => RoadClass::Tertiary,
        "unclassified" | "residential" | "living_street" | "road" => RoadClass::Street,
        "pedestrian" => RoadClass::Pedestrian,
        "service" | "busway" => RoadClass::Service,
        "track" => RoadClass::Track,
        "cycleway" => RoadClass::Cycleway,
        "footway" | "path" | "bridleway" => RoadClass::Path,
        "steps" => RoadClass::Steps,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::osm::Tag;

    #[test]
    fn lines_by_their_tags() {
        let road = |tags: &[Tag<'_>]| {
            let tags = Tags::of_shown(tags).unwrap();
            match line(&tags, false) {
                Some(Subject::Road(road)) => Some((road.class, road.link, road.number.to_owned())),
                _ => None,
            }
        };
        assert_eq!(road(&[("highway", "primary"), ("ref", "28")]), Some((RoadClass::Primary, false, "28".to_owned())));
        assert_eq!(road(&[("highway", "motorway_link")]), Some((RoadClass::Motorway, true, String::new())));
        assert_eq!(road(&[("highway", "path"), ("ref", "7")]), Some((RoadClass::Path, false, String::new())));
        assert_eq!(road(&[("railway", "rail"), ("service", "yard")]), None);
        assert_eq!(road(&[("route", "ferry")]), Some((RoadClass::Ferry, false, String::new())));
        assert_eq!(road(&[("highway", "proposed")]), None);
        let square = Tags::of_shown(&[("highway", "pedestrian"), ("area", "yes")]).unwrap();
        assert!(line(&square, true).is_none() && line(&square, false).is_some());
    }
}
