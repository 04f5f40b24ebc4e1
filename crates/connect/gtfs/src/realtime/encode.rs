//! From a message to bytes; what [`super::decode`] takes of them is the message again.

use super::{
    Alert, Event, Message, StopRelation, StopUpdate, TripRef, TripRelation, TripUpdate, VehiclePosition, VehicleStatus,
    wire,
};

/// Encodes a message, version 2.0.
pub fn encode(message: &Message) -> Vec<u8> {
    let header = wire::Header {
        version: Some("2.0".into()),
        incrementality: Some(i32::from(message.differential)),
        timestamp: message.timestamp,
    };
    let mut out = Vec::new();
    prost::encoding::message::encode(1, &header, &mut out);
    let mut put = |id: &str, entity: wire::Entity| {
        let entity = wire::Entity { id: Some(id.to_owned()), ..entity };
        prost::encoding::message::encode(2, &entity, &mut out);
    };
    for (id, trip) in &message.trips {
        put(id, wire::Entity { trip_update: Some(trip_update(trip)), ..Default::default() });
    }
    for (id, position) in &message.vehicles {
        put(id, wire::Entity { vehicle: Some(vehicle(position)), ..Default::default() });
    }
    for (id, found) in &message.alerts {
        put(id, wire::Entity { alert: Some(alert(found)), ..Default::default() });
    }
    for id in &message.deleted {
        put(id, wire::Entity { is_deleted: Some(true), ..Default::default() });
    }
    out
}

fn told(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn trip(trip: &TripRef) -> wire::Trip {
    let clock = |time: i32| format!("{:02}:{:02}:{:02}", time / 3600, time / 60 % 60, time % 60);
    wire::Trip {
        trip_id: told(&trip.trip),
        start_time: trip.start_time.map(clock),
        start_date: trip.start_date.map(|date| date.to_string()),
        relation: Some(match trip.relation {
            TripRelation::Scheduled => 0,
            TripRelation::Added => 1,
            TripRelation::Unscheduled => 2,
            TripRelation::Canceled => 3,
        }),
        route_id: told(&trip.route),
        direction_id: trip.direction,
    }
}

fn trip_update(update: &TripUpdate) -> wire::TripUpdate {
    wire::TripUpdate {
        trip: Some(trip(&update.trip)),
        stops: update.stops.iter().map(stop_update).collect(),
        vehicle: told(&update.vehicle).map(|id| wire::VehicleName { id: Some(id), label: None }),
        timestamp: update.timestamp,
        delay: update.delay,
    }
}

fn stop_update(update: &StopUpdate) -> wire::StopUpdate {
    let event = |event: &Event| wire::Event { delay: event.delay, time: event.time, uncertainty: event.uncertainty };
    wire::StopUpdate {
        sequence: update.sequence,
        arrival: update.arrival.as_ref().map(event),
        departure: update.departure.as_ref().map(event),
        stop_id: told(&update.stop),
        relation: Some(match update.relation {
            StopRelation::Scheduled => 0,
            StopRelation::Skipped => 1,
            StopRelation::NoData => 2,
            StopRelation::Unscheduled => 3,
        }),
    }
}

fn vehicle(position: &VehiclePosition) -> wire::Vehicle {
    let name = wire::VehicleName { id: told(&position.vehicle), label: told(&position.label) };
    wire::Vehicle {
        trip: position.trip.as_ref().map(trip),
        position: Some(wire::Position {
            lat: Some(position.lat),
            lon: Some(position.lon),
            bearing: position.bearing,
            speed: position.speed,
        }),
        sequence: position.sequence,
        status: Some(match position.status {
            VehicleStatus::Incoming => 0,
            VehicleStatus::Stopped => 1,
            VehicleStatus::InTransit => 2,
        }),
        timestamp: position.timestamp,
        stop_id: told(&position.stop),
        vehicle: Some(name).filter(|name| *name != wire::VehicleName::default()),
        occupancy: position.occupancy,
    }
}

fn alert(alert: &Alert) -> wire::Alert {
    let texts = |texts: &[(String, String)]| {
        let one =
            |(language, text): &(String, String)| wire::Text { text: Some(text.clone()), language: told(language) };
        (!texts.is_empty()).then(|| wire::Texts { texts: texts.iter().map(one).collect() })
    };
    let informed = alert.informed.iter().map(|informed| wire::Informed {
        agency_id: told(&informed.agency),
        route_id: told(&informed.route),
        route_type: informed.kind,
        trip: informed.trip.as_ref().map(trip),
        stop_id: told(&informed.stop),
    });
    wire::Alert {
        periods: alert.periods.iter().map(|(start, end)| wire::Period { start: *start, end: *end }).collect(),
        informed: informed.collect(),
        cause: Some(i32::from(alert.cause)),
        effect: Some(i32::from(alert.effect)),
        url: texts(&alert.url),
        header: texts(&alert.header),
        description: texts(&alert.description),
        severity: Some(i32::from(alert.severity)),
    }
}
