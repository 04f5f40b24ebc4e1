//! Public transport of one service day: a compact timetable, departure boards, journeys, and realtime changes upon it.
//! Pure: the feed, the day and every time are handed in; no I/O, no clock. Roads are asked through [`Walking`].
//!
//! Journeys are found by RAPTOR: D. Delling, T. Pajor, R. F. Werneck, "Round-Based Public Transit Routing", ALENEX 2012
//! (and Transportation Science 49(3), 2015): round k finds the earliest arrivals with k rides, so the arrivals of all
//! rounds are the Pareto set of arrival and rides. A [`Timetable`] is a value: realtime makes another one of it, in
//! milliseconds, and whoever reads the old one goes on.

mod assembly;
mod board;
mod build;
mod footpath;
mod journey;
mod label;
mod router;
mod straight;
mod timetable;
mod update;

pub use board::{Departure, Status};
pub use build::{BuildError, Day};
pub use footpath::{Footpaths, Reach, Walking};
pub use journey::{Journey, Leg, Query, Ride};
pub use router::{MAX_DEPARTURES, MAX_RIDES, Router};
pub use straight::StraightLines;
pub use timetable::{Event, Pattern, Run, RunIndex, Timetable};
pub use update::{Unmatched, updated};
