//! What a log can be told when it is opened, with defaults. Reads no file and no environment.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::format::HEADER_LEN;

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Durability {
    /// Every commit is on stable storage before it returns: one `fdatasync` a batch.
    #[default]
    Sync,
    /// A commit is in the operating system's hands when it returns: a crash of the process loses nothing, a crash of the
    /// machine loses at most this long. Whoever holds the log calls [`crate::Log::sync`] when [`crate::Log::sync_due`] says so.
    Interval(Duration),
}

/// How a log behaves. All sizes in bytes.
#[derive(Clone, Debug)]
pub struct Options {
    /// The size of a segment file, written with zeros ahead of use. 64 MiB unless told; at least 16 KiB.
    pub segment_bytes: u64,
    /// When a commit counts as done. [`Durability::Sync`] unless told.
    pub durability: Durability,
    /// The largest record. 32 MiB unless told; at most 1 GiB.
    pub max_record_bytes: u64,
    /// The largest batch waiting for a commit. 64 MiB unless told; at most 2 GiB.
    pub max_batch_bytes: u64,
    /// Kept back at the end of the last segment when the disk is full, for [`crate::Log::commit_urgent`].
    /// 256 KiB unless told, and never more than a quarter of a segment.
    pub reserve_bytes: u64,
    /// The identity of a log that is made (an existing one keeps its own). Random unless told.
    pub new_id: Option<[u8; 16]>,
    /// The first sequence of a log that is made, for one that takes the records of another. 1 unless told.
    pub new_first_seq: u64,
    /// How much a reader holds of a file at once. 256 KiB unless told. A larger record is held whole.
    pub read_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            durability: Durability::Sync,
            max_record_bytes: 32 << 20,
            max_batch_bytes: 64 << 20,
            reserve_bytes: 256 << 10,
            new_id: None,
            new_first_seq: 1,
            read_bytes: 256 << 10,
        }
    }
}

impl Options {
    /// Refuses what cannot work and rounds what must be round.
    pub(crate) fn checked(mut self) -> Result<Self> {
        if self.segment_bytes < 16 << 10 {
            return Err(Error::Options("segment_bytes must be at least 16 KiB"));
        }
        if self.segment_bytes > 1 << 40 {
            return Err(Error::Options("segment_bytes must be at most 1 TiB"));
        }
        if self.max_record_bytes > 1 << 30 {
            return Err(Error::Options("max_record_bytes must be at most 1 GiB"));
        }
        if self.max_batch_bytes > 2 << 30 {
            return Err(Error::Options("max_batch_bytes must be at most 2 GiB"));
        }
        if self.new_first_seq == 0 {
            return Err(Error::Options("new_first_seq must be at least 1"));
        }
        self.segment_bytes = self.segment_bytes.next_multiple_of(HEADER_LEN);
        self.reserve_bytes = self.reserve_bytes.min(self.segment_bytes / 4);
        self.read_bytes = self.read_bytes.clamp(4 << 10, 16 << 20);
        Ok(self)
    }
}
