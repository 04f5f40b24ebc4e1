//! The store's housekeeping on a thread of its own: checkpoints, flushing and merging history, cutting the log behind
//! them, syncing in relaxed mode. It never holds the writer up for longer than a cut of the log takes.

use crate::backup;
use crate::build;
use crate::checkpoint::{self, Place};
use crate::open::{Options, state_dir};
use crate::retention::{self, Retention};
use crate::shared::Shared;
use crate::writer::Command;
use belfry_history::Room;
use belfry_kernel::{Error, Kind};
use belfry_log::Log;
use belfry_ports::{Collection, Copied, Seq};
use parking_lot::Mutex;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How often it looks whether anything is due.
const TICK: Duration = Duration::from_millis(200);
/// How often history is gone through for what is too old, and how long after the start for the first time.
const RETAIN_EVERY: Duration = Duration::from_secs(24 * 3600);
const RETAIN_FIRST: Duration = Duration::from_secs(600);
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
    queue: mpsc::Sender<Command>,
    dir: PathBuf,
    checkpoint_log_bytes: u64,
    keep_log_bytes: u64,
    interval: Option<Duration>,
    retention: Vec<Retention>,
    retain_at: Instant,
    /// The last commit in the newest checkpoint, and the size of the log then.
    checkpointed: Seq,
    log_bytes_then: u64,
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
        let keeper = Keeper {
            shared,
            queue,
            dir: options.dir.clone(),
            keep_log_bytes: options.keep_log_bytes,
            checkpoint_log_bytes: options.checkpoint_log_bytes,
            interval,
            retention: options.retention.clone(),
            retain_at: Instant::now() + RETAIN_FIRST,
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
        let gone = || Error::new(Kind::Unavailable, "the store is shutting down");
        self.asks.send(Ask::Checkpoint(done)).map_err(|_| gone())?;
        match wait.recv() {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(Error::new(Kind::Unavailable, format!("the checkpoint could not be taken: {why}"))),
            Err(_) => Err(gone()),
        }
    }

    pub(crate) fn backup_now(&self, into: &Path) -> Result<Copied, Error> {
        let (done, wait) = channel();
        let gone = || Error::new(Kind::Unavailable, "the store is shutting down");
        self.asks.send(Ask::Backup(into.to_path_buf(), done)).map_err(|_| gone())?;
        wait.recv().map_err(|_| gone())?
    }

    pub(crate) fn retain_now(&self) -> Result<(), Error> {
        let (done, wait) = channel();
        let gone = || Error::new(Kind::Unavailable, "the store is shutting down");
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
                Ok(Ask::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Ask::Checkpoint(done)) => {
                    let _ = done.send(self.checkpoint());
                }
                Ok(Ask::Backup(into, done)) => {
                    let taken = self
                        .checkpoint()
                        .map_err(|why| Error::new(Kind::Unavailable, why))
                        .and_then(|()| backup::write(&self.shared, &self.dir, &into));
                    let _ = done.send(taken);
                }
                Ok(Ask::Retain(done)) => {
                    let kept = self.checkpoint().and_then(|()| {
                        let now = self.shared.clock.now();
                        retention::retain(&self.shared, &self.retention, now).map_err(|e| e.to_string())
                    });
                    let _ = done.send(kept.map_err(|why| Error::new(Kind::Unavailable, why)));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.interval.is_some() {
                let shared = self.shared.clone();
                let _ = self.queue.try_send(Command::WithLog(Box::new(move |log| shared.sync_if_due(log))));
            }
            wait = self.interval.map_or(TICK, |i| i.min(TICK));
            if let Err(e) = self.look() {
                tracing::warn!(error = %e, "housekeeping failed and will be tried again");
                wait = REST;
            }
        }
    }

    fn look(&mut self) -> Result<(), String> {
        if let Some(history) = &self.shared.history
            && history.room() != Room::Plenty
        {
            self.flush()?;
            while history.merge().map_err(|e| e.to_string())? {}
        }
        if Instant::now() >= self.retain_at {
            self.retain_at = Instant::now() + RETAIN_EVERY;
            retention::retain(&self.shared, &self.retention, self.shared.clock.now()).map_err(|e| e.to_string())?;
        }
        for (name, wanted) in self.shared.wanted_indexes() {
            build::index(&self.shared, name, wanted).map_err(|e| e.to_string())?;
        }
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
        self.flush()?;
        if seq > self.checkpointed {
            let (dir, place) = (state_dir(&self.dir), Place { seq, at, last });
            checkpoint::write(&dir, place, &self.shared.state, &self.shared.names, || self.sync_log())
                .map_err(|e| e.to_string())?;
            self.checkpointed = seq;
        }
        // Back to the checkpoint before the newest, or to the beginning while there is none: the newest may prove damaged.
        let older =
            checkpoint::list(&state_dir(&self.dir)).map_err(|e| e.to_string())?.get(1).map_or(0, |(seq, _)| *seq);
        let flushed = self.shared.history.as_ref().map_or(u64::MAX, belfry_history::History::flushed_seq);
        let kept = self.backup_floor().min(self.slowest_cursor());
        let cut = older.min(flushed).min(kept) + 1;
        let command = Command::WithLog(Box::new(move |log| {
            if let Err(e) = log.truncate_before(cut) {
                tracing::warn!(error = %e, "the log could not be cut; it will be tried again");
            }
        }));
        let _ = self.queue.blocking_send(command);
        self.log_bytes_then = self.shared.log.size_bytes();
        Ok(())
    }

    /// Writes history's open part to disk. With relaxed durability that waits for the log and holds the writer up: what
    /// history keeps on disk must be durable in the log first, or a power cut would leave it commits that never were,
    /// in the places of those that come after.
    fn flush(&self) -> Result<(), String> {
        let Some(history) = &self.shared.history else { return Ok(()) };
        if self.interval.is_none() {
            return history.flush().map(|_| ()).map_err(|e| e.to_string());
        }
        let shared = self.shared.clone();
        self.with_log(move |log| {
            log.sync().map_err(|e| e.to_string())?;
            shared.history.as_ref().map_or(Ok(0), belfry_history::History::flush).map(|_| ()).map_err(|e| e.to_string())
        })?
    }

    /// Makes durable what is committed, which it is already unless durability is relaxed.
    fn sync_log(&self) -> io::Result<()> {
        if self.interval.is_none() {
            return Ok(());
        }
        self.with_log(Log::sync).map_err(io::Error::other)?.map_err(io::Error::other)
    }

    /// Runs with the log on the writer's thread and waits for the answer.
    fn with_log<T: Send + 'static>(&self, work: impl FnOnce(&mut Log) -> T + Send + 'static) -> Result<T, String> {
        let (done, wait) = channel();
        let command = Command::WithLog(Box::new(move |log| drop(done.send(work(log)))));
        self.queue.blocking_send(command).map_err(|_| "the store is shutting down")?;
        wait.recv().map_err(|_| "the store is shutting down".to_owned())
    }

    /// The log is kept from the last backup on, for a restore to any later instant, unless that has become too much.
    fn backup_floor(&self) -> Seq {
        let room = self.shared.log.size_bytes() <= self.keep_log_bytes;
        backup::last(&state_dir(&self.dir)).filter(|_| room).unwrap_or(u64::MAX)
    }

    /// The place of the slowest consumer that keeps one: the log stays readable from there.
    fn slowest_cursor(&self) -> Seq {
        let state = self.shared.state.read();
        state
            .documents
            .get(&Collection::Cursor)
            .into_iter()
            .flat_map(|all| all.values())
            .filter_map(|bytes| bytes.as_ref().try_into().ok().map(u64::from_le_bytes))
            .min()
            .unwrap_or(u64::MAX)
    }
}
