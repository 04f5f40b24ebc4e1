//! What housekeeping needs of the log, which the writer has: work done with it between two batches, and the rule that history
//! keeps nothing on disk that is not durable in the log.

use crate::shared::Shared;
use crate::writer::Command;
use belfry_log::Log;
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc;

/// One for each thread of housekeeping.
#[derive(Clone)]
pub(super) struct Flusher {
    pub(super) shared: Arc<Shared>,
    pub(super) queue: mpsc::Sender<Command>,
    /// Commits are acknowledged before they are synced.
    pub(super) relaxed: bool,
}

impl Flusher {
    /// Writes history's open part to disk. With relaxed durability that waits for the log and holds the writer up: what
    /// history keeps on disk must be durable in the log first, or a power cut would leave it commits that never were,
    /// in the places of those that come after.
    pub(super) fn flush(&self) -> Result<(), String> {
        let Some(history) = &self.shared.history else { return Ok(()) };
        if self.shared.is_broken() {
            return Err(
                "history is made anew from the log at the next start; until then it stays as it is on disk".into()
            );
        }
        if !self.relaxed {
            return history.flush().map(|_| ()).map_err(|e| e.to_string());
        }
        let shared = self.shared.clone();
        self.with_log(move |log| {
            log.sync().map_err(|e| e.to_string())?;
            shared.history.as_ref().map_or(Ok(0), belfry_history::History::flush).map(|_| ()).map_err(|e| e.to_string())
        })?
    }

    /// Makes durable what is committed, which it is already unless durability is relaxed.
    pub(super) fn sync_log(&self) -> io::Result<()> {
        if !self.relaxed {
            return Ok(());
        }
        self.with_log(Log::sync).map_err(io::Error::other)?.map_err(io::Error::other)
    }

    /// Runs with the log on the writer's thread and waits for the answer.
    pub(super) fn with_log<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Log) -> T + Send + 'static,
    ) -> Result<T, String> {
        let (done, wait) = std::sync::mpsc::channel();
        let command = Command::WithLog(Box::new(move |log| drop(done.send(work(log)))));
        self.queue.blocking_send(command).map_err(|_| "the store is shutting down")?;
        wait.recv().map_err(|_| "the store is shutting down".to_owned())
    }
}
