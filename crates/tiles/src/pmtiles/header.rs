//! The header of an archive: 127 bytes at its front (PMTiles 3, 3).

use belfry_kernel::Position;
use belfry_kernel::geo::Bounds;

use crate::pmtiles::PmtilesError;

/// Bytes of a header.
pub(crate) const HEADER_BYTES: u64 = 127;

/// Bytes at the front in which header and root directory must lie.
pub(crate) const FRONT_BYTES: u64 = 16_384;

const MAGIC: &[u8; 8] = b"PMTiles\x03";

/// How bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Nobody knows.
    Unknown,
    /// Not at all.
    None,
    /// By gzip.
    Gzip,
    /// By Brotli, which is not read here.
    Brotli,
    /// By Zstandard, which is not read here.
    Zstd,
}

/// What the tiles are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileType {
    /// Mapbox Vector Tiles.
    Mvt,
    /// Pictures or others, by their number in the format.
    Other(u8),
}

/// A stretch of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

/// What an archive says of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Header {
    pub(crate) root: Span,
    pub(crate) metadata: Span,
    pub(crate) leaves: Span,
    pub(crate) data: Span,
    /// Tiles, each place counted; 0 when not known.
    pub tiles: u64,
    /// Entries of all directories that are tiles; 0 when not known.
    pub entries: u64,
    /// Different tiles; 0 when not known.
    pub contents: u64,
    /// Whether the tiles lie in the order of their numbers.
    pub clustered: bool,
    /// How directories and metadata are packed.
    pub internal: Compression,
    /// How tiles are packed.
    pub compression: Compression,
    /// What the tiles are.
    pub tile_type: TileType,
    /// The coarsest zoom.
    pub min_zoom: u8,
    /// The deepest zoom.
    pub max_zoom: u8,
    /// The box around the tiles, degrees.
    pub bounds: Bounds,
    /// Where a map is best opened, degrees.
    pub center: Position,
    /// And at which zoom.
    pub center_zoom: u8,
}

impl Compression {
    fn number(self) -> u8 {
        self as u8
    }

    fn of(number: u8) -> Result<Self, PmtilesError> {
        Ok(match number {
            0 => Self::Unknown,
            1 => Self::None,
            2 => Self::Gzip,
            3 => Self::Brotli,
            4 => Self::Zstd,
            _ => return Err(PmtilesError::Malformed("a compression that is none")),
        })
    }
}

impl Header {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut to = MAGIC.to_vec();
        for Span { offset, length } in [self.root, self.metadata, self.leaves, self.data] {
            to.extend_from_slice(&offset.to_le_bytes());
            to.extend_from_slice(&length.to_le_bytes());
        }
        for count in [self.tiles, self.entries, self.contents] {
            to.extend_from_slice(&count.to_le_bytes());
        }
        let tile_type = match self.tile_type {
            TileType::Mvt => 1,
            TileType::Other(number) => number,
        };
        to.extend_from_slice(&[u8::from(self.clustered), self.internal.number(), self.compression.number(), tile_type]);
        to.extend_from_slice(&[self.min_zoom, self.max_zoom]);
        let mut degrees = |value: f64| to.extend_from_slice(&((value * 1e7).round() as i32).to_le_bytes());
        self.bounds.min.into_iter().chain(self.bounds.max).for_each(&mut degrees);
        to.push(self.center_zoom);
        for value in [self.center.lon, self.center.lat] {
            to.extend_from_slice(&((value * 1e7).round() as i32).to_le_bytes());
        }
        to
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, PmtilesError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(PmtilesError::Malformed("no PMTiles archive of version 3"))?;
        let (words, rest) = rest.split_at_checked(88).ok_or(PmtilesError::Malformed("the header is cut off"))?;
        let mut words =
            words.chunks_exact(8).map(|eight| eight.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)));
        let mut word = || words.next().unwrap_or(0);
        let mut span = || Span { offset: word(), length: word() };
        let (root, metadata, leaves, data) = (span(), span(), span(), span());
        let (tiles, entries, contents) = (word(), word(), word());
        let (small, rest) = rest.split_first_chunk::<6>().ok_or(PmtilesError::Malformed("the header is cut off"))?;
        let [clustered, internal, compression, tile_type, min_zoom, max_zoom] = *small;
        let (box_of, rest) = rest.split_first_chunk::<16>().ok_or(PmtilesError::Malformed("the header is cut off"))?;
        let (center_zoom, center) = rest
            .split_first_chunk::<9>()
            .map(|(nine, _)| (nine[0], &nine[1..]))
            .ok_or(PmtilesError::Malformed("the header is cut off"))?;
        if min_zoom > max_zoom {
            return Err(PmtilesError::Malformed("its deepest zoom is coarser than its coarsest"));
        }
        let ([west, south, east, north], [lon, lat, ..]) = (degrees(box_of), degrees(center));
        Ok(Self {
            root,
            metadata,
            leaves,
            data,
            tiles,
            entries,
            contents,
            clustered: clustered == 1,
            internal: Compression::of(internal)?,
            compression: Compression::of(compression)?,
            tile_type: if tile_type == 1 { TileType::Mvt } else { TileType::Other(tile_type) },
            min_zoom,
            max_zoom,
            bounds: Bounds { min: [west, south], max: [east, north] },
            center: Position { lon, lat, alt: None },
            center_zoom,
        })
    }
}

/// Up to four coordinates, in ten millionths of a degree.
fn degrees(bytes: &[u8]) -> [f64; 4] {
    let mut out = [0.0; 4];
    for (to, four) in out.iter_mut().zip(bytes.chunks_exact(4)) {
        let whole = four.iter().rev().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        *to = f64::from(whole as i32) / 1e7;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        let span = |offset, length| Span { offset, length };
        Header {
            root: span(127, 20),
            metadata: span(147, 30),
            leaves: span(u64::MAX, 0),
            data: span(200, 1 << 40),
            tiles: 9,
            entries: 8,
            contents: 7,
            clustered: true,
            internal: Compression::Gzip,
            compression: Compression::Zstd,
            tile_type: TileType::Other(5),
            min_zoom: 0,
            max_zoom: 15,
            bounds: Bounds { min: [-180.0, -85.0], max: [9.6357177, 47.2705467] },
            center: Position { lon: 9.5, lat: -47.1, alt: None },
            center_zoom: 11,
        }
    }

    #[test]
    fn there_and_back_in_127_bytes() {
        let bytes = header().encode();
        assert_eq!(bytes.len() as u64, HEADER_BYTES);
        assert_eq!(Header::decode(&bytes).unwrap(), header());
    }

    #[test]
    fn broken_ones_are_refused() {
        let bytes = header().encode();
        for end in 0..bytes.len() {
            assert!(Header::decode(&bytes[..end]).is_err());
        }
        for (at, byte) in [(0, b'Q'), (7, 2), (97, 9), (98, 200), (101, 0)] {
            let mut broken = bytes.clone();
            broken[at] = byte;
            let outcome = Header::decode(&broken);
            assert!(outcome.is_err() || at == 101, "{at}");
        }
        let mut turned = bytes;
        (turned[100], turned[101]) = (9, 3);
        assert!(Header::decode(&turned).is_err());
    }
}
