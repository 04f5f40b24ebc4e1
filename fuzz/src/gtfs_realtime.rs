//! GTFS-Realtime: what is decoded is encoded and decoded as the same.

use belfry_connect_gtfs::realtime::{decode, encode};

/// Runs the target.
pub fn run(data: &[u8]) {
    let Ok((message, _)) = decode(data) else { return };
    let (again, rejected) = decode(&encode(&message)).expect("it was encoded here");
    assert!(rejected.is_empty(), "{rejected:?}");
    assert_eq!(again.trips.len(), message.trips.len());
    // Numbers that are not a number differ from themselves; texts do not.
    assert_eq!(format!("{again:?}"), format!("{message:?}"));
}
