//! Tags of one element, as far as the map needs them, and what areas they make. The keys are those of the OpenStreetMap wiki's page
//! "Map features".

use crate::names::{Names, is_language};
use crate::osm::Tag;
use crate::subject::{Landuse, Subject, Water};

/// Keys without which an element is not shown.
const SHOWING: [&str; 23] = [
    "addr:housenumber",
    "aeroway",
    "amenity",
    "boundary",
    "building",
    "craft",
    "emergency",
    "healthcare",
    "highway",
    "historic",
    "landuse",
    "leisure",
    "man_made",
    "natural",
    "office",
    "place",
    "power",
    "public_transport",
    "railway",
    "route",
    "shop",
    "tourism",
    "waterway",
];

/// Tags that an element keeps at most.
const MAX_TAGS: usize = 200;

/// Tags of an element that is shown.
#[derive(Clone, Debug)]
pub(crate) struct Tags(Vec<(Box<str>, Box<str>)>);

impl Tags {
    /// The tags, if one of them is such that its element is shown.
    pub(crate) fn of_shown(tags: &[Tag<'_>]) -> Option<Self> {
        let shown = tags.iter().any(|(key, _)| SHOWING.contains(key));
        shown.then(|| Self(tags.iter().take(MAX_TAGS).map(|(key, value)| ((*key).into(), (*value).into())).collect()))
    }

    /// The value of a key; empty when there is none.
    pub(crate) fn get(&self, key: &str) -> &str {
        self.0.iter().find(|(known, _)| **known == *key).map_or("", |(_, value)| value)
    }

    pub(crate) fn is(&self, key: &str, value: &str) -> bool {
        self.get(key) == value
    }

    /// Whether a key has a value other than no.
    pub(crate) fn has(&self, key: &str) -> bool {
        !matches!(self.get(key), "" | "no")
    }

    pub(crate) fn names(&self) -> Names {
        let mut names = Names::new(self.get("name"));
        for (key, value) in &self.0 {
            if let Some(language) = key.strip_prefix("name:").filter(|language| is_language(language)) {
                names.add(language, value);
            }
        }
        names
    }
}

/// What a closed way or a relation is as an area.
pub(crate) fn area(tags: &Tags) -> Option<Subject<'static>> {
    if tags.has("building") {
        return Some(Subject::Building { height: height(tags) });
    }
    water(tags).map(|kind| Subject::Water { kind, tunnel: false }).or_else(|| landuse(tags).map(Subject::Landuse))
}

fn water(tags: &Tags) -> Option<Water> {
    let is_water = tags.is("natural", "water") || tags.is("waterway", "riverbank") || tags.is("landuse", "reservoir");
    Some(match tags.get("leisure") {
        "swimming_pool" => Water::Pool,
        _ if tags.is("landuse", "basin") => Water::Basin,
        _ if !is_water => return None,
        _ => match tags.get("water") {
            "river" | "rapids" => Water::River,
            "stream" => Water::Stream,
            "canal" | "lock" => Water::Canal,
            "ditch" | "drain" => Water::Ditch,
            "basin" | "reservoir" | "wastewater" => Water::Basin,
            _ if tags.is("waterway", "riverbank") => Water::River,
            _ => Water::Lake,
        },
    })
}

fn landuse(tags: &Tags) -> Option<Landuse> {
    let by_landuse = match tags.get("landuse") {
        "forest" => Some(Landuse::Wood),
        "meadow" | "grass" | "recreation_ground" | "village_green" | "flowerbed" => Some(Landuse::Grass),
        "farmland" | "farmyard" | "allotments" | "greenhouse_horticulture" => Some(Landuse::Farmland),
        "orchard" | "vineyard" | "plant_nursery" => Some(Landuse::Orchard),
        "residential" => Some(Landuse::Residential),
        "commercial" | "retail" => Some(Landuse::Commercial),
        "industrial" | "railway" | "quarry" | "landfill" | "construction" | "port" => Some(Landuse::Industrial),
        "education" => Some(Landuse::Education),
        "cemetery" => Some(Landuse::Cemetery),
        _ => None,
    };
    let by_natural = || match tags.get("natural") {
        "wood" => Some(Landuse::Wood),
        "scrub" | "heath" | "shrubbery" => Some(Landuse::Scrub),
        "grassland" | "fell" => Some(Landuse::Grass),
        "wetland" => Some(Landuse::Wetland),
        "sand" | "beach" | "shingle" | "shoal" => Some(Landuse::Sand),
        "bare_rock" | "scree" | "rock" => Some(Landuse::Rock),
        "glacier" => Some(Landuse::Glacier),
        _ => None,
    };
    let by_leisure = || match tags.get("leisure") {
        "park" | "garden" | "dog_park" => Some(Landuse::Park),
        "pitch" | "track" | "sports_centre" | "stadium" | "golf_course" | "playground" => Some(Landuse::Pitch),
        _ => None,
    };
    let by_amenity = || match tags.get("amenity") {
        "school" | "kindergarten" | "university" | "college" => Some(Landuse::Education),
        "hospital" | "clinic" => Some(Landuse::Health),
        "grave_yard" => Some(Landuse::Cemetery),
        "parking" => Some(Landuse::Parking),
        _ => None,
    };
    let square = || {
        let paved = matches!(tags.get("highway"), "pedestrian" | "footway") && tags.is("area", "yes");
        (paved || tags.is("place", "square")).then_some(Landuse::Square)
    };
    by_landuse.or_else(by_natural).or_else(by_leisure).or_else(by_amenity).or_else(square)
}

/// Metres above the ground: as measured, or by storeys of three metres.
fn height(tags: &Tags) -> Option<u16> {
    let metres = |text: &str| text.trim_end_matches(" m").trim().parse::<f64>().ok();
    let height =
        metres(tags.get("height")).or_else(|| metres(tags.get("building:levels")).map(|levels| levels * 3.0))?;
    (1.0..=1000.0).contains(&height).then_some(height.round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_by_their_tags() {
        let cases: [(&[Tag<'_>], Option<Subject<'_>>); 10] = [
            (&[("building", "yes"), ("height", "12.4 m")], Some(Subject::Building { height: Some(12) })),
            (&[("building", "house"), ("building:levels", "3")], Some(Subject::Building { height: Some(9) })),
            (&[("building", "yes"), ("height", "-1e300")], Some(Subject::Building { height: None })),
            (&[("building", "no"), ("landuse", "forest")], Some(Subject::Landuse(Landuse::Wood))),
            (&[("natural", "water"), ("water", "river")], Some(Subject::Water { kind: Water::River, tunnel: false })),
            (&[("natural", "water")], Some(Subject::Water { kind: Water::Lake, tunnel: false })),
            (&[("amenity", "hospital")], Some(Subject::Landuse(Landuse::Health))),
            (&[("highway", "pedestrian"), ("area", "yes")], Some(Subject::Landuse(Landuse::Square))),
            (&[("highway", "residential")], None),
            (&[("landuse", "nonsense")], None),
        ];
        for (tags, wanted) in cases {
            assert_eq!(Tags::of_shown(tags).and_then(|tags| area(&tags)), wanted, "{tags:?}");
        }
        assert!(Tags::of_shown(&[("note", "x"), ("name", "y")]).is_none());
    }

    #[test]
    fn names_by_language() {
        let tags =
            [("place", "town"), ("name", "Vaduz"), ("name:zh", "瓦杜茲"), ("name:left", "x"), ("name:de", "Vaduz")];
        let names = Tags::of_shown(&tags).unwrap().names();
        assert_eq!((names.own(), names.within("zh"), names.within("left")), ("Vaduz", Some("瓦杜茲"), None));
    }
}
