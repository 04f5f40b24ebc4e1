//! GeoPackages: whatever the database claims, its rows come to an end, each of them a feature or refused.

use belfry_transfer::source::geopackage::Layer;
use std::io::Cursor;

/// Runs the target.
pub fn run(data: &[u8]) {
    for name in [None, Some("t")] {
        let Ok(mut layer) = Layer::open(Cursor::new(data), name) else { continue };
        let names = layer.names().len();
        let mut last = 0;
        while let Ok(Some((line, feature))) = layer.feature() {
            assert_eq!(line, last + 1);
            last = line;
            // A row takes two bytes at least, and a page is met once.
            assert!(line <= data.len() as u64, "{names} columns");
            if let Ok(feature) = feature {
                assert!(feature.get("properties").is_some());
            }
        }
    }
}
