//! GTFS-Realtime 2.0 (gtfs-realtime.proto): trip updates, vehicle positions and alerts, decoded and encoded. Each entity is
//! decoded by itself, so that a bad one never stops a feed. Of a vehicle only its id and label are read: what identifies
//! an owner is not.

mod decode;
mod encode;
mod wire;

pub use decode::{MAX_BYTES, MAX_ENTITIES, RealtimeError, decode};
pub use encode::encode;

use crate::value::Date;

/// A message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// When it was made, seconds since 1970; none when it does not say.
    pub timestamp: Option<u64>,
    /// Whether it changes what an earlier message said, and does not replace it.
    pub differential: bool,
    /// Trip updates by the ids of their entities.
    pub trips: Vec<(String, TripUpdate)>,
    /// Vehicle positions.
    pub vehicles: Vec<(String, VehiclePosition)>,
    /// Alerts.
    pub alerts: Vec<(String, Alert)>,
    /// Entities that are gone (differential messages).
    pub deleted: Vec<String>,
}

/// What was not taken of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The entity's place in the message, from 0.
    pub index: usize,
    /// Its id, if that could be read.
    pub id: String,
    /// Why, as a sentence.
    pub why: String,
}

/// Which trip is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TripRef {
    /// `trip_id`, empty when only a route is meant.
    pub trip: String,
    /// `route_id`, or empty.
    pub route: String,
    /// Direction 0 or 1.
    pub direction: Option<u32>,
    /// First departure of a trip that is repeated, seconds of the service day.
    pub start_time: Option<i32>,
    /// The service day.
    pub start_date: Option<Date>,
    /// How it relates to the timetable.
    pub relation: TripRelation,
}

/// How a trip relates to the timetable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TripRelation {
    /// It runs.
    #[default]
    Scheduled,
    /// It is not in the timetable.
    Added,
    /// It is repeated without exact times.
    Unscheduled,
    /// It does not run.
    Canceled,
}

/// Progress of a trip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TripUpdate {
    /// The trip.
    pub trip: TripRef,
    /// The id of its vehicle, or empty.
    pub vehicle: String,
    /// The stops that are told, in the trip's order.
    pub stops: Vec<StopUpdate>,
    /// When it was measured, seconds since 1970.
    pub timestamp: Option<u64>,
    /// Delay up to the first stop that is told, seconds.
    pub delay: Option<i32>,
}

/// What is told of one stop of a trip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StopUpdate {
    /// `stop_sequence`.
    pub sequence: Option<u32>,
    /// `stop_id`, or empty.
    pub stop: String,
    /// Arrival.
    pub arrival: Option<Event>,
    /// Departure.
    pub departure: Option<Event>,
    /// How it relates to the timetable.
    pub relation: StopRelation,
}

/// How a stop relates to the timetable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StopRelation {
    /// The vehicle stops.
    #[default]
    Scheduled,
    /// It does not.
    Skipped,
    /// Nothing is known from here on.
    NoData,
    /// A stop of a trip without exact times.
    Unscheduled,
}

/// A predicted arrival or departure. If there are both, the time counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Seconds late (early: negative).
    pub delay: Option<i32>,
    /// Seconds since 1970.
    pub time: Option<i64>,
    /// Seconds by which it may be wrong.
    pub uncertainty: Option<i32>,
}

/// Where a vehicle is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VehiclePosition {
    /// Its trip, if it is on one.
    pub trip: Option<TripRef>,
    /// Its id, or empty.
    pub vehicle: String,
    /// What passengers see on it, or empty.
    pub label: String,
    /// Degrees north.
    pub lat: f32,
    /// Degrees east.
    pub lon: f32,
    /// Degrees clockwise from north.
    pub bearing: Option<f32>,
    /// Metres a second.
    pub speed: Option<f32>,
    /// The stop that [`VehiclePosition::status`] is about.
    pub sequence: Option<u32>,
    /// Its `stop_id`, or empty.
    pub stop: String,
    /// How it relates to that stop.
    pub status: VehicleStatus,
    /// When it was measured, seconds since 1970.
    pub timestamp: Option<u64>,
    /// How full it is, percent of its room.
    pub occupancy: Option<u32>,
}

/// How a vehicle relates to a stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VehicleStatus {
    /// About to arrive.
    Incoming,
    /// Standing there.
    Stopped,
    /// On its way there.
    #[default]
    InTransit,
}

/// A service alert.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alert {
    /// When it is shown, seconds since 1970, the end not within; always when there is none.
    pub periods: Vec<(Option<u64>, Option<u64>)>,
    /// What it is about; at least one.
    pub informed: Vec<Informed>,
    /// `Cause` of the reference, 1 to 12; 1 is unknown.
    pub cause: u8,
    /// `Effect` of the reference, 1 to 11; 8 is unknown.
    pub effect: u8,
    /// `SeverityLevel` of the reference, 1 to 4; 1 is unknown.
    pub severity: u8,
    /// The heading by language; an empty language is the one that is not told.
    pub header: Vec<(String, String)>,
    /// The text by language.
    pub description: Vec<(String, String)>,
    /// A page about it, by language.
    pub url: Vec<(String, String)>,
}

/// What an alert is about: all that is told must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Informed {
    /// `agency_id`, or empty.
    pub agency: String,
    /// `route_id`, or empty.
    pub route: String,
    /// `route_type`.
    pub kind: Option<i32>,
    /// A trip.
    pub trip: Option<TripRef>,
    /// `stop_id`, or empty.
    pub stop: String,
}
