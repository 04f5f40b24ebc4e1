//! GTFS Schedule feeds made into typed tables, and GTFS-Realtime messages both ways. Pure: bytes come in through
//! [`Tables`], a [`Feed`] and a [`Report`] of everything that was wrong go out; no files, no clock, no store.
//!
//! Standards: GTFS Schedule and GTFS Realtime 2.0 references (gtfs.org); notices carry the codes and severities of the
//! canonical validator's rules, so that an agency finds its feed's faults under the names it knows.

mod calendar;
mod check;
mod csv;
mod limits;
mod model;
mod notice;
mod read;
pub mod realtime;
mod source;
mod table;
mod value;

pub use calendar::Service;
pub use limits::Limits;
pub use model::{
    Agency, Boarding, Feed, FeedInfo, Frequency, Route, RouteIndex, ServiceIndex, Shape, ShapeIndex, ShapePoint, Stop,
    StopIndex, StopKind, StopTime, Transfer, TransferKind, Trip, TripIndex,
};
pub use notice::{Notice, Report, Rows, Rule, Severity};
pub use read::read;
pub use source::{FeedError, Folder, Memory, Tables, Zip};
pub use value::{Date, parse_time};
