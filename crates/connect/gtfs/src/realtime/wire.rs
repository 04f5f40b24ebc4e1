//! The messages of gtfs-realtime.proto that are read and written, with its field numbers. Fields that are left out are
//! skipped as unknown ones: what identifies an owner among them, on purpose.

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $ty:ty = [$($how:tt)*],)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, prost::Message)]
        pub struct $name { $(#[prost($($how)*)] pub $field: $ty,)* }
    )*};
}

messages! {
    Header {
        version: Option<String> = [string, optional, tag = "1"],
        incrementality: Option<i32> = [int32, optional, tag = "2"],
        timestamp: Option<u64> = [uint64, optional, tag = "3"],
    }
    Entity {
        id: Option<String> = [string, optional, tag = "1"],
        is_deleted: Option<bool> = [bool, optional, tag = "2"],
        trip_update: Option<TripUpdate> = [message, optional, tag = "3"],
        vehicle: Option<Vehicle> = [message, optional, tag = "4"],
        alert: Option<Alert> = [message, optional, tag = "5"],
    }
    /// Of an entity that cannot be decoded whole.
    EntityId {
        id: Option<String> = [string, optional, tag = "1"],
    }
    Trip {
        trip_id: Option<String> = [string, optional, tag = "1"],
        start_time: Option<String> = [string, optional, tag = "2"],
        start_date: Option<String> = [string, optional, tag = "3"],
        relation: Option<i32> = [int32, optional, tag = "4"],
        route_id: Option<String> = [string, optional, tag = "5"],
        direction_id: Option<u32> = [uint32, optional, tag = "6"],
    }
    VehicleName {
        id: Option<String> = [string, optional, tag = "1"],
        label: Option<String> = [string, optional, tag = "2"],
    }
    TripUpdate {
        trip: Option<Trip> = [message, optional, tag = "1"],
        stops: Vec<StopUpdate> = [message, repeated, tag = "2"],
        vehicle: Option<VehicleName> = [message, optional, tag = "3"],
        timestamp: Option<u64> = [uint64, optional, tag = "4"],
        delay: Option<i32> = [int32, optional, tag = "5"],
    }
    StopUpdate {
        sequence: Option<u32> = [uint32, optional, tag = "1"],
        arrival: Option<Event> = [message, optional, tag = "2"],
        departure: Option<Event> = [message, optional, tag = "3"],
        stop_id: Option<String> = [string, optional, tag = "4"],
        relation: Option<i32> = [int32, optional, tag = "5"],
    }
    Event {
        delay: Option<i32> = [int32, optional, tag = "1"],
        time: Option<i64> = [int64, optional, tag = "2"],
        uncertainty: Option<i32> = [int32, optional, tag = "3"],
    }
    Vehicle {
        trip: Option<Trip> = [message, optional, tag = "1"],
        position: Option<Position> = [message, optional, tag = "2"],
        sequence: Option<u32> = [uint32, optional, tag = "3"],
        status: Option<i32> = [int32, optional, tag = "4"],
        timestamp: Option<u64> = [uint64, optional, tag = "5"],
        stop_id: Option<String> = [string, optional, tag = "7"],
        vehicle: Option<VehicleName> = [message, optional, tag = "8"],
        occupancy: Option<u32> = [uint32, optional, tag = "10"],
    }
    Position {
        lat: Option<f32> = [float, optional, tag = "1"],
        lon: Option<f32> = [float, optional, tag = "2"],
        bearing: Option<f32> = [float, optional, tag = "3"],
        speed: Option<f32> = [float, optional, tag = "5"],
    }
    Alert {
        periods: Vec<Period> = [message, repeated, tag = "1"],
        informed: Vec<Informed> = [message, repeated, tag = "5"],
        cause: Option<i32> = [int32, optional, tag = "6"],
        effect: Option<i32> = [int32, optional, tag = "7"],
        url: Option<Texts> = [message, optional, tag = "8"],
        header: Option<Texts> = [message, optional, tag = "10"],
        description: Option<Texts> = [message, optional, tag = "11"],
        severity: Option<i32> = [int32, optional, tag = "14"],
    }
    Period {
        start: Option<u64> = [uint64, optional, tag = "1"],
        end: Option<u64> = [uint64, optional, tag = "2"],
    }
    Informed {
        agency_id: Option<String> = [string, optional, tag = "1"],
        route_id: Option<String> = [string, optional, tag = "2"],
        route_type: Option<i32> = [int32, optional, tag = "3"],
        trip: Option<Trip> = [message, optional, tag = "4"],
        stop_id: Option<String> = [string, optional, tag = "5"],
    }
    Texts {
        texts: Vec<Text> = [message, repeated, tag = "1"],
    }
    Text {
        text: Option<String> = [string, optional, tag = "1"],
        language: Option<String> = [string, optional, tag = "2"],
    }
}
