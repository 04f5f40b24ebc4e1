//! Mapbox Vector Tiles as they come in with archives.

use belfry_tiles::draw::Drawing;
use belfry_tiles::mvt::{Encoded, Fields, LayerWriter, Limits, decode};

/// Runs the target: what was accepted is encoded again, and read as the same.
pub fn run(data: &[u8]) {
    let Ok(tile) = decode(data, &Limits::default()) else { return };
    for layer in &tile.layers {
        let mut writer = LayerWriter::new("again");
        let mut kept = Vec::new();
        for feature in &layer.features {
            let Some(drawing) = &feature.drawing else { continue };
            let mut fields = Fields::default();
            let mut seen: Vec<&str> = Vec::new();
            for (key, value) in layer.fields(feature) {
                if !seen.contains(&key) {
                    seen.push(key);
                    fields.push(key, value);
                }
            }
            writer.add(feature.id, &Encoded::new(drawing), &fields);
            kept.push((feature.id, drawing, seen.len()));
        }
        let mut bytes = Vec::new();
        writer.finish(&mut bytes);
        let again = decode(&bytes, &Limits { bytes: usize::MAX, ..Limits::default() }).expect("what was written is read");
        let read = again.layers.first().map_or(&[][..], |layer| &layer.features[..]);
        assert_eq!(read.len(), kept.len());
        for (feature, (id, drawing, fields)) in read.iter().zip(kept) {
            assert_eq!(feature.id, id);
            assert_eq!(feature.drawing.as_ref(), Some(drawing));
            assert_eq!(again.layers[0].fields(feature).count(), fields);
            hold(drawing);
        }
    }
}

/// What the decoder promises of a geometry.
fn hold(drawing: &Drawing) {
    match drawing {
        Drawing::Points(spots) => assert!(!spots.is_empty()),
        Drawing::Lines(lines) => assert!(!lines.is_empty() && lines.iter().all(|line| line.len() > 1)),
        Drawing::Polygons(polygons) => {
            assert!(!polygons.is_empty() && polygons.iter().flatten().all(|ring| ring.len() > 2));
        }
    }
}
