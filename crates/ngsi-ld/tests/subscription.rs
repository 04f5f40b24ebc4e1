//! Subscriptions: what is taken and what is refused, names, updates, the index against a plain scan, rendering.
#![expect(clippy::unwrap_used, reason = "a test ends where something it needs is missing")]

#[path = "subscription/bodies.rs"]
mod bodies;
#[path = "subscription/index.rs"]
mod index;
#[path = "subscription/members.rs"]
mod members;
