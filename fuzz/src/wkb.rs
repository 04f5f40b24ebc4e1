//! Well-known binary geometries. What is taken is GeoJSON on the globe.

use belfry_ngsi_ld::geojson::parse_geometry;
use belfry_transfer::source::wkb::{Crs, geojson};

/// Runs the target.
pub fn run(data: &[u8]) {
    for crs in [Crs::Degrees, Crs::WebMercator] {
        let Ok(Some(json)) = geojson(data, crs) else { continue };
        // What GeoJSON wants of counts and closed rings is for the door to say; places are always on the globe.
        if let Ok(geometry) = parse_geometry(&json) {
            assert!(geometry.positions().all(|p| p.lon.abs() <= 180.0 && p.lat.abs() <= 90.0), "{json}");
        }
    }
}
