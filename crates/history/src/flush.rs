//! Turning rows into chunks of a run, from an open part or a merge alike.

use crate::error::Result;
use crate::memtable::Memtable;
use crate::rows::{Patch, Rows};
use crate::run_writer::RunWriter;
use crate::sample::{Sample, SampleRef};
use crate::walk::Walk;

/// Rows of a full chunk.
pub(crate) const CHUNK_ROWS: usize = 4096;
/// Bytes of texts and remainders from which a chunk is closed early.
const CHUNK_BYTES: usize = 256 << 10;

/// Cuts the rows of one series after another into chunks.
pub(crate) struct Chunker {
    rows: Rows,
}

impl Chunker {
    pub(crate) fn new() -> Self {
        Self { rows: Rows::default() }
    }

    /// Writes what corrects older runs in one series; its samples come after.
    pub(crate) fn patches(&mut self, writer: &mut RunWriter, key: &[u8], patches: &[Patch]) -> Result<()> {
        for patch in patches {
            self.rows.push_patch(patch);
            self.cut(writer, key, true, false)?;
        }
        self.cut(writer, key, true, true)
    }

    /// Writes one series: first what corrects older runs, then its samples, both ascending.
    pub(crate) fn series(
        &mut self,
        writer: &mut RunWriter,
        key: &[u8],
        patches: &[Patch],
        samples: impl Iterator<Item = Result<Sample>>,
    ) -> Result<()> {
        self.patches(writer, key, patches)?;
        for sample in samples {
            self.push(writer, key, &sample?.as_ref())?;
        }
        self.end(writer, key)
    }

    /// Adds the samples of the chunk at `walk`, which are newer than what was added of the series before.
    pub(crate) fn append(&mut self, writer: &mut RunWriter, key: &[u8], walk: &mut Walk) -> Result<()> {
        walk.append_to(&mut self.rows)?;
        self.cut(writer, key, false, false)
    }

    /// Adds the chunk at `walk` as it is, after what was added before; false, and nothing is done, when that cannot be.
    pub(crate) fn copy(&mut self, writer: &mut RunWriter, key: &[u8], walk: &mut Walk) -> Result<bool> {
        if !self.rows.is_empty() && walk.chunk()?.1.needs_before() {
            return Ok(false);
        }
        self.end(writer, key)?;
        walk.copy_to(writer, key)
    }

    /// Adds one sample, newer than those before.
    pub(crate) fn push(&mut self, writer: &mut RunWriter, key: &[u8], sample: &SampleRef<'_>) -> Result<()> {
        self.rows.push(sample);
        self.cut(writer, key, false, false)
    }

    /// Completes the series.
    pub(crate) fn end(&mut self, writer: &mut RunWriter, key: &[u8]) -> Result<()> {
        self.cut(writer, key, false, true)
    }

    fn cut(&mut self, writer: &mut RunWriter, key: &[u8], patches: bool, end: bool) -> Result<()> {
        let full = self.rows.len() >= CHUNK_ROWS || self.rows.weight >= CHUNK_BYTES;
        if full || (end && !self.rows.is_empty()) {
            writer.push(key, &self.rows, patches)?;
            self.rows.clear();
        }
        Ok(())
    }
}

/// Writes all of an open part.
pub(crate) fn write_memtable(writer: &mut RunWriter, memory: &Memtable) -> Result<()> {
    let (mut chunker, mut samples) = (Chunker::new(), Vec::new());
    for (id, key) in memory.in_order() {
        samples.clear();
        let patches = memory.parts(id, &mut samples);
        chunker.patches(writer, key, &patches)?;
        for sample in &samples {
            chunker.push(writer, key, &sample.as_ref())?;
        }
        chunker.end(writer, key)?;
    }
    Ok(())
}
