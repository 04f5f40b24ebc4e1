//! The embedded store: an adapter of [`belfry_ports::Store`]. The commit log is the truth; blobs in memory with their
//! indexes answer reads; checkpoints make recovery short; history keeps what was. Single process, single writer.

mod backup;
mod blob;
mod build;
mod catalogue;
mod check;
mod checkpoint;
mod codec;
mod dictionary;
mod feed;
mod index;
mod maintenance;
mod open;
mod plan;
mod record;
mod retention;
mod ring;
mod series;
mod shared;
mod slots;
mod state;
mod store;
mod writer;

pub use backup::{rebuild, restore};
pub use belfry_log::Durability;
pub use check::{Report, check};
pub use open::Options;
pub use retention::Retention;
pub use store::EmbeddedStore;
