//! calendar.txt and calendar_dates.txt.

use super::{Ids, Reader, fresh};
use crate::calendar::Service;
use crate::notice::Rule;
use crate::table::Spec;

const CALENDAR: Spec = Spec {
    file: "calendar.txt",
    columns: &[
        ("service_id", true),
        ("monday", true),
        ("tuesday", true),
        ("wednesday", true),
        ("thursday", true),
        ("friday", true),
        ("saturday", true),
        ("sunday", true),
        ("start_date", true),
        ("end_date", true),
    ],
    ignored: &["service_name"],
};

const DATES: Spec = Spec {
    file: "calendar_dates.txt",
    columns: &[("service_id", true), ("date", true), ("exception_type", true)],
    ignored: &["holiday_name"],
};

/// Reads the services.
pub fn read(reader: &mut Reader<'_>) -> Ids {
    if !reader.has(CALENDAR.file) && !reader.has(DATES.file) {
        let message = || "there is neither of the two tables: no trip runs on any day".to_owned();
        reader.report.note(Rule::MissingCalendars, CALENDAR.file, None, "", message);
    }
    let mut ids = Ids::new();
    reader.table(&CALENDAR, false, |feed, row| {
        let id = row.required(0)?;
        let mut weekdays = 0;
        for day in 1..=7 {
            row.required(day)?;
            weekdays |= row.choice(day, 2, 0) << (day - 1);
        }
        let (start, end) = (row.date(8)?, row.date(9)?);
        if end < start {
            return row.drop(Rule::RangeOutOfOrder, 9, || format!("{end} is before {start}; the row is dropped"));
        }
        fresh(row, &mut ids, id, 0, feed.services.len())?;
        feed.services.push(Service { weekdays, range: Some((start, end)), ..Service::new(id.into()) });
        Some(())
    });
    reader.table(&DATES, false, |feed, row| {
        let id = row.required(0)?;
        let date = row.date(1)?;
        let kind = row.choice(2, 3, 0);
        if kind == 0 {
            return row.drop(Rule::MissingRequiredField, 2, || "neither 1 nor 2; the row is dropped".into());
        }
        let index = match ids.get(id) {
            Some(index) => *index as usize,
            None => {
                let index = fresh(row, &mut ids, id, 0, feed.services.len())?;
                feed.services.push(Service::new(id.into()));
                index as usize
            }
        };
        let service = &mut feed.services[index];
        if kind == 1 {
            service.added.push(date);
        } else {
            service.removed.push(date);
        }
        Some(())
    });
    let mut twice = 0;
    for service in &mut reader.feed.services {
        let before = service.added.len() + service.removed.len();
        service.added.sort_unstable();
        service.added.dedup();
        service.removed.sort_unstable();
        service.removed.dedup();
        // The same day added and removed: it runs.
        let added = &service.added;
        service.removed.retain(|date| added.binary_search(date).is_err());
        twice += (before - service.added.len() - service.removed.len()) as u64;
    }
    if twice > 0 {
        let message = || format!("{twice} rows name a service and day that are there already; they are dropped");
        reader.report.note(Rule::DuplicateKey, DATES.file, None, "date", message);
        reader.report.drop_rows(DATES.file, Rule::DuplicateKey, twice);
    }
    ids
}
