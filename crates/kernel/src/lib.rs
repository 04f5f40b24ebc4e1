//! What every other crate stands on: identifiers, instants, geometry, the traits through which time and randomness
//! are handed in, and the one error type. Pure: no I/O, no clock, no global state.

mod clock;
mod error;
pub mod geo;
mod iri;
mod time;

pub use clock::{Clock, Rng};
pub use error::{Error, Kind, Result};
pub use geo::{Geometry, Position};
pub use iri::{Iri, IriError};
pub use time::{Period, Time, TimeError};
