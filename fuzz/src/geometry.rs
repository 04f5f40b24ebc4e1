//! GeoJSON geometries: what is accepted is written and read back the same.

use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::geojson::{parse_geometry, write_geometry};

/// Runs the target.
pub fn run(data: &[u8]) {
    let Ok(json) = Json::parse(data, 8) else { return };
    let Ok(geometry) = parse_geometry(&json) else { return };
    let mut text = Vec::new();
    write_geometry(&geometry, &mut text);
    let json = Json::parse(&text, 8).expect("what is written is JSON");
    assert_eq!(parse_geometry(&json).expect("what is written is a geometry"), geometry);
}
