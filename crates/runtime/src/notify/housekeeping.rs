//! What happens by the clock: retries, throttled and periodic notifications when they are due, the cursor and counters
//! saved now and then. Sends nothing itself.

use super::item::{Image, Item, Origin, lanes, portions};
use super::target::{Target, Work, micros};
use super::{CURSOR, Shared, deliver, park};
use belfry_kernel::{Error, Time};
use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::query::EntityQuery;
use belfry_ngsi_ld::subscription::State;
use belfry_ports::{Collection, DocumentChange, Page, Search, Stop};
use std::sync::Arc;
use std::time::Duration;

/// Changed documents in one commit at most.
const BATCH: usize = 1000;

impl Shared {
    /// Has a target looked at when it is next due, after it was looked at.
    fn arm(&self, target: &Arc<Target>, work: &Work, now: Time) {
        let next = [work.next_attempt(), work.due].into_iter().flatten().filter(|at| *at > now).min();
        if let Some(at) = next.filter(|_| !work.is_removed()) {
            self.timers.set(at, target);
        }
    }

    /// Notes that a target's document is out of date.
    pub(super) fn note_stale(&self, target: &Arc<Target>, work: &mut Work) {
        if !std::mem::replace(&mut work.is_stale, true) {
            self.stale.lock().push(target.clone());
        }
    }
}

pub(super) async fn run(shared: Arc<Shared>) {
    let save_every = shared.tools.options.save_every.max(Duration::from_millis(1));
    let mut stopping = shared.stopping.subscribe();
    let mut save_at = tokio::time::Instant::now() + save_every;
    loop {
        let now = shared.tools.clock.now();
        for target in shared.timers.due(now) {
            look_at(&shared, &target, now);
            shared.arm(&target, &target.work(), now);
        }
        if tokio::time::Instant::now() >= save_at {
            save(&shared).await;
            shared.tools.outbound.close_idle();
            save_at = tokio::time::Instant::now() + save_every;
        }
        let next = shared.timers.next().map(|at| at.micros().saturating_sub(now.micros()).max(1000));
        let mut pause = save_at.saturating_duration_since(tokio::time::Instant::now());
        if let Some(next) = next.and_then(|m| u64::try_from(m).ok()) {
            pause = pause.min(Duration::from_micros(next));
        }
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stop| *stop) => return,
            () = shared.timers.changed.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn look_at(shared: &Arc<Shared>, target: &Arc<Target>, now: Time) {
    let spec = target.spec();
    let subscription = &spec.subscription;
    let state = subscription.state(now);
    let active = state == State::Active;
    let mut work = target.work();
    if work.next_attempt().is_some_and(|next| next <= now) || work.has_work() {
        drop(work);
        deliver::wake(shared, target);
        work = target.work();
    }
    if work.due.is_none_or(|due| due > now) {
        return;
    }
    match subscription.time_interval {
        // Until somebody gives it more time.
        Some(_) if state == State::Expired => work.due = None,
        Some(every) => {
            // Periods that passed while nobody was there are not made up for.
            let every = every.max(micros(shared.tools.options.min_interval));
            let due = work.due.unwrap_or(now);
            let missed = now.micros().saturating_sub(due.micros()) / every.max(1);
            let next = due.plus_micros(every.saturating_mul(missed + 1));
            work.due = Some(next);
            shared.note_stale(target, &mut work);
            if active && work.begins_period() {
                tokio::spawn(make_period(shared.clone(), target.clone(), due, now));
            }
        }
        None => {
            work.due = None;
            let images = work.take_held(active);
            shared.note_stale(target, &mut work);
            if images.is_empty() || !active {
                return;
            }
            work.quiet_until = subscription.throttling.map(|least| now.plus_micros(least));
            drop(work);
            enqueue(shared, target, images, Origin::Held, now.micros());
        }
    }
}

/// Makes the notifications of a period, when its turn has come: few at one time, as they take a thread each and memory.
async fn make_period(shared: Arc<Shared>, target: Arc<Target>, due: Time, now: Time) {
    let Ok(_permit) = shared.periods.acquire().await else { return };
    let making = (shared.clone(), target.clone());
    // Walking over many entities takes its time.
    let made = tokio::task::spawn_blocking(move || period(&making.0, &making.1, due, now)).await;
    let mut work = target.work();
    // One that panicked has said so in the log.
    work.end_of_making(made.unwrap_or(false));
    shared.note_stale(&target, &mut work);
}

/// A periodic notification: every entity that is subscribed to and meets the conditions, as many as may wait. Whether some
/// had to be left out.
fn period(shared: &Arc<Shared>, target: &Arc<Target>, due: Time, now: Time) -> bool {
    let spec = target.spec();
    let subscription = &spec.subscription;
    let query = EntityQuery {
        selectors: subscription.entities.clone(),
        attrs: Vec::new(),
        q: subscription.q.clone(),
        geo: subscription.geo.clone(),
        scope: subscription.scope.clone(),
    };
    // Some for what surrounds the images.
    let room = target.work().room() / 16 * 15;
    let page = Page { offset: 0, limit: shared.tools.options.entities_per_period, bytes: room, count: false };
    let search = Search { query: &query, order: None, page, now, looks: usize::MAX, stop: Stop::NEVER };
    let (mut images, mut bytes, mut is_full): (Vec<Image>, usize, bool) = (Vec::new(), 0, false);
    let found = shared.tools.store.find(&search, &mut |lent| {
        if !is_full {
            let image = Image::new(Arc::new(lent.make()?), None, Vec::new());
            bytes += image.bytes;
            is_full = bytes > room && !images.is_empty();
            if !is_full {
                images.push(image);
            }
        }
        Ok(())
    });
    match found {
        Ok(found) => {
            enqueue(shared, target, images, Origin::Period, due.micros());
            is_full || found.is_none_or(|found| found.more)
        }
        Err(error) => {
            tracing::warn!(subscription = %target.id, %error, "a periodic notification could not be made");
            false
        }
    }
}

/// Enqueues images in as many notifications as they need. `salt` makes their identifiers differ from those of others
/// that come of the same place in the log.
fn enqueue(shared: &Arc<Shared>, target: &Arc<Target>, images: Vec<Image>, origin: Origin, salt: i64) {
    let seq = shared.tracker.lock().last();
    let since = shared.tools.clock.now();
    let options = &shared.tools.options;
    let all = portions(images, options.entities_per_notification.max(1), options.bytes_per_notification);
    for (n, images) in all.into_iter().enumerate() {
        let part = (xxhash_rust::xxh3::xxh3_64(&salt.to_le_bytes()) as u32 | 0x8000_0000).wrapping_add(n as u32);
        let lanes = lanes(&images);
        deliver::enqueue(shared, target, Item { seq, part, lanes, since, origin, images, body: None });
    }
}

/// Parks what waits for endpoints that stay away, then saves the cursor and how deliveries stand in one commit.
pub(super) async fn save(shared: &Arc<Shared>) {
    clear(shared).await;
    let failing: Vec<Arc<Target>> = shared.targets.read().values().filter(|t| t.work().is_failing()).cloned().collect();
    for target in failing {
        park::park(shared, &target).await;
    }
    // The cursor first: what is delivered in between is then repeated, not lost.
    let cursor = shared.tracker.lock().next_save();
    let stale = std::mem::take(&mut *shared.stale.lock());
    let mut documents = Vec::new();
    for target in &stale {
        let mut work = target.work();
        work.is_stale = false;
        if shared.targets.read().get(target.id.as_str()).is_some_and(|known| Arc::ptr_eq(known, target)) {
            let bytes = Some(document(&work).into());
            documents.push(DocumentChange { collection: Collection::Delivery, key: target.id.as_str().into(), bytes });
        }
    }
    if let Some(cursor) = cursor {
        let bytes = Some(cursor.to_le_bytes().as_slice().into());
        documents.push(DocumentChange { collection: Collection::Cursor, key: CURSOR.into(), bytes });
    }
    if let Err(error) = commit_all(shared, documents).await {
        tracing::warn!(%error, "the notifier's cursor cannot be saved; notifications may be repeated after a restart");
        // All of it is out of date still.
        for target in &stale {
            shared.note_stale(target, &mut target.work());
        }
        if cursor.is_some() {
            shared.tracker.lock().unsaved();
        }
    }
}

/// Removes what is left of subscriptions that are gone. Before anything is parked: what is then parked under such an
/// identifier belongs to a subscription that came since.
async fn clear(shared: &Arc<Shared>) {
    let gone = shared.gone.lock().clone();
    if gone.is_empty() {
        return;
    }
    let documents = gone.iter().flat_map(|key| park::remains(shared, key)).collect();
    match commit_all(shared, documents).await {
        Ok(()) => {
            shared.gone.lock().drain(..gone.len());
            // One that has such an identifier since may have been saved already.
            for target in gone.iter().filter_map(|key| shared.targets.read().get(key).cloned()) {
                shared.note_stale(&target, &mut target.work());
            }
        }
        Err(error) => tracing::warn!(%error, "what is left of deleted subscriptions cannot be removed yet"),
    }
}

async fn commit_all(shared: &Shared, mut documents: Vec<DocumentChange>) -> Result<(), Error> {
    while !documents.is_empty() {
        let rest = documents.split_off(documents.len().min(BATCH));
        park::commit(shared, documents).await?;
        documents = rest;
    }
    Ok(())
}

/// How deliveries of a subscription stand, as kept.
fn document(work: &Work) -> Vec<u8> {
    let mut members = work.status.members();
    for (key, time) in [("due", work.due), ("quietUntil", work.quiet_until)] {
        if let Some(time) = time {
            members.push((key.into(), Json::Int(time.micros())));
        }
    }
    let held: Vec<Json> = work.held().map(Image::kept).collect();
    if !held.is_empty() {
        members.push(("held".into(), Json::Array(held)));
    }
    let mut out = Vec::new();
    Json::Object(members).write(&mut out);
    out
}
