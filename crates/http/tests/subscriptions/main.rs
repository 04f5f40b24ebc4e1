//! Subscriptions from end to end: a real server over the embedded store, a real receiver, notifications counted.
#![expect(clippy::unwrap_used, reason = "a test ends where something it needs is missing")]

mod delivery;
mod edges;
mod endpoints;
mod fairness;
mod kill;
mod memory;
mod receiver;
mod server;
mod timing;
mod traces;
mod transport;
mod triggers;
