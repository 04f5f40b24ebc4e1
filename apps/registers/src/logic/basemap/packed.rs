//! A tile as it is kept and sent: packed with gzip, with its ETag. Makes no tile.

use belfry_kit::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};

/// A tile that was made.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    gzip: Bytes,
    /// Bytes before it was packed; 0 when nothing is on it.
    length: usize,
    /// Weak, since it is the same however the tile is packed.
    pub(crate) etag: String,
}

impl Packed {
    /// Packs a tile.
    pub(crate) fn new(tile: &[u8]) -> Self {
        let mut packer = GzEncoder::new(Vec::with_capacity(tile.len() / 2 + 32), Compression::fast());
        packer.write_all(tile).expect("memory takes what is written");
        let gzip = packer.finish().expect("memory takes what is written").into();
        Self { gzip, length: tile.len(), etag: format!("W/\"{}\"", &hex(tile)[..20]) }
    }

    /// Whether nothing is on it.
    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Packed with gzip.
    pub(crate) fn gzip(&self) -> Bytes {
        self.gzip.clone()
    }

    /// As it is.
    pub(crate) fn plain(&self) -> Bytes {
        let mut tile = Vec::with_capacity(self.length);
        GzDecoder::new(&self.gzip[..]).read_to_end(&mut tile).expect("it was packed here");
        tile.into()
    }

    /// Bytes in memory, about.
    pub(crate) fn weight(&self) -> usize {
        self.gzip.len() + self.etag.len() + size_of::<Self>()
    }
}

/// SHA-256, hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_comes_out_as_it_went_in() {
        let tile: Vec<u8> = (0..10_000_u32).map(|n| (n / 64) as u8).collect();
        let packed = Packed::new(&tile);
        assert_eq!(packed.plain(), tile);
        assert!(packed.gzip().len() < tile.len() && !packed.is_empty());
        assert!(Packed::new(&[]).is_empty());
        assert_ne!(packed.etag, Packed::new(&tile[1..]).etag);
    }
}
