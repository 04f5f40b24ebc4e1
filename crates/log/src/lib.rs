//! The commit log: an ordered, crash-safe sequence of opaque byte records in preallocated segment files. It is the single
//! truth that everything else is rebuilt from. Knows nothing about what the records mean.
//!
//! One [`Log`] writes; any number of [`LogReader`]s read what is committed, from any thread. [`Log::append`] puts records
//! into a buffer, [`Log::commit`] writes the buffer as one batch and makes it durable: after a crash a batch is there whole or
//! not at all, and every batch that was committed is there. A batch that failed is void.
//!
//! Assumed of the disk: a sync that returns is true, and writing a sector again with the same leading bytes does not lose
//! them. `docs/design/001-commit-log.md` gives the reasons and the measurements.

mod backup;
mod check;
mod disk;
mod error;
mod format;
mod keeper;
mod log;
mod mark;
mod options;
mod reader;
mod roll;
mod scan;
mod segment;
mod survey;

pub use backup::{Backup, BackupFile, BackupRead};
pub use check::{Finding, Report, check, check_on};
pub use disk::{Disk, DiskFile, OsDisk};
pub use error::{Error, Fault, Result};
pub use format::{HEAD_LEN, HEADER_LEN, LogId, SegmentHeader, VERSION};
pub use log::{Log, Recovered, Torn};
pub use options::{Durability, Options};
pub use reader::{Entry, LogReader, Reader, Record};
pub use scan::{ParsedRecord, ParsedSegment, parse_segment};
