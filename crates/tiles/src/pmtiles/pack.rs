//! Packing and unpacking within a limit.

use std::io::{Read, Write};

use flate2::read::MultiGzDecoder;
use flate2::{Compression as Level, GzBuilder};

use crate::pmtiles::{Compression, PmtilesError};

/// Bytes as gzip, without a time, so that the same bytes are packed the same.
pub(crate) fn gzip(bytes: &[u8]) -> Result<Vec<u8>, PmtilesError> {
    let mut packer = GzBuilder::new().write(Vec::with_capacity(bytes.len() / 2), Level::default());
    packer.write_all(bytes)?;
    Ok(packer.finish()?)
}

/// Bytes unpacked, at most `limit`.
pub(crate) fn unpack(what: &'static str, bytes: Vec<u8>, by: Compression, limit: u64) -> Result<Vec<u8>, PmtilesError> {
    let too_large = PmtilesError::TooLarge { what, limit };
    match by {
        Compression::None if bytes.len() as u64 <= limit => Ok(bytes),
        Compression::None => Err(too_large),
        Compression::Gzip => {
            let mut out = Vec::new();
            MultiGzDecoder::new(&bytes[..]).take(limit.saturating_add(1)).read_to_end(&mut out)?;
            if out.len() as u64 > limit { Err(too_large) } else { Ok(out) }
        }
        Compression::Brotli => Err(PmtilesError::Unsupported("Brotli")),
        Compression::Zstd => Err(PmtilesError::Unsupported("Zstandard")),
        Compression::Unknown => Err(PmtilesError::Unsupported("a compression that nobody knows")),
    }
}
