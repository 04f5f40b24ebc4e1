//! The thread that merges history's runs and lets go what is too old. It may take minutes over one piece of work; nothing
//! that writes wait for is done here.

use super::flusher::Flusher;
use super::{REST, gone};
use crate::retention::{self, Retention};
use belfry_kernel::{Error, Kind};
use belfry_ports::Seq;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often it looks whether there is anything to merge.
const TICK: Duration = Duration::from_millis(500);
/// While history was flushed so short a time ago, much is being written: then merges wait until they are worth more.
const LULL: Duration = Duration::from_secs(3);
/// How many runs of one level are merged meanwhile, and not fewer.
const BUSY_WIDTH: usize = 12;
/// How often history is gone through for what is too old, and how long after the start for the first time.
const RETAIN_EVERY: Duration = Duration::from_secs(24 * 3600);
const RETAIN_FIRST: Duration = Duration::from_secs(600);

/// Asks for retention now.
pub(super) type Asked = Sender<Result<(), Error>>;

/// The handle of the thread.
pub(super) struct Merger {
    asks: Option<Sender<Asked>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Merger {
    pub(super) fn start(flusher: Flusher, retention: Vec<Retention>) -> Result<Self, Error> {
        let (asks, asked) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let work = Work {
            flusher,
            retention,
            stop: stop.clone(),
            retain_at: Instant::now() + RETAIN_FIRST,
            flushed: (0, None),
        };
        let thread = std::thread::Builder::new()
            .name("store-merger".into())
            .spawn(move || work.run(&asked))
            .map_err(Error::internal)?;
        Ok(Self { asks: Some(asks), stop, thread: Some(thread) })
    }

    /// Has retention done; `done` is told when it is.
    pub(super) fn retain(&self, done: Asked) {
        if let Some(asks) = &self.asks
            && let Err(unsent) = asks.send(done)
        {
            let _ = unsent.0.send(Err(gone()));
        }
    }
}

impl Drop for Merger {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Work {
    flusher: Flusher,
    retention: Vec<Retention>,
    stop: Arc<AtomicBool>,
    retain_at: Instant,
    /// Up to where history was flushed when it was last looked at, and when that had changed.
    flushed: (Seq, Option<Instant>),
}

impl Work {
    fn run(mut self, asked: &Receiver<Asked>) {
        let mut wait = TICK;
        loop {
            match asked.recv_timeout(wait) {
                Ok(done) => {
                    let _ = done.send(self.retain().map_err(|why| Error::new(Kind::Unavailable, why)));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            wait = TICK;
            if let Err(e) = self.look() {
                tracing::warn!(error = %e, "history could not be merged; it will be tried again");
                wait = REST;
            }
        }
    }

    fn look(&mut self) -> Result<(), String> {
        if let Some(history) = &self.flusher.shared.history {
            while !self.stop.load(Ordering::Relaxed) {
                let busy = lately_flushed(&mut self.flushed, history.flushed_seq());
                let merged = if busy { history.merge_groups_of(BUSY_WIDTH) } else { history.merge() };
                if !merged.map_err(|e| e.to_string())? {
                    break;
                }
            }
        }
        if Instant::now() >= self.retain_at {
            self.retain_at = Instant::now() + RETAIN_EVERY;
            self.retain()?;
        }
        Ok(())
    }

    fn retain(&self) -> Result<(), String> {
        let shared = &self.flusher.shared;
        let now = shared.clock.now();
        // Together with the older runs it comes into the same means.
        if retention::unfold(shared, &self.retention, now, &|| self.flusher.flush())? {
            self.flusher.flush()?;
        }
        retention::retain(shared, &self.retention, now).map_err(|e| e.to_string())
    }
}

/// Whether history was flushed within the last moments; `known` is what was known of it, and is brought up to date.
fn lately_flushed(known: &mut (Seq, Option<Instant>), flushed: Seq) -> bool {
    if flushed != known.0 {
        *known = (flushed, Some(Instant::now()));
    }
    known.1.is_some_and(|at| at.elapsed() < LULL)
}
