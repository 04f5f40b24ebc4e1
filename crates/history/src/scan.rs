//! Walking over series in key order: their names, and the state of all of them as of an instant.

use std::sync::Arc;

use crate::block::Block;
use crate::error::Result;
use crate::range::{Query, Range};
use crate::run::Run;
use crate::sample::{By, Sample};
use crate::view::Snapshot;

/// All keys under a prefix that any part of a snapshot names, ascending; a cursor a run, nothing else in memory.
pub(crate) struct Keys {
    snapshot: Snapshot,
    prefix: Box<[u8]>,
    last: Option<Box<[u8]>>,
    /// Blocks are passed over without a sample that arrived at the one instant or later and is as old as the other.
    aged: (i64, i64),
    cursors: Vec<Cursor>,
}

struct Cursor {
    run: Arc<Run>,
    place: usize,
    at: usize,
    block: Option<Arc<Block>>,
}

impl Cursor {
    /// The key under the cursor, after moving it past keys before `from` (or equal, when `beyond`).
    fn advance(&mut self, snapshot: &Snapshot, aged: (i64, i64), from: &[u8], beyond: bool) -> Result<Option<&[u8]>> {
        loop {
            while self.block.is_none() && self.run.places.get(self.place).is_some_and(|p| !p.bounds.may_have_aged(aged))
            {
                self.place += 1;
            }
            if self.place >= self.run.places.len() {
                return Ok(None);
            }
            if self.block.is_none() {
                self.block = Some(self.run.block(self.place, &snapshot.cache)?);
                self.at = 0;
            }
            let block = self.block.as_ref().expect("it was just put there");
            while self.at < block.len() && (block.key(self.at) < from || (beyond && block.key(self.at) == from)) {
                self.at += 1;
            }
            if self.at < block.len() {
                break;
            }
            self.place += 1;
            self.block = None;
            // A long series fills blocks of its own: those are passed over unread.
            while let Some(next) = self.run.places.get(self.place + 1)
                && *next.bounds.first_key <= *from
            {
                self.place += 1;
            }
        }
        Ok(self.block.as_ref().map(|b| b.key(self.at)))
    }
}

impl Keys {
    pub(crate) fn new(snapshot: Snapshot, prefix: &[u8]) -> Self {
        let cursors = snapshot
            .runs
            .iter()
            .map(|run| Cursor { run: Arc::clone(run), place: run.block_from(prefix), at: 0, block: None })
            .collect();
        Self { snapshot, prefix: prefix.into(), last: None, aged: (i64::MIN, i64::MAX), cursors }
    }

    /// All keys after `after`, whatever they start with.
    pub(crate) fn beyond(snapshot: Snapshot, after: &[u8]) -> Self {
        let mut keys = Self::new(snapshot, after);
        keys.prefix = Box::default();
        keys.last = Some(after.into());
        keys
    }

    /// All keys of blocks in which a sample may have aged so, and of open parts.
    pub(crate) fn aged(snapshot: Snapshot, aged: (i64, i64)) -> Self {
        Self { aged, ..Self::new(snapshot, &[]) }
    }

    fn step(&mut self) -> Result<Option<Box<[u8]>>> {
        let (from, beyond) = match &self.last {
            Some(last) => (last.clone(), true),
            None => (self.prefix.clone(), false),
        };
        let mut least: Option<Box<[u8]>> = None;
        for memory in &self.snapshot.memory {
            if let Some(key) = memory.read().key_from(&from, beyond)
                && least.as_ref().is_none_or(|l| key < &**l)
            {
                least = Some(key.into());
            }
        }
        for cursor in &mut self.cursors {
            if let Some(key) = cursor.advance(&self.snapshot, self.aged, &from, beyond)?
                && least.as_ref().is_none_or(|l| key < &**l)
            {
                least = Some(key.into());
            }
        }
        self.last = least.filter(|key| key.starts_with(&self.prefix));
        Ok(self.last.clone())
    }
}

impl Iterator for Keys {
    type Item = Result<Box<[u8]>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

/// Series with their newest sample as of an instant, in key order. After an error in one series it goes on with the
/// next; an error in finding keys ends it.
pub struct Scan {
    keys: Keys,
    at: i64,
    ended: bool,
}

impl Scan {
    pub(crate) fn new(snapshot: Snapshot, prefix: &[u8], at: i64) -> Self {
        Self { keys: Keys::new(snapshot, prefix), at, ended: false }
    }

    /// All series after `after`, whatever they start with.
    pub(crate) fn beyond(snapshot: Snapshot, after: &[u8], at: i64) -> Self {
        Self { keys: Keys::beyond(snapshot, after), at, ended: false }
    }

    /// The snapshot that it reads.
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.keys.snapshot
    }
}

impl Iterator for Scan {
    type Item = Result<(Box<[u8]>, Sample)>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let key = match self.keys.next() {
                Some(Ok(key)) => key,
                Some(Err(e)) => {
                    self.ended = true;
                    return Some(Err(e));
                }
                None => break,
            };
            match latest_at(self.snapshot(), &key, self.at) {
                Ok(Some(sample)) => return Some(Ok((key, sample))),
                Ok(None) => {}
                Err(e) => return Some(Err(e)),
            }
        }
        None
    }
}

/// The last sample of `key` whose stamp is not after `at`.
pub(crate) fn latest_at(snapshot: &Snapshot, key: &[u8], at: i64) -> Result<Option<Sample>> {
    Range::new(snapshot, key, &Query::last(By::Stamp, 1).within(i64::MIN, at))?.next().transpose()
}
