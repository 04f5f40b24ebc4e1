//! Reads a feed: which tables there are, in which order they are read, and how their rows find each other. Every table
//! has a file of its own below.

mod basics;
mod calendars;
mod extras;
mod shapes;
mod stops;
mod times;
mod trips;

use crate::limits::Limits;
use crate::model::Feed;
use crate::notice::{Report, Rule};
use crate::source::Tables;
use crate::table::{Row, Spec, read_table};
use crate::value::Date;
use compact_str::CompactString;
use hashbrown::HashMap;

/// Tables of the reference that are known and not read.
const NOT_READ: [&str; 23] = [
    "areas.txt",
    "attributions.txt",
    "booking_rules.txt",
    "fare_attributes.txt",
    "fare_leg_join_rules.txt",
    "fare_leg_rules.txt",
    "fare_media.txt",
    "fare_products.txt",
    "fare_rules.txt",
    "fare_transfer_rules.txt",
    "levels.txt",
    "location_group_stops.txt",
    "location_groups.txt",
    "locations.geojson",
    "networks.txt",
    "pathways.txt",
    "rider_categories.txt",
    "route_networks.txt",
    "stop_areas.txt",
    "timeframes.txt",
    "translations.txt",
    "linked_datasets.txt",
    "readme.txt",
];

/// Reads a feed. What is wrong is in the report, with what was done about it; the feed holds what can be used, and every
/// reference in it holds. `today` is the day against which calendars count as expired.
pub fn read(tables: &mut dyn Tables, limits: &Limits, today: Option<Date>) -> (Feed, Report) {
    let mut reader = Reader::new(tables, limits);
    basics::agencies(&mut reader);
    let stops = stops::read(&mut reader);
    let routes = basics::routes(&mut reader);
    let services = calendars::read(&mut reader);
    let shapes = shapes::read(&mut reader);
    let mut trips = trips::read(&mut reader, &routes, &services, &shapes);
    let raw = times::read(&mut reader, &trips, &stops);
    times::settle(&mut reader, raw);
    trips::keep_usable(&mut reader, &mut trips);
    extras::frequencies(&mut reader, &trips);
    extras::transfers(&mut reader, &stops, &routes);
    extras::info(&mut reader);
    reader.unknown_files();
    crate::check::run(&reader.feed, today, &mut reader.report);
    (reader.feed, reader.report)
}

/// Indexes by the ids of a table.
pub type Ids = HashMap<CompactString, u32>;

/// What is being read.
pub struct Reader<'a> {
    tables: &'a mut dyn Tables,
    limits: &'a Limits,
    names: HashMap<String, String>,
    /// Bytes that may still be unpacked.
    budget: u64,
    pub feed: Feed,
    pub report: Report,
}

impl<'a> Reader<'a> {
    fn new(tables: &'a mut dyn Tables, limits: &'a Limits) -> Self {
        let mut report = Report::new(limits.notices);
        let mut names: HashMap<String, String> = HashMap::new();
        let mut all = tables.names();
        // What lies at the top comes first, and counts.
        all.sort_by_key(|name| (name.matches('/').count(), name.clone()));
        for name in all {
            let short = name.rsplit('/').next().unwrap_or(&name).to_owned();
            // What macOS adds to an archive.
            if short.is_empty() || short.starts_with('.') || name.starts_with("__MACOSX/") {
                continue;
            }
            if short != name && short.ends_with(".txt") {
                report.note(Rule::InSubfolder, &name, None, "", || {
                    "the table lies in a folder; it is read all the same".into()
                });
            }
            names.entry(short).or_insert(name);
        }
        Self { tables, limits, names, budget: limits.total_bytes, feed: Feed::default(), report }
    }

    pub fn has(&self, file: &str) -> bool {
        self.names.contains_key(file)
    }

    /// Reads one table, if it is there.
    pub fn table(
        &mut self,
        spec: &'static Spec,
        required: bool,
        mut each: impl FnMut(&mut Feed, &mut Row<'_>) -> Option<()>,
    ) {
        let Some(name) = self.names.get(spec.file) else {
            if required {
                let message = || "the table is not there".to_owned();
                self.report.note(Rule::MissingRequiredFile, spec.file, None, "", message);
            }
            return;
        };
        let feed = &mut self.feed;
        match self.tables.open(name) {
            Ok(mut input) => {
                let each = |row: &mut Row<'_>| each(feed, row);
                self.budget -=
                    read_table(&mut input, spec, self.limits, self.budget, &mut self.report, each).min(self.budget);
            }
            Err(error) => self.report.note(Rule::CsvParsingFailed, spec.file, None, "", || error.to_string()),
        }
    }

    fn unknown_files(&mut self) {
        const READ: [&str; 11] = [
            "agency.txt",
            "calendar.txt",
            "calendar_dates.txt",
            "feed_info.txt",
            "frequencies.txt",
            "routes.txt",
            "shapes.txt",
            "stop_times.txt",
            "stops.txt",
            "transfers.txt",
            "trips.txt",
        ];
        let known = |short: &str| READ.contains(&short) || NOT_READ.contains(&short);
        let mut unknown: Vec<_> = self.names.iter().filter(|(short, _)| !known(short)).map(|(_, name)| name).collect();
        unknown.sort();
        for name in unknown {
            self.report
                .note(Rule::UnknownFile, name, None, "", || "the file is not of the reference and not read".into());
        }
        if !self.has("feed_info.txt") {
            let message = || "the table is not there".to_owned();
            self.report.note(Rule::MissingRecommendedFile, "feed_info.txt", None, "", message);
        }
    }
}

/// A key that must not be there yet: its place, unless the row is dropped.
pub fn fresh(row: &mut Row<'_>, ids: &mut Ids, id: &str, column: usize, next: usize) -> Option<u32> {
    let Ok(next) = u32::try_from(next) else { return None };
    if ids.contains_key(id) {
        return row.drop(Rule::DuplicateKey, column, || {
            format!("{:?} is there already; this row is dropped", crate::table::cut(id))
        });
    }
    ids.insert(id.into(), next);
    Some(next)
}

/// A reference that must hold, or the row is dropped.
pub fn known(row: &mut Row<'_>, ids: &Ids, column: usize, of: &str) -> Option<u32> {
    let id = row.required(column)?;
    match ids.get(id) {
        Some(index) => Some(*index),
        None => row.drop(Rule::ForeignKeyViolation, column, || {
            format!("{:?} is not in {of}; the row is dropped", crate::table::cut(id))
        }),
    }
}

/// A reference that is not used when it does not hold.
pub fn optional(row: &mut Row<'_>, ids: &Ids, column: usize, of: &str) -> Option<u32> {
    let id = row.text(column);
    if id.is_empty() {
        return None;
    }
    let found = ids.get(id).copied();
    if found.is_none() {
        row.note(Rule::ForeignKeyViolation, column, || {
            format!("{:?} is not in {of}; the reference is not used", crate::table::cut(id))
        });
    }
    found
}
