//! The tables of a feed as types: rows refer to each other by index, times are seconds of the service day. Holds what
//! routing, boards and maps need; fares and pathways are not read.

use crate::calendar::Service;
use crate::value::Date;
use belfry_kernel::Position;
use compact_str::CompactString;
use std::ops::Range;

macro_rules! index {
    ($($name:ident of $what:literal)*) => {$(
        #[doc = concat!("Index of a ", $what, " in its table of a [`Feed`].")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index of a slice.
            pub fn at(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

index!(StopIndex of "stop" RouteIndex of "route" ServiceIndex of "service" TripIndex of "trip" ShapeIndex of "shape");

/// A feed, every reference of which holds.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    /// agency.txt.
    pub agencies: Vec<Agency>,
    /// stops.txt.
    pub stops: Vec<Stop>,
    /// routes.txt.
    pub routes: Vec<Route>,
    /// calendar.txt with calendar_dates.txt.
    pub services: Vec<Service>,
    /// trips.txt.
    pub trips: Vec<Trip>,
    /// stop_times.txt: the rows of a trip together, in order, times never going back.
    pub stop_times: Vec<StopTime>,
    /// shapes.txt.
    pub shapes: Vec<Shape>,
    /// frequencies.txt, by trip and start.
    pub frequencies: Vec<Frequency>,
    /// transfers.txt.
    pub transfers: Vec<Transfer>,
    /// feed_info.txt.
    pub info: Option<FeedInfo>,
}

impl Feed {
    /// The stop times of a trip, in order.
    pub fn times(&self, trip: TripIndex) -> &[StopTime] {
        let times = &self.trips[trip.at()].times;
        &self.stop_times[times.start as usize..times.end as usize]
    }
}

/// An agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    /// Its id; empty when the feed has only one and does not name it.
    pub id: CompactString,
    /// Its name.
    pub name: CompactString,
    /// Its time zone, an IANA name.
    pub timezone: CompactString,
}

/// What a row of stops.txt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopKind {
    /// Where vehicles stop.
    Platform,
    /// A place with platforms.
    Station,
    /// An entrance of a station.
    Entrance,
    /// A node of pathways.
    Node,
    /// A part of a platform.
    BoardingArea,
}

/// A stop.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// Its id.
    pub id: CompactString,
    /// What passengers call it.
    pub name: CompactString,
    /// The short text on its sign.
    pub code: CompactString,
    /// The platform's name.
    pub platform: CompactString,
    /// Where it is; none when the feed does not say or what it says cannot be.
    pub position: Option<Position>,
    /// What it is.
    pub kind: StopKind,
    /// The station (of a boarding area: the platform) in which it lies.
    pub parent: Option<StopIndex>,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its id.
    pub id: CompactString,
    /// Its agency, an index of [`Feed::agencies`].
    pub agency: Option<u32>,
    /// What stands on the vehicle.
    pub short_name: CompactString,
    /// The longer name.
    pub long_name: CompactString,
    /// `route_type`: 0 tram, 1 metro, 2 rail, 3 bus, 4 ferry, 5 cable tram, 6 aerial lift, 7 funicular, 11 trolleybus,
    /// 12 monorail, or an extended type 100 to 1702.
    pub kind: u16,
    /// Colour, 0xRRGGBB.
    pub color: Option<u32>,
}

/// A trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trip {
    /// Its id.
    pub id: CompactString,
    /// Its route.
    pub route: RouteIndex,
    /// The days on which it runs.
    pub service: ServiceIndex,
    /// Where it goes.
    pub headsign: CompactString,
    /// Direction 0 or 1.
    pub direction: Option<u8>,
    /// The block: trips of one vehicle one after another.
    pub block: CompactString,
    /// Its shape.
    pub shape: Option<ShapeIndex>,
    /// Its rows in [`Feed::stop_times`].
    pub times: Range<u32>,
    /// Its rows in [`Feed::frequencies`]; if there are some, its times are a pattern to be repeated.
    pub frequencies: Range<u32>,
}

/// Whether passengers may board or leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Boarding {
    /// As usual.
    Regular,
    /// Not at all.
    None,
    /// After a call to the agency or a word with the driver.
    Arranged,
}

/// A stop of a trip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StopTime {
    /// Where.
    pub stop: StopIndex,
    /// `stop_sequence`.
    pub sequence: u32,
    /// Seconds of the service day.
    pub arrival: i32,
    /// Seconds of the service day, not before the arrival.
    pub departure: i32,
    /// May passengers board?
    pub pickup: Boarding,
    /// May passengers leave?
    pub drop_off: Boarding,
    /// Distance along the shape, in the unit of the feed.
    pub distance: Option<f64>,
    /// Whether the times were interpolated.
    pub interpolated: bool,
}

/// A trip that is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frequency {
    /// The trip.
    pub trip: TripIndex,
    /// The first departure, seconds of the service day.
    pub start: i32,
    /// No departure at or after this, seconds of the service day.
    pub end: i32,
    /// Seconds between departures, 1 or more.
    pub headway: i32,
    /// Whether the departures are exact (`exact_times` 1), or about so often.
    pub exact: bool,
}

/// The path of trips.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Its id.
    pub id: CompactString,
    /// Its points, in order.
    pub points: Vec<ShapePoint>,
}

/// A point of a shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShapePoint {
    /// Degrees east.
    pub lon: f64,
    /// Degrees north.
    pub lat: f64,
    /// Distance from the start, in the unit of the feed.
    pub distance: Option<f64>,
}

/// What a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferKind {
    /// A good place to change.
    Recommended,
    /// The departing vehicle waits.
    Timed,
    /// Needs a least time.
    Minimum,
    /// Cannot be.
    Impossible,
}

/// A rule for changing between two stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// From.
    pub from: StopIndex,
    /// To; may be the same.
    pub to: StopIndex,
    /// What it is.
    pub kind: TransferKind,
    /// Seconds that it needs, if told.
    pub seconds: Option<u32>,
    /// Whether it is for some routes or trips only.
    pub narrowed: bool,
}

/// About the feed itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedInfo {
    /// Its version.
    pub version: CompactString,
    /// First and last day for which it is complete.
    pub range: (Option<Date>, Option<Date>),
}
