//! Writes a run: to a temporary file, synced, renamed, directory synced. A writer that is dropped unfinished leaves
//! nothing behind.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::block::{Builder, Origin};
use crate::bloom::{self, Bloom};
use crate::chunk::Chunk;
use crate::error::{Error, Result};
use crate::frame::{self, Part};
use crate::rows::Rows;
use crate::run::{FOOTER, HEADER, MAGIC, Meta, Place, Run, file_name, put_index};
use crate::summary::Summary;

/// Bytes gathered before they are handed to the system.
const BUFFER: usize = 256 << 10;

/// The header of a run.
pub(crate) fn header(id: u64) -> [u8; HEADER] {
    let mut out = [0; HEADER];
    out[..8].copy_from_slice(MAGIC);
    out[8..12].copy_from_slice(&crate::FORMAT_VERSION.to_le_bytes());
    out[12..20].copy_from_slice(&id.to_le_bytes());
    let crc = crc32c::crc32c(&out[..20]);
    out[20..].copy_from_slice(&crc.to_le_bytes());
    out
}

/// A run in the making.
pub(crate) struct RunWriter {
    id: u64,
    dir: PathBuf,
    temporary: PathBuf,
    file: File,
    buffer: Vec<u8>,
    offset: u64,
    meta: Meta,
    builder: Builder,
    places: Vec<Place>,
    hashes: Vec<u64>,
    last_key: Vec<u8>,
    newest: i64,
    done: bool,
}

impl RunWriter {
    /// Begins run `id` in `dir`.
    pub(crate) fn create(dir: &Path, id: u64, meta: Meta) -> Result<Self> {
        let temporary = dir.join(format!("{}.tmp", file_name(id)));
        let file = File::create(&temporary).map_err(|e| Error::io("create", &temporary, e))?;
        let mut writer = Self {
            id,
            dir: dir.to_owned(),
            temporary,
            file,
            buffer: header(id).to_vec(),
            offset: HEADER as u64,
            meta,
            builder: Builder::new(),
            places: Vec::new(),
            hashes: Vec::new(),
            last_key: Vec::new(),
            newest: i64::MIN,
            done: false,
        };
        writer.part(Part::Meta, &writer.meta.put())?;
        Ok(writer)
    }

    /// Appends a chunk; keys ascend, and the corrections of a key come before its other chunks.
    pub(crate) fn push(&mut self, key: &[u8], rows: &Rows, patches: bool) -> Result<()> {
        self.note(key);
        let summary = self.builder.push(key, rows, patches);
        self.newest = self.newest.max(summary.stamp_max);
        if self.builder.is_full() { self.close_block() } else { Ok(()) }
    }

    /// Appends a chunk of samples as another run holds it, undecoded; false when that cannot be, since its times are spelled by
    /// those of the chunk before it. `summary` is its own, or at least its bounds.
    pub(crate) fn copy(
        &mut self,
        key: &[u8],
        (body, chunk): (&[u8], &Chunk<'_>),
        summary: &Summary,
        origin: Origin,
    ) -> Result<bool> {
        if chunk.needs_before() && !self.builder.follows(origin) {
            return Ok(false);
        }
        self.note(key);
        self.builder.copy(key, body, chunk.len(), summary, origin);
        self.newest = self.newest.max(summary.stamp_max);
        if self.builder.is_full() {
            self.close_block()?;
        }
        Ok(true)
    }

    fn note(&mut self, key: &[u8]) {
        if self.hashes.is_empty() || self.last_key != key {
            self.hashes.push(bloom::hash(key));
            self.last_key.clear();
            self.last_key.extend_from_slice(key);
        }
    }

    /// Whether nothing was pushed and nothing is emptied.
    pub(crate) fn is_empty(&self) -> bool {
        self.hashes.is_empty() && self.meta.clears.is_empty()
    }

    /// Completes the file and opens it. It goes again when the run is dropped before a manifest names it.
    pub(crate) fn finish(mut self) -> Result<Run> {
        if !self.builder.is_empty() {
            self.close_block()?;
        }
        let index = self.part(Part::Index, &put_index(&self.places, self.newest))?;
        let filter = Bloom::build(&self.hashes);
        let filter = self.part(Part::Bloom, filter.bytes())?;
        let meta = self.part(Part::Meta, &self.meta.put())?;
        let mut footer = [0; FOOTER];
        footer[..8].copy_from_slice(MAGIC);
        let numbers = [self.id, index, filter, meta, self.offset + FOOTER as u64];
        for (i, n) in numbers.into_iter().enumerate() {
            footer[8 + 8 * i..16 + 8 * i].copy_from_slice(&n.to_le_bytes());
        }
        let crc = crc32c::crc32c(&footer[..FOOTER - 4]);
        footer[FOOTER - 4..].copy_from_slice(&crc.to_le_bytes());
        self.buffer.extend_from_slice(&footer);
        self.drain()?;
        self.file.sync_all().map_err(|e| Error::io("sync", &self.temporary, e))?;
        let path = self.dir.join(file_name(self.id));
        fs::rename(&self.temporary, &path).map_err(|e| Error::io("rename", &path, e))?;
        self.done = true;
        let opened = sync_dir(&self.dir).and_then(|()| Run::open(&self.dir, self.id));
        match &opened {
            Ok(run) => run.retire(),
            Err(_) => drop(fs::remove_file(&path)),
        }
        opened
    }

    fn close_block(&mut self) -> Result<()> {
        let (buffer, places, offset) = (&mut self.buffer, &mut self.places, &mut self.offset);
        self.builder.finish(|payload, bounds| {
            let before = buffer.len();
            frame::put(buffer, self.id, *offset, Part::Data, payload);
            let len = (buffer.len() - before) as u64;
            places.push(Place { bounds, offset: *offset, len });
            *offset += len;
        });
        if self.buffer.len() >= BUFFER { self.drain() } else { Ok(()) }
    }

    fn part(&mut self, part: Part, payload: &[u8]) -> Result<u64> {
        let (before, offset) = (self.buffer.len(), self.offset);
        frame::put(&mut self.buffer, self.id, offset, part, payload);
        self.offset += (self.buffer.len() - before) as u64;
        if self.buffer.len() >= BUFFER {
            self.drain()?;
        }
        Ok(offset)
    }

    fn drain(&mut self) -> Result<()> {
        self.file.write_all(&self.buffer).map_err(|e| Error::io("write", &self.temporary, e))?;
        self.buffer.clear();
        Ok(())
    }
}

impl Drop for RunWriter {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Makes renames and removals in `dir` durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(|e| Error::io("sync", dir, e))
}
