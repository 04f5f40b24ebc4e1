//! The bytes of the format, version 1: segment header, record header, checksums. Pure: no files.
//!
//! All numbers are little-endian. A segment is one header block of 4,096 bytes and then records, each at a multiple of 8.
//! All checksums are CRC32C, and those of records start from a seed made of the log's identity and the segment's number, so
//! that what an earlier life of the file left behind never looks valid.
//!
//! | header byte | what |
//! |---|---|
//! | 0..8 | magic `BELFLOG` and a zero |
//! | 8..12 | format version |
//! | 12..16 | length of this block |
//! | 16..32 | identity of the log |
//! | 32..40 | segment number |
//! | 40..48 | sequence of the first record in this segment |
//! | 48..56 | number of the segment before it, 0 for none |
//! | 56..64 | where the content of that segment ends, in bytes from its start |
//! | 4092..4096 | CRC32C of bytes 0..4092 |
//!
//! | record byte | what |
//! |---|---|
//! | 0..4 | CRC32C of bytes 4..28 |
//! | 4..8 | length of the payload |
//! | 8..16 | sequence, never 0 |
//! | 16..20 | bits 0..31: place in the batch; bit 31: last of the batch |
//! | 20..24 | how many records before this batch were not yet durable when it was written (0 with a sync a commit) |
//! | 24..28 | CRC32C of bytes 4..24, the payload and its padding |
//! | 28.. | payload, zero-padded to a multiple of 8 |

use crate::error::Fault;

/// The version that this program writes and reads.
pub const VERSION: u32 = 1;
/// The length of the segment header block in bytes.
pub const HEADER_LEN: u64 = 4096;
/// [`HEADER_LEN`] as a size in memory.
pub(crate) const HEADER_SIZE: usize = 4096;
/// The length of a record header in bytes.
pub const HEAD_LEN: u64 = 28;
/// [`HEAD_LEN`] as a size in memory.
pub(crate) const HEAD_SIZE: usize = 28;
/// Records begin at multiples of this.
pub(crate) const ALIGN: u64 = 8;

const MAGIC: &[u8; 8] = b"BELFLOG\0";
const LAST: u32 = 1 << 31;

/// The identity of a log: random bytes made once with it.
pub type LogId = [u8; 16];

/// What a segment says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The log that it belongs to.
    pub id: LogId,
    /// Its number, which is also its file's name.
    pub number: u64,
    /// The sequence of its first record.
    pub first_seq: u64,
    /// The number of the segment before it, 0 for none.
    pub previous: u64,
    /// Where the content of that segment ends, in bytes from its start; 0 for none.
    pub previous_end: u64,
}

/// What the header block of a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HeaderBlock {
    /// A header that holds.
    Valid(SegmentHeader),
    /// Zeros: prepared and never used.
    Empty,
    /// Something else.
    Bad(Fault),
}

/// A record's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub len: u32,
    pub seq: u64,
    pub place: u32,
    pub last: bool,
    pub lag: u32,
    pub body_crc: u32,
}

impl SegmentHeader {
    /// Writes the header into a block of [`HEADER_LEN`] bytes.
    pub(crate) fn encode(&self, block: &mut [u8]) {
        block[..HEADER_SIZE].fill(0);
        block[..8].copy_from_slice(MAGIC);
        put_u32(block, 8, VERSION);
        put_u32(block, 12, HEADER_SIZE as u32);
        block[16..32].copy_from_slice(&self.id);
        put_u64(block, 32, self.number);
        put_u64(block, 40, self.first_seq);
        put_u64(block, 48, self.previous);
        put_u64(block, 56, self.previous_end);
        let crc = crc32c::crc32c(&block[..HEADER_SIZE - 4]);
        put_u32(block, HEADER_SIZE - 4, crc);
    }

    /// Reads a header block.
    pub(crate) fn decode(block: &[u8]) -> HeaderBlock {
        if block.iter().all(|&byte| byte == 0) {
            return HeaderBlock::Empty;
        }
        if block.len() < HEADER_SIZE {
            return HeaderBlock::Bad(Fault::FileTooShort { durable: HEADER_LEN });
        }
        if get_u32(block, HEADER_SIZE - 4) != crc32c::crc32c(&block[..HEADER_SIZE - 4]) {
            let magic = &block[..8] == MAGIC;
            return HeaderBlock::Bad(if magic { Fault::HeaderChecksum } else { Fault::Magic });
        }
        if &block[..8] != MAGIC {
            return HeaderBlock::Bad(Fault::Magic);
        }
        let found = get_u32(block, 8);
        if found != VERSION {
            return HeaderBlock::Bad(Fault::Version { found, known: VERSION });
        }
        let mut id = LogId::default();
        id.copy_from_slice(&block[16..32]);
        HeaderBlock::Valid(Self {
            id,
            number: get_u64(block, 32),
            first_seq: get_u64(block, 40),
            previous: get_u64(block, 48),
            previous_end: get_u64(block, 56),
        })
    }
}

impl Head {
    /// Reads a record header; `None` when its checksum does not hold.
    pub fn decode(seed: u32, bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..HEAD_SIZE)?;
        let seq = get_u64(bytes, 8);
        if seq == 0 || get_u32(bytes, 0) != crc32c::crc32c_append(seed, &bytes[4..]) {
            return None;
        }
        let place = get_u32(bytes, 16);
        Some(Self {
            len: get_u32(bytes, 4),
            seq,
            place: place & !LAST,
            last: place & LAST != 0,
            lag: get_u32(bytes, 20),
            body_crc: get_u32(bytes, 24),
        })
    }

    /// What of the log was durable when this record's batch was written: the last such sequence, as a lower bound.
    pub fn durable(&self) -> u64 {
        self.seq.saturating_sub(u64::from(self.place)).saturating_sub(1).saturating_sub(u64::from(self.lag))
    }

    /// The length of the record with header and padding.
    pub fn span(&self) -> u64 {
        span(u64::from(self.len))
    }

    /// The checksum of a record's body: `bytes` begins with the record's header and ends with its padding.
    pub fn body_checksum(seed: u32, bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c_append(seed, &bytes[4..24]), &bytes[HEAD_SIZE..])
    }
}

/// The length of a record with `len` bytes of payload, header and padding included.
pub(crate) fn span(len: u64) -> u64 {
    (HEAD_LEN + len).next_multiple_of(ALIGN)
}

/// The number from which a segment's record checksums start.
pub(crate) fn seed(id: &LogId, number: u64) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(id), &number.to_le_bytes())
}

/// Writes the parts of a record's header that are known before its batch is written to a segment.
pub(crate) fn put_head(record: &mut [u8], len: u32, seq: u64, place: u32) {
    put_u32(record, 4, len);
    put_u64(record, 8, seq);
    put_u32(record, 16, place);
}

/// Finishes a run of whole batches for a segment: checksums of every record with the segment's seed.
pub(crate) fn seal(records: &mut [u8], seed: u32) {
    let mut rest = records;
    while rest.len() >= HEAD_SIZE {
        let span = span(u64::from(get_u32(rest, 4))) as usize;
        let (record, next) = rest.split_at_mut(span);
        let body = Head::body_checksum(seed, record);
        put_u32(record, 24, body);
        let head = crc32c::crc32c_append(seed, &record[4..HEAD_SIZE]);
        put_u32(record, 0, head);
        rest = next;
    }
}

/// Says in every record of one batch how many records before it are not yet durable, and in the last that it is the last.
pub(crate) fn close_batch(records: &mut [u8], lag: u32) {
    let mut rest = records;
    while rest.len() >= HEAD_SIZE {
        let span = span(u64::from(get_u32(rest, 4))) as usize;
        let (record, next) = rest.split_at_mut(span);
        put_u32(record, 20, lag);
        if next.is_empty() {
            let place = get_u32(record, 16) | LAST;
            put_u32(record, 16, place);
        }
        rest = next;
    }
}

pub(crate) fn get_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("a slice of four bytes"))
}

pub(crate) fn get_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("a slice of eight bytes"))
}

pub(crate) fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

pub(crate) fn put_u64(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}
