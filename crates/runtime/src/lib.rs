//! The imperative shell: the clock, tenants, writes, contexts from afar, notifications, traces, the host of
//! applications. What it decides it asks of the pure crates; what it stores it hands to a port.

pub mod apps;
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

pub use apps::Apps;
pub use clock::{SystemClock, SystemRng};
pub use tenant::{Stores, Tenants};
