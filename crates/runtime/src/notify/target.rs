//! One subscription as the notifier sees it: what waits for its endpoint, what is under way, how its endpoint does.
//! All state is behind one lock that is never held across an await. Sends nothing.

use super::Options;
use super::item::{Image, Item};
use super::render::Spec;
use belfry_kernel::{Iri, Time};
use belfry_ngsi_ld::subscription::{DeliveryStatus, State};
use hashbrown::HashMap;
use parking_lot::{Mutex, MutexGuard, RwLock};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// How far into the queue an item is looked for that may start while those before it wait for their entities.
const LOOKAHEAD: usize = 128;
/// Workers that start whenever there is something to send.
const FEW_WORKERS: usize = 8;
/// How much has to wait for each worker beyond those.
const BACKLOG_PER_WORKER: usize = 16;

pub(crate) struct Target {
    pub(crate) id: Iri,
    spec: RwLock<Arc<Spec>>,
    work: Mutex<Work>,
    /// Wakes one idle worker.
    pub(crate) ready: Notify,
}

/// What there is to do for one subscription.
#[derive(Default)]
pub(crate) struct Work {
    /// In order of place.
    queue: VecDeque<Item>,
    /// Lanes under way.
    busy: u64,
    /// Items under way.
    running: usize,
    pub(crate) workers: usize,
    pub(crate) idle: usize,
    pub(crate) status: DeliveryStatus,
    /// Whether `status`, `held` or `due` changed since they were saved.
    pub(crate) is_stale: bool,
    failing: Option<Failing>,
    /// Documents parked on disk, all older than the queue.
    pub(crate) parked: usize,
    /// Items on their way to disk: all older than the queue, all newer than what is parked.
    parking: usize,
    /// How many of the oldest that are parked or on their way there are to go: they are counted as dropped.
    pub(crate) excess: usize,
    /// Changed entities held back by throttling.
    pub(crate) held: HashMap<Iri, Image>,
    /// Held ones that are on their way in notifications.
    pub(crate) sending: Vec<Image>,
    /// When the next notification by throttling or period is due.
    pub(crate) due: Option<Time>,
    /// No notification before this, by throttling.
    pub(crate) quiet_until: Option<Time>,
    removed: bool,
}

#[derive(Clone, Copy)]
struct Failing {
    attempts: u32,
    next: Time,
}

/// What a worker is to do.
pub(crate) enum Pick {
    Item(Item),
    /// Deliver what is parked, oldest first.
    Parked,
    Nothing,
    /// The subscription is gone.
    Exit,
}

/// How an attempt ended.
pub(crate) enum Outcome {
    Delivered,
    /// Worth trying again.
    Failed(String),
    /// The receiver does not want it.
    Refused(String),
}

impl Target {
    pub(crate) fn new(id: Iri, spec: Spec, work: Work) -> Self {
        Self { id, spec: RwLock::new(Arc::new(spec)), work: Mutex::new(work), ready: Notify::new() }
    }

    pub(crate) fn spec(&self) -> Arc<Spec> {
        self.spec.read().clone()
    }

    pub(crate) fn set_spec(&self, spec: Spec) {
        *self.spec.write() = Arc::new(spec);
    }

    pub(crate) fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock()
    }
}

impl Work {
    /// Items that wait or are under way, parked ones too, without those that are to go.
    pub(crate) fn pending(&self) -> usize {
        (self.queue.len() + self.running + self.parking + self.parked).saturating_sub(self.excess)
    }

    /// Whether the subscription is gone.
    pub(crate) fn is_removed(&self) -> bool {
        self.removed
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.failing.is_some()
    }

    /// Whether one more worker may start: a few always, more only for a backlog that those do not keep up with.
    pub(crate) fn wants_worker(&self, options: &Options) -> bool {
        let most = options.connections_per_subscription.max(1);
        self.workers < (self.queue.len() / BACKLOG_PER_WORKER).clamp(FEW_WORKERS.min(most), most)
    }

    /// Adds an item at the end. What had to make room is given back, if it was not parked.
    pub(crate) fn enqueue(&mut self, item: Item, max_pending: usize) -> Option<Item> {
        self.queue.push_back(item);
        if self.pending() <= max_pending.max(1) {
            return None;
        }
        self.status.dropped += 1;
        self.status.failing = true;
        if self.parked + self.parking > self.excess {
            self.excess += 1;
            return None;
        }
        self.queue.pop_front()
    }

    /// Puts an item back where it was.
    fn put_back(&mut self, item: Item) {
        let at = self.queue.partition_point(|other| other.place() < item.place());
        self.queue.insert(at, item);
    }

    /// What a worker may do now. What became too old is put into `given_up`.
    pub(crate) fn pick(&mut self, now: Time, state: State, options: &Options, given_up: &mut Vec<Item>) -> Pick {
        if self.removed {
            return Pick::Exit;
        }
        if state != State::Active {
            given_up.extend(self.queue.drain(..));
            return Pick::Nothing;
        }
        if self.parking > 0 {
            return Pick::Nothing;
        }
        if let Some(failing) = self.failing {
            let oldest = now.plus_micros(-micros(options.give_up_after));
            while self.queue.front().is_some_and(|item| item.since < oldest) {
                given_up.extend(self.queue.pop_front());
                self.status.dropped += 1;
            }
            // One attempt tells whether the endpoint is back.
            if now < failing.next || self.running > 0 {
                return Pick::Nothing;
            }
        }
        if self.parked > 0 {
            if self.running > 0 {
                return Pick::Nothing;
            }
            (self.running, self.busy) = (1, u64::MAX);
            return Pick::Parked;
        }
        let mut blocked = self.busy;
        for at in 0..self.queue.len().min(LOOKAHEAD) {
            let lanes = self.queue[at].lanes;
            if blocked & lanes == 0
                && let Some(item) = self.queue.remove(at)
            {
                self.busy |= lanes;
                self.running += 1;
                return Pick::Item(item);
            }
            blocked |= lanes;
            if blocked == u64::MAX {
                break;
            }
        }
        Pick::Nothing
    }

    /// An attempt with one item ended. Gives the item back when it is done with.
    pub(crate) fn finish(
        &mut self,
        item: Item,
        outcome: Outcome,
        now: Time,
        pause: &dyn Fn(u32) -> Duration,
    ) -> Option<Item> {
        self.running -= 1;
        self.busy &= !item.lanes;
        match self.record(outcome, now, pause) {
            true => Some(item),
            false if self.removed => Some(item),
            false => {
                self.put_back(item);
                None
            }
        }
    }

    /// The parked ones were tried: the endpoint took `delivered` of them.
    pub(crate) fn unparked(&mut self, gone: usize, drained: bool) {
        (self.running, self.busy) = (0, 0);
        self.parked = if drained { 0 } else { self.parked.saturating_sub(gone) };
        // What was counted as dropped and delivered at that moment is not dropped.
        let spared = self.excess.saturating_sub(self.parked);
        self.status.dropped = self.status.dropped.saturating_sub(spared as u64);
        self.excess -= spared;
    }

    /// Notes how an attempt ended; whether its item is done with.
    pub(crate) fn record(&mut self, outcome: Outcome, now: Time, pause: &dyn Fn(u32) -> Duration) -> bool {
        self.status.times_sent += 1;
        self.status.last_notification = Some(now);
        match outcome {
            Outcome::Delivered => {
                self.status.last_success = Some(now);
                self.status.failing = false;
                self.failing = None;
                true
            }
            Outcome::Refused(reason) => {
                self.note_failure(reason, now);
                self.failing = None;
                true
            }
            Outcome::Failed(reason) => {
                self.note_failure(reason, now);
                // Several attempts that were under way together count as one.
                let attempts = match self.failing {
                    Some(failing) if now < failing.next => return false,
                    Some(failing) => failing.attempts + 1,
                    None => 1,
                };
                self.failing = Some(Failing { attempts, next: now.plus_micros(micros(pause(attempts))) });
                false
            }
        }
    }

    fn note_failure(&mut self, reason: String, now: Time) {
        self.status.times_failed += 1;
        self.status.last_failure = Some(now);
        self.status.last_failure_reason = Some(reason.into_boxed_str());
        self.status.failing = true;
    }

    /// When the endpoint is tried again.
    pub(crate) fn next_attempt(&self) -> Option<Time> {
        self.failing.map(|f| f.next)
    }

    /// Takes what waits, to be parked, when the endpoint failed often enough.
    pub(crate) fn take_for_parking(&mut self, after: u32) -> Vec<Item> {
        let due = self.failing.is_some_and(|f| f.attempts >= after) && self.parking == 0 && self.running == 0;
        if !due || self.queue.is_empty() {
            return Vec::new();
        }
        self.parking = self.queue.len();
        self.queue.drain(..).collect()
    }

    /// What was taken is parked, or stays in memory if that failed. Gives back what had to make room meanwhile.
    pub(crate) fn parked(&mut self, count: usize, left: Vec<Item>) -> Vec<Item> {
        self.parking = 0;
        self.parked += count;
        for item in left {
            self.put_back(item);
        }
        if self.removed {
            return self.queue.drain(..).collect();
        }
        let unparked = self.excess.saturating_sub(self.parked).min(self.queue.len());
        self.excess = self.excess.min(self.parked);
        self.queue.drain(..unparked).collect()
    }

    /// Whether something could be picked, were there a worker.
    pub(crate) fn has_work(&self) -> bool {
        !self.queue.is_empty() || self.parked > 0
    }

    /// The subscription is gone: gives back what waited.
    pub(crate) fn remove(&mut self) -> Vec<Item> {
        self.removed = true;
        self.held.clear();
        self.due = None;
        self.queue.drain(..).collect()
    }
}

pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4)
}
