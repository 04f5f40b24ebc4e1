//! stop_times.txt: rows brought together by trip, times that go back dropped, times that are missing interpolated.

use super::{Ids, Reader, known};
use crate::model::{Boarding, StopIndex, StopKind, StopTime};
use crate::notice::{Report, Rule};
use crate::table::{Row, Spec};

const TIMES: Spec = Spec {
    file: "stop_times.txt",
    columns: &[
        ("trip_id", true),
        ("arrival_time", false),
        ("departure_time", false),
        ("stop_id", true),
        ("stop_sequence", true),
        ("pickup_type", false),
        ("drop_off_type", false),
        ("shape_dist_traveled", false),
    ],
    ignored: &[
        "stop_headsign",
        "timepoint",
        "continuous_pickup",
        "continuous_drop_off",
        "location_group_id",
        "location_id",
        "start_pickup_drop_off_window",
        "end_pickup_drop_off_window",
        "pickup_booking_rule_id",
        "drop_off_booking_rule_id",
    ],
};

/// A row before its trip is whole.
pub struct Raw {
    trip: u32,
    line: u32,
    /// Arrival and departure, if told.
    times: Option<(i32, i32)>,
    row: StopTime,
}

/// Reads the rows.
pub fn read(reader: &mut Reader<'_>, trips: &Ids, stops: &Ids) -> Vec<Raw> {
    let mut raw = Vec::new();
    reader.table(&TIMES, true, |feed, row| {
        let trip = known(row, trips, 0, "trips.txt")?;
        let stop = StopIndex(known(row, stops, 3, "stops.txt")?);
        row.required(4)?;
        let Some(sequence) = row.integer(4) else {
            return row
                .drop(Rule::InvalidInteger, 4, || "a stop without its place in the trip; the row is dropped".into());
        };
        if !matches!(feed.stops[stop.at()].kind, StopKind::Platform | StopKind::BoardingArea) {
            row.note(Rule::UnexpectedStopTime, 3, || "a trip stops at what is no platform; it is taken for one".into());
        }
        let times = match (row.time(1)?, row.time(2)?) {
            (None, None) => None,
            (Some(arrival), Some(departure)) => Some((arrival, departure)),
            (arrival, departure) => {
                let column = if arrival.is_none() { 1 } else { 2 };
                row.note(Rule::StopTimeHalf, column, || {
                    "one of the two times is missing; the other stands for it".into()
                });
                arrival.or(departure).map(|time| (time, time))
            }
        };
        if times.is_some_and(|(arrival, departure)| departure < arrival) {
            return row.drop(Rule::RangeOutOfOrder, 2, || "it departs before it arrives; the row is dropped".into());
        }
        let (pickup, drop_off) = (boarding(row, 5), boarding(row, 6));
        let distance = row.distance(7);
        let (arrival, departure) = times.unwrap_or_default();
        let stop_time =
            StopTime { stop, sequence, arrival, departure, pickup, drop_off, distance, interpolated: false };
        let line = u32::try_from(row.line()).unwrap_or(u32::MAX);
        raw.push(Raw { trip, line, times, row: stop_time });
        Some(())
    });
    raw
}

fn boarding(row: &mut Row<'_>, column: usize) -> Boarding {
    match row.choice(column, 4, 0) {
        0 => Boarding::Regular,
        1 => Boarding::None,
        _ => Boarding::Arranged,
    }
}

/// Brings the rows of each trip in order and makes them sound.
pub fn settle(reader: &mut Reader<'_>, mut raw: Vec<Raw>) {
    raw.sort_by_key(|raw| (raw.trip, raw.row.sequence, raw.line));
    let (feed, report) = (&mut reader.feed, &mut reader.report);
    let mut work = Work { report, tails: Vec::new(), before: Vec::new() };
    for rows in raw.chunk_by_mut(|a, b| a.trip == b.trip) {
        let trip = &mut feed.trips[rows[0].trip as usize];
        let from = feed.stop_times.len();
        let mut rows: Vec<&mut Raw> = rows.iter_mut().collect();
        work.once(&mut rows);
        work.forward(&mut rows);
        work.timed_edges(&mut rows);
        work.distances(&mut rows);
        interpolate(&mut rows);
        feed.stop_times.extend(rows.iter().map(|raw| raw.row));
        trip.times = from as u32..feed.stop_times.len() as u32;
    }
}

struct Work<'a> {
    report: &'a mut Report,
    /// By length, the row that ends a sequence of that length soonest.
    tails: Vec<usize>,
    before: Vec<Option<usize>>,
}

impl Work<'_> {
    fn drop(&mut self, rule: Rule, raw: &Raw, field: &str, why: &str) {
        self.report.note(rule, TIMES.file, Some(u64::from(raw.line)), field, || why.to_owned());
        self.report.drop_rows(TIMES.file, rule, 1);
    }

    /// Each place of a trip once.
    fn once(&mut self, rows: &mut Vec<&mut Raw>) {
        let mut last = None;
        rows.retain(|raw| {
            let twice = last == Some(raw.row.sequence);
            if twice {
                self.drop(
                    Rule::DuplicateKey,
                    raw,
                    "stop_sequence",
                    "the place in the trip is taken; the row is dropped",
                );
            }
            last = Some(raw.row.sequence);
            !twice
        });
    }

    /// Keeps the longest sequence of timed rows that never goes back in time, so that one wrong time costs its own
    /// row and not all after it. Patience sorting: O(n log n).
    fn forward(&mut self, rows: &mut Vec<&mut Raw>) {
        let sound = rows
            .iter()
            .filter_map(|raw| raw.times)
            .try_fold(i32::MIN, |last, (arrival, departure)| (arrival >= last).then_some(departure));
        if sound.is_some() {
            return;
        }
        let times: Vec<(usize, i32, i32)> =
            rows.iter().enumerate().filter_map(|(at, raw)| raw.times.map(|(a, d)| (at, a, d))).collect();
        self.tails.clear();
        self.before.clear();
        for (index, (_, arrival, departure)) in times.iter().enumerate() {
            let length = self.tails.partition_point(|tail| times[*tail].2 <= *arrival);
            self.before.push(length.checked_sub(1).map(|shorter| self.tails[shorter]));
            match self.tails.get_mut(length) {
                Some(tail) if times[*tail].2 > *departure => *tail = index,
                Some(_) => {}
                None => self.tails.push(index),
            }
        }
        let mut keep = vec![false; rows.len()];
        let mut next = self.tails.last().copied();
        while let Some(index) = next {
            keep[times[index].0] = true;
            next = self.before[index];
        }
        let mut at = 0;
        rows.retain(|raw| {
            at += 1;
            let kept = keep[at - 1] || raw.times.is_none();
            if !kept {
                let why = "the time goes back against the trip's other stops; the row is dropped";
                self.drop(Rule::StopTimeBackwards, raw, "arrival_time", why);
            }
            kept
        });
    }

    /// The first and the last row must have times.
    fn timed_edges(&mut self, rows: &mut Vec<&mut Raw>) {
        let first = rows.iter().position(|raw| raw.times.is_some()).unwrap_or(rows.len());
        let end = rows.iter().rposition(|raw| raw.times.is_some()).map_or(first, |last| last + 1);
        let mut at = 0;
        rows.retain(|raw| {
            at += 1;
            let kept = (first..end).contains(&(at - 1));
            if !kept {
                let why = "a trip's first and last stop must have times; the row is dropped";
                self.drop(Rule::MissingTripEdge, raw, "arrival_time", why);
            }
            kept
        });
    }

    /// Distances that do not increase are not used.
    fn distances(&mut self, rows: &mut [&mut Raw]) {
        let mut last = f64::NEG_INFINITY;
        for raw in rows {
            let Some(distance) = raw.row.distance else { continue };
            if distance > last {
                last = distance;
                continue;
            }
            raw.row.distance = None;
            let line = Some(u64::from(raw.line));
            self.report.note(Rule::DecreasingStopTimeDistance, TIMES.file, line, "shape_dist_traveled", || {
                format!("{distance} is not beyond {last}; it is not used")
            });
        }
    }
}

/// Times between two timed rows: by distance along the shape where all have one, else evenly by stop. Edges have times.
fn interpolate(rows: &mut [&mut Raw]) {
    let mut from = 0;
    for to in 1..rows.len() {
        let Some((until, _)) = rows[to].times else { continue };
        let since = rows[from].row.departure;
        let all = rows[from..=to].iter().all(|raw| raw.row.distance.is_some());
        let place = |rows: &[&mut Raw], at: usize| match rows[at].row.distance {
            Some(distance) if all => distance,
            _ => at as f64,
        };
        let (start, end) = (place(rows, from), place(rows, to));
        for at in from + 1..to {
            let share = (place(rows, at) - start) / (end - start);
            let time = since + (f64::from(until - since) * share) as i32;
            let row = &mut rows[at].row;
            (row.arrival, row.departure, row.interpolated) = (time, time, true);
        }
        from = to;
    }
}
