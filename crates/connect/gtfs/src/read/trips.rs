//! trips.txt, and which trips can be used once their stop times are known.

use super::{Ids, Reader, fresh, known, optional};
use crate::model::{RouteIndex, ServiceIndex, ShapeIndex, Trip};
use crate::notice::Rule;
use crate::table::Spec;

const TRIPS: Spec = Spec {
    file: "trips.txt",
    columns: &[
        ("route_id", true),
        ("service_id", true),
        ("trip_id", true),
        ("trip_headsign", false),
        ("direction_id", false),
        ("block_id", false),
        ("shape_id", false),
    ],
    ignored: &[
        "trip_short_name",
        "wheelchair_accessible",
        "bikes_allowed",
        "cars_allowed",
        "safe_duration_factor",
        "safe_duration_offset",
    ],
};

/// Reads the trips.
pub fn read(reader: &mut Reader<'_>, routes: &Ids, services: &Ids, shapes: &Ids) -> Ids {
    let mut ids = Ids::new();
    reader.table(&TRIPS, true, |feed, row| {
        let id = row.required(2)?;
        let route = RouteIndex(known(row, routes, 0, "routes.txt")?);
        let service = ServiceIndex(known(row, services, 1, "calendar.txt and calendar_dates.txt")?);
        let shape = optional(row, shapes, 6, "shapes.txt").map(ShapeIndex);
        let direction = Some(row.choice(4, 2, 2)).filter(|direction| *direction < 2);
        fresh(row, &mut ids, id, 2, feed.trips.len())?;
        let (headsign, block) = (row.text(3).into(), row.text(5).into());
        let (times, frequencies) = (0..0, 0..0);
        feed.trips.push(Trip { id: id.into(), route, service, headsign, direction, block, shape, times, frequencies });
        Some(())
    });
    ids
}

/// Drops the trips that stop nowhere or once only.
pub fn keep_usable(reader: &mut Reader<'_>, ids: &mut Ids) {
    let (feed, report) = (&mut reader.feed, &mut reader.report);
    let mut drops = Vec::new();
    feed.trips.retain(|trip| {
        let stops = trip.times.len();
        if stops >= 2 {
            return true;
        }
        let rule = if stops == 0 { Rule::UnusedTrip } else { Rule::UnusableTrip };
        report.note(rule, TRIPS.file, None, "trip_id", || {
            let stops = if stops == 0 { "no stop" } else { "one stop only" };
            format!("the trip {:?} has {stops} with times that can be used; it is dropped", trip.id)
        });
        drops.push(rule);
        false
    });
    for rule in drops {
        report.drop_rows(TRIPS.file, rule, 1);
    }
    ids.clear();
    ids.extend(feed.trips.iter().zip(0..).map(|(trip, index)| (trip.id.clone(), index)));
    // The rows of dropped trips go too.
    let mut kept = Vec::with_capacity(feed.stop_times.len());
    for trip in &mut feed.trips {
        let from = kept.len() as u32;
        kept.extend_from_slice(&feed.stop_times[trip.times.start as usize..trip.times.end as usize]);
        trip.times = from..kept.len() as u32;
    }
    feed.stop_times = kept;
}
