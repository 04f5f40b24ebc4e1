//! The store's housekeeping on a thread of its own: checkpoints, flushing history, cutting the log behind them, syncing in
//! relaxed mode. It never holds the writer up for longer than a cut of the log takes. What writes do not wait for is done
//! elsewhere: merging and retention by `merger`, the copying of a backup by a thread for each.

mod flusher;
mod merger;

use crate::backup::{self, Pinned};
use crate::build::Builder;
use crate::checkpoint::{self, Place, Unread};
use crate::open::{Options, state_dir};
use crate::shared::Shared;
use crate::writer::Command;
use belfry_history::Room;
use belfry_kernel::{Error, Kind};
use belfry_ports::{Collection, Copied, Seq};
use flusher::Flusher;
use hashbrown::HashMap;
use merger::Merger;
use parking_lot::Mutex;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;

/// How often it looks whether anything is due.
const TICK: Duration = Duration::from_millis(200);
/// How long it rests after a failure, so that a full disk does not keep it busy.
const REST: Duration = Duration::from_secs(5);

enum Ask {
    Checkpoint(Sender<Result<(), String>>),
    Backup(PathBuf, Sender<Result<Copied, Error>>),
    Retain(Sender<Result<(), Error>>),
    Stop,
}

/// The handle of the housekeeping thread.
pub(crate) struct Maintenance {
    asks: Sender<Ask>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Keeper {
    shared: Arc<Shared>,
    flusher: Flusher,
    dir: PathBuf,
    checkpoint_log_bytes: u64,
    keep_log_bytes: u64,
    feed_keep_bytes: u64,
    interval: Option<Duration>,
    merger: Merger,
    builder: Builder,
    copying: Option<Copying>,
    /// The consumers that were given up, and where they were.
    dropped: HashMap<Box<str>, Seq>,
    /// The checkpoint that was last read from its start to its end.
    proven: Option<Seq>,
    /// The last commit in the newest checkpoint, and the size of the log then.
    checkpointed: Seq,
    log_bytes_then: u64,
}

/// A backup that is being copied, or the last one that was.
struct Copying {
    /// The log is kept from here, until the backup is remembered: then it is the largest number.
    floor: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

fn gone() -> Error {
    Error::new(Kind::Unavailable, "the store is shutting down")
}

impl Maintenance {
    pub(crate) fn start(
        shared: Arc<Shared>,
        queue: mpsc::Sender<Command>,
        options: &Options,
        checkpointed: Seq,
    ) -> Result<Self, Error> {
        let (asks, asked) = channel();
        let interval = match options.log.durability {
            belfry_log::Durability::Interval(interval) => Some(interval),
            belfry_log::Durability::Sync => None,
        };
        let flusher = Flusher { shared: shared.clone(), queue, relaxed: interval.is_some() };
        let keeper = Keeper {
            merger: Merger::start(flusher.clone(), options.retention.clone())?,
            shared,
            flusher,
            dir: options.dir.clone(),
            keep_log_bytes: options.keep_log_bytes,
            checkpoint_log_bytes: options.checkpoint_log_bytes,
            feed_keep_bytes: options.feed_keep_bytes,
            interval,
            builder: Builder::default(),
            copying: None,
            dropped: HashMap::new(),
            proven: None,
            checkpointed,
            log_bytes_then: 0,
        };
        let thread = std::thread::Builder::new()
            .name("store-keeper".into())
            .spawn(move || keeper.run(&asked))
            .map_err(Error::internal)?;
        Ok(Self { asks, thread: Mutex::new(Some(thread)) })
    }

    pub(crate) fn checkpoint_now(&self) -> Result<(), Error> {
        let (done, wait) = channel();
        self.asks.send(Ask::Checkpoint(done)).map_err(|_| gone())?;
        match wait.recv() {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(Error::new(Kind::Unavailable, format!("the checkpoint could not be taken: {why}"))),
            Err(_) => Err(gone()),
        }
    }

    pub(crate) fn backup_now(&self, into: &Path) -> Result<Copied, Error> {
        let (done, wait) = channel();
        self.asks.send(Ask::Backup(into.to_path_buf(), done)).map_err(|_| gone())?;
        wait.recv().map_err(|_| gone())?
    }

    pub(crate) fn retain_now(&self) -> Result<(), Error> {
        let (done, wait) = channel();
        self.asks.send(Ask::Retain(done)).map_err(|_| gone())?;
        wait.recv().map_err(|_| gone())?
    }

    pub(crate) fn stop(&self) {
        let _ = self.asks.send(Ask::Stop);
        if let Some(thread) = self.thread.lock().take() {
            let _ = thread.join();
        }
    }
}

impl Keeper {
    fn run(mut self, asked: &Receiver<Ask>) {
        // The first look is at once: a process that never lives long must not have ever more log to replay.
        let mut wait = Duration::ZERO;
        loop {
            match asked.recv_timeout(wait) {
                Ok(Ask::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(Ask::Checkpoint(done)) => {
                    let _ = done.send(self.checkpoint());
                }
                Ok(Ask::Backup(into, done)) => self.backup(into, &done),
                Ok(Ask::Retain(done)) => match self.checkpoint() {
                    Ok(()) => self.merger.retain(done),
                    Err(why) => drop(done.send(Err(Error::new(Kind::Unavailable, why)))),
                },
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.interval.is_some() {
                let shared = self.shared.clone();
                let _ = self.flusher.queue.try_send(Command::WithLog(Box::new(move |log| shared.sync_if_due(log))));
            }
            wait = self.interval.map_or(TICK, |i| i.min(TICK));
            if let Err(e) = self.look() {
                tracing::warn!(error = %e, "housekeeping failed and will be tried again");
                wait = REST;
            }
        }
        if let Some(copying) = self.copying {
            let _ = copying.thread.join();
        }
    }

    fn look(&mut self) -> Result<(), String> {
        if let Some(history) = &self.shared.history
            && history.room() != Room::Plenty
        {
            self.flusher.flush()?;
        }
        if self.shared.behind().is_some() {
            // The writer makes up for it whenever it is given something to do.
            let _ = self.flusher.queue.try_send(Command::WithLog(Box::new(|_| ())));
        }
        self.builder.work(&self.shared).map_err(|e| e.to_string())?;
        let state_bytes = self.shared.state.read().slots.bytes();
        let due = self.checkpoint_log_bytes.max(state_bytes);
        if self.shared.log.size_bytes().saturating_sub(self.log_bytes_then) > due {
            self.checkpoint()?;
        }
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), String> {
        let (seq, at, last) = {
            let state = self.shared.state.read();
            (state.seq, state.at, state.last)
        };
        self.flusher.flush()?;
        if seq > self.checkpointed {
            let (dir, place) = (state_dir(&self.dir), Place { seq, at, last });
            checkpoint::write(&dir, place, &self.shared.state, &self.shared.names, || self.flusher.sync_log())
                .map_err(|e| e.to_string())?;
            self.checkpointed = seq;
        }
        // Back to the checkpoint before the newest, or to the beginning while there is none: the newest may prove damaged.
        let older = self.older_checkpoint().map_err(|e| e.to_string())?;
        let flushed = self.shared.history.as_ref().map_or(u64::MAX, belfry_history::History::flushed_seq);
        let kept = self.backup_floor().min(self.slowest_cursor());
        let cut = older.min(flushed).min(kept).saturating_add(1);
        let cut = self.flusher.with_log(move |log| log.truncate_before(cut))?;
        // After the cut: what is measured from here on is new.
        self.log_bytes_then = self.shared.log.size_bytes();
        if let Err(e) = cut {
            tracing::warn!(error = %e, "the log could not be cut; it will be tried again");
        }
        Ok(())
    }

    /// The place of the checkpoint before the newest, once it is proven that it can be read: nothing else may be left that
    /// goes further back.
    fn older_checkpoint(&mut self) -> io::Result<Seq> {
        loop {
            let all = checkpoint::list(&state_dir(&self.dir))?;
            let Some((seq, path)) = all.get(1) else { return Ok(0) };
            if self.proven == Some(*seq) {
                return Ok(*seq);
            }
            match checkpoint::prove(path) {
                Ok(()) => self.proven = Some(*seq),
                Err(Unread::Damaged(e)) => {
                    tracing::error!(file = %path.display(), error = ?e, "a checkpoint is damaged; the log is kept for it");
                    checkpoint::set_aside(path)?;
                }
                Err(Unread::Failed(e)) => return Err(io::Error::other(e)),
            }
        }
    }

    /// Pins a backup and has it copied. One at a time.
    fn backup(&mut self, into: PathBuf, done: &Sender<Result<Copied, Error>>) {
        if self.copying_from() != u64::MAX {
            let _ = done.send(Err(Error::new(Kind::Unavailable, "another backup is being taken")));
            return;
        }
        let pinned = self
            .checkpoint()
            .map_err(|why| Error::new(Kind::Unavailable, why))
            .and_then(|()| backup::pin(&self.shared, &self.dir));
        let started = pinned.and_then(|pinned: Pinned| {
            let floor = Arc::new(AtomicU64::new(pinned.last_seq()));
            let (released, done) = (floor.clone(), done.clone());
            let copy = move || {
                let copied = pinned.copy(&into);
                released.store(u64::MAX, Ordering::Release);
                let _ = done.send(copied);
            };
            let named = std::thread::Builder::new().name("store-backup".into());
            Ok(Copying { floor, thread: named.spawn(copy).map_err(Error::internal)? })
        });
        match started {
            Ok(copying) => self.copying = Some(copying),
            Err(e) => drop(done.send(Err(e))),
        }
    }

    fn copying_from(&self) -> Seq {
        self.copying.as_ref().map_or(u64::MAX, |copying| copying.floor.load(Ordering::Acquire))
    }

    /// The log is kept from the last backup on, for a restore to any later instant, unless that has become too much; and
    /// from one that is being taken.
    fn backup_floor(&self) -> Seq {
        // First this, since a backup is remembered before its floor is given up.
        let copying = self.copying_from();
        let room = self.shared.log.size_bytes() <= self.keep_log_bytes;
        backup::last(&state_dir(&self.dir)).filter(|_| room).unwrap_or(u64::MAX).min(copying)
    }

    /// The place of the slowest consumer that keeps one: the log stays readable from there, up to a limit. One beyond it is
    /// given up: it meets a gap in the feed when it reads on.
    fn slowest_cursor(&mut self) -> Seq {
        let cursors: Vec<(Box<str>, Seq)> = {
            let state = self.shared.state.read();
            let all = state.documents.get(&Collection::Cursor).into_iter().flatten();
            let place = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_le_bytes);
            all.filter_map(|(name, bytes)| Some((name.clone(), place(bytes)?))).collect()
        };
        self.dropped.retain(|consumer, _| cursors.iter().any(|(name, _)| name == consumer));
        let (mut slowest, first) = (u64::MAX, self.shared.log.first_seq());
        for (consumer, seq) in cursors {
            if seq.saturating_add(1) < first {
                // What it has not read is gone; nothing can be kept for it until it comes forward.
                continue;
            }
            let bytes = self.shared.log.held_bytes(seq.saturating_add(1));
            if bytes <= self.feed_keep_bytes {
                slowest = slowest.min(seq);
                self.dropped.remove(&consumer);
            } else if self.dropped.get(&consumer) != Some(&seq) {
                tracing::error!(
                    %consumer, seq, bytes, limit = self.feed_keep_bytes,
                    "a consumer of the change feed is too far behind: the log is no longer kept for it, and it will miss changes"
                );
                self.shared.cursors_dropped.fetch_add(1, Ordering::Relaxed);
                self.dropped.insert(consumer, seq);
            }
        }
        slowest
    }
}
