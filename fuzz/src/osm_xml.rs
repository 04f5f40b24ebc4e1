//! OpenStreetMap files in XML.

use crate::osm::hold;
use belfry_connect_osm::{Limits, read_xml};

/// Runs the target.
pub fn run(data: &[u8]) {
    hold(|kinds, to| read_xml("x", data, kinds, &Limits::default(), to));
}
