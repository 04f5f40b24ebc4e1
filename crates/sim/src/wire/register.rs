//! Master data as NGSI-LD entities: the county's register of devices, roads, buildings, farms, fields, stops and vehicles.
//! Written one by one, so that a county of any size needs little memory.

use super::json::Entity;
use super::message::{entity_id, observed};
use crate::county::{Class, County};
use crate::device::Kind;
use crate::plane::Point;
use crate::simulation::{Simulation, VehicleKind, VehicleSight};
use belfry_kernel::Time;

/// A device's entry: what it is, where it stands, what it belongs to, and first values with their units.
pub fn device(simulation: &Simulation, number: u32, clock: &dyn Fn(Time) -> Time) -> String {
    let reading = simulation.first_reading(number);
    let (spec, county) = (reading.kind.spec(), simulation.county());
    let device = simulation.device(number);
    let asset = device.asset as usize;
    let mut out = String::with_capacity(700);
    let mut entity = Entity::new(&mut out, &entity_id(simulation, number), spec.of_type);
    let title = match reading.kind {
        Kind::Parking => county.car_parks[asset].name.clone(),
        Kind::River => {
            let reach = &county.rivers.reaches[simulation.assets().rivers[asset] as usize];
            format!("{}, gauge {}", reach.name, simulation.number_in_kind(number))
        }
        Kind::Reservoir => county.rivers.reservoirs[asset].name.clone(),
        Kind::Traffic => {
            let way = county.roads.way(simulation.assets().counters[asset]);
            format!("{}, counter {}", way.name, simulation.number_in_kind(number))
        }
        _ => format!("{} {}", spec.label, simulation.number_in_kind(number)),
    };
    entity.text("name", &title).place(county, &[simulation.place(number)], false);
    match reading.kind {
        Kind::Soil => {
            entity.related("hasAgriParcel", &format!("urn:ngsi-ld:AgriParcel:parcel-{}", asset + 1));
        }
        Kind::Traffic => {
            let segment = simulation.assets().counters[asset];
            let way = county.roads.segments[segment as usize].way;
            entity.related("refRoadSegment", &format!("urn:ngsi-ld:RoadSegment:way-{}", way + 1));
        }
        Kind::Room => {
            let place = simulation.assets().schools[asset];
            entity.related("refPointOfInterest", &format!("urn:ngsi-ld:Building:place-{}", place + 1));
        }
        Kind::Lift => {
            let place = simulation.assets().blocks[asset];
            entity.related("controlledAsset", &format!("urn:ngsi-ld:Building:place-{}", place + 1));
            entity.texts("deviceCategory", &["sensor"]);
        }
        Kind::Pressure | Kind::Zone => {
            entity.texts("deviceCategory", &["sensor"]).texts("controlledProperty", &["pressure"]);
        }
        Kind::Meter => {
            entity.text("meterType", "Water");
        }
        _ => {}
    }
    observed(&mut entity, spec, &reading, clock(reading.at));
    entity.end();
    out
}

/// A vehicle as its service reports it.
pub fn vehicle(county: &County, vehicle: &VehicleSight, at: Time) -> (String, String) {
    let id = format!("urn:ngsi-ld:Vehicle:{}", vehicle.id);
    let mut out = String::with_capacity(420);
    let mut entity = Entity::new(&mut out, &id, "Vehicle");
    let of_type = match vehicle.kind {
        VehicleKind::Bus => "bus",
        VehicleKind::Unit(_) => "lorry",
    };
    entity
        .text("name", &vehicle.id.replace('-', " "))
        .text("vehicleType", of_type)
        .seen_at(county, &[vehicle.at], false, Some(at))
        .observed("speed", vehicle.speed as f32, 1, "KMH", at)
        .observed("heading", vehicle.heading as f32, 0, "DD", at)
        .observed_text("serviceStatus", vehicle.status, at);
    if vehicle.kind == VehicleKind::Bus {
        entity.text("line", &vehicle.line).observed("delay", vehicle.late as f32, 0, "SEC", at);
    }
    entity.end();
    (id, out)
}

/// How much of the county is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Places, farms, fields, stops, and roads that lead through.
    Public,
    /// Every street and house too.
    All,
}

/// Everything in the register that is no device, one entity after another.
pub fn county(county: &County, extent: Extent, to: &mut dyn FnMut(String)) {
    let mut make = |id: String, of_type: &str, fill: &dyn Fn(&mut Entity<'_>)| {
        let mut out = String::with_capacity(400);
        let mut entity = Entity::new(&mut out, &format!("urn:ngsi-ld:{of_type}:{id}"), of_type);
        fill(&mut entity);
        entity.end();
        to(out);
    };
    for (number, way) in county.roads.ways.iter().enumerate() {
        if extent == Extent::Public && way.class > Class::Secondary {
            continue;
        }
        let line: Vec<Point> = way.nodes.iter().map(|node| county.roads.nodes[*node as usize]).collect();
        make(format!("way-{}", number + 1), "RoadSegment", &|entity| {
            let name = if way.name.is_empty() { "Road" } else { &way.name };
            entity
                .text("name", name)
                .place(county, &line, false)
                .text("roadClass", way.class.tag())
                .value("maximumAllowedSpeed", way.speed.into(), 0, "KMH")
                .text("status", "open");
        });
    }
    for (number, place) in county.places.iter().enumerate() {
        make(format!("place-{}", number + 1), "Building", &|entity| {
            entity.text("name", &place.name).texts("category", &[place.kind.word()]).place(county, &[place.at], false);
        });
    }
    for (number, farm) in county.farms.iter().enumerate() {
        make(format!("farm-{}", number + 1), "AgriFarm", &|entity| {
            entity.text("name", &farm.name).place(county, &[farm.at], false);
        });
    }
    for (number, parcel) in county.parcels.iter().enumerate() {
        make(format!("parcel-{}", number + 1), "AgriParcel", &|entity| {
            entity
                .text("name", &format!("Field {} ({})", number + 1, parcel.crop.name()))
                .place(county, &parcel.corners, true)
                .value("area", parcel.area, 0, "MTK")
                .text("category", parcel.crop.name())
                .text("soilTextureType", parcel.soil.texture())
                .related("belongsTo", &format!("urn:ngsi-ld:AgriFarm:farm-{}", parcel.farm + 1));
        });
    }
    for stop in &county.feed.stops {
        let Some(position) = stop.position else { continue };
        let id: String =
            stop.id.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
        make(id, "TransportStation", &|entity| {
            let name = if stop.name.is_empty() { "Stop" } else { stop.name.as_str() };
            entity.text("name", name).texts("stationType", &["bus"]).place(
                county,
                &[county.plane.point(position)],
                false,
            );
        });
    }
    if extent == Extent::All {
        for (number, house) in county.houses.iter().enumerate() {
            make(format!("house-{}", number + 1), "Building", &|entity| {
                entity.texts("category", &["house"]).place(county, &[house.at()], false);
            });
        }
    }
}
