//! The one writer of a store. Takes decisions from a bounded queue, runs as many as have arrived, writes their records
//! with one sync, applies them to the state, and hands them on to be answered (`follower`). Holds no decision of its own.
//!
//! A decision sees the state plus what earlier decisions of the same batch changed (the overlay). Answers that may rest
//! on the overlay, refusals included, wait until the batch is durable; when it is not, all of it is refused.

mod follower;
mod history;

use crate::codec::Damaged;
use crate::record;
use crate::series;
use crate::shared::Shared;
use belfry_kernel::{Error, Kind, Time};
use belfry_log::{Durability, Log};
use belfry_ngsi_ld::Entity;
use belfry_ports::{ChangeSet, Collection, Commit, Decide, EntityChange, Read};
use follower::Follower;
use hashbrown::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// How many decisions share one sync at most.
const BATCH: usize = 1024;
/// How many bytes share one sync at most, as records or in history, whichever is more.
const BATCH_BYTES: usize = 16 << 20;

/// What the writer is asked to do.
pub(crate) enum Command {
    /// Decide and commit.
    Write(Decide, oneshot::Sender<Result<Arc<Commit>, Error>>),
    /// Run with the log between two batches (truncation, backup).
    WithLog(Box<dyn FnOnce(&mut Log) + Send>),
    /// Finish.
    Stop,
}

type Reply = oneshot::Sender<Result<Arc<Commit>, Error>>;

/// A decision that was taken and waits for its sync.
struct Pending {
    reply: Reply,
    outcome: Result<Decided, Error>,
}

/// What a decision came to.
struct Decided {
    commit: Arc<Commit>,
    /// The bytes of each entity it puts.
    blobs: Vec<Box<[u8]>>,
    /// The length of its record.
    bytes: usize,
}

/// Which document.
type DocumentKey = (Collection, Box<str>);

/// What earlier decisions of the batch changed.
#[derive(Default)]
struct Overlay {
    entities: HashMap<Box<str>, Option<Arc<Entity>>>,
    documents: HashMap<DocumentKey, Option<Arc<[u8]>>>,
}

struct View<'a> {
    shared: &'a Shared,
    overlay: &'a Overlay,
}

impl Read for View<'_> {
    fn entity(&self, id: &str) -> Result<Option<Arc<Entity>>, Error> {
        if !self.overlay.entities.is_empty()
            && let Some(changed) = self.overlay.entities.get(id)
        {
            return Ok(changed.clone());
        }
        Ok(self.shared.state.read().entity(id, &self.shared.names)?.map(Arc::new))
    }

    fn document(&self, collection: Collection, key: &str) -> Result<Option<Arc<[u8]>>, Error> {
        if !self.overlay.documents.is_empty()
            && let Some(changed) = self.overlay.documents.get(&(collection, key.into()))
        {
            return Ok(changed.clone());
        }
        Ok(self.shared.state.read().document(collection, key))
    }
}

/// Where records are made. Kept from one to the next, since growing them anew costs more than filling them does.
#[derive(Default)]
struct Buffers {
    body: Vec<u8>,
    record: Vec<u8>,
}

impl Buffers {
    /// Memory that stays between two records.
    const KEPT: usize = 4 << 20;

    fn bound(&mut self) {
        for buffer in [&mut self.body, &mut self.record] {
            buffer.clear();
            buffer.shrink_to(Self::KEPT);
        }
    }
}

/// The writer's own state.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    log: Log,
    /// Names numbered below this are in the log (or the checkpoint).
    logged: usize,
    /// The largest stamp given out; the next commit is later.
    last: Time,
    /// Why nothing can be committed now, if so.
    hindrance: Option<&'static str>,
    follower: Follower,
    buffers: Buffers,
}

impl Writer {
    /// # Errors
    /// `Internal` when the system gives no thread.
    pub(crate) fn new(shared: Arc<Shared>, log: Log, last: Time) -> Result<Self, Error> {
        let logged = shared.names.len();
        let follower = Follower::start(shared.clone(), log.durability() != Durability::Sync)?;
        Ok(Self { shared, log, logged, last, hindrance: None, follower, buffers: Buffers::default() })
    }

    /// Serves the queue until it closes or says stop.
    pub(crate) fn run(mut self, mut queue: mpsc::Receiver<Command>) {
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(command) = queue.blocking_recv() {
            let mut next = Some(command);
            loop {
                let (mut stop, mut aside) = (false, None);
                self.hindrance = self.follower.hindrance(&mut self.log);
                if let Some(why) = self.hindrance {
                    self.shared.refuse(Some(why.to_owned()));
                }
                let mut overlay = Overlay::default();
                let mut bytes = 0;
                let mut seq = self.shared.state.read().seq;
                while let Some(command) = next.take() {
                    match command {
                        Command::Write(decide, reply) => {
                            bytes += self.decide(decide, reply, &mut overlay, &mut seq, &mut batch);
                        }
                        Command::WithLog(work) => aside = Some(work),
                        Command::Stop => stop = true,
                    }
                    if stop || aside.is_some() || batch.len() >= BATCH || bytes >= BATCH_BYTES {
                        break;
                    }
                    next = queue.try_recv().ok();
                }
                self.commit(&mut batch, &queue);
                if let Some(work) = aside {
                    work(&mut self.log);
                }
                if stop {
                    return;
                }
                next = queue.try_recv().ok();
                if next.is_none() {
                    break;
                }
            }
            self.shared.sync_if_due(&mut self.log);
        }
    }

    /// Takes one decision; returns the bytes its record adds.
    fn decide(
        &mut self,
        decide: Decide,
        reply: Reply,
        overlay: &mut Overlay,
        seq: &mut u64,
        batch: &mut Vec<Pending>,
    ) -> usize {
        if let Some(why) = self.hindrance {
            batch.push(Pending { reply, outcome: Err(Error::new(Kind::Unavailable, why)) });
            return 0;
        }
        let at = self.shared.clock.now().max(self.last.plus_micros(1));
        let view = View { shared: &self.shared, overlay };
        let decided = catch_unwind(AssertUnwindSafe(|| decide(&view, at)))
            .unwrap_or_else(|_| Err(Error::internal("a decision panicked")));
        let set = match decided {
            Ok(set) => set,
            Err(e) => {
                batch.push(Pending { reply, outcome: Err(e) });
                return 0;
            }
        };
        if set.is_empty() {
            let commit = Arc::new(Commit { seq: *seq, at: self.last, changes: Arc::new(set) });
            batch.push(Pending { reply, outcome: Ok(Decided { commit, blobs: Vec::new(), bytes: 0 }) });
            return 0;
        }
        if let Err(e) = self.shared.room_for(&set) {
            batch.push(Pending { reply, outcome: Err(e) });
            return 0;
        }
        let Buffers { body, record: bytes } = &mut self.buffers;
        bytes.clear();
        let ranges = record::encode(at, &set, &self.shared.names, self.logged, body, bytes);
        let in_history = match self.shared.weigh(&set, bytes.len()) {
            Ok(in_history) => in_history,
            Err(e) => {
                batch.push(Pending { reply, outcome: Err(e) });
                return 0;
            }
        };
        match self.log.append(bytes) {
            Ok(appended) => {
                *seq = appended;
                self.logged = self.shared.names.len();
                self.last = series::last_stamp(at, &set);
                let blobs = ranges.into_iter().map(|r| Box::from(&bytes[r])).collect();
                overlay.note(&set);
                let commit = Arc::new(Commit { seq: appended, at, changes: Arc::new(set) });
                batch.push(Pending { reply, outcome: Ok(Decided { commit, blobs, bytes: bytes.len() }) });
            }
            Err(e) => batch.push(Pending { reply, outcome: Err(refusal(&e)) }),
        }
        let added = bytes.len().max(in_history);
        self.buffers.bound();
        added
    }

    fn commit(&mut self, batch: &mut Vec<Pending>, queue: &mpsc::Receiver<Command>) {
        if batch.is_empty() {
            return;
        }
        let wrote = self.log.pending() > 0;
        if let Err(e) = self.log.commit() {
            // The overlay is lost, and so is every answer that may rest on it.
            self.logged = self.shared.logged_after_failure();
            self.shared.refuse(Some(e.to_string()));
            tracing::error!(error = %e, decisions = batch.len(), "a batch could not be made durable; it was refused whole");
            for pending in batch.drain(..) {
                let _ = pending.reply.send(Err(refusal(&e)));
            }
            return;
        }
        if wrote {
            self.shared.refuse(None);
        }
        self.shared.note_logged(self.logged);
        match self.apply(batch) {
            Ok(()) => {}
            Err(e) => tracing::error!(error = %e, "a commit could not be applied to the state; restart recovers it"),
        }
        // Asked after the sync, during which most of them come.
        let more = !queue.is_empty();
        self.follower.finish(batch, more, &mut self.log);
    }

    fn apply(&self, batch: &mut [Pending]) -> Result<(), Damaged> {
        let mut state = self.shared.state.write();
        for pending in batch.iter_mut() {
            let Ok(Decided { commit, blobs, .. }) = &mut pending.outcome else { continue };
            if commit.changes.is_empty() {
                continue;
            }
            for (change, bytes) in commit.changes.entities.iter().zip(blobs.drain(..)) {
                match change {
                    EntityChange::Put { entity, changes, .. } => {
                        state.put(entity, bytes, changes, &self.shared.names)?;
                    }
                    EntityChange::Delete { id, .. } => {
                        state.delete(id.as_str(), &self.shared.names)?;
                    }
                }
            }
            for d in &commit.changes.documents {
                state.set_document(d.collection, &d.key, d.bytes.clone());
            }
            (state.seq, state.at) = (commit.seq, commit.at);
            state.last = series::last_stamp(commit.at, &commit.changes);
        }
        Ok(())
    }
}

impl Overlay {
    fn note(&mut self, set: &ChangeSet) {
        self.entities.reserve(set.entities.len());
        for change in &set.entities {
            match change {
                EntityChange::Put { entity, .. } => {
                    self.entities.insert(entity.id.as_str().into(), Some(entity.clone()));
                }
                EntityChange::Delete { id, .. } => {
                    self.entities.insert(id.as_str().into(), None);
                }
            }
        }
        for d in &set.documents {
            self.documents.insert((d.collection, d.key.clone()), d.bytes.clone());
        }
    }
}

fn refusal(e: &belfry_log::Error) -> Error {
    let public = if e.is_disk_full() {
        "the disk is full: nothing was written; free space and send it again"
    } else {
        "the store could not make this durable: nothing was written; send it again"
    };
    Error::new(Kind::Unavailable, public).caused_by(e.to_string())
}
