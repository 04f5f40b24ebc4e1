//! Subscriptions: what is taken and what is refused, names, updates, the index against a plain scan, rendering.

#[path = "subscription/bodies.rs"]
mod bodies;
#[path = "subscription/index.rs"]
mod index;
#[path = "subscription/members.rs"]
mod members;
