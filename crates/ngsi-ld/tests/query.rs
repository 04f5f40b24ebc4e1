//! The query languages from outside: what parses, what is refused and why, what an entity satisfies.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "query/filter.rs"]
mod filter;
#[path = "query/geo.rs"]
mod geo;
#[path = "query/plan.rs"]
mod plan;
#[path = "query/random.rs"]
mod random;
#[path = "query/room.rs"]
mod room;
#[path = "query/selection.rs"]
mod selection;
