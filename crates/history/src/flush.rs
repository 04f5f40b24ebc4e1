//! Turning rows into chunks of a run, from an open part or a merge alike.

use crate::error::Result;
use crate::memtable::Memtable;
use crate::rows::{Patch, Rows};
use crate::run_writer::RunWriter;
use crate::sample::Sample;

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
            self.rows.push(&sample?.as_ref());
            self.cut(writer, key, false, false)?;
        }
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
            chunker.rows.push(&sample.as_ref());
            chunker.cut(writer, key, false, false)?;
        }
        chunker.cut(writer, key, false, true)?;
    }
    Ok(())
}
