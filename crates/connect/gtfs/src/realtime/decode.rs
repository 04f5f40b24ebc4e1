//! From bytes to a message. The outer message is walked field by field, so that what is broken inside an entity costs this
//! entity, and what is cut off costs what follows.

use super::{
    Alert, Event, Informed, Message, Rejected, StopRelation, StopUpdate, TripRef, TripRelation, TripUpdate,
    VehiclePosition, VehicleStatus, wire,
};
use crate::value::{Date, parse_time};
use prost::Message as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// The longest message, bytes.
pub const MAX_BYTES: usize = 64 << 20;
/// The most entities of a message; further ones are rejected.
pub const MAX_ENTITIES: usize = 200_000;

/// Why nothing of a message was taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RealtimeError {
    /// Longer than the limit.
    #[error("the message is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// No field of it can be read.
    #[error("the bytes are not a GTFS-Realtime message: {0}")]
    NotMessage(String),
}

/// Decodes a message; what was not taken is told beside it.
pub fn decode(bytes: &[u8]) -> Result<(Message, Vec<Rejected>), RealtimeError> {
    if bytes.len() > MAX_BYTES {
        return Err(RealtimeError::TooLong);
    }
    let (mut message, mut rejected) = (Message::default(), Vec::new());
    let (mut rest, mut index, mut header) = (bytes, 0, false);
    while !rest.is_empty() {
        let (tag, inner) = match field(&mut rest) {
            Ok(found) => found,
            Err(error) if index == 0 && !header => return Err(RealtimeError::NotMessage(error)),
            Err(error) => {
                let why = format!("the message is broken from here on: {error}");
                rejected.push(Rejected { index, id: String::new(), why });
                return Ok((message, rejected));
            }
        };
        match (tag, inner) {
            (1, Some(inner)) => match wire::Header::decode(inner) {
                Ok(found) => {
                    header = true;
                    message.timestamp = found.timestamp.filter(|timestamp| *timestamp > 0);
                    message.differential = found.incrementality == Some(1);
                }
                Err(error) => return Err(RealtimeError::NotMessage(error.to_string())),
            },
            (2, Some(inner)) => {
                let found = if index < MAX_ENTITIES {
                    entity(inner, &mut message)
                } else {
                    Err("the message has more entities than the limit".into())
                };
                if let Err(why) = found {
                    let id = wire::EntityId::decode(inner).ok().and_then(|entity| entity.id).unwrap_or_default();
                    rejected.push(Rejected { index, id: id.chars().take(100).collect(), why });
                    if index >= MAX_ENTITIES {
                        return Ok((message, rejected));
                    }
                }
                index += 1;
            }
            _ => {}
        }
    }
    if !header && index == 0 {
        return Err(RealtimeError::NotMessage("there is neither a header nor an entity".into()));
    }
    Ok((message, rejected))
}

/// The next field: its number, and its bytes if it has a length.
fn field<'a>(rest: &mut &'a [u8]) -> Result<(u32, Option<&'a [u8]>), String> {
    let (tag, kind) = decode_key(rest).map_err(|error| error.to_string())?;
    if kind != WireType::LengthDelimited {
        skip_field(kind, tag, rest, DecodeContext::default()).map_err(|error| error.to_string())?;
        return Ok((tag, None));
    }
    let length = usize::try_from(decode_varint(rest).map_err(|error| error.to_string())?).unwrap_or(usize::MAX);
    match rest.split_at_checked(length) {
        Some((inner, after)) => {
            *rest = after;
            Ok((tag, Some(inner)))
        }
        None => Err("it is cut off".into()),
    }
}

/// Decodes one entity into the message, or tells why not.
fn entity(bytes: &[u8], message: &mut Message) -> Result<(), String> {
    let found = wire::Entity::decode(bytes).map_err(|error| format!("the entity cannot be decoded: {error}"))?;
    let id = found.id.filter(|id| !id.is_empty()).ok_or("the entity has no id")?;
    if found.is_deleted == Some(true) {
        message.deleted.push(id);
        return Ok(());
    }
    let trip = found.trip_update.map(trip_update).transpose()?;
    let vehicle = found.vehicle.map(vehicle).transpose()?;
    let alert = found.alert.map(alert).transpose()?;
    if trip.is_none() && vehicle.is_none() && alert.is_none() {
        return Err("the entity has neither a trip update nor a vehicle position nor an alert".into());
    }
    message.trips.extend(trip.map(|trip| (id.clone(), trip)));
    message.vehicles.extend(vehicle.map(|vehicle| (id.clone(), vehicle)));
    message.alerts.extend(alert.map(|alert| (id, alert)));
    Ok(())
}

fn trip_ref(found: wire::Trip) -> Result<TripRef, String> {
    let start_time = match found.start_time.as_deref() {
        None | Some("") => None,
        Some(text) => Some(parse_time(text).ok_or_else(|| format!("start_time {text:?} is not a time HH:MM:SS"))?),
    };
    let start_date = match found.start_date.as_deref() {
        None | Some("") => None,
        Some(text) => Some(Date::parse(text).ok_or_else(|| format!("start_date {text:?} is not a date YYYYMMDD"))?),
    };
    let relation = match found.relation.unwrap_or_default() {
        0 => TripRelation::Scheduled,
        // Replacements are obsolete; duplicated, new and replacing trips are not in the timetable either.
        1 | 5 | 6 | 8 => TripRelation::Added,
        2 => TripRelation::Unscheduled,
        // A deleted trip is a cancelled one that is not shown.
        3 | 7 => TripRelation::Canceled,
        other => return Err(format!("{other} is no relation of a trip to its schedule")),
    };
    let (trip, route) = (found.trip_id.unwrap_or_default(), found.route_id.unwrap_or_default());
    if found.direction_id.is_some_and(|direction| direction > 1) {
        return Err("direction_id is neither 0 nor 1".into());
    }
    Ok(TripRef { trip, route, direction: found.direction_id, start_time, start_date, relation })
}

fn trip_update(found: wire::TripUpdate) -> Result<TripUpdate, String> {
    let trip = trip_ref(found.trip.ok_or("the trip update names no trip")?)?;
    if trip.trip.is_empty() && trip.route.is_empty() {
        return Err("the trip update names neither a trip nor a route".into());
    }
    let stops = found.stops.into_iter().map(stop_update).collect::<Result<Vec<_>, _>>()?;
    let mut sequences = stops.iter().filter_map(|stop| stop.sequence);
    if let Some(first) = sequences.next() {
        sequences
            .try_fold(first, |last, next| (next > last).then_some(next))
            .ok_or("its stops are not in the trip's order")?;
    }
    let vehicle = found.vehicle.and_then(|vehicle| vehicle.id).unwrap_or_default();
    let delay = found.delay.map(sane).transpose()?;
    Ok(TripUpdate { trip, vehicle, stops, timestamp: found.timestamp, delay })
}

/// A delay of less than ten days.
fn sane(delay: i32) -> Result<i32, String> {
    if delay.unsigned_abs() < 864_000 { Ok(delay) } else { Err(format!("a delay of {delay} s cannot be")) }
}

fn stop_update(found: wire::StopUpdate) -> Result<StopUpdate, String> {
    let stop = found.stop_id.unwrap_or_default();
    if found.sequence.is_none() && stop.is_empty() {
        return Err("a stop is named neither by its sequence nor by its id".into());
    }
    let event = |event: wire::Event| {
        let delay = event.delay.map(sane).transpose()?;
        Ok::<_, String>(Event { delay, time: event.time, uncertainty: event.uncertainty })
    };
    let (arrival, departure) = (found.arrival.map(event).transpose()?, found.departure.map(event).transpose()?);
    let relation = match found.relation.unwrap_or_default() {
        0 => StopRelation::Scheduled,
        1 => StopRelation::Skipped,
        2 => StopRelation::NoData,
        3 => StopRelation::Unscheduled,
        other => return Err(format!("{other} is no relation of a stop to its schedule")),
    };
    Ok(StopUpdate { sequence: found.sequence, stop, arrival, departure, relation })
}

fn vehicle(found: wire::Vehicle) -> Result<VehiclePosition, String> {
    let position = found.position.ok_or("the vehicle has no position")?;
    let (Some(lat), Some(lon)) = (position.lat, position.lon) else {
        return Err("the position has no coordinates".into());
    };
    if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lon) {
        return Err(format!("the position {lat}, {lon} lies outside the world"));
    }
    if lat.abs() <= 1.0 && lon.abs() <= 1.0 {
        return Err(format!("the position {lat}, {lon} lies near 0, 0"));
    }
    let status = match found.status {
        Some(0) => VehicleStatus::Incoming,
        Some(1) => VehicleStatus::Stopped,
        _ => VehicleStatus::InTransit,
    };
    let name = found.vehicle.unwrap_or_default();
    Ok(VehiclePosition {
        trip: found.trip.map(trip_ref).transpose()?,
        vehicle: name.id.unwrap_or_default(),
        label: name.label.unwrap_or_default(),
        lat,
        lon,
        bearing: position.bearing.filter(|bearing| (0.0..=360.0).contains(bearing)),
        speed: position.speed.filter(|speed| (0.0..=200.0).contains(speed)),
        sequence: found.sequence,
        stop: found.stop_id.unwrap_or_default(),
        status,
        timestamp: found.timestamp,
        occupancy: found.occupancy,
    })
}

fn alert(found: wire::Alert) -> Result<Alert, String> {
    let informed = found.informed.into_iter().map(informed).collect::<Result<Vec<_>, _>>()?;
    if informed.is_empty() {
        return Err("the alert is about nothing".into());
    }
    let number = |value: Option<i32>, most: u8, unknown: u8| {
        value.and_then(|value| u8::try_from(value).ok()).filter(|value| (1..=most).contains(value)).unwrap_or(unknown)
    };
    let texts = |texts: Option<wire::Texts>| {
        let texts = texts.map(|texts| texts.texts).unwrap_or_default().into_iter();
        texts.map(|text| (text.language.unwrap_or_default(), text.text.unwrap_or_default())).collect()
    };
    let periods: Vec<_> = found.periods.iter().map(|period| (period.start, period.end)).collect();
    if periods.iter().any(|(start, end)| start.zip(*end).is_some_and(|(start, end)| end < start)) {
        return Err("a period of the alert ends before it starts".into());
    }
    Ok(Alert {
        periods,
        informed,
        cause: number(found.cause, 12, 1),
        effect: number(found.effect, 11, 8),
        severity: number(found.severity, 4, 1),
        header: texts(found.header),
        description: texts(found.description),
        url: texts(found.url),
    })
}

fn informed(found: wire::Informed) -> Result<Informed, String> {
    let informed = Informed {
        agency: found.agency_id.unwrap_or_default(),
        route: found.route_id.unwrap_or_default(),
        kind: found.route_type,
        trip: found.trip.map(trip_ref).transpose()?,
        stop: found.stop_id.unwrap_or_default(),
    };
    if informed == Informed::default() {
        return Err("a selector of the alert selects nothing".into());
    }
    Ok(informed)
}
