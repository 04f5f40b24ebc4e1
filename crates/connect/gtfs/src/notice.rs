//! What is wrong with a feed: rules with the codes of the canonical validator, notices with their place, and the report that
//! counts them. Holds no check.

use compact_str::CompactString;
use std::collections::BTreeMap;
use std::fmt;

/// How grave a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Against a recommendation ("should").
    Warning,
    /// Against a requirement ("must").
    Error,
}

macro_rules! rules {
    ($($severity:ident { $($rule:ident $code:literal $doc:literal,)* })*) => {
        /// A rule that a feed can break.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $($(#[doc = $doc] $rule,)*)* }

        impl Rule {
            /// Its code, as the canonical validator spells it.
            pub fn code(self) -> &'static str {
                match self { $($(Self::$rule => $code,)*)* }
            }

            /// How grave it is to break it.
            pub fn severity(self) -> Severity {
                match self { $($(Self::$rule => Severity::$severity,)*)* }
            }
        }
    };
}

rules! {
    Error {
        BlockOverlap "block_trips_with_overlapping_stop_times" "Two trips of one block and service run at the same time.",
        CsvParsingFailed "csv_parsing_failed" "A table cannot be read on.",
        DecreasingShapeDistance "decreasing_shape_distance" "Distances along a shape decrease.",
        DecreasingStopTimeDistance "decreasing_or_equal_stop_time_distance" "Distances along a trip do not increase.",
        DuplicateKey "duplicate_key" "A key is there already; the later row is dropped.",
        DuplicatedColumn "duplicated_column" "A column is there twice; the first counts.",
        EmptyColumnName "empty_column_name" "A column has no name.",
        EmptyFile "empty_file" "A table has not even a header.",
        ForeignKeyViolation "foreign_key_violation" "A row refers to one that does not exist.",
        InconsistentTimezone "inconsistent_agency_timezone" "Agencies of one feed have several time zones.",
        InvalidCharacter "invalid_character" "Bytes that are not UTF-8.",
        InvalidColor "invalid_color" "Not six hexadecimal digits.",
        InvalidDate "invalid_date" "Not a date YYYYMMDD.",
        InvalidFloat "invalid_float" "Not a number.",
        InvalidInteger "invalid_integer" "Not a whole number.",
        InvalidRowLength "invalid_row_length" "A row has more or fewer values than the header.",
        InvalidTime "invalid_time" "Not a time HH:MM:SS.",
        InvalidTimezone "invalid_timezone" "Not the form of a time zone's name.",
        InvalidUrl "invalid_url" "Not the form of a web address.",
        LocationWithoutParent "location_without_parent_station" "An entrance, node or boarding area lies in no station.",
        NewLineInValue "new_line_in_value" "A value goes over several lines.",
        MissingCalendars "missing_calendar_and_calendar_date_files" "Neither calendar.txt nor calendar_dates.txt.",
        MissingRequiredColumn "missing_required_column" "A column that must be there is not.",
        MissingRequiredField "missing_required_field" "A value that must be there is not.",
        MissingRequiredFile "missing_required_file" "A table that must be there is not.",
        MissingTripEdge "missing_trip_edge" "A trip's first or last stop has no time.",
        NumberOutOfRange "number_out_of_range" "A number outside its range.",
        OverlappingFrequency "overlapping_frequency" "Two frequencies of one trip overlap.",
        PointNearOrigin "point_near_origin" "A place within a degree of 0, 0.",
        PointNearPole "point_near_pole" "A place within a degree of a pole.",
        RangeEqual "start_and_end_range_equal" "A range without length.",
        RangeOutOfOrder "start_and_end_range_out_of_order" "A range that ends before it starts.",
        RouteWithoutName "route_both_short_and_long_name_missing" "A route without any name.",
        StationWithParent "station_with_parent_station" "A station within a station.",
        StopTimeBackwards "stop_time_with_arrival_before_previous_departure_time" "A trip that arrives before it left.",
        StopTimeHalf "stop_time_with_only_arrival_or_departure_time" "One of the two times is missing; the other stands for it.",
        StopWithoutLocation "stop_without_location" "A stop without coordinates.",
        TooManyRows "too_many_rows" "A table or row is larger than the limits.",
        UnexpectedStopTime "location_with_unexpected_stop_time" "A trip stops at what is no platform.",
        WrongParentKind "wrong_parent_location_type" "A parent of the wrong kind.",
        InSubfolder "invalid_input_files_in_subfolder" "The tables lie in a folder of the archive.",
        TripBeyondShape "trip_distance_exceeds_shape_distance" "A trip goes further than its shape.",
    }
    Warning {
        DuplicateRouteName "duplicate_route_name" "Two routes of one agency and kind have the same names.",
        EmptyRow "empty_row" "A row without values.",
        EqualShapeDistance "equal_shape_distance_same_coordinates" "Two points of a shape are the same.",
        ExpiredCalendar "expired_calendar" "A service that ended before the day it was looked at.",
        FastTravel "fast_travel_between_consecutive_stops" "Faster than a vehicle of its kind goes.",
        MissingRecommendedFile "missing_recommended_file" "A table that should be there is not.",
        StopWithoutStopTime "stop_without_stop_time" "A stop at which nothing stops.",
        SurroundingSpace "leading_or_trailing_whitespaces" "Space around a name or value; it is dropped.",
        UnexpectedEnumValue "unexpected_enum_value" "A number that means nothing here; the default stands for it.",
        UnusableTrip "unusable_trip" "A trip of fewer than two stops; it is dropped.",
        UnusedShape "unused_shape" "A shape without a trip.",
        UnusedTrip "unused_trip" "A trip without stop times; it is dropped.",
        SinglePointShape "single_shape_point" "A shape of one point.",
    }
    Info {
        UnknownColumn "unknown_column" "A column that is not read.",
        UnknownFile "unknown_file" "A file that is not read.",
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The rule that is broken.
    pub rule: Rule,
    /// The table.
    pub file: CompactString,
    /// The line of the row, the header being 1. `None` when it concerns the table or the feed.
    pub line: Option<u64>,
    /// The column, or empty.
    pub field: CompactString,
    /// What is wrong, and what was done, as a sentence.
    pub message: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.rule.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        write!(f, "{severity}: {}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.field.is_empty() {
            write!(f, " {}", self.field)?;
        }
        write!(f, ": {} ({})", self.message, self.rule.code())
    }
}

/// How many rows of a table there were, and how many were dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Rows after the header.
    pub read: u64,
    /// Rows of which nothing was kept.
    pub dropped: u64,
}

/// Everything that was found. Notices beyond the limit are counted only.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Notices in the order in which they were found.
    pub notices: Vec<Notice>,
    /// How often each rule was broken.
    pub counts: BTreeMap<Rule, u64>,
    /// Rows by table.
    pub rows: BTreeMap<&'static str, Rows>,
    /// Rows dropped, by table and the rule that they broke.
    pub dropped: BTreeMap<(&'static str, Rule), u64>,
    keep: usize,
}

impl Report {
    pub(crate) fn new(keep: usize) -> Self {
        Self { keep, ..Self::default() }
    }

    /// Notes that a rule is broken; the message is made only while notices of the rule are still kept.
    pub(crate) fn note(
        &mut self,
        rule: Rule,
        file: &str,
        line: Option<u64>,
        field: &str,
        message: impl FnOnce() -> String,
    ) {
        let count = self.counts.entry(rule).or_default();
        *count += 1;
        if *count <= self.keep as u64 {
            let (file, field) = (CompactString::from(file), CompactString::from(field));
            self.notices.push(Notice { rule, file, line, field, message: message() });
        }
    }

    /// Counts rows as dropped for breaking a rule.
    pub(crate) fn drop_rows(&mut self, file: &'static str, rule: Rule, rows: u64) {
        self.rows.entry(file).or_default().dropped += rows;
        *self.dropped.entry((file, rule)).or_default() += rows;
    }

    /// How often a rule was broken.
    pub fn count(&self, rule: Rule) -> u64 {
        self.counts.get(&rule).copied().unwrap_or_default()
    }

    /// How many notices of this severity there were.
    pub fn of_severity(&self, severity: Severity) -> u64 {
        self.counts.iter().filter(|(rule, _)| rule.severity() == severity).map(|(_, count)| count).sum()
    }
}
