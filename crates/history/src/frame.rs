//! A frame: the checksummed envelope of every part of a run file. The checksum covers run and offset too, so that a
//! part that landed in a wrong place is found. Reads by position; holds no state.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::error::{Error, Result};
use crate::pack::{FAST, pack, unpack};

/// Bytes before the payload: length, kind, codec, length when unpacked.
const HEAD: usize = 10;
/// Bytes around a payload.
pub(crate) const OVERHEAD: usize = HEAD + 4;
/// The longest payload, packed or not.
const MAX_PAYLOAD: usize = 256 << 20;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Meta = 1,
    Data = 2,
    Index = 3,
    Bloom = 4,
}

fn checksum(run: u64, offset: u64, frame: &[u8]) -> u32 {
    let mut seed = [0; 16];
    seed[..8].copy_from_slice(&run.to_le_bytes());
    seed[8..].copy_from_slice(&offset.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c(&seed), frame)
}

/// Appends a frame to `out`, packed when that pays.
pub(crate) fn put(out: &mut Vec<u8>, run: u64, offset: u64, part: Part, payload: &[u8]) {
    let packed = if payload.len() >= 64 { pack(payload, FAST) } else { None };
    let packed = packed.filter(|p| p.len() < payload.len() - payload.len() / 16);
    let start = out.len();
    let stored = packed.as_deref().unwrap_or(payload);
    out.extend_from_slice(&(stored.len() as u32).to_le_bytes());
    out.push(part as u8);
    out.push(u8::from(packed.is_some()));
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(stored);
    let crc = checksum(run, offset, &out[start..]);
    out.extend_from_slice(&crc.to_le_bytes());
}

/// A frame that was read and found whole.
pub(crate) struct Frame {
    pub(crate) part: u8,
    pub(crate) payload: Vec<u8>,
    /// Length of the whole frame in the file.
    pub(crate) len: u64,
}

/// Reads the frame at `offset`, no further than `end`.
pub(crate) fn read(file: &File, path: &Path, run: u64, offset: u64, end: u64) -> Result<Frame> {
    let corrupt = |what| Error::Corrupt { path: path.to_owned(), offset, what };
    let room = end.saturating_sub(offset);
    if room < OVERHEAD as u64 {
        return Err(corrupt("the file ends inside a part"));
    }
    let mut head = [0; HEAD];
    file.read_exact_at(&mut head, offset).map_err(|e| Error::io("read", path, e))?;
    let stored = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
    let raw = u32::from_le_bytes([head[6], head[7], head[8], head[9]]) as usize;
    if stored > MAX_PAYLOAD || raw > MAX_PAYLOAD || (stored + OVERHEAD) as u64 > room {
        return Err(corrupt("the length of a part is impossible"));
    }
    let mut frame = vec![0; stored + OVERHEAD];
    file.read_exact_at(&mut frame, offset).map_err(|e| Error::io("read", path, e))?;
    let (body, crc) = frame.split_at(HEAD + stored);
    if checksum(run, offset, body).to_le_bytes() != crc {
        return Err(corrupt("a checksum does not hold"));
    }
    let (part, codec) = (body[4], body[5]);
    let payload = if codec == 1 {
        unpack(&body[HEAD..], raw).ok_or(corrupt("a part does not unpack"))?
    } else {
        frame.truncate(HEAD + stored);
        frame.drain(..HEAD);
        frame
    };
    if payload.len() != raw {
        return Err(corrupt("a part unpacks to a wrong length"));
    }
    Ok(Frame { part, payload, len: (stored + OVERHEAD) as u64 })
}
