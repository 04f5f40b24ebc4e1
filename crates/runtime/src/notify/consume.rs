//! Reads the change feed: keeps the index of subscriptions, and makes items of the commits that concern them.

use super::Shared;
use super::flights::Share;
use super::item::{Image, Item, Origin, lanes, portions};
use super::render::{Spec, event_of};
use super::target::{Target, Work, micros};
use super::{deliver, park};
use belfry_kernel::{Error, Iri, Time};
use belfry_ngsi_ld::subscription::{DeliveryStatus, State, Subscription, SubscriptionIndex};
use belfry_ngsi_ld::{Entity, Json, Name};
use belfry_ports::{Collection, Commit, DocumentChange, FeedItem, Seq, Store};
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::Duration;

/// How many documents are read at a time.
const PAGE: usize = 1000;

pub(crate) struct Consumer {
    shared: Arc<Shared>,
    index: SubscriptionIndex,
    /// The commits up to this one were in the state that the index was loaded from.
    loaded: Seq,
    scratch: Vec<u32>,
}

/// The target of each subscription found, with the changes that concern it.
type Found = SmallVec<[(Arc<Subscription>, SmallVec<[u32; 1]>); 4]>;

impl Consumer {
    /// Reads subscriptions and how their deliveries stood.
    pub(crate) fn load(shared: Arc<Shared>) -> Result<Self, Error> {
        let store = shared.tools.store.clone();
        let loaded = store.health().seq;
        let mut consumer = Self { shared, index: SubscriptionIndex::default(), loaded, scratch: Vec::new() };
        let mut after: Option<Box<str>> = None;
        loop {
            let page = store.documents(Collection::Subscription, after.as_deref(), PAGE)?;
            for document in &page {
                consumer.take(&document.key, Some(&document.bytes));
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = Some(last.key.clone()),
                _ => break,
            }
        }
        park::count(&consumer.shared)?;
        Ok(consumer)
    }

    /// Follows the feed until the notifier or the store stops.
    pub(crate) async fn run(mut self, after: Seq) {
        let mut stopping = self.shared.stopping.subscribe();
        let mut after = after;
        let mut feed = self.shared.tools.store.feed(after);
        loop {
            let item = tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => return,
                item = feed.next() => item,
            };
            match item {
                None => return,
                Some(Ok(FeedItem::Commit(commit))) => {
                    after = commit.seq;
                    self.consume(&commit);
                }
                Some(Ok(FeedItem::Gap { resumed_after })) => {
                    tracing::error!(after, resumed_after, "the log no longer holds all that was to be notified");
                    after = resumed_after;
                    self.shared.tracker.lock().consumed(resumed_after, 0, true);
                }
                Some(Err(error)) => {
                    tracing::error!(%error, cause = ?error.cause(), "the change feed cannot be read; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    feed = self.shared.tools.store.feed(after);
                }
            }
        }
    }

    fn consume(&mut self, commit: &Arc<Commit>) {
        let mut news = !commit.changes.entities.is_empty() || !commit.changes.samples.is_empty();
        for change in &commit.changes.documents {
            news |= !matches!(change.collection, Collection::Cursor | Collection::Delivery | Collection::Parked);
            // After a restart older commits come by again: what they made of a subscription is no longer so.
            if change.collection == Collection::Subscription && commit.seq > self.loaded {
                let DocumentChange { key, bytes, .. } = change;
                self.take(key, bytes.as_deref());
            }
        }
        let found = self.matching(commit);
        let mut items: SmallVec<[(Arc<Target>, Item); 4]> = SmallVec::new();
        for (subscription, which) in found {
            let Some(target) = self.shared.targets.read().get(subscription.id.as_str()).cloned() else { continue };
            self.items_of(&subscription, &target, commit, &which, &mut items);
        }
        // The tracker knows of the items before any of them can be done.
        let tracked = u32::try_from(items.len()).unwrap_or(u32::MAX);
        self.shared.tracker.lock().consumed(commit.seq, tracked, news);
        for (target, item) in items {
            deliver::enqueue(&self.shared, &target, item);
        }
    }

    fn matching(&mut self, commit: &Commit) -> Found {
        let mut found: Found = SmallVec::new();
        let mut places: HashMap<*const Subscription, usize> = HashMap::new();
        let store = self.shared.tools.store.as_ref();
        let lookup = |id: &str| store.entity(id).ok().flatten().map(Arc::new);
        for (at, change) in commit.changes.entities.iter().enumerate() {
            let event = event_of(change, commit.at);
            self.index.matching(&event, commit.at, Some(&lookup), &mut self.scratch, |subscription, _| {
                // What came before the subscription is read again after a restart.
                if subscription.state(commit.at) != State::Active || commit.at < subscription.created_at {
                    return;
                }
                let which = at as u32;
                let next = found.len();
                let place = if commit.changes.entities.len() == 1 {
                    next
                } else {
                    *places.entry(Arc::as_ptr(subscription)).or_insert(next)
                };
                match found.get_mut(place) {
                    Some((_, all)) => all.push(which),
                    None => found.push((subscription.clone(), SmallVec::from_slice(&[which]))),
                }
            });
        }
        found
    }

    fn items_of(
        &self,
        subscription: &Subscription,
        target: &Arc<Target>,
        commit: &Arc<Commit>,
        which: &[u32],
        items: &mut SmallVec<[(Arc<Target>, Item); 4]>,
    ) {
        let options = &self.shared.tools.options;
        let values = subscription.notification.show_changes;
        let images = which.iter().filter_map(|at| Image::of(commit, *at, values));
        if let Some(least) = subscription.throttling {
            let mut work = target.work();
            let now = self.shared.tools.clock.now();
            if work.due.is_some() || work.quiet_until.is_some_and(|until| now < until) {
                images.for_each(|image| work.hold(image, options.max_held));
                let due = work.quiet_until.unwrap_or(now);
                if work.due.is_none() {
                    work.due = Some(due);
                    self.shared.timers.set(due, target);
                }
                self.shared.note_stale(target, &mut work);
                return;
            }
            work.quiet_until = Some(now.plus_micros(least));
            self.shared.note_stale(target, &mut work);
        }
        let most = options.entities_per_notification.max(1);
        for (part, images) in portions(images.collect(), most, options.bytes_per_notification).into_iter().enumerate() {
            let origin = Origin::Commit(commit.changes.trace);
            let (seq, part, lanes) = (commit.seq, part as u32, lanes(&images));
            items.push((target.clone(), Item { seq, part, lanes, since: commit.at, origin, images, body: None }));
        }
    }

    /// A subscription came, changed or went.
    fn take(&mut self, key: &str, bytes: Option<&[u8]>) {
        self.keep(key, bytes);
        let mut counted = self.shared.showing_changes.lock();
        let now = self.index.showing_changes();
        self.shared.tools.keep_before.recount(std::mem::replace(&mut *counted, now), now);
    }

    fn keep(&mut self, key: &str, bytes: Option<&[u8]>) {
        let subscription = match bytes.map(Subscription::decode) {
            Some(Ok(subscription)) => Arc::new(subscription),
            Some(Err(error)) => {
                tracing::error!(subscription = key, %error, cause = ?error.cause(), "a kept subscription cannot be read and is passed over");
                return;
            }
            None => {
                self.index.remove(key);
                // Not with the table locked: who holds a target may want to look into the table.
                let removed = self.shared.targets.write().remove(key);
                if let Some(target) = removed {
                    let waiting = target.work().remove();
                    self.shared.timers.forget(&target);
                    self.shared.done(&waiting);
                    target.ready.notify_waiters();
                }
                self.shared.gone.lock().push(key.into());
                return;
            }
        };
        let spec = Spec::new(subscription.clone(), &self.shared.tools.outbound);
        let known = self.shared.targets.read().get(key).cloned();
        let target = match known {
            Some(target) => {
                target.set_spec(spec);
                target
            }
            None => {
                // What is left of one that had this identifier is not its own.
                let is_new = self.shared.gone.lock().iter().any(|gone| **gone == *key);
                let work = if is_new { Work::new(&self.shared.tools.budget) } else { self.work_of(key) };
                let target =
                    Arc::new(Target::new(subscription.id.clone(), spec, work, Share::new(&self.shared.tools.flights)));
                self.shared.targets.write().insert(key.into(), target.clone());
                target
            }
        };
        self.index.insert(subscription.clone());
        let now = self.shared.tools.clock.now();
        let mut work = target.work();
        match subscription.time_interval {
            Some(_) if subscription.state(now) == State::Expired => work.due = None,
            Some(every) => {
                let every = every.max(micros(self.shared.tools.options.min_interval));
                // Periods begin when the subscription was written, not when that is heard of here; the clock may have been set back.
                let latest = now.plus_micros(every);
                let begun = subscription.modified_at.plus_micros(every).min(latest);
                let due = work.due.filter(|due| *due <= latest).unwrap_or(begun);
                work.due = Some(due);
                self.shared.note_stale(&target, &mut work);
            }
            None if !work.holds_back() => work.due = None,
            None => {}
        }
        if let Some(due) = work.due {
            self.shared.timers.set(due, &target);
        }
    }

    /// How deliveries of a subscription stood when they were last saved.
    fn work_of(&self, key: &str) -> Work {
        let mut work = Work::new(&self.shared.tools.budget);
        let store = &self.shared.tools.store;
        let Ok(Some(bytes)) = store.document(Collection::Delivery, key) else { return work };
        let Ok(json) = Json::parse(&bytes, 16) else { return work };
        work.status = DeliveryStatus::from_members(&json);
        let time = |key: &str| match json.get(key) {
            Some(Json::Int(micros)) => Some(Time::from_micros(*micros)),
            _ => None,
        };
        work.due = time("due");
        work.quiet_until = time("quietUntil");
        if let Some(Json::Array(all)) = json.get("held") {
            for image in all.iter().filter_map(|kept| held_image(kept, store.as_ref())) {
                work.hold(image, self.shared.tools.options.max_held);
            }
        }
        work
    }
}

/// A held image as [`Image::kept`] wrote it: that of an entity that is there is read from the state.
fn held_image(kept: &Json, store: &dyn Store) -> Option<Image> {
    if let Some(id) = kept.as_str() {
        // One that is gone since has no image left to show.
        let entity = store.entity(id).ok().flatten()?;
        return Some(Image::new(Arc::new(entity), None, Vec::new()));
    }
    let time = |key| match kept.get(key) {
        Some(Json::Int(micros)) => Some(Time::from_micros(*micros)),
        _ => None,
    };
    let Some(Json::Array(types)) = kept.get("types") else { return None };
    let entity = Entity {
        id: Iri::from_checked(kept.get("id")?.as_str()?),
        types: types.iter().filter_map(|t| Name::intern(t.as_str()?).ok()).collect(),
        scopes: Vec::new(),
        attributes: Vec::new(),
        created_at: time("createdAt")?,
        modified_at: time("modifiedAt")?,
        expires_at: None,
    };
    Some(Image::new(Arc::new(entity), Some(time("deletedAt")?), Vec::new()))
}
