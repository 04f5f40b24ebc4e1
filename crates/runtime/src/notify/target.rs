//! One subscription as the notifier sees it: what waits for its endpoint, what is under way, how its endpoint does.
//! All state is behind one lock that is never held across an await. Sends nothing.

use super::Options;
use super::budget::{Account, Budget};
use super::flights::Share;
use super::item::{Image, Item, Origin};
use super::render::Spec;
use super::timers::Armed;
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
    /// When it is looked at next.
    pub(crate) armed: Armed,
    /// Its part of what may be under way.
    pub(crate) share: Share,
    /// Wakes one idle worker.
    pub(crate) ready: Notify,
}

/// What there is to do for one subscription.
pub(crate) struct Work {
    /// The bytes of all that waits or is under way: items, what is parked, what is held back. What is counted as dropped
    /// is not in it.
    account: Account,
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
    /// The bytes of each document that is parked, oldest first: all older than the queue.
    parked: VecDeque<usize>,
    /// The bytes of each item on its way there: all older than the queue, all newer than what is parked.
    parking: VecDeque<usize>,
    /// Whether somebody sees to those: nothing is picked meanwhile.
    is_parking: bool,
    /// How many of the oldest that are parked or on their way there are to go: they are counted as dropped.
    excess: usize,
    /// Changed entities held back by throttling.
    held: HashMap<Iri, Image>,
    /// Held ones that are on their way in notifications, which their bytes are counted with.
    sending: Vec<Image>,
    /// When the next notification by throttling or period is due.
    pub(crate) due: Option<Time>,
    /// Whether the notifications of a period are being made.
    is_making: bool,
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
    pub(crate) fn new(id: Iri, spec: Spec, work: Work, share: Share) -> Self {
        Self {
            id,
            spec: RwLock::new(Arc::new(spec)),
            work: Mutex::new(work),
            armed: Armed::default(),
            share,
            ready: Notify::new(),
        }
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
    pub(crate) fn new(budget: &Arc<Budget>) -> Self {
        Self {
            account: Account::new(budget),
            queue: VecDeque::new(),
            busy: 0,
            running: 0,
            workers: 0,
            idle: 0,
            status: DeliveryStatus::default(),
            is_stale: false,
            failing: None,
            parked: VecDeque::new(),
            parking: VecDeque::new(),
            is_parking: false,
            excess: 0,
            held: HashMap::new(),
            sending: Vec::new(),
            due: None,
            is_making: false,
            quiet_until: None,
            removed: false,
        }
    }

    /// Items that wait or are under way, parked ones too, without those that are to go.
    pub(crate) fn pending(&self) -> usize {
        (self.queue.len() + self.running + self.parking.len() + self.parked.len()).saturating_sub(self.excess)
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

    /// Adds an item at the end. What had to make room is given back, if it was not parked: the oldest, when there are more
    /// than `max_pending` or they take more bytes than they may. One that is too large for this subscription alone stays.
    pub(crate) fn enqueue(&mut self, item: Item, max_pending: usize) -> Vec<Item> {
        self.account.add(item.bytes());
        self.queue.push_back(item);
        let mut dropped = Vec::new();
        while self.pending() > max_pending.max(1)
            || (self.account.is_over() && (self.pending() > 1 || self.account.is_beyond_all()))
        {
            if !self.make_room(&mut dropped) {
                break;
            }
        }
        dropped
    }

    /// Drops the oldest that waits; whether there was one.
    fn make_room(&mut self, dropped: &mut Vec<Item>) -> bool {
        if let Some(bytes) = self.parked.iter().chain(&self.parking).nth(self.excess) {
            self.account.give_back(*bytes);
            self.excess += 1;
        } else if let Some(item) = self.queue.pop_front() {
            self.let_go(&item);
            dropped.push(item);
        } else {
            return false;
        }
        self.status.dropped += 1;
        self.status.failing = true;
        true
    }

    /// An item is done with, whatever became of it.
    fn let_go(&mut self, item: &Item) {
        self.account.give_back(item.bytes());
        self.sent(item);
    }

    /// What was held of an item need not be remembered any more.
    fn sent(&mut self, item: &Item) {
        if matches!(item.origin, Origin::Held) {
            self.sending.retain(|sent| !item.images.iter().any(|image| Arc::ptr_eq(&image.entity, &sent.entity)));
        }
    }

    /// Keeps the newest image of an entity, and what changed in between, for when throttling allows a notification again.
    /// An entity for which there is no room is left out and counted.
    pub(crate) fn hold(&mut self, image: Image, max: usize) {
        let id = image.entity.id.clone();
        let image = match self.held.remove(&id) {
            Some(mut known) => {
                self.account.give_back(known.bytes);
                known.update(image);
                known
            }
            None if self.held.len() >= max.max(1) => {
                self.status.dropped += 1;
                return;
            }
            None => image,
        };
        self.account.add(image.bytes);
        if self.account.is_over() && (!self.held.is_empty() || self.account.is_beyond_all()) {
            self.account.give_back(image.bytes);
            self.status.dropped += 1;
            return;
        }
        self.held.insert(id, image);
    }

    /// Whether throttling holds anything back.
    pub(crate) fn holds_back(&self) -> bool {
        !self.held.is_empty()
    }

    /// Takes what is held back, to be sent (`sends`) or not.
    pub(crate) fn take_held(&mut self, sends: bool) -> Vec<Image> {
        let images: Vec<Image> = self.held.drain().map(|(_, image)| image).collect();
        self.account.give_back(images.iter().map(|image| image.bytes).sum());
        if sends {
            self.sending.extend(images.iter().cloned());
        }
        images
    }

    /// What is held back, or was and is not delivered yet.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Image> {
        self.sending.iter().chain(self.held.values())
    }

    /// A period ends: whether its notifications are to be made. Not while the last one's are under way: those of this one
    /// are counted as dropped.
    pub(crate) fn begins_period(&mut self) -> bool {
        if self.is_making || self.pending() > 0 {
            self.status.dropped += 1;
            return false;
        }
        self.is_making = true;
        true
    }

    /// The notifications of a period are made; whether entities were left out.
    pub(crate) fn end_of_making(&mut self, left_out: bool) {
        self.is_making = false;
        self.status.cut += u64::from(left_out);
    }

    /// How many bytes more may wait.
    pub(crate) fn room(&self) -> usize {
        self.account.left()
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
            while let Some(item) = self.queue.pop_front() {
                self.let_go(&item);
                given_up.push(item);
            }
            return Pick::Nothing;
        }
        if self.is_parking {
            return Pick::Nothing;
        }
        if let Some(failing) = self.failing {
            let oldest = now.plus_micros(-micros(options.give_up_after));
            while let Some(item) = self.queue.pop_front_if(|item| item.since < oldest) {
                self.let_go(&item);
                given_up.push(item);
                self.status.dropped += 1;
            }
            // One attempt tells whether the endpoint is back.
            if now < failing.next || self.running > 0 {
                return Pick::Nothing;
            }
        }
        if !self.parked.is_empty() {
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

    /// An attempt with one item ended, which took `bytes` before it. Gives the item back when it is done with.
    pub(crate) fn finish(
        &mut self,
        item: Item,
        bytes: usize,
        outcome: Outcome,
        now: Time,
        pause: &dyn Fn(u32) -> Duration,
    ) -> Option<Item> {
        self.running -= 1;
        self.busy &= !item.lanes;
        self.account.give_back(bytes);
        if self.record(outcome, now, pause) || self.removed {
            self.sent(&item);
            return Some(item);
        }
        self.account.add(item.bytes());
        self.put_back(item);
        None
    }

    /// An item was picked and no attempt was made.
    pub(crate) fn not_tried(&mut self, item: Item) -> Option<Item> {
        self.running -= 1;
        self.busy &= !item.lanes;
        if self.removed {
            self.let_go(&item);
            return Some(item);
        }
        self.put_back(item);
        None
    }

    /// Whether the oldest that is parked is to go: it was counted when it became too many.
    pub(crate) fn passes_over(&self) -> bool {
        self.excess > 0
    }

    /// The oldest that was parked is gone; `delivered` even if it was to go.
    pub(crate) fn unparked(&mut self, delivered: bool) {
        let bytes = self.parked.pop_front();
        if self.excess == 0 {
            self.account.give_back(bytes.unwrap_or_default());
            return;
        }
        self.excess -= 1;
        // What was counted as dropped and delivered at that moment is not dropped.
        self.status.dropped = self.status.dropped.saturating_sub(u64::from(delivered));
    }

    /// The worker that saw to the parked ones is done; nothing is left when it `drained` them.
    pub(crate) fn end_of_parked(&mut self, drained: bool) {
        (self.running, self.busy) = (0, 0);
        while drained && !self.parked.is_empty() {
            self.unparked(false);
        }
    }

    /// A document of so many bytes was found parked, after those that are known.
    pub(crate) fn found_parked(&mut self, bytes: usize) {
        self.account.add(bytes);
        self.parked.push_back(bytes);
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

    /// Takes what waits, to be parked, when the endpoint failed often enough; with it, how many of the oldest that are
    /// parked are to go.
    pub(crate) fn take_for_parking(&mut self, after: u32) -> (usize, Vec<Item>) {
        let due = self.failing.is_some_and(|f| f.attempts >= after) && !self.is_parking && self.running == 0;
        if !due || (self.queue.is_empty() && self.excess == 0) {
            return (0, Vec::new());
        }
        self.is_parking = true;
        self.parking = self.queue.iter().map(Item::bytes).collect();
        (self.excess.min(self.parked.len()), self.queue.drain(..).collect())
    }

    /// The first of what was taken is parked, as a document of so many bytes.
    pub(crate) fn parked(&mut self, item: &Item, bytes: usize) {
        let before = self.parking.pop_front().unwrap_or_default();
        // What is to go is counted no more.
        if self.excess <= self.parked.len() {
            self.account.give_back(before);
            self.account.add(bytes);
        }
        self.parked.push_back(bytes);
        self.sent(item);
    }

    /// What was taken is parked, or stays in memory if that failed. Gives back what had to make room meanwhile.
    pub(crate) fn end_of_parking(&mut self, left: Vec<Item>) -> Vec<Item> {
        self.is_parking = false;
        self.parking.clear();
        for item in left {
            self.put_back(item);
        }
        let unparked = self.excess.saturating_sub(self.parked.len()).min(self.queue.len());
        self.excess = self.excess.min(self.parked.len());
        // Their bytes were given back when they had to make room.
        let mut gone: Vec<Item> = self.queue.drain(..unparked).collect();
        gone.iter().for_each(|item| self.sent(item));
        if self.removed {
            gone.extend(self.remove());
        }
        gone
    }

    /// Whether something could be picked, were there a worker.
    pub(crate) fn has_work(&self) -> bool {
        !self.queue.is_empty() || !self.parked.is_empty()
    }

    /// The subscription is gone: gives back what waited.
    pub(crate) fn remove(&mut self) -> Vec<Item> {
        self.removed = true;
        self.take_held(false);
        self.due = None;
        let gone: Vec<Item> = self.queue.drain(..).collect();
        gone.iter().for_each(|item| self.let_go(item));
        gone
    }
}

pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use belfry_ngsi_ld::{Attribute, Entity, Json, Name, Value};
    use belfry_ports::{ChangeSet, Commit, EntityChange};
    use smallvec::SmallVec;

    fn entity(id: usize, bytes: usize) -> Arc<Entity> {
        let attribute = Attribute {
            name: Name::intern("https://example.org/text").unwrap(),
            dataset_id: None,
            value: Value::Property(Json::Str("x".repeat(bytes).into())),
            observed_at: None,
            unit_code: None,
            created_at: Time::default(),
            modified_at: Time::default(),
            expires_at: None,
            sub: Vec::new(),
        };
        Arc::new(Entity {
            id: Iri::parse(&format!("urn:a:{id}")).unwrap(),
            types: SmallVec::new(),
            scopes: Vec::new(),
            attributes: vec![attribute],
            created_at: Time::default(),
            modified_at: Time::default(),
            expires_at: None,
        })
    }

    fn item(seq: u64, bytes: usize) -> Item {
        let images = SmallVec::from_iter([Image::new(entity(1, bytes), None, Vec::new())]);
        let (since, origin) = (Time::default(), Origin::Commit(None));
        Item { seq, part: 0, lanes: 1, since, origin, images, body: None }
    }

    fn seqs(items: &[Item]) -> Vec<u64> {
        items.iter().map(|item| item.seq).collect()
    }

    #[test]
    fn an_image_keeps_nothing_else_of_its_commit() {
        let put = |at| EntityChange::Put { entity: entity(at, 1000), created: true, head: false, changes: Vec::new() };
        let changes = Arc::new(ChangeSet { entities: (0..100).map(put).collect(), ..ChangeSet::default() });
        let EntityChange::Put { entity: other, .. } = &changes.entities[7] else { panic!() };
        let other = Arc::downgrade(other);
        let commit = Commit { seq: 1, at: Time::default(), changes };
        let image = Image::of(&commit, 42, false).unwrap();
        drop(commit);
        assert_eq!(image.entity.id.as_str(), "urn:a:42");
        assert!(image.bytes > 1000 && image.bytes < 2000, "{}", image.bytes);
        assert!(other.upgrade().is_none(), "the whole commit is kept for one image");
    }

    #[test]
    fn bytes_make_room_oldest_first() {
        let budget = Arc::new(Budget::new(1 << 20, 100_000));
        let mut work = Work::new(&budget);
        let mut dropped = Vec::new();
        for seq in 1..=20 {
            dropped.extend(work.enqueue(item(seq, 10_000), 1000));
        }
        let kept = work.pending();
        assert!((8..=9).contains(&kept), "{kept}");
        assert_eq!(seqs(&dropped), (1..=20 - kept as u64).collect::<Vec<_>>());
        assert_eq!(work.status.dropped, dropped.len() as u64);
        assert!(work.status.failing);
        // One that is larger than all may be takes all there is, but never what others need.
        assert_eq!(work.enqueue(item(21, 300_000), 1000).len(), kept);
        assert_eq!(work.pending(), 1);
        assert_eq!(seqs(&work.enqueue(item(22, 2 << 20), 1000)), [21, 22]);
        assert_eq!(work.pending(), 0);
        assert!(!work.account.is_over());
    }

    #[test]
    fn parked_ones_make_room_too() {
        let budget = Arc::new(Budget::new(1 << 20, 100_000));
        let mut work = Work::new(&budget);
        (0..8).for_each(|_| work.found_parked(10_000));
        let dropped: usize = (1..=4).map(|seq| work.enqueue(item(seq, 10_000), 1000).len()).sum();
        assert_eq!((dropped, work.excess, work.status.dropped), (0, 3, 3), "the oldest are parked");
        work.failing = Some(Failing { attempts: 2, next: Time::default() });
        let (excess, items) = work.take_for_parking(2);
        assert_eq!((excess, items.len()), (3, 4));
        (0..3).for_each(|_| work.unparked(false));
        items.iter().for_each(|item| work.parked(item, 20_000));
        assert!(work.end_of_parking(Vec::new()).is_empty());
        assert_eq!((work.parked.len(), work.excess, work.pending()), (9, 0, 9));
        // Five of ten thousand and four of twenty: the next one has to make room.
        work.enqueue(item(5, 10), 1000);
        assert_eq!(work.excess, 4);
        work.end_of_parked(true);
        work.remove();
        drop(work);
        assert_eq!(Account::new(&budget).left(), 100_000, "all of it is given back");
    }

    #[test]
    fn what_is_held_back_has_a_limit_of_bytes() {
        let budget = Arc::new(Budget::new(1 << 20, 100_000));
        let mut work = Work::new(&budget);
        for at in 0..20 {
            work.hold(Image::new(entity(at, 10_000), None, Vec::new()), 1000);
        }
        let held = work.held().count() as u64;
        assert!((8..=9).contains(&held), "{held}");
        assert_eq!(work.status.dropped, 20 - held);
        // The same ones again take no more.
        (0..held as usize).for_each(|at| work.hold(Image::new(entity(at, 10_000), None, Vec::new()), 1000));
        assert_eq!((work.held().count() as u64, work.status.dropped), (held, 20 - held));
        let images: SmallVec<[Image; 1]> = work.take_held(true).into();
        assert_eq!(100_000, Account::new(&budget).left());
        let (since, origin) = (Time::default(), Origin::Held);
        let held = Item { seq: 1, part: 0, lanes: 1, since, origin, images, body: None };
        assert!(work.enqueue(held, 1).is_empty());
        // What makes room is not remembered for the next start.
        assert_eq!(work.enqueue(item(2, 10), 1).len(), 1);
        assert_eq!(work.held().count(), 0);
    }
}
