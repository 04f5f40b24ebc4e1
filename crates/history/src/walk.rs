//! Walking over one run chunk by chunk in key order, as a merge does: each block is read once, each time column decoded at most
//! once. Holds one block.

use std::sync::Arc;

use crate::block::{Block, Origin};
use crate::chunk::{Before, Chunk};
use crate::error::Result;
use crate::rows::Rows;
use crate::run::Run;
use crate::run_writer::RunWriter;
use crate::summary::Summary;

/// A place in a run.
pub(crate) struct Walk {
    pub(crate) run: Arc<Run>,
    place: usize,
    block: Option<Block>,
    at: usize,
    /// The time columns that were decoded last, and of which chunk of the block they are.
    times: Before,
    timed: Option<usize>,
}

impl Walk {
    /// At the first chunk.
    pub(crate) fn new(run: &Arc<Run>) -> Result<Self> {
        let mut walk =
            Self { run: Arc::clone(run), place: 0, block: None, at: 0, times: Before::default(), timed: None };
        walk.load()?;
        Ok(walk)
    }

    fn load(&mut self) -> Result<()> {
        (self.at, self.timed) = (0, None);
        self.block = if self.place < self.run.places.len() { Some(self.run.load(self.place)?) } else { None };
        Ok(())
    }

    /// The series of the chunk here; none at the end.
    pub(crate) fn key(&self) -> Option<&[u8]> {
        self.block.as_ref().map(|b| b.key(self.at))
    }

    /// Whether the block here may hold a sample that is older than this instant, microseconds.
    pub(crate) fn may_hold_before(&self, instant: i64) -> bool {
        self.run.places.get(self.place).is_some_and(|p| p.bounds.may_hold_before(instant))
    }

    /// To the next chunk.
    pub(crate) fn step(&mut self) -> Result<()> {
        self.at += 1;
        if self.block.as_ref().is_some_and(|b| self.at >= b.len()) {
            self.place += 1;
            self.load()?;
        }
        Ok(())
    }

    /// To the first chunk of another series than `key`, which is here. Blocks that hold nothing else stay unread.
    pub(crate) fn pass(&mut self, key: &[u8]) -> Result<()> {
        while self.key() == Some(key) {
            let whole = |place: usize| self.run.places.get(place).is_some_and(|p| *p.bounds.first_key == *key);
            if whole(self.place + 1) {
                while whole(self.place + 1) {
                    self.place += 1;
                }
                self.load()?;
            } else {
                self.step()?;
            }
        }
        Ok(())
    }

    /// The first block from this one on that `wanted` holds for, when it is not this one: at its first chunk.
    pub(crate) fn skip_to(&mut self, wanted: impl Fn(usize) -> bool) -> Result<()> {
        let start = self.place;
        while self.place < self.run.places.len() && !wanted(self.place) {
            self.place += 1;
        }
        if self.place == start { Ok(()) } else { self.load() }
    }

    /// The chunk here and its bytes. There is one.
    pub(crate) fn chunk(&self) -> Result<(&[u8], Chunk<'_>)> {
        let block = self.block.as_ref().expect("the caller saw its key");
        Ok((block.body(self.at), self.run.blame(self.place, block.chunk(self.at))?))
    }

    pub(crate) fn origin(&self) -> Origin {
        (self.run.id, self.place, self.at)
    }

    /// The time columns of the chunk here.
    pub(crate) fn times(&mut self) -> Result<&Before> {
        let block = self.block.as_ref().expect("the caller saw its key");
        if self.timed != Some(self.at) {
            let chunk = self.run.blame(self.place, block.chunk(self.at))?;
            let known = self.timed.is_some_and(|timed| timed + 1 == self.at);
            let times = match known {
                true => chunk.times(&self.times),
                false => block.times(self.at, &chunk),
            };
            self.times = self.run.blame(self.place, times)?;
            self.timed = Some(self.at);
        }
        Ok(&self.times)
    }

    /// Decodes the chunk here to the end of `rows`.
    pub(crate) fn append_to(&mut self, rows: &mut Rows) -> Result<()> {
        self.times()?;
        let (_, chunk) = self.chunk()?;
        self.run.blame(self.place, chunk.append_to(&self.times, rows))
    }

    /// The bounds of its times (and its summary where it has one). It holds no corrections.
    pub(crate) fn summary(&mut self) -> Result<Summary> {
        match self.chunk()?.1.summary {
            Some(summary) => Ok(summary),
            None => Ok(self.times()?.bounds()),
        }
    }

    /// Copies the chunk here as it is; false when that cannot be.
    pub(crate) fn copy_to(&mut self, writer: &mut RunWriter, key: &[u8]) -> Result<bool> {
        let summary = self.summary()?;
        let (body, chunk) = self.chunk()?;
        writer.copy(key, (body, &chunk), &summary, self.origin())
    }
}
