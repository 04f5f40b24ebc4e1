//! What can go wrong with a log, as types: what was damaged and where, what the disk refused. Maps nothing to a client.

use std::io;
use std::path::{Path, PathBuf};

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the log refused. Every variant about a file names it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk is full. The batch is void, reading goes on, and the next commit tries again.
    #[error("the disk is full: {file}: {source}", file = file.display())]
    DiskFull {
        /// The file that could not be written or made.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused an operation. If a commit returned it the batch is void, and the next commit tries again.
    #[error("cannot {action} {file}: {source}", file = file.display())]
    Io {
        /// What was tried, as a verb ("read", "write", "sync"...).
        action: &'static str,
        /// The file it was tried on.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes that were once durable are no longer what was written.
    #[error("the log is damaged: {file} at byte {offset}: {fault}", file = file.display())]
    Corrupt {
        /// The damaged file.
        file: PathBuf,
        /// Where in the file, in bytes from its start: the start of the record or header that does not hold.
        offset: u64,
        /// What does not hold.
        fault: Fault,
    },
    /// Another process (or another handle in this one) writes to this directory.
    #[error("the log in {dir} is in use by another process", dir = dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
    },
    /// One record is larger than the limit.
    #[error("a record of {bytes} bytes is larger than the limit of {limit}")]
    RecordTooLarge {
        /// The size of the refused record in bytes.
        bytes: u64,
        /// [`crate::Options::max_record_bytes`].
        limit: u64,
    },
    /// The records waiting for a commit would be larger than the limit: commit, then append again.
    #[error("the batch would be {bytes} bytes, more than the limit of {limit}")]
    BatchFull {
        /// The size that the batch would have in bytes.
        bytes: u64,
        /// [`crate::Options::max_batch_bytes`].
        limit: u64,
    },
    /// The asked record was deleted by [`crate::Log::truncate_before`].
    #[error("record {asked} was truncated; the oldest kept is {oldest}")]
    Truncated {
        /// The sequence that was asked for.
        asked: u64,
        /// The first sequence that is kept.
        oldest: u64,
    },
    /// An option is outside of its range.
    #[error("{0}")]
    Options(&'static str),
}

/// What does not hold at the place that an error or a finding names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file does not begin with a segment header of this format.
    #[error("no segment header here (wrong magic)")]
    Magic,
    /// The header's own checksum does not hold.
    #[error("the segment header's checksum does not hold")]
    HeaderChecksum,
    /// A newer (or older) program wrote this.
    #[error("format version {found}; this program reads version {known}")]
    Version {
        /// The version in the file.
        found: u32,
        /// The version that this program reads.
        known: u32,
    },
    /// The header belongs to another place: the file was renamed or copied over.
    #[error("the header says segment {found}, the file's name says {expected}")]
    SegmentNumber {
        /// The number that the name says.
        expected: u64,
        /// The number that the header says.
        found: u64,
    },
    /// The file belongs to another log.
    #[error("this file belongs to another log")]
    ForeignLog,
    /// The header is empty although records were committed to this segment.
    #[error("the segment header is empty but the segment was in use")]
    HeaderMissing,
    /// A file that must exist does not.
    #[error("the file is missing")]
    MissingFile,
    /// The file is shorter than its durable content.
    #[error("the file ends here but its content went on to byte {durable}")]
    FileTooShort {
        /// The end of the durable content in bytes.
        durable: u64,
    },
    /// The record header's checksum does not hold.
    #[error("the record header's checksum does not hold (record {expected} was expected here)")]
    HeadChecksum {
        /// The sequence that the record here must have.
        expected: u64,
    },
    /// The record's checksum does not hold.
    #[error("the checksum of record {sequence} does not hold")]
    BodyChecksum {
        /// The record's sequence.
        sequence: u64,
    },
    /// The records do not follow each other.
    #[error("record {found} stands where record {expected} must be")]
    Sequence {
        /// The sequence that must be here.
        expected: u64,
        /// The sequence found.
        found: u64,
    },
    /// A record of one batch stands inside another.
    #[error("record {sequence} is not of the batch that it stands in")]
    BatchOrder {
        /// The record's sequence.
        sequence: u64,
    },
    /// A record reaches past the end of what was committed.
    #[error("record {sequence} reaches past the end of the segment's content")]
    Length {
        /// The record's sequence.
        sequence: u64,
    },
    /// The content stops before its known end.
    #[error("the content stops before record {expected}, which was committed")]
    EndsEarly {
        /// The first sequence that is missing.
        expected: u64,
    },
    /// The durable mark's checksum does not hold. Harmless by itself: the mark is a second witness.
    #[error("the durable mark's checksum does not hold")]
    Mark,
}

impl Error {
    /// Wraps what the system said about an operation on a file, telling a full disk apart.
    pub(crate) fn io(action: &'static str, file: &Path, source: io::Error) -> Self {
        let file = file.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::DiskFull { file, source }
            }
            _ => Self::Io { action, file, source },
        }
    }

    /// Damage at a place.
    pub(crate) fn corrupt(file: &Path, offset: u64, fault: Fault) -> Self {
        Self::Corrupt { file: file.to_path_buf(), offset, fault }
    }

    /// Whether the disk was full: the caller can free space and try again.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::DiskFull { .. })
    }

    /// Whether durable bytes were found damaged.
    #[must_use]
    pub fn is_corrupt(&self) -> bool {
        matches!(self, Self::Corrupt { .. })
    }
}
