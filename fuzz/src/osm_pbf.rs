//! OpenStreetMap files in PBF.

use crate::osm::hold;
use belfry_connect_osm::{Limits, read_pbf};

/// Runs the target.
pub fn run(data: &[u8]) {
    hold(|kinds, to| read_pbf("x", data, kinds, &Limits::default(), to));
}
