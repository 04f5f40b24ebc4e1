//! A time-series store for one process: series of samples under opaque keys, an open part in memory and sorted,
//! compressed, checksummed run files. Knows nothing of what keys and values mean, and is durable through its caller's
//! commit log: what was applied after [`History::flushed_seq`] is to be applied again after a restart.
//!
//! The design, with measured figures, is in `docs/design/002-history.md`.

mod aggregate;
mod arena;
mod block;
mod bloom;
mod cache;
mod check;
mod chunk;
mod clears;
mod column;
mod error;
mod extent;
mod flush;
mod frame;
mod history;
mod keyorder;
mod keytable;
mod manifest;
mod memtable;
mod merge;
mod observed;
mod pack;
mod policy;
mod range;
mod recent;
mod retain;
mod rows;
mod run;
mod run_writer;
mod sample;
mod scan;
mod summary;
mod view;
mod walk;
mod wire;

pub use aggregate::{Bucket, Function};
pub use block::{MAX_KEY, read_block};
pub use check::{Backup, Report, check};
pub use error::{Error, Result};
pub use history::{History, Op, Options, Room};
pub use keytable::KeyTable;
pub use policy::{Coarser, Naming, Policy};
pub use range::{Query, Range};
pub use retain::Policies;
pub use sample::{By, Kind, Order, Sample, SampleRef, Value, ValueRef};
pub use scan::Scan;
pub use wire::FormatError;

/// The version of the format that this program writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;
