//! What can go wrong in the history: typed, naming file and offset where a file is at fault.
//! Holds no mapping to answers; the store that owns a history decides what a caller sees.

use std::io;
use std::path::{Path, PathBuf};

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the history could not do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system has no room (or the quota is used up). What was stored before is intact and readable.
    #[error("no room left to write {}", path.display())]
    DiskFull {
        /// The file that was being written.
        path: PathBuf,
    },
    /// An operation on a file failed for another reason.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried: `read`, `write`, ...
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Bytes on disk are not what was written. Nothing was answered from them.
    #[error("{} is damaged at byte {offset}: {what}", path.display())]
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// Where the damaged part begins, bytes from the start of the file.
        offset: u64,
        /// What does not hold.
        what: &'static str,
    },
    /// A file was written by a version whose format this one does not know.
    #[error("{} has format version {found}, this program reads up to {}", path.display(), crate::FORMAT_VERSION)]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format version.
        found: u32,
    },
    /// Another process has this directory open.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The open part is at its hard limit: a flush must succeed before more is taken.
    #[error("the open part of the history is full ({bytes} bytes): flush it first")]
    Full {
        /// Bytes held now.
        bytes: usize,
    },
    /// There are as many runs as may be, and damaged ones among them keep the others from being merged: nothing is flushed.
    #[error("there are {runs} runs, and too many damaged ones among them to merge any")]
    TooManyRuns {
        /// How many there are.
        runs: usize,
    },
    /// A key, a value or a remainder is longer than the format takes.
    #[error("{what} of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The longest that is taken.
        limit: usize,
    },
    /// An aggregation asks for more buckets, or holds more distinct values, than the options allow.
    #[error("the aggregation needs more than {limit} {what}")]
    TooMuch {
        /// `buckets` or `distinct values`.
        what: &'static str,
        /// The configured limit.
        limit: usize,
    },
}

impl Error {
    /// Sorts a system error: a full disk is told apart from every other.
    pub(crate) fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path: path.to_owned() },
            _ => Self::Io { what, path: path.to_owned(), source },
        }
    }

    /// Whether the file itself is at fault (damage, not a passing failure).
    pub fn is_corrupt(&self) -> bool {
        matches!(self, Self::Corrupt { .. })
    }
}
