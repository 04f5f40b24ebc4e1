//! What tags make a point or a border: points of interest, settlements, house numbers, administrative borders.

use crate::osm::tags::Tags;
use crate::subject::{Boundary, PlaceKind, Poi, Subject};

/// Whether an area with these tags is a point as well.
pub(crate) fn has_point(tags: &Tags) -> bool {
    poi(tags).is_some() || house(tags).is_some()
}

/// The house number.
pub(crate) fn house(tags: &Tags) -> Option<&str> {
    let number = tags.get("addr:housenumber");
    (1..=16).contains(&number.len()).then_some(number)
}

/// The settlement.
pub(crate) fn place(tags: &Tags) -> Option<Subject<'static>> {
    let kind = match tags.get("place") {
        "country" => PlaceKind::Country,
        "state" | "province" | "region" => PlaceKind::Region,
        "city" => PlaceKind::City,
        "town" => PlaceKind::Town,
        "village" => PlaceKind::Village,
        "suburb" | "quarter" | "borough" => PlaceKind::Suburb,
        "hamlet" | "isolated_dwelling" | "farm" => PlaceKind::Hamlet,
        "neighbourhood" => PlaceKind::Neighbourhood,
        "locality" | "island" | "islet" => PlaceKind::Locality,
        _ => return None,
    };
    let capital = matches!(tags.get("capital"), "yes" | "2" | "3" | "4");
    let population = tags.get("population").replace([' ', ','], "").parse().unwrap_or(0);
    Some(Subject::Place { kind, capital, population })
}

/// What a border is around.
pub(crate) fn boundary(tags: &Tags) -> Option<Boundary> {
    if !tags.is("boundary", "administrative") {
        return None;
    }
    Some(match tags.get("admin_level") {
        "2" => Boundary::Country,
        "3" | "4" => Boundary::Region,
        "5" | "6" => Boundary::District,
        "7" | "8" => Boundary::Municipality,
        _ => return None,
    })
}

/// The point of interest. The first key that says something decides.
pub(crate) fn poi(tags: &Tags) -> Option<Poi> {
    emergency(tags)
        .or_else(|| amenity(tags))
        .or_else(|| health(tags))
        .or_else(|| transport(tags))
        .or_else(|| works(tags))
        .or_else(|| leisure(tags))
        .or_else(|| tags.has("shop").then(|| if tags.is("shop", "supermarket") { Poi::Market } else { Poi::Shop }))
}

fn emergency(tags: &Tags) -> Option<Poi> {
    Some(match tags.get("emergency") {
        "fire_hydrant" => Poi::Hydrant,
        "suction_point" | "fire_water_pond" | "water_tank" => Poi::FireWater,
        "defibrillator" => Poi::Defibrillator,
        "assembly_point" | "disaster_help_point" => Poi::Assembly,
        "siren" => Poi::Siren,
        "ambulance_station" | "mountain_rescue" | "water_rescue" | "rescue_station" => Poi::Rescue,
        "landing_site" => Poi::Helipad,
        _ => return None,
    })
}

fn amenity(tags: &Tags) -> Option<Poi> {
    Some(match tags.get("amenity") {
        "fire_station" => Poi::FireStation,
        "hospital" => Poi::Hospital,
        "police" => Poi::Police,
        "clinic" | "doctors" => Poi::Clinic,
        "pharmacy" => Poi::Pharmacy,
        "townhall" => Poi::TownHall,
        "school" => Poi::School,
        "kindergarten" | "childcare" => Poi::Kindergarten,
        "university" | "college" => Poi::University,
        "library" => Poi::Library,
        // A roof at a bus stop is no place to bring people to.
        "shelter" => match tags.get("shelter_type") {
            "basic_hut" | "emergency" | "wildlife_hide" => Poi::Shelter,
            _ => return None,
        },
        "social_facility" if tags.is("social_facility", "shelter") => Poi::Shelter,
        "community_centre" | "social_facility" => Poi::Community,
        "place_of_worship" => Poi::Worship,
        "bus_station" => Poi::BusStation,
        "ferry_terminal" => Poi::Harbour,
        "parking" if !matches!(tags.get("access"), "private" | "customers" | "no") => Poi::Parking,
        "charging_station" => Poi::Charging,
        "fuel" => Poi::Fuel,
        "post_office" => Poi::Post,
        "bank" => Poi::Bank,
        "marketplace" => Poi::Market,
        "restaurant" | "cafe" | "bar" | "pub" | "fast_food" | "biergarten" => Poi::Restaurant,
        "theatre" | "cinema" | "arts_centre" => Poi::Culture,
        "drinking_water" => Poi::DrinkingWater,
        "toilets" => Poi::Toilets,
        "recycling" if tags.is("recycling_type", "centre") => Poi::Recycling,
        _ => return None,
    })
}

fn health(tags: &Tags) -> Option<Poi> {
    Some(match tags.get("healthcare") {
        "hospital" => Poi::Hospital,
        "clinic" | "doctor" | "centre" => Poi::Clinic,
        "pharmacy" => Poi::Pharmacy,
        _ => return None,
    })
}

fn transport(tags: &Tags) -> Option<Poi> {
    if matches!(tags.get("railway"), "station" | "halt") {
        return Some(Poi::Station);
    }
    if tags.is("highway", "bus_stop") || tags.is("railway", "tram_stop") {
        return Some(Poi::Stop);
    }
    match tags.get("aeroway") {
        "helipad" => Some(Poi::Helipad),
        "aerodrome" => Some(Poi::Airfield),
        _ => None,
    }
}

fn works(tags: &Tags) -> Option<Poi> {
    match tags.get("man_made") {
        "water_works" | "water_tower" | "pumping_station" => return Some(Poi::WaterWorks),
        "wastewater_plant" => return Some(Poi::Sewage),
        _ => {}
    }
    // A small transformer stands at every corner.
    let small = tags.is("substation", "minor_distribution") || tags.is("location", "kiosk");
    (matches!(tags.get("power"), "plant" | "substation") && !small && !tags.names().is_empty()).then_some(Poi::Power)
}

fn leisure(tags: &Tags) -> Option<Poi> {
    match tags.get("leisure") {
        "sports_centre" | "stadium" | "ice_rink" | "water_park" => return Some(Poi::Sport),
        "playground" => return Some(Poi::Playground),
        "marina" => return Some(Poi::Harbour),
        _ => {}
    }
    match tags.get("tourism") {
        "hotel" | "hostel" | "guest_house" | "motel" | "alpine_hut" | "camp_site" => return Some(Poi::Hotel),
        "museum" | "gallery" => return Some(Poi::Culture),
        "viewpoint" => return Some(Poi::View),
        _ => {}
    }
    match tags.get("historic") {
        "castle" | "fort" | "ruins" | "monument" => return Some(Poi::Castle),
        _ => {}
    }
    (matches!(tags.get("natural"), "peak" | "volcano") && !tags.names().is_empty()).then_some(Poi::Peak)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::osm::Tag;

    #[test]
    fn points_by_their_tags() {
        let cases: [(&[Tag<'_>], Option<Poi>); 11] = [
            (&[("amenity", "fire_station"), ("building", "yes")], Some(Poi::FireStation)),
            (&[("emergency", "fire_hydrant")], Some(Poi::Hydrant)),
            (&[("amenity", "shelter"), ("shelter_type", "public_transport")], None),
            (&[("amenity", "shelter"), ("shelter_type", "basic_hut")], Some(Poi::Shelter)),
            (&[("amenity", "parking"), ("access", "private")], None),
            (&[("highway", "bus_stop")], Some(Poi::Stop)),
            (&[("power", "substation"), ("substation", "minor_distribution"), ("name", "x")], None),
            (&[("natural", "peak")], None),
            (&[("natural", "peak"), ("name", "Grauspitz")], Some(Poi::Peak)),
            (&[("healthcare", "doctor")], Some(Poi::Clinic)),
            (&[("shop", "bakery")], Some(Poi::Shop)),
        ];
        for (tags, wanted) in cases {
            assert_eq!(Tags::of_shown(tags).and_then(|tags| poi(&tags)), wanted, "{tags:?}");
        }
    }

    #[test]
    fn places_and_borders() {
        let tags = |tags: &[Tag<'_>]| Tags::of_shown(tags).unwrap();
        let vaduz = tags(&[("place", "town"), ("capital", "yes"), ("population", "5 668")]);
        assert_eq!(place(&vaduz), Some(Subject::Place { kind: PlaceKind::Town, capital: true, population: 5668 }));
        let broken = tags(&[("place", "village"), ("population", "-1e9")]);
        assert_eq!(place(&broken), Some(Subject::Place { kind: PlaceKind::Village, capital: false, population: 0 }));
        assert_eq!(
            boundary(&tags(&[("boundary", "administrative"), ("admin_level", "8")])),
            Some(Boundary::Municipality)
        );
        assert_eq!(boundary(&tags(&[("boundary", "protected_area"), ("admin_level", "8")])), None);
    }
}
