//! A GTFS feed as an archive: whatever it says of itself, no more is unpacked than the limits allow.

use belfry_connect_gtfs::{Limits, Zip, read};
use std::io::Cursor;

/// Runs the target.
pub fn run(data: &[u8]) {
    let Ok(mut zip) = Zip::new(Cursor::new(data)) else { return };
    let limits = Limits { table_bytes: 1 << 20, total_bytes: 2 << 20, rows: 5000, notices: 5, ..Limits::default() };
    let (_, report) = read(&mut zip, &limits, None);
    assert!(report.rows.values().all(|rows| rows.read <= limits.rows));
}
