//! An archive written in one pass.

use std::io::{Seek, SeekFrom, Write};

use belfry_kernel::Position;
use belfry_kernel::geo::Bounds;
use hashbrown::HashMap;
use sha2::{Digest, Sha256};

use crate::address::Address;
use crate::pmtiles::directory::{Entry, encode};
use crate::pmtiles::header::{Compression, FRONT_BYTES, HEADER_BYTES, Header, Span, TileType};
use crate::pmtiles::pack::gzip;
use crate::pmtiles::{Metadata, PmtilesError, id_of};

/// Different tiles that are remembered to find the same again, 48 bytes each; those after them are written each time.
const REMEMBERED: usize = 1 << 20;

/// Entries of a leaf directory at first; doubled until the root directory has its place.
const LEAF_ENTRIES: usize = 4096;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Tiles.
    pub tiles: u64,
    /// Different ones.
    pub contents: u64,
    /// Bytes of the archive.
    pub bytes: u64,
}

/// An archive being written. What was written is none before [`Writer::finish`].
pub struct Writer<W> {
    to: W,
    entries: Vec<Entry>,
    seen: HashMap<[u8; 32], (u64, u32)>,
    length: u64,
    tiles: u64,
    contents: u64,
    zooms: Option<(u8, u8)>,
    area: Option<Bounds>,
}

impl<W: Write + Seek> Writer<W> {
    /// Begins an archive at the start of `to`.
    ///
    /// # Errors
    /// `to` cannot be written.
    pub fn new(mut to: W) -> Result<Self, PmtilesError> {
        to.seek(SeekFrom::Start(0))?;
        // Room for header and root directory, which are known last.
        to.write_all(&[0; FRONT_BYTES as usize])?;
        Ok(Self {
            to,
            entries: Vec::new(),
            seen: HashMap::new(),
            length: 0,
            tiles: 0,
            contents: 0,
            zooms: None,
            area: None,
        })
    }

    /// Adds a tile, not packed; an empty one is left out. Tiles come in the order of [`id_of`].
    ///
    /// # Errors
    /// A tile is out of order, or `to` cannot be written.
    pub fn add(&mut self, tile: Address, bytes: &[u8]) -> Result<(), PmtilesError> {
        let id = id_of(tile);
        if self.entries.last().is_some_and(|last| id < last.id + u64::from(last.run)) {
            return Err(PmtilesError::Order(tile));
        }
        if bytes.is_empty() {
            return Ok(());
        }
        // A hash that cannot be made to collide: tiles hold what came from outside.
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        let (offset, length) = match self.seen.get(&hash) {
            Some(known) => *known,
            None => self.append(hash, bytes)?,
        };
        self.tiles += 1;
        let zoom = tile.z();
        self.zooms = Some(self.zooms.map_or((zoom, zoom), |(from, to)| (from.min(zoom), to.max(zoom))));
        let bounds = tile.bounds();
        let area = self.area.get_or_insert(bounds);
        for axis in 0..2 {
            area.min[axis] = area.min[axis].min(bounds.min[axis]);
            area.max[axis] = area.max[axis].max(bounds.max[axis]);
        }
        match self.entries.last_mut() {
            Some(last) if last.offset == offset && last.id + u64::from(last.run) == id && last.run < u32::MAX => {
                last.run += 1;
            }
            _ => self.entries.push(Entry { id, offset, length, run: 1 }),
        }
        Ok(())
    }

    fn append(&mut self, hash: [u8; 32], bytes: &[u8]) -> Result<(u64, u32), PmtilesError> {
        let packed = gzip(bytes)?;
        let too_large = PmtilesError::TooLarge { what: "a tile", limit: u64::from(u32::MAX) };
        let length = u32::try_from(packed.len()).map_err(|_| too_large)?;
        self.to.write_all(&packed)?;
        let place = (self.length, length);
        self.length += u64::from(length);
        self.contents += 1;
        if self.seen.len() < REMEMBERED {
            self.seen.insert(hash, place);
        }
        Ok(place)
    }

    /// Writes directories, metadata and header. `bounds` is the box that the map is of, degrees; without it, that of its tiles.
    ///
    /// # Errors
    /// There is no tile, or `to` cannot be written.
    pub fn finish(self, metadata: &Metadata, bounds: Option<Bounds>) -> Result<Summary, PmtilesError> {
        self.finish_into(metadata, bounds).map(|(summary, _)| summary)
    }

    /// As [`Self::finish`], and gives back where it was written to.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub fn finish_into(mut self, metadata: &Metadata, bounds: Option<Bounds>) -> Result<(Summary, W), PmtilesError> {
        let (Some((min_zoom, max_zoom)), Some(area)) = (self.zooms, self.area) else {
            return Err(PmtilesError::Malformed("an archive without a tile"));
        };
        let (root, leaves) = self.directories()?;
        let metadata = gzip(&serde_json::to_vec(metadata)?)?;
        self.to.write_all(&leaves)?;
        self.to.write_all(&metadata)?;
        let bounds = bounds.unwrap_or(area);
        let after_data = FRONT_BYTES + self.length;
        let header = Header {
            root: Span { offset: HEADER_BYTES, length: root.len() as u64 },
            data: Span { offset: FRONT_BYTES, length: self.length },
            leaves: Span { offset: after_data, length: leaves.len() as u64 },
            metadata: Span { offset: after_data + leaves.len() as u64, length: metadata.len() as u64 },
            tiles: self.tiles,
            entries: self.entries.len() as u64,
            contents: self.contents,
            clustered: true,
            internal: Compression::Gzip,
            compression: Compression::Gzip,
            tile_type: TileType::Mvt,
            min_zoom,
            max_zoom,
            bounds,
            center: Position {
                lon: (bounds.min[0] + bounds.max[0]) / 2.0,
                lat: (bounds.min[1] + bounds.max[1]) / 2.0,
                alt: None,
            },
            center_zoom: min_zoom + (max_zoom - min_zoom) / 2,
        };
        self.to.seek(SeekFrom::Start(0))?;
        self.to.write_all(&header.encode())?;
        self.to.write_all(&root)?;
        self.to.flush()?;
        let bytes = header.metadata.offset + header.metadata.length;
        Ok((Summary { tiles: self.tiles, contents: self.contents, bytes }, self.to))
    }

    /// The root directory, packed, and the leaf directories one after another.
    fn directories(&self) -> Result<(Vec<u8>, Vec<u8>), PmtilesError> {
        let room = (FRONT_BYTES - HEADER_BYTES) as usize;
        // Worth packing at all: entries take more than two bytes each however well they are packed.
        if self.entries.len() < room {
            let root = gzip(&encode(&self.entries))?;
            if root.len() <= room {
                return Ok((root, Vec::new()));
            }
        }
        let mut size = LEAF_ENTRIES;
        loop {
            let (mut roots, mut leaves) = (Vec::new(), Vec::new());
            for chunk in self.entries.chunks(size) {
                let leaf = gzip(&encode(chunk))?;
                let too_large = PmtilesError::TooLarge { what: "a directory", limit: u64::from(u32::MAX) };
                let length = u32::try_from(leaf.len()).map_err(|_| too_large)?;
                roots.push(Entry { id: chunk[0].id, offset: leaves.len() as u64, length, run: 0 });
                leaves.extend_from_slice(&leaf);
            }
            let root = gzip(&encode(&roots))?;
            if root.len() <= room {
                return Ok((root, leaves));
            }
            size *= 2;
        }
    }
}
