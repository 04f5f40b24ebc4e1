//! What the writer, readers and the maintenance thread of one store share.

use crate::dictionary::Dictionary;
use crate::index::Wanted;
use crate::open::Options;
use crate::ring::Ring;
use crate::series;
use crate::state::State;
use belfry_history::History;
use belfry_kernel::{Clock, Error, Kind};
use belfry_log::{Log, LogReader};
use belfry_ports::{ChangeSet, Commit, EntityChange, Seq};
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use tokio::sync::watch;

pub(crate) struct Shared {
    pub(crate) state: RwLock<State>,
    pub(crate) names: Dictionary,
    pub(crate) history: Option<History>,
    pub(crate) log: LogReader,
    pub(crate) ring: Ring,
    pub(crate) committed: watch::Sender<Seq>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) max_entities: usize,
    /// From how many bytes of history's open part on nothing is committed before a flush.
    history_ceiling: usize,
    /// How many bytes one commit may take of it.
    history_commit: usize,
    /// The first commit of the log that history lacks; 0 when it lacks none.
    behind: AtomicU64,
    /// Bringing history or the feed up panicked.
    broken: AtomicBool,
    /// How often a consumer's place was given up, so that the log could be cut.
    pub(crate) cursors_dropped: AtomicU64,
    pub(crate) index_from: u64,
    /// Entities and bytes that an ordered answer may hold.
    pub(crate) sorted_max: (usize, usize),
    closed: AtomicBool,
    refusing: Mutex<Option<String>>,
    is_refusing: AtomicBool,
    logged: AtomicUsize,
    wanted: Mutex<Vec<Wanted>>,
    /// Held while somebody changes the past by hand, or lays births out in series.
    pub(crate) unfolding: Mutex<()>,
    /// Births up to this stamp were laid out in series since the start.
    pub(crate) unfolded: AtomicI64,
}

impl Shared {
    pub(crate) fn new(
        state: State,
        names: Dictionary,
        history: Option<History>,
        log: LogReader,
        clock: Arc<dyn Clock>,
        limits: &Options,
    ) -> Self {
        // Most batches fit above it. One that does not is preceded by a flush.
        let history_ceiling = history.as_ref().map_or(usize::MAX, |h| {
            let max = h.open_bytes_max();
            max.saturating_sub(64 << 20).max(max / 2)
        });
        let history_commit = history.as_ref().map_or(usize::MAX, History::batch_bytes_max);
        let logged = AtomicUsize::new(names.len());
        let committed = watch::Sender::new(state.seq);
        Self {
            state: RwLock::new(state),
            names,
            history,
            log,
            ring: Ring::default(),
            committed,
            clock,
            max_entities: limits.max_entities,
            history_ceiling,
            history_commit,
            behind: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            cursors_dropped: AtomicU64::new(0),
            index_from: limits.index_from,
            sorted_max: (limits.sorted_max, limits.sorted_max_bytes),
            closed: AtomicBool::new(false),
            refusing: Mutex::new(None),
            is_refusing: AtomicBool::new(false),
            logged,
            wanted: Mutex::default(),
            unfolding: Mutex::default(),
            unfolded: AtomicI64::new(i64::MIN),
        }
    }

    /// Makes commits known to the feed, each with the length of its record.
    pub(crate) fn publish<'a>(&self, commits: impl Iterator<Item = (&'a Arc<Commit>, usize)> + Clone) {
        let fresh = commits.filter(|(c, _)| !c.changes.is_empty());
        let Some(last) = fresh.clone().last().map(|(c, _)| c.seq) else { return };
        self.ring.push(fresh);
        self.committed.send_replace(last);
    }

    /// Tells readers of the feed that no commit will come any more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.committed.send_modify(|_| {});
    }

    /// Whether no commit will come any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Notes why writes are refused, or that they no longer are.
    pub(crate) fn refuse(&self, why: Option<String>) {
        if why.is_none() && !self.is_refusing.load(Ordering::Relaxed) {
            return;
        }
        self.is_refusing.store(why.is_some(), Ordering::Relaxed);
        *self.refusing.lock() = why;
    }

    /// Why writes are refused, if they are.
    pub(crate) fn refusing(&self) -> Option<String> {
        self.refusing.lock().clone()
    }

    /// How many bytes of history's open part a change set takes, whose record has this many; 0 without history.
    ///
    /// # Errors
    /// `PayloadTooLarge` when that is more than history ever takes of one commit.
    pub(crate) fn weigh(&self, set: &ChangeSet, record_bytes: usize) -> Result<usize, Error> {
        if self.history.is_none() {
            return Ok(0);
        }
        let weight = series::weight(set, record_bytes);
        if weight > self.history_commit {
            let why = format!(
                "the change weighs {weight} bytes in history, which keeps each identifier with each of its attributes; one \
                 commit may weigh {} (four times history.memtable_bytes, within bounds): send it in parts",
                self.history_commit
            );
            return Err(Error::new(Kind::PayloadTooLarge, why));
        }
        Ok(weight)
    }

    /// Whether history can take another batch of the usual size.
    pub(crate) fn has_room(&self) -> bool {
        self.history.as_ref().is_none_or(|h| h.open_bytes() < self.history_ceiling)
    }

    /// Refuses what would take the store over its limit.
    pub(crate) fn room_for(&self, set: &ChangeSet) -> Result<(), Error> {
        let new = set.entities.iter().filter(|c| matches!(c, EntityChange::Put { created: true, .. })).count();
        if new > 0 && self.state.read().slots.len() + new > self.max_entities {
            return Err(Error::new(
                Kind::Unavailable,
                "the store holds as many entities as it may; see store.max_entities",
            ));
        }
        Ok(())
    }

    /// Asks for an index that would have helped; housekeeping builds it.
    pub(crate) fn want_index(&self, wanted: Wanted) {
        let mut all = self.wanted.lock();
        if all.len() < 64 && !all.contains(&wanted) {
            all.push(wanted);
        }
    }

    /// The indexes asked for and not yet built.
    pub(crate) fn wanted_indexes(&self) -> Vec<Wanted> {
        std::mem::take(&mut *self.wanted.lock())
    }

    /// The first commit of the log that history lacks, when it lacks some.
    pub(crate) fn behind(&self) -> Option<Seq> {
        Some(self.behind.load(Ordering::Acquire)).filter(|seq| *seq > 0)
    }

    /// Says which commit of the log is the first that history lacks.
    pub(crate) fn set_behind(&self, from: Option<Seq>) {
        self.behind.store(from.unwrap_or(0), Ordering::Release);
    }

    /// Whether history or the feed may be half of what they should be, until they are made anew from the log.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Says so.
    pub(crate) fn set_broken(&self) {
        self.broken.store(true, Ordering::Release);
    }

    /// Names below this number are durable.
    pub(crate) fn note_logged(&self, logged: usize) {
        self.logged.store(logged, Ordering::Release);
    }

    /// Where the names of the next record start after a batch was lost.
    pub(crate) fn logged_after_failure(&self) -> usize {
        self.logged.load(Ordering::Acquire)
    }

    /// With relaxed durability: syncs when the interval is over.
    pub(crate) fn sync_if_due(&self, log: &mut Log) {
        if log.sync_due().is_some_and(|due| due.is_zero())
            && let Err(e) = log.sync()
        {
            self.refuse(Some(e.to_string()));
            tracing::error!(error = %e, "the log could not be synced");
        }
    }
}
