//! The HTTP API as a client sees it: a real server on a real socket over the embedded store.
#![expect(clippy::unwrap_used, reason = "a test ends where something it needs is missing")]

mod apps;
mod authorisation;
mod backups;
mod catalogue;
mod contexts;
mod description;
mod entities;
mod events;
mod expired;
mod limits;
mod lines;
mod malformed;
mod media;
mod patience;
mod purge;
mod random;
mod server;
mod tenants;
mod wire;
