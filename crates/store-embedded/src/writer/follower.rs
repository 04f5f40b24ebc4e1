//! What comes after a batch is durable and in the state: history, the feed, the answers. On a thread of its own while
//! more waits to be written, so that the next batch is decided and synced meanwhile. Decides nothing.

use super::Pending;
use super::history::Historian;
use crate::shared::Shared;
use belfry_kernel::Error;
use belfry_log::Log;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// How many batches wait for the thread at most, beside the one that it has. With the one being decided they are what
/// history may get beyond the point at which it asks for a flush.
const WAITING: usize = 1;

enum Work {
    Batch(Vec<Pending>),
    /// Answered when all before it is done.
    Barrier(SyncSender<()>),
}

/// Finishes batches, one after the other, in the order in which it gets them.
pub(super) struct Follower {
    shared: Arc<Shared>,
    historian: Historian,
    thread: Option<(SyncSender<Work>, JoinHandle<()>)>,
    /// Batches that the thread has or will have.
    under_way: Arc<AtomicUsize>,
}

impl Follower {
    /// With a thread of its own, unless history needs the log for each flush (relaxed durability).
    ///
    /// # Errors
    /// `Internal` when the system gives no thread.
    pub(super) fn start(shared: Arc<Shared>, alone: bool) -> Result<Self, Error> {
        let under_way = Arc::new(AtomicUsize::new(0));
        let thread = if alone {
            None
        } else {
            let (sender, work) = sync_channel(WAITING);
            let (shared, under_way) = (shared.clone(), under_way.clone());
            let named = std::thread::Builder::new().name("store-follower".into());
            let thread = named.spawn(move || run(&shared, &work, &under_way)).map_err(Error::internal)?;
            Some((sender, thread))
        };
        Ok(Self { historian: Historian::new(shared.clone()), shared, thread, under_way })
    }

    /// Finishes a batch that is durable and in the state: now, or on the thread when more waits to be written.
    pub(super) fn finish(&mut self, batch: &mut Vec<Pending>, more: bool, log: &mut Log) {
        let busy = self.under_way.load(Ordering::Acquire) > 0;
        if let Some((sender, _)) = self.thread.as_ref().filter(|_| busy || more) {
            self.under_way.fetch_add(1, Ordering::AcqRel);
            // The thread ends only with this sender.
            let _ = sender.send(Work::Batch(std::mem::take(batch)));
        } else {
            finish(&self.shared, &mut self.historian, batch, Some(log));
        }
    }

    /// Holds the queue back while history cannot take a whole batch more. Whether there is room now, and nothing missing;
    /// otherwise nothing may be committed, since history would lose it.
    pub(super) fn wait_for_room(&mut self, log: &mut Log) -> bool {
        if self.shared.behind().is_some() {
            self.wait();
            if !self.historian.catch_up(log) {
                return false;
            }
        }
        self.historian.wait_for_room(log)
    }

    /// Waits until the thread has nothing more to do.
    fn wait(&self) {
        if let Some((sender, _)) = &self.thread {
            let (done, wait) = sync_channel(1);
            if sender.send(Work::Barrier(done)).is_ok() {
                let _ = wait.recv();
            }
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.thread.take() {
            drop(sender);
            let _ = thread.join();
        }
    }
}

fn run(shared: &Arc<Shared>, work: &Receiver<Work>, under_way: &AtomicUsize) {
    let mut historian = Historian::new(shared.clone());
    while let Ok(work) = work.recv() {
        match work {
            Work::Batch(mut batch) => {
                finish(shared, &mut historian, &mut batch, None);
                under_way.fetch_sub(1, Ordering::AcqRel);
            }
            Work::Barrier(done) => drop(done.send(())),
        }
    }
}

/// History first, so that who has the answer finds what it wrote there too.
fn finish(shared: &Shared, historian: &mut Historian, batch: &mut Vec<Pending>, log: Option<&mut Log>) {
    let decided = || batch.iter().filter_map(|p| p.outcome.as_ref().ok());
    historian.keep(decided().map(|d| &d.commit).filter(|c| !c.changes.is_empty()), log);
    shared.publish(decided().map(|d| (&d.commit, d.bytes)));
    for pending in batch.drain(..) {
        let _ = pending.reply.send(pending.outcome.map(|decided| decided.commit));
    }
}
