//! A simulated county with known truth: weather, water, roads, buses, fields, air, networks, and the devices that measure
//! them with noise and faults; scenarios of what happens, and the scoring of a response. Pure: seed, set-up and instants
//! are handed in, events come out; no clock, no I/O, no thread. Nothing in it is a person.
//!
//! - [`county::County`] is what does not move, from a seed or from a real map and feed.
//! - [`Simulation`] lets it live and hands out [`Event`]s: what devices say, and what really happens.
//! - [`wire`] writes what devices, services and agencies send: topics and payloads, NGSI-LD, GTFS, CAP, OpenStreetMap.
//! - [`scenario`] and [`score`] are exercises: a file of what happens and what is expected, and how it came out.
//!
//! ```
//! use belfry_kernel::Time;
//! use belfry_sim::county::{County, Outline};
//! use belfry_sim::{Event, Faults, Setup, Simulation};
//! use std::ops::ControlFlow;
//!
//! let county = County::generate(&Outline { devices: 50, ..Outline::default() });
//! let start = Time::parse("2026-06-18T06:00:00Z").expect("an instant");
//! let setup = Setup { start, devices: 50, faults: Faults::USUAL, chance: true };
//! let mut simulation = Simulation::new(county, setup);
//! let mut readings = 0;
//! simulation.advance(start.plus_micros(600_000_000), &mut |event| {
//!     readings += u32::from(matches!(event, Event::Reading(_)));
//!     ControlFlow::Continue(())
//! });
//! assert!(readings > 30);
//! ```
#![forbid(unsafe_code)]

pub mod county;
pub mod device;
pub mod draw;
pub mod fault;
pub mod plane;
pub mod process;
pub mod scenario;
pub mod score;
mod simulation;
pub mod truth;
mod wheel;
pub mod wire;

pub use device::Kind;
pub use fault::Faults;
pub use simulation::{Advanced, Assets, Counts, Event, Reading, Setup, Simulation, VehicleKind, VehicleSight};
pub use truth::{Asset, Truth, TruthKind};
