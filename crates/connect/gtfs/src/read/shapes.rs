//! shapes.txt: points brought in order; distances that go back are not used.

use super::{Ids, Reader};
use crate::model::{Shape, ShapePoint};
use crate::notice::Rule;
use crate::table::Spec;

const SHAPES: Spec = Spec {
    file: "shapes.txt",
    columns: &[
        ("shape_id", true),
        ("shape_pt_lat", true),
        ("shape_pt_lon", true),
        ("shape_pt_sequence", true),
        ("shape_dist_traveled", false),
    ],
    ignored: &[],
};

/// A point of a shape with its place in it and in the table.
struct Raw {
    shape: u32,
    sequence: u32,
    line: u64,
    point: ShapePoint,
}

/// Reads the shapes.
pub fn read(reader: &mut Reader<'_>) -> Ids {
    let mut ids = Ids::new();
    let mut raw: Vec<Raw> = Vec::new();
    reader.table(&SHAPES, false, |feed, row| {
        let id = row.required(0)?;
        row.required(1)?;
        row.required(2)?;
        row.required(3)?;
        let (lat, lon, sequence) = (row.float(1), row.float(2), row.integer(3));
        let distance = row.distance(4);
        let (Some(lat), Some(lon)) = (lat, lon) else {
            return row.drop(Rule::InvalidFloat, 1, || "a point without coordinates; the row is dropped".into());
        };
        let Some(sequence) = sequence else {
            return row.drop(Rule::InvalidInteger, 3, || "a point without its place; the row is dropped".into());
        };
        if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lon) {
            return row.drop(Rule::NumberOutOfRange, 1, || {
                format!("{lat}, {lon} lies outside the world; the row is dropped")
            });
        }
        if lat.abs() <= 1.0 && lon.abs() <= 1.0 {
            return row.drop(Rule::PointNearOrigin, 1, || format!("{lat}, {lon} lies near 0, 0; the row is dropped"));
        }
        let shape = match ids.get(id) {
            Some(index) => *index,
            None => {
                let index = u32::try_from(feed.shapes.len()).ok()?;
                ids.insert(id.into(), index);
                feed.shapes.push(Shape { id: id.into(), points: Vec::new() });
                index
            }
        };
        raw.push(Raw { shape, sequence, line: row.line(), point: ShapePoint { lon, lat, distance } });
        Some(())
    });
    raw.sort_by_key(|raw| (raw.shape, raw.sequence));
    let report = &mut reader.report;
    let mut last: Option<(u32, u32)> = None;
    for raw in raw {
        let points = &mut reader.feed.shapes[raw.shape as usize].points;
        let mut note =
            |rule, field, why: &str| report.note(rule, SHAPES.file, Some(raw.line), field, || why.to_owned());
        if last == Some((raw.shape, raw.sequence)) {
            note(Rule::DuplicateKey, "shape_pt_sequence", "the place in the shape is taken; the row is dropped");
            report.drop_rows(SHAPES.file, Rule::DuplicateKey, 1);
            continue;
        }
        last = Some((raw.shape, raw.sequence));
        let mut point = raw.point;
        if let (Some(before), Some(distance)) = (points.last(), point.distance) {
            // The distance before may be missing; the last one told counts then.
            let told = points.iter().rev().find_map(|point| point.distance);
            if told.is_some_and(|told| distance < told) {
                note(Rule::DecreasingShapeDistance, "shape_dist_traveled", "the distance decreases; it is not used");
                point.distance = None;
            } else if told == Some(distance) && (before.lon, before.lat) == (point.lon, point.lat) {
                note(Rule::EqualShapeDistance, "shape_dist_traveled", "the point before is the same");
            }
        }
        points.push(point);
    }
    ids
}
