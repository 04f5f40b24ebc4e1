//! stops.txt: platforms, stations and what lies in them.

use super::{Ids, Reader, fresh};
use crate::model::{Stop, StopIndex, StopKind};
use crate::notice::Rule;
use crate::table::{Row, Spec, cut};
use belfry_kernel::Position;

const STOPS: Spec = Spec {
    file: "stops.txt",
    columns: &[
        ("stop_id", true),
        ("stop_name", false),
        ("stop_code", false),
        ("stop_lat", false),
        ("stop_lon", false),
        ("location_type", false),
        ("parent_station", false),
        ("platform_code", false),
    ],
    ignored: &[
        "stop_desc",
        "zone_id",
        "stop_url",
        "stop_timezone",
        "wheelchair_boarding",
        "level_id",
        "tts_stop_name",
        "stop_access",
    ],
};

/// Reads the stops, then finds their parents, which may come later in the table.
pub fn read(reader: &mut Reader<'_>) -> Ids {
    let mut ids = Ids::new();
    let mut parents: Vec<(u32, u64, String)> = Vec::new();
    reader.table(&STOPS, true, |feed, row| {
        let id = row.required(0)?;
        let index = fresh(row, &mut ids, id, 0, feed.stops.len())?;
        let kind = match row.choice(5, 5, 0) {
            1 => StopKind::Station,
            2 => StopKind::Entrance,
            3 => StopKind::Node,
            4 => StopKind::BoardingArea,
            _ => StopKind::Platform,
        };
        if row.text(1).is_empty() && matches!(kind, StopKind::Platform | StopKind::Station | StopKind::Entrance) {
            row.note(Rule::MissingRequiredField, 1, || "the stop has no name".into());
        }
        let position = position(row, kind);
        let parent = row.text(6);
        if !parent.is_empty() {
            parents.push((index, row.line(), parent.to_owned()));
        } else if matches!(kind, StopKind::Entrance | StopKind::Node | StopKind::BoardingArea) {
            row.note(Rule::LocationWithoutParent, 6, || "it must lie in a station, and names none".into());
        }
        let (name, code, platform) = (row.text(1).into(), row.text(2).into(), row.text(7).into());
        feed.stops.push(Stop { id: id.into(), name, code, platform, position, kind, parent: None });
        Some(())
    });
    let (stops, report) = (&mut reader.feed.stops, &mut reader.report);
    for (index, line, parent) in parents {
        let kind = stops[index as usize].kind;
        let mut note = |rule, message: String| report.note(rule, STOPS.file, Some(line), "parent_station", || message);
        let Some(found) = ids.get(parent.as_str()) else {
            note(Rule::ForeignKeyViolation, format!("{:?} is not in stops.txt; it is not used", cut(&parent)));
            continue;
        };
        let wanted = match kind {
            StopKind::Station => {
                note(Rule::StationWithParent, "a station lies in no other; the parent is not used".into());
                continue;
            }
            StopKind::BoardingArea => StopKind::Platform,
            _ => StopKind::Station,
        };
        if stops[*found as usize].kind == wanted {
            stops[index as usize].parent = Some(StopIndex(*found));
        } else {
            note(Rule::WrongParentKind, format!("{:?} is of the wrong kind; it is not used", cut(&parent)));
        }
    }
    ids
}

/// Where a stop is, unless that cannot be.
fn position(row: &mut Row<'_>, kind: StopKind) -> Option<Position> {
    let (lat, lon) = (row.float(3), row.float(4));
    let (Some(lat), Some(lon)) = (lat, lon) else {
        if !matches!(kind, StopKind::Node | StopKind::BoardingArea) {
            row.note(Rule::StopWithoutLocation, 3, || "the stop has no coordinates: nobody walks to it".into());
        }
        return None;
    };
    let (rule, why) = if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lon) {
        (Rule::NumberOutOfRange, "lie outside the world")
    } else if lat.abs() <= 1.0 && lon.abs() <= 1.0 {
        (Rule::PointNearOrigin, "lie near 0, 0")
    } else if lat.abs() >= 89.0 {
        (Rule::PointNearPole, "lie near a pole")
    } else {
        return Some(Position { lon, lat, alt: None });
    };
    row.note(rule, 3, || format!("the coordinates {lat}, {lon} {why}; they are not used"));
    None
}
