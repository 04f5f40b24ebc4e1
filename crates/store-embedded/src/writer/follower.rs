//! What comes after a batch is durable and in the state: history, the feed, the answers. On a thread of its own while
//! more waits to be written, so that the next batch is decided and synced meanwhile. Decides nothing.
//!
//! A panic in history or the feed is the end of both: what is durable is answered as such, and nothing is committed any
//! more. The log has it all, and a restart makes them anew.

use super::Pending;
use super::history::Historian;
use crate::shared::Shared;
use belfry_kernel::Error;
use belfry_log::Log;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SendError, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// How many batches wait for the thread at most, beside the one that it has. With the one being decided they are what
/// history may get beyond the point at which it asks for a flush.
const WAITING: usize = 1;

const HISTORY_FULL: &str = "history cannot be written to disk: nothing was written; free space and send it again";
const BROKEN: &str = "the store's history or feed met a fault: nothing was written, and nothing will be until the server is \
                      started again; what was acknowledged is in the log";

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
            let Err(SendError(left)) = sender.send(Work::Batch(std::mem::take(batch))) else { return };
            // The thread is gone, and with it what it had.
            self.shared.set_broken();
            if let Work::Batch(left) = left {
                *batch = left;
            }
        }
        finish(&self.shared, &mut self.historian, batch, Some(log));
    }

    /// Holds the queue back while history cannot take a whole batch more. Why nothing may be committed now, since history
    /// would lose it; none when there is room and nothing is missing.
    pub(super) fn hindrance(&mut self, log: &mut Log) -> Option<&'static str> {
        if self.shared.behind().is_some() {
            self.wait();
        }
        if self.shared.is_broken() {
            return Some(BROKEN);
        }
        let historian = &mut self.historian;
        match guarded(&self.shared, || historian.catch_up(log) && historian.wait_for_room(log)) {
            Some(true) => None,
            Some(false) => Some(HISTORY_FULL),
            None => Some(BROKEN),
        }
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

/// Does what changes history or the feed; none when it panicked, which is the end of both.
fn guarded<T>(shared: &Shared, work: impl FnOnce() -> T) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(work)).ok();
    if done.is_none() {
        shared.set_broken();
        tracing::error!(
            "history or the feed panicked: writes are refused until a restart makes them anew from the log"
        );
    }
    done
}

/// History first, so that who has the answer finds what it wrote there too.
fn finish(shared: &Shared, historian: &mut Historian, batch: &mut Vec<Pending>, log: Option<&mut Log>) {
    if !shared.is_broken() {
        let decided = || batch.iter().filter_map(|p| p.outcome.as_ref().ok());
        let _ = guarded(shared, || {
            historian.keep(decided().map(|d| &d.commit).filter(|c| !c.changes.is_empty()), log);
            shared.publish(decided().map(|d| (&d.commit, d.bytes)));
        });
    }
    if shared.is_broken() {
        // With each batch: one that was on its way then has just said that writes are taken.
        shared.refuse(Some(BROKEN.to_owned()));
    }
    for pending in batch.drain(..) {
        // Who waits is woken here, by code of its own, which must not keep the others from their answers.
        let answer = || drop(pending.reply.send(pending.outcome.map(|decided| decided.commit)));
        let _ = catch_unwind(AssertUnwindSafe(answer));
    }
}
