//! Import into and export from a running Belfry through its public HTTP API: sources, mapping files, batches, resume,
//! reports. Holds no storage and no server: what it sends could be sent by anyone.

mod client;
mod error;
pub mod export;
mod history_body;
pub mod import;
pub mod mapping;
pub mod osm;
mod place;
mod progress;
mod query;
mod report;
pub mod source;
mod temporal;
mod whole;

pub use error::TransferError;
pub use place::Problem;
pub use whole::TileArgs;
