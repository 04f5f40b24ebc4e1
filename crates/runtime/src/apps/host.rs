//! The platform to the applications of one tenant: the clock, commits, tasks and a pool. Holds no application's state.

use super::Parts;
use crate::write::write;
use belfry_kernel::{Error, Kind, Time};
use belfry_kit::{Host, Rules};
use belfry_ports::{Ack, BoxFuture, Decide, Store};
use futures_util::FutureExt;
use parking_lot::Mutex;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// How long stopping waits for one task.
const GRACE: Duration = Duration::from_secs(5);

/// What applications have under way.
pub(super) struct Tasks {
    working: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
    running: Mutex<Vec<JoinHandle<()>>>,
}

impl Tasks {
    pub(super) fn new(max_working: usize) -> Self {
        let working = Arc::new(Semaphore::new(max_working.max(1)));
        Self { working, stopping: watch::Sender::new(false), running: Mutex::default() }
    }

    /// Ends every task where it waits, and lets work that has begun finish.
    pub(super) async fn stop(&self) {
        self.stopping.send_replace(true);
        let running = std::mem::take(&mut *self.running.lock());
        for mut task in running {
            if tokio::time::timeout(GRACE, &mut task).await.is_err() {
                tracing::warn!("a task of an application does not end; it is cut off");
                task.abort();
            }
        }
        self.working.close();
    }

    fn spawn(&self, what: &str, task: BoxFuture<'static, ()>) {
        let (named, mut stopping) = (what.to_owned(), self.stopping.subscribe());
        let handle = Handle::current().spawn(async move {
            let end = async {
                // The sender lives as long as the host; when it is gone, stopping is due too.
                let _ = stopping.wait_for(|stop| *stop).await;
            };
            tokio::select! {
                biased;
                () = end => {}
                ended = AssertUnwindSafe(task).catch_unwind() => {
                    if ended.is_err() {
                        tracing::error!(what = named, "a task of an application panicked; it is not begun again");
                    }
                }
            }
        });
        let mut running = self.running.lock();
        for ended in running.extract_if(.., |task| task.is_finished()) {
            drop(ended);
        }
        tracing::debug!(what, running = running.len() + 1, "a task of an application begins");
        running.push(handle);
    }
}

/// One tenant's platform.
pub(super) struct TenantHost {
    pub(super) store: Arc<dyn Store>,
    pub(super) parts: Parts,
    pub(super) tasks: Arc<Tasks>,
}

impl Host for TenantHost {
    fn now(&self) -> Time {
        self.parts.clock.now()
    }

    fn rules(&self) -> Rules {
        Rules {
            limits: self.parts.limits.clone(),
            keep_before: self.parts.keep_before.is_wanted(|| self.now()),
            max_file_bytes: self.parts.options.max_file_bytes,
            max_files_bytes: self.parts.options.max_files_bytes,
        }
    }

    fn commit(&self, decide: Decide) -> Ack {
        let written = write(&*self.store, move |read, now| Ok((decide(read, now)?, ())));
        Box::pin(async move { written.await.map(|((), commit)| commit) })
    }

    fn blocking(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, Result<(), Error>> {
        let working = self.tasks.working.clone();
        Box::pin(async move {
            let stopping = |_| Error::new(Kind::Unavailable, "the platform is stopping");
            let place = working.acquire_owned().await.map_err(stopping)?;
            let done = tokio::task::spawn_blocking(move || {
                work();
                // Held by the work itself: who waits for it may leave earlier.
                drop(place);
            });
            done.await.map_err(Error::internal)
        })
    }

    fn spawn(&self, what: &str, task: BoxFuture<'static, ()>) {
        self.tasks.spawn(what, task);
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
