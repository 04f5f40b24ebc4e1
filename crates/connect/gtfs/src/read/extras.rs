//! frequencies.txt, transfers.txt, feed_info.txt.

use super::{Ids, Reader, known, optional};
use crate::model::{FeedInfo, Frequency, StopIndex, Transfer, TransferKind, TripIndex};
use crate::notice::Rule;
use crate::table::{Row, Spec};
use crate::value::Date;

const FREQUENCIES: Spec = Spec {
    file: "frequencies.txt",
    columns: &[
        ("trip_id", true),
        ("start_time", true),
        ("end_time", true),
        ("headway_secs", true),
        ("exact_times", false),
    ],
    ignored: &[],
};

const TRANSFERS: Spec = Spec {
    file: "transfers.txt",
    columns: &[
        ("from_stop_id", false),
        ("to_stop_id", false),
        ("transfer_type", true),
        ("min_transfer_time", false),
        ("from_route_id", false),
        ("to_route_id", false),
        ("from_trip_id", false),
        ("to_trip_id", false),
    ],
    ignored: &[],
};

const INFO: Spec = Spec {
    file: "feed_info.txt",
    columns: &[
        ("feed_publisher_name", true),
        ("feed_lang", true),
        ("feed_start_date", false),
        ("feed_end_date", false),
        ("feed_version", false),
    ],
    ignored: &["feed_publisher_url", "default_lang", "feed_contact_email", "feed_contact_url"],
};

/// Reads the frequencies of the trips that are kept.
pub fn frequencies(reader: &mut Reader<'_>, trips: &Ids) {
    let mut found: Vec<(Frequency, u64)> = Vec::new();
    reader.table(&FREQUENCIES, false, |_, row| {
        let trip = TripIndex(known(row, trips, 0, "trips.txt, or its trip was dropped")?);
        let start = needed_time(row, 1)?;
        let end = needed_time(row, 2)?;
        row.required(3)?;
        let headway: Option<i32> = row.integer(3);
        let Some(headway) = headway.filter(|headway| *headway > 0) else {
            return row.drop(Rule::NumberOutOfRange, 3, || "the headway is not 1 s or more; the row is dropped".into());
        };
        if end <= start {
            let rule = if end == start { Rule::RangeEqual } else { Rule::RangeOutOfOrder };
            return row.drop(rule, 2, || "it ends before it starts; the row is dropped".into());
        }
        let exact = row.choice(4, 2, 0) == 1;
        found.push((Frequency { trip, start, end, headway, exact }, row.line()));
        Some(())
    });
    found.sort_by_key(|(frequency, line)| (frequency.trip, frequency.start, *line));
    let (feed, report) = (&mut reader.feed, &mut reader.report);
    for (frequency, line) in found {
        let last = feed.frequencies.last().filter(|last| last.trip == frequency.trip);
        if last.is_some_and(|last| last.end > frequency.start) {
            report.note(Rule::OverlappingFrequency, FREQUENCIES.file, Some(line), "start_time", || {
                "it overlaps another frequency of the trip; the row is dropped".into()
            });
            report.drop_rows(FREQUENCIES.file, Rule::OverlappingFrequency, 1);
            continue;
        }
        let at = feed.frequencies.len() as u32;
        let range = &mut feed.trips[frequency.trip.at()].frequencies;
        *range = if range.start == range.end { at..at + 1 } else { range.start..at + 1 };
        feed.frequencies.push(frequency);
    }
}

fn needed_time(row: &mut Row<'_>, column: usize) -> Option<i32> {
    row.required(column)?;
    row.time(column)?
}

/// Reads the transfers between stops. Those for some routes or trips only are kept and marked.
pub fn transfers(reader: &mut Reader<'_>, stops: &Ids, routes: &Ids) {
    reader.table(&TRANSFERS, false, |feed, row| {
        let kind = match row.choice(2, 6, 0) {
            0 => TransferKind::Recommended,
            1 => TransferKind::Timed,
            2 => TransferKind::Minimum,
            3 => TransferKind::Impossible,
            // In-seat transfers are between trips, not between stops.
            _ => return Some(()),
        };
        let from = StopIndex(known(row, stops, 0, "stops.txt")?);
        let to = StopIndex(known(row, stops, 1, "stops.txt")?);
        let narrowed = (4..=7).any(|column| !row.text(column).is_empty());
        for column in [4, 5] {
            optional(row, routes, column, "routes.txt");
        }
        let seconds = row.integer(3);
        feed.transfers.push(Transfer { from, to, kind, seconds, narrowed });
        Some(())
    });
}

/// Reads what the feed says about itself.
pub fn info(reader: &mut Reader<'_>) {
    reader.table(&INFO, false, |feed, row| {
        let mut date = |column: usize| {
            let text = row.text(column);
            let date = Date::parse(text);
            if date.is_none() && !text.is_empty() {
                row.note(Rule::InvalidDate, column, || "not a date YYYYMMDD; it is not used".into());
            }
            date
        };
        let range = (date(2), date(3));
        if range.0.zip(range.1).is_some_and(|(start, end)| end < start) {
            row.note(Rule::RangeOutOfOrder, 3, || "the feed ends before it starts".into());
        }
        feed.info = Some(FeedInfo { version: row.text(4).into(), range });
        Some(())
    });
}
