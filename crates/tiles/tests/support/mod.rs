//! For tests and examples: a file of OpenStreetMap as a collection, where such files are, and whether a tile is valid.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use belfry_connect_osm::{Element, Kind, Kinds, Limits, OsmError, Place, Why, read};
use belfry_tiles::CollectionBuilder;
use belfry_tiles::draw::Drawing;
use belfry_tiles::grid::{is_simple, twice_area};
use belfry_tiles::mvt::{self, decode};
use belfry_tiles::osm::{OsmMap, Report};

/// Reads a map in two passes.
pub fn map(path: &Path) -> Result<(CollectionBuilder, Report), OsmError> {
    let name = path.display().to_string();
    let open = || {
        std::fs::File::open(path).map_err(|why| OsmError {
            file: name.clone(),
            place: Place { offset: 0, block: None },
            why: Why::Io(why),
        })
    };
    let mut map = OsmMap::default();
    read(&name, open()?, Kinds::WAYS_AND_RELATIONS, &Limits::default(), &mut |element| {
        match element {
            Element::Way(way) => map.way(way.id, way.nodes, way.tags),
            Element::Relation(relation) => {
                let ways = relation.members.iter().filter(|member| member.kind == Kind::Way);
                map.relation(relation.id, ways.map(|member| (member.id, member.role)), relation.tags);
            }
            Element::Node(_) => {}
        }
        ControlFlow::Continue(())
    })?;
    read(&name, open()?, Kinds::NODES, &Limits::default(), &mut |element| {
        if let Element::Node(node) = element {
            map.node(node.id, node.position, node.tags);
        }
        ControlFlow::Continue(())
    })?;
    Ok(map.build())
}

/// A real map, if it is there: in `$BELFRY_TEST_DATA`, or `../shared/data` beside the workspace.
pub fn real(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = std::env::var_os("BELFRY_TEST_DATA").map_or(beside, PathBuf::from).join("osm").join(name);
    let there = path.is_file();
    if !there {
        println!("{} is not there; not tested", path.display());
    }
    there.then_some(path)
}

/// Panics when a tile is not what MVT 2.1 demands. Returns its features.
pub fn valid(bytes: &[u8]) -> usize {
    let tile = decode(bytes, &mvt::Limits::default()).expect("the tile is read");
    let mut features = 0;
    for layer in &tile.layers {
        assert_eq!((layer.version, layer.extent), (2, 4096));
        assert!(!layer.features.is_empty(), "{} is empty", layer.name);
        for feature in &layer.features {
            features += 1;
            let mut keys: Vec<&str> = layer.fields(feature).map(|(key, _)| key).collect();
            let count = keys.len();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), count, "a key twice");
            valid_drawing(feature.drawing.as_ref().expect("a known kind"));
        }
    }
    features
}

/// Panics when a geometry is not what MVT 2.1 (4.3) demands.
pub fn valid_drawing(drawing: &Drawing) {
    let near = |spot: &[i32; 2]| spot.iter().all(|value| (-129..=4225).contains(value));
    let moves = |line: &[[i32; 2]]| line.windows(2).all(|pair| pair[0] != pair[1]);
    match drawing {
        Drawing::Points(spots) => {
            assert!(!spots.is_empty() && spots.iter().flatten().all(|value| (0..4096).contains(value)));
        }
        Drawing::Lines(lines) => {
            assert!(!lines.is_empty());
            for line in lines {
                assert!(line.len() > 1 && line.iter().all(near) && moves(line), "{line:?}");
            }
        }
        Drawing::Polygons(polygons) => {
            assert!(!polygons.is_empty());
            for rings in polygons {
                for (index, ring) in rings.iter().enumerate() {
                    assert!(ring.len() > 2 && ring.iter().all(near) && moves(ring), "{ring:?}");
                    assert_ne!(ring.first(), ring.last());
                    assert_eq!(twice_area(ring) > 0, index == 0, "winding of ring {index}: {ring:?}");
                    // Each pair of edges is looked at: not for the largest.
                    assert!(ring.len() > 3000 || is_simple(ring), "a ring crosses itself: {ring:?}");
                }
            }
        }
    }
}
