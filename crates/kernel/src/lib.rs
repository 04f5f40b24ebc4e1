//! What every other crate stands on: identifiers, instants, geometry, the traits through which time and randomness
//! are handed in, and the one error type. Pure: no I/O, no clock, no global state.

mod clock;
mod error;
pub mod geo;
mod iri;
mod tally;
mod time;
mod trace;

pub use clock::{Clock, Rng};
pub use error::{Error, Kind, Result};
pub use geo::{Geometry, Position};
pub use iri::{Iri, IriError};
pub use tally::Tally;
pub use time::{Period, Time, TimeError};
pub use trace::TraceContext;
