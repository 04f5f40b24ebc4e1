//! The thread that merges history's runs and lets go what is too old. It may take minutes over one piece of work; nothing
//! that writes wait for is done here.

use super::{REST, gone};
use crate::retention::{self, Retention};
use crate::shared::Shared;
use belfry_kernel::{Error, Kind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often it looks whether there is anything to merge.
const TICK: Duration = Duration::from_millis(500);
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
    pub(super) fn start(shared: Arc<Shared>, retention: Vec<Retention>) -> Result<Self, Error> {
        let (asks, asked) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let work = Work { shared, retention, stop: stop.clone(), retain_at: Instant::now() + RETAIN_FIRST };
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
    shared: Arc<Shared>,
    retention: Vec<Retention>,
    stop: Arc<AtomicBool>,
    retain_at: Instant,
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
        if let Some(history) = &self.shared.history {
            while !self.stop.load(Ordering::Relaxed) && history.merge().map_err(|e| e.to_string())? {}
        }
        if Instant::now() >= self.retain_at {
            self.retain_at = Instant::now() + RETAIN_EVERY;
            self.retain()?;
        }
        Ok(())
    }

    fn retain(&self) -> Result<(), String> {
        let now = self.shared.clock.now();
        retention::retain(&self.shared, &self.retention, now).map_err(|e| e.to_string())
    }
}
