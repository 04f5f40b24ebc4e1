//! The writer's duty towards history: room before a batch, every durable commit in it before the answer, and what could
//! not be put in made up from the log before anything else is committed.

use crate::shared::Shared;
use crate::{record, series};
use belfry_log::{Durability, Log};
use belfry_ports::{Commit, Seq};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often, and how long, the writer waits for the flush of the housekeeping thread before it does it itself.
const ROOM_TRIES: u32 = 25;
const ROOM_WAIT: Duration = Duration::from_millis(10);
/// How long it does not try again after a flush of its own failed.
const REST: Duration = Duration::from_secs(1);
/// A flush first finishes the one before it that failed, and then what came since.
const FLUSHES: usize = 2;

/// Puts commits into history. Two at most, never at work at once: the writer's, which has the log, and its follower's.
pub(super) struct Historian {
    shared: Arc<Shared>,
    /// When a flush on this thread last failed, unless one succeeded since.
    flush_failed: Option<Instant>,
}

impl Historian {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, flush_failed: None }
    }

    /// Whether history has room for a whole batch more, waiting a while for it.
    pub(super) fn wait_for_room(&mut self, log: &mut Log) -> bool {
        if self.shared.has_room() {
            return true;
        }
        // With relaxed durability a flush needs this thread: waiting for it would be waiting for oneself.
        let others_flush = log.durability() == Durability::Sync;
        for _ in 0..if others_flush { ROOM_TRIES } else { 0 } {
            std::thread::sleep(ROOM_WAIT);
            if self.shared.has_room() {
                return true;
            }
        }
        // Also one that failed has set aside what there was, once.
        self.flush(Some(log));
        self.shared.has_room()
    }

    /// Adds durable commits. What history does not take is made up for later, and nothing newer goes in before. Without
    /// the log at hand, every commit in it must be synced.
    pub(super) fn keep<'a>(&mut self, commits: impl Iterator<Item = &'a Arc<Commit>>, mut log: Option<&mut Log>) {
        for commit in commits {
            if self.shared.behind().is_none()
                && let Err(e) = self.put(commit, log.as_deref_mut())
            {
                tracing::error!(error = %e, seq = commit.seq, "a commit is not in history yet; writes are refused until it is");
                self.shared.set_behind(Some(commit.seq));
            }
        }
    }

    fn put(&mut self, commit: &Commit, mut log: Option<&mut Log>) -> Result<(), belfry_history::Error> {
        let shared = self.shared.clone();
        let Some(history) = &shared.history else { return Ok(()) };
        let _alone = (!commit.changes.samples.is_empty()).then(|| shared.unfolding.lock());
        let mut outcome = series::append(history, commit, &shared.names);
        for _ in 0..FLUSHES {
            if !matches!(outcome, Err(belfry_history::Error::Full { .. })) {
                break;
            }
            self.flush(log.as_deref_mut());
            outcome = series::append(history, commit, &shared.names);
        }
        outcome
    }

    /// Brings history up to the log's end. Whether it is.
    pub(super) fn catch_up(&mut self, log: &mut Log) -> bool {
        let Some(from) = self.shared.behind() else { return true };
        match self.make_up(from, log) {
            Ok(()) => {
                tracing::info!(from, "history has caught up with the log");
                self.shared.set_behind(None);
                true
            }
            Err(e) => {
                tracing::warn!(error = %e, from, "history is behind the log; it will be tried again");
                false
            }
        }
    }

    fn make_up(&mut self, from: Seq, log: &mut Log) -> Result<(), String> {
        let shared = self.shared.clone();
        let mut reader = shared.log.read_from(from).map_err(|e| e.to_string())?;
        while let Some(found) = reader.next_record().map_err(|e| e.to_string())? {
            let seq = found.seq;
            let record = record::decode(found.payload, &shared.names).map_err(|e| e.to_string())?;
            let at = record.at;
            let changes = Arc::new(record.into_set(&shared.names).map_err(|e| e.to_string())?);
            self.put(&Commit { seq, at, changes }, Some(log)).map_err(|e| e.to_string())?;
            shared.set_behind(Some(seq + 1));
        }
        Ok(())
    }

    /// Flushes history on this thread. What it keeps on disk must be durable in the log first.
    fn flush(&mut self, log: Option<&mut Log>) {
        let shared = self.shared.clone();
        let Some(history) = &shared.history else { return };
        if self.flush_failed.is_some_and(|at| at.elapsed() < REST) {
            return;
        }
        let synced = log.map_or(Ok(()), |log| log.sync().map_err(|e| e.to_string()));
        let flushed = synced.and_then(|()| history.flush().map_err(|e| e.to_string()));
        if let Err(e) = &flushed {
            tracing::warn!(error = %e, "history could not be written to disk");
        }
        self.flush_failed = flushed.is_err().then(Instant::now);
    }
}
