//! The durable mark: a small file beside the segments that says how far the log was durable. It is written after each sync
//! and never synced itself (bar a clean close), so it never says too much; it survives a killed process exactly and a power
//! cut approximately. It tells damage in the last batch from a torn tail, and it voids a batch whose write failed.

use std::path::Path;

use crate::disk::{Disk, DiskFile, write_all};
use crate::error::Fault;
use crate::format::{LogId, get_u32, get_u64, put_u32, put_u64};

/// The file's name.
pub(crate) const NAME: &str = "durable";
/// The file's length in bytes.
pub(crate) const LEN: usize = 64;

const MAGIC: &[u8; 8] = b"BELFMRK\0";

/// What the mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub id: LogId,
    /// The segment that holds the durable end.
    pub segment: u64,
    /// The durable end in bytes from that segment's start.
    pub end: u64,
    /// The last durable sequence.
    pub seq: u64,
    /// Not 0 after a failed write: whatever lies in `segment` behind `end`, and in the segments after it up to this number,
    /// is void.
    pub void_through: u64,
}

impl Mark {
    pub fn encode(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..24].copy_from_slice(&self.id);
        put_u64(&mut bytes, 24, self.segment);
        put_u64(&mut bytes, 32, self.end);
        put_u64(&mut bytes, 40, self.seq);
        put_u64(&mut bytes, 48, self.void_through);
        let crc = crc32c::crc32c(&bytes[..60]);
        put_u32(&mut bytes, 60, crc);
        bytes
    }

    fn decode(bytes: &[u8; LEN]) -> Option<Self> {
        if &bytes[..8] != MAGIC || get_u32(bytes, 60) != crc32c::crc32c(&bytes[..60]) {
            return None;
        }
        let mut id = LogId::default();
        id.copy_from_slice(&bytes[8..24]);
        Some(Self {
            id,
            segment: get_u64(bytes, 24),
            end: get_u64(bytes, 32),
            seq: get_u64(bytes, 40),
            void_through: get_u64(bytes, 48),
        })
    }

    /// Reads the mark of a directory: none, one that holds, or one that does not.
    pub fn read(disk: &dyn Disk, dir: &Path) -> std::io::Result<Option<Result<Self, Fault>>> {
        let file = match disk.open(&dir.join(NAME), false) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = [0; LEN];
        let mut filled = 0;
        while filled < LEN {
            match file.read_at(&mut bytes[filled..], filled as u64)? {
                0 => break,
                n => filled += n,
            }
        }
        if filled == 0 {
            return Ok(None);
        }
        Ok(Some(Self::decode(&bytes).ok_or(Fault::Mark)))
    }

    pub fn write(&self, file: &dyn DiskFile) -> std::io::Result<()> {
        write_all(file, &self.encode(), 0)
    }
}
