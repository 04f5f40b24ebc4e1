//! An archive read: a tile, or all of them in order. Bounded against hostile files by limits of what is unpacked, by spans that
//! must lie in their sections, and by numbers that must ascend through all directories.

use std::io::{Read, Seek, SeekFrom};

use crate::address::Address;
use crate::pmtiles::directory::{Entry, decode, find};
use crate::pmtiles::header::{FRONT_BYTES, HEADER_BYTES, Header, Span};
use crate::pmtiles::pack::unpack;
use crate::pmtiles::{Metadata, PmtilesError, address_of, id_of};

/// Directories below one another; the format advises against more than two.
const DEPTH: usize = 4;

/// What a reader takes at most, bytes after unpacking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A directory; memory is some eight times as much.
    pub directory_bytes: u64,
    /// The metadata.
    pub metadata_bytes: u64,
    /// A tile.
    pub tile_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { directory_bytes: 8 << 20, metadata_bytes: 4 << 20, tile_bytes: 8 << 20 }
    }
}

/// Where an archive lies.
pub trait Source {
    /// Bytes in it.
    ///
    /// # Errors
    /// It cannot be read.
    fn length(&mut self) -> std::io::Result<u64>;

    /// Reads a stretch, all of which is in it.
    ///
    /// # Errors
    /// It cannot be read.
    fn read_at(&mut self, offset: u64, to: &mut [u8]) -> std::io::Result<()>;
}

impl<T: Read + Seek> Source for T {
    fn length(&mut self) -> std::io::Result<u64> {
        self.seek(SeekFrom::End(0))
    }

    fn read_at(&mut self, offset: u64, to: &mut [u8]) -> std::io::Result<()> {
        self.seek(SeekFrom::Start(offset))?;
        self.read_exact(to)
    }
}

/// An open archive. Keeps the root directory.
pub struct Reader<S> {
    source: S,
    header: Header,
    root: Vec<Entry>,
    limits: Limits,
}

impl<S: Source> Reader<S> {
    /// Opens an archive: reads header and root directory.
    ///
    /// # Errors
    /// It is none, or sections lie outside of it.
    pub fn open(mut source: S, limits: Limits) -> Result<Self, PmtilesError> {
        let length = source.length()?;
        let mut bytes = [0; HEADER_BYTES as usize];
        if length < HEADER_BYTES {
            return Err(PmtilesError::Malformed("no PMTiles archive of version 3"));
        }
        source.read_at(0, &mut bytes)?;
        let header = Header::decode(&bytes)?;
        for Span { offset, length: bytes } in [header.root, header.metadata, header.leaves, header.data] {
            if offset.checked_add(bytes).is_none_or(|end| end > length) {
                return Err(PmtilesError::Malformed("a section lies beyond the end of the file"));
            }
        }
        if header.root.offset + header.root.length > FRONT_BYTES {
            return Err(PmtilesError::Malformed("the root directory is not at the front"));
        }
        let mut reader = Self { source, header, root: Vec::new(), limits };
        reader.root = reader.directory(header.root, 0, u64::MAX)?;
        Ok(reader)
    }

    /// What it says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Its metadata.
    ///
    /// # Errors
    /// It is too large or no JSON.
    pub fn metadata(&mut self) -> Result<Metadata, PmtilesError> {
        let bytes = self.bytes("the metadata", self.header.metadata, self.limits.metadata_bytes)?;
        let bytes = unpack("the metadata", bytes, self.header.internal, self.limits.metadata_bytes)?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// A tile, unpacked; `None` when it has none.
    ///
    /// # Errors
    /// A directory or the tile is broken or too large.
    pub fn tile(&mut self, tile: Address) -> Result<Option<Vec<u8>>, PmtilesError> {
        let id = id_of(tile);
        let mut leaf: Option<Vec<Entry>> = None;
        let mut end = u64::MAX;
        for _ in 0..DEPTH {
            let entries = leaf.as_deref().unwrap_or(&self.root);
            let Some(entry) = find(entries, id).copied() else { return Ok(None) };
            if entry.run > 0 {
                return self.content(&entry).map(Some);
            }
            let after = entries.partition_point(|other| other.id <= entry.id);
            end = entries.get(after).map_or(end, |next| next.id);
            leaf = Some(self.leaf(&entry, end)?);
        }
        Err(PmtilesError::Malformed("directories too deep"))
    }

    /// Every tile in order, each with its address, unpacked. Tiles of numbers beyond [`crate::MAX_ZOOM`] are an error.
    pub fn tiles(&mut self) -> Tiles<'_, S> {
        let root = self.root.clone();
        Tiles { reader: self, open: vec![Level { entries: root, at: 0, end: u64::MAX }], run: None }
    }

    fn content(&mut self, entry: &Entry) -> Result<Vec<u8>, PmtilesError> {
        let span = within(self.header.data, entry)?;
        let bytes = self.bytes("a tile", span, self.limits.tile_bytes)?;
        unpack("a tile", bytes, self.header.compression, self.limits.tile_bytes)
    }

    fn leaf(&mut self, entry: &Entry, end: u64) -> Result<Vec<Entry>, PmtilesError> {
        let span = within(self.header.leaves, entry)?;
        self.directory(span, entry.id, end)
    }

    fn directory(&mut self, span: Span, from: u64, to: u64) -> Result<Vec<Entry>, PmtilesError> {
        let bytes = self.bytes("a directory", span, self.limits.directory_bytes)?;
        let bytes = unpack("a directory", bytes, self.header.internal, self.limits.directory_bytes)?;
        decode(&bytes, from, to)
    }

    /// A stretch of the file as it is. Packed bytes of more than what may come out are not worth unpacking.
    fn bytes(&mut self, what: &'static str, span: Span, limit: u64) -> Result<Vec<u8>, PmtilesError> {
        // What cannot be packed grows a little.
        if span.length > limit.saturating_add(1024) {
            return Err(PmtilesError::TooLarge { what, limit });
        }
        let mut bytes = vec![0; span.length as usize];
        self.source.read_at(span.offset, &mut bytes)?;
        Ok(bytes)
    }
}

/// The place of an entry in its section.
fn within(section: Span, entry: &Entry) -> Result<Span, PmtilesError> {
    let length = u64::from(entry.length);
    if entry.offset.checked_add(length).is_none_or(|end| end > section.length) {
        return Err(PmtilesError::Malformed("an entry lies beyond the end of its section"));
    }
    Ok(Span { offset: section.offset + entry.offset, length })
}

/// The tiles of an archive, in order.
pub struct Tiles<'r, S> {
    reader: &'r mut Reader<S>,
    open: Vec<Level>,
    /// The tile that is the next ones too, and how many are left.
    run: Option<(u64, u32, Vec<u8>)>,
}

/// A directory that is being gone through.
struct Level {
    entries: Vec<Entry>,
    at: usize,
    /// The number that its tiles are below.
    end: u64,
}

impl<S: Source> Tiles<'_, S> {
    fn step(&mut self) -> Result<Option<(Address, Vec<u8>)>, PmtilesError> {
        loop {
            if let Some((id, left, bytes)) = self.run.take() {
                let tile = address_of(id).ok_or(PmtilesError::Malformed("a tile of a zoom that is too deep"))?;
                let given = if left > 1 { bytes.clone() } else { Vec::new() };
                return Ok(Some(if left > 1 {
                    self.run = Some((id + 1, left - 1, bytes));
                    (tile, given)
                } else {
                    (tile, bytes)
                }));
            }
            let depth = self.open.len();
            let Some(level) = self.open.last_mut() else { return Ok(None) };
            let Some(entry) = level.entries.get(level.at).copied() else {
                self.open.pop();
                continue;
            };
            level.at += 1;
            let end = level.entries.get(level.at).map_or(level.end, |next| next.id);
            if entry.run > 0 {
                self.run = Some((entry.id, entry.run, self.reader.content(&entry)?));
            } else if depth < DEPTH {
                let entries = self.reader.leaf(&entry, end)?;
                self.open.push(Level { entries, at: 0, end });
            } else {
                return Err(PmtilesError::Malformed("directories too deep"));
            }
        }
    }
}

impl<S: Source> Iterator for Tiles<'_, S> {
    type Item = Result<(Address, Vec<u8>), PmtilesError>;

    /// The next tile. After an error there is none.
    fn next(&mut self) -> Option<Self::Item> {
        let next = self.step();
        if next.is_err() {
            self.open.clear();
            self.run = None;
        }
        next.transpose()
    }
}
