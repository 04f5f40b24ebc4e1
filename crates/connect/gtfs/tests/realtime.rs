//! GTFS-Realtime: what is encoded is decoded again, and one bad entity costs itself alone.

use belfry_connect_gtfs::Date;
use belfry_connect_gtfs::realtime::{
    Alert, Event, Informed, Message, RealtimeError, StopRelation, StopUpdate, TripRef, TripRelation, TripUpdate,
    VehiclePosition, VehicleStatus, decode, encode,
};
use proptest::prelude::*;

fn message() -> Message {
    let trip = TripRef {
        trip: "one".into(),
        start_time: Some(90_061),
        start_date: Date::parse("20260105"),
        direction: Some(1),
        ..TripRef::default()
    };
    let stop = |sequence, delay| StopUpdate {
        sequence: Some(sequence),
        arrival: Some(Event { delay: Some(delay), ..Event::default() }),
        ..StopUpdate::default()
    };
    let skipped = StopUpdate { stop: "C".into(), relation: StopRelation::Skipped, ..StopUpdate::default() };
    let update = TripUpdate {
        trip: trip.clone(),
        vehicle: "bus-7".into(),
        stops: vec![stop(2, 60), stop(5, -30), skipped],
        timestamp: Some(1_770_000_000),
        delay: Some(10),
    };
    let gone = TripRef { trip: "two".into(), relation: TripRelation::Canceled, ..TripRef::default() };
    let vehicle = VehiclePosition {
        trip: Some(trip),
        vehicle: "bus-7".into(),
        label: "7".into(),
        lat: 40.0,
        lon: -3.5,
        bearing: Some(90.0),
        speed: Some(8.5),
        sequence: Some(5),
        status: VehicleStatus::Stopped,
        timestamp: Some(1_770_000_000),
        occupancy: Some(40),
        ..VehiclePosition::default()
    };
    let alert = Alert {
        periods: vec![(Some(1), None), (None, Some(9))],
        informed: vec![Informed { route: "R".into(), kind: Some(3), ..Informed::default() }],
        cause: 10,
        effect: 4,
        severity: 3,
        header: vec![("en".into(), "Bridge closed".into()), (String::new(), "Puente cerrado".into())],
        ..Alert::default()
    };
    Message {
        timestamp: Some(1_770_000_001),
        differential: true,
        trips: vec![("a".into(), update), ("b".into(), TripUpdate { trip: gone, ..TripUpdate::default() })],
        vehicles: vec![("v".into(), vehicle)],
        alerts: vec![("w".into(), alert)],
        deleted: vec!["x".into()],
    }
}

#[test]
fn a_message_comes_back_as_it_was() {
    let message = message();
    assert_eq!(decode(&encode(&message)), Ok((message, Vec::new())));
}

/// An entity as bytes: the field, its length (short), its content.
fn entity(content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).expect("short");
    [&[0x12, length], content].concat()
}

#[test]
fn a_bad_entity_costs_itself_alone() {
    let mut bytes = encode(&message());
    // An id and a trip update of wrong wire type; no id; nothing in it; a delay of a century; a vehicle at 0, 0.
    bytes.extend(entity(b"\x0a\x03bad\x18\x05"));
    bytes.extend(entity(b"\x1a\x02\x0a\x00"));
    bytes.extend(entity(b"\x0a\x05empty"));
    bytes.extend(entity(b"\x0a\x04late\x1a\x0b\x0a\x03\x0a\x01t\x28\x80\x80\x80\x80\x0f"));
    bytes.extend(entity(b"\x0a\x04null\x22\x0c\x12\x0a\x0d\0\0\0\0\x15\0\0\0\0"));
    bytes.extend(encode(&message()));
    let (found, rejected) = decode(&bytes).expect("a message");
    assert_eq!((found.trips.len(), found.vehicles.len(), found.alerts.len()), (4, 2, 2));
    let told: Vec<_> = rejected.iter().map(|rejected| (rejected.index, rejected.id.as_str())).collect();
    assert_eq!(told, [(5, "bad"), (6, ""), (7, "empty"), (8, "late"), (9, "null")]);
    assert!(rejected[4].why.contains("near 0, 0"), "{}", rejected[4].why);
}

#[test]
fn what_is_cut_off_keeps_what_came_before() {
    let bytes = encode(&message());
    let (found, rejected) = decode(&bytes[..bytes.len() - 2]).expect("a message");
    assert_eq!((found.alerts.len(), found.deleted.len(), rejected.len()), (1, 0, 1));
    assert!(matches!(decode(b"<html>"), Err(RealtimeError::NotMessage(_))));
    assert!(matches!(decode(b""), Err(RealtimeError::NotMessage(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(at in 0_usize..400, byte: u8, cut in 0_usize..400) {
        let mut bytes = encode(&message());
        let (at, cut) = (at % bytes.len(), cut % bytes.len());
        bytes[at] = byte;
        let _ = decode(&bytes);
        let _ = decode(&bytes[cut..]);
    }
}
