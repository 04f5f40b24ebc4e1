//! The imperative shell: the clock, tenants, writes, contexts from afar, notifications, traces. What it decides it asks of the
//! pure crates; what it stores it hands to a port.

pub mod clock;
pub mod context;
pub mod ingest;
pub mod metrics;
pub mod notify;
pub mod outbound;
pub mod sweep;
pub mod telemetry;
pub mod tenant;
pub mod write;

pub use clock::{SystemClock, SystemRng};
pub use tenant::{Stores, Tenants};
