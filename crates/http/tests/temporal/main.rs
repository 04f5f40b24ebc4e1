//! The temporal API from end to end, compared with what plain computation over the same values gives.
#![expect(clippy::unwrap_used, reason = "a test ends where something it needs is missing")]

#[path = "../subscriptions/server.rs"]
#[expect(dead_code, reason = "the other test binary uses the rest")]
mod server;

mod aggregates;
mod evolutions;
mod queries;
mod states;
