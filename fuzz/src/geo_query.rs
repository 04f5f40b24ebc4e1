//! Geo-queries: what is accepted prints to parameters that mean the same; its search boxes hold what it matches.

use crate::{query, text};
use belfry_kernel::geo::Bounds;
use belfry_kernel::{Geometry, Position};
use belfry_ngsi_ld::query::GeoQuery;

/// Runs the target: lines of `georel`, `geometry`, `coordinates`, `geoproperty`.
pub fn run(data: &[u8]) {
    let Some(text) = text::of(data) else { return };
    let [relation, geometry, coordinates, property] = text::parts(text);
    let naming = query::naming();
    let (relation, geometry) = (relation.unwrap_or_default(), geometry.unwrap_or_default());
    let parsed = GeoQuery::parse(relation, geometry, coordinates.unwrap_or_default(), property, &naming);
    let Ok(tree) = parsed else { return };
    let text = tree.to_string();
    if text.len() < 100_000 && property.is_none_or(|name| !name.contains('&')) {
        let get = |name| query::parameter(&text, name).unwrap_or_default();
        let (relation, geometry) = (get("georel"), get("geometry"));
        let again = GeoQuery::parse(relation, geometry, get("coordinates"), Some(get("geoproperty")), &naming)
            .unwrap_or_else(|e| panic!("{text} is printed and not parsed: {e:?}"));
        assert_eq!(again, tree, "{text}");
    }
    let boxes = tree.search_boxes();
    for (lon, lat) in [(0.0, 0.0), (8.5, 40.0), (180.0, 90.0), (-180.0, -90.0), (-179.9, 10.0)] {
        let here = Geometry::Point(Position { lon, lat, alt: None });
        if tree.matches_geometry(&here)
            && let Some(boxes) = &boxes
        {
            let inside = |b: &Bounds| (b.min[0]..=b.max[0]).contains(&lon) && (b.min[1]..=b.max[1]).contains(&lat);
            assert!(boxes.iter().any(inside), "{text} matches {lon},{lat} outside of {boxes:?}");
        }
    }
}
