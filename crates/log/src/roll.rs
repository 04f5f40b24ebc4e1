//! Leaving one segment for the next, and making a failed batch void. After a failed write or sync the page cache proves
//! nothing, so the segment is left where it was last durable: the next header says where, and until it is written the mark does.

use std::sync::Arc;

use crate::disk::write_all;
use crate::error::{Error, Result};
use crate::format::{HEADER_LEN, HEADER_SIZE, SegmentHeader, seal, seed};
use crate::keeper::Spare;
use crate::log::Log;
use crate::mark::Mark;
use crate::segment::Segment;

impl Log {
    /// Begins a new segment with the open batch, in one write and one sync.
    pub(crate) fn roll_with_batch(&mut self) -> Result<()> {
        self.settle();
        let spare = self.keeper.take(self.roll_len(true))?;
        self.begin(spare, true)
    }

    /// Begins a new segment with the relaxed records that could not be made durable where they were.
    pub(crate) fn roll_without_batch(&mut self) -> Result<()> {
        let spare = self.keeper.take(self.roll_len(false))?;
        self.begin(spare, false)
    }

    /// Makes relaxed records durable in the segment that is about to be left; if that fails they move to the next one.
    fn settle(&mut self) {
        if self.broken || self.unsynced.is_empty() {
            return;
        }
        match self.active.file.sync_data() {
            Ok(()) => self.became_durable(),
            Err(_) => self.distrust(),
        }
    }

    fn roll_len(&self, with_batch: bool) -> u64 {
        let batch = if with_batch { self.pending_bytes() } else { 0 };
        HEADER_LEN + self.unsynced.len() as u64 + batch
    }

    fn begin(&mut self, spare: Spare, with_batch: bool) -> Result<()> {
        let header = SegmentHeader {
            id: self.shared.id,
            number: spare.number,
            first_seq: self.durable_seq + 1,
            previous: self.active.header.number,
            previous_end: self.durable_end,
        };
        let mut moved = Vec::new();
        let bytes = if with_batch && self.unsynced.is_empty() {
            &mut self.batch
        } else {
            moved.reserve(self.roll_len(with_batch) as usize);
            moved.resize(HEADER_SIZE, 0);
            moved.extend_from_slice(&self.unsynced);
            if with_batch {
                moved.extend_from_slice(&self.batch[HEADER_SIZE..]);
            }
            &mut moved
        };
        header.encode(bytes);
        seal(&mut bytes[HEADER_SIZE..], seed(&header.id, header.number));
        let written = write_all(&*spare.file, bytes, 0).map_err(|error| Error::io("write", &spare.path, error));
        let end = bytes.len() as u64;
        let synced =
            written.and_then(|()| spare.file.sync_data().map_err(|error| Error::io("sync", &spare.path, error)));
        if let Err(error) = synced {
            return Err(self.void(error, Some(&spare)));
        }
        self.active.cut(self.durable_end);
        let segment = Arc::new(Segment::new(header, spare.path, spare.file, spare.len, end));
        self.active = Arc::clone(&segment);
        self.broken = false;
        self.void_through = 0;
        if with_batch {
            self.last_seq += u64::from(self.batch_count);
        }
        {
            let mut view = self.shared.view.lock();
            view.segments.push(segment);
            view.last_seq = self.last_seq;
        }
        self.shared.grown.notify_all();
        self.became_durable();
        Ok(())
    }

    /// Makes a failed write void, in the active segment or in the one that was to follow it, and hands the error through.
    pub(crate) fn void(&mut self, error: Error, failed: Option<&Spare>) -> Error {
        let was_broken = self.broken;
        if let Some(spare) = failed {
            self.void_through = self.void_through.max(spare.number);
        }
        // A roll that failed says nothing about the segment before it, but the failed segment must stay void.
        self.distrust();
        if let Some(spare) = failed {
            self.keeper.discard(spare);
        }
        // A durable header that states the end is the lasting proof. One attempt, and only if it need not be waited for.
        if !was_broken && let Some(spare) = self.keeper.take_ready(self.roll_len(false)) {
            let _ = self.begin(spare, false);
        }
        error
    }

    /// Stops trusting the active segment behind its durable end.
    pub(crate) fn distrust(&mut self) {
        self.broken = true;
        self.void_through = self.void_through.max(self.active.header.number);
        self.write_mark();
        let _ = self.mark.sync_data();
    }

    /// Writes the mark. It only ever says what is true, so that failing to write it leaves an older truth.
    pub(crate) fn write_mark(&self) {
        let mark = Mark {
            id: self.shared.id,
            segment: self.active.header.number,
            end: self.durable_end,
            seq: self.durable_seq,
            void_through: self.void_through,
        };
        let _ = mark.write(&*self.mark);
    }
}
