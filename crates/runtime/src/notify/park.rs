//! Notifications set aside as documents while their endpoint is away: one each, keyed by subscription and place, so that
//! they are read back in order. Decides nothing about when.

use super::deliver::Cause;
use super::item::Item;
use super::render::Spec;
use super::target::{Outcome, Target, micros};
use super::{Shared, deliver};
use belfry_kernel::{Error, Time};
use belfry_ngsi_ld::subscription::State;
use belfry_ports::{ChangeSet, Collection, Document, DocumentChange};
use bytes::Bytes;
use std::sync::Arc;

/// How many are read or written at a time.
const BATCH: usize = 256;
/// Bytes of bodies that are written at a time, unless one is larger by itself: a commit has a limit.
const BATCH_BYTES: usize = 4 << 20;

/// A space cannot be in an identifier.
fn prefix(subscription: &str) -> String {
    format!("{subscription} ")
}

fn key(subscription: &str, item: &Item) -> Box<str> {
    format!("{subscription} {:016x} {:08x}", item.seq, item.part).into_boxed_str()
}

fn of(key: &str) -> &str {
    key.split(' ').next().unwrap_or_default()
}

/// Counts what is parked for each subscription; what belongs to none is to be cleared away.
pub(super) fn count(shared: &Shared) -> Result<(), Error> {
    let store = &shared.tools.store;
    let mut after: Option<Box<str>> = None;
    loop {
        let page = store.documents(Collection::Parked, after.as_deref(), BATCH)?;
        for document in &page {
            match shared.targets.read().get(of(&document.key)) {
                Some(target) => {
                    let mut work = target.work();
                    let first = !work.has_work();
                    work.found_parked(document.bytes.len());
                    if first {
                        let now = shared.tools.clock.now();
                        shared.timers.set(now, target);
                    }
                }
                None => shared.gone.lock().push(of(&document.key).into()),
            }
        }
        match page.last() {
            Some(last) if page.len() == BATCH => after = Some(last.key.clone()),
            _ => return Ok(()),
        }
    }
}

/// Parks what waits for an endpoint that stays away, and clears away what had to make room.
pub(super) async fn park(shared: &Arc<Shared>, target: &Arc<Target>) {
    let (excess, mut items) = target.work().take_for_parking(shared.tools.options.park_after);
    if excess == 0 && items.is_empty() {
        return;
    }
    clear_oldest(shared, target, excess).await;
    let spec = target.spec();
    let ready = spec.ready(&shared.tools.contexts).await;
    let now = shared.tools.clock.now();
    while !items.is_empty() {
        let mut documents = Vec::new();
        let mut bytes = 0;
        for item in items.iter().take(BATCH) {
            let body = item.body.clone().unwrap_or_else(|| spec.body(item, &ready.context, now));
            if !documents.is_empty() && bytes + body.len() > BATCH_BYTES {
                break;
            }
            bytes += body.len();
            documents.push(DocumentChange {
                collection: Collection::Parked,
                key: key(target.id.as_str(), item),
                bytes: Some([&item.since.micros().to_le_bytes(), &*body].concat().into()),
            });
        }
        let sizes: Vec<usize> = documents.iter().map(|d| d.bytes.as_ref().map_or(0, |bytes| bytes.len())).collect();
        if let Err(error) = commit(shared, documents).await {
            tracing::warn!(subscription = %target.id, %error, "what waits for an endpoint cannot be parked and stays in memory");
            break;
        }
        let done: Vec<Item> = items.drain(..sizes.len()).collect();
        let mut work = target.work();
        done.iter().zip(sizes).for_each(|(item, size)| work.parked(item, size));
        drop(work);
        shared.done(&done);
    }
    let mut work = target.work();
    let dropped = work.end_of_parking(items);
    // A worker that was woken meanwhile found nothing to do, and nobody would wake it again.
    if let Some(next) = work.next_attempt() {
        shared.timers.set(next, target);
    }
    drop(work);
    shared.done(&dropped);
}

/// Removes the oldest documents, which are counted as dropped: not only when the endpoint is tried again, or there would
/// be ever more of them until then.
async fn clear_oldest(shared: &Shared, target: &Target, count: usize) {
    let mut left = count;
    let prefix = prefix(target.id.as_str());
    while left > 0 {
        let Ok(page) = shared.tools.store.documents(Collection::Parked, Some(&prefix), left.min(BATCH)) else { return };
        let documents: Vec<DocumentChange> = page
            .into_iter()
            .take_while(|d| d.key.starts_with(&prefix))
            .map(|d| DocumentChange { collection: Collection::Parked, key: d.key, bytes: None })
            .collect();
        let cleared = documents.len();
        if cleared == 0 {
            return;
        }
        if let Err(error) = commit(shared, documents).await {
            tracing::warn!(subscription = %target.id, %error, "notifications that were given up cannot be cleared away yet");
            return;
        }
        let mut work = target.work();
        (0..cleared).for_each(|_| work.unparked(false));
        left -= cleared;
    }
}

/// Tries the parked ones in order until one fails or none is left.
pub(super) async fn deliver(shared: &Arc<Shared>, target: &Arc<Target>) {
    let store = shared.tools.store.clone();
    let prefix = prefix(target.id.as_str());
    let mut last: Box<str> = prefix.as_str().into();
    loop {
        let page = match store.documents(Collection::Parked, Some(&last), BATCH) {
            Ok(page) => page,
            Err(error) => {
                tracing::error!(subscription = %target.id, %error, "parked notifications cannot be read");
                Vec::new()
            }
        };
        let page: Vec<Document> = page.into_iter().take_while(|d| d.key.starts_with(&prefix)).collect();
        let drained = page.len() < BATCH;
        let mut gone = Vec::new();
        let mut stop = false;
        for document in &page {
            // The subscription may have been changed or deleted since the last one.
            if *shared.stopping.borrow() || target.work().is_removed() {
                stop = true;
                break;
            }
            let spec = target.spec();
            let (since, body) = split(&document.bytes);
            if passes_over(shared, target, &spec, since) {
                gone.push(document.key.clone());
                target.work().unparked(false);
                continue;
            }
            let Some(flight) = deliver::take_off(shared, target).await else {
                stop = true;
                break;
            };
            let ready = spec.ready(&shared.tools.contexts).await;
            let cooldown = spec.subscription.notification.endpoint.cooldown;
            let outcome = deliver::send(shared, flight, &spec, &body, &ready, &Cause::Own).await;
            let now = shared.tools.clock.now();
            let failed = matches!(outcome, Outcome::Failed(_));
            {
                let mut work = target.work();
                work.record(outcome, now, &|attempts| shared.pause(attempts, cooldown));
                if !failed {
                    work.unparked(true);
                }
                shared.after_attempt(target, &mut work);
            }
            if failed {
                stop = true;
                break;
            }
            gone.push(document.key.clone());
        }
        if let Some(key) = gone.last() {
            last = key.clone();
        }
        if !gone.is_empty() {
            let documents = gone
                .into_iter()
                .map(|key| DocumentChange { collection: Collection::Parked, key, bytes: None })
                .collect();
            if let Err(error) = commit(shared, documents).await {
                tracing::warn!(subscription = %target.id, %error, "delivered notifications cannot be cleared away and will be repeated");
            }
        }
        if stop || drained {
            target.work().end_of_parked(drained && !stop);
            return;
        }
    }
}

/// Whether a parked notification is not to be delivered any more: too old, too many, or its subscription at rest.
fn passes_over(shared: &Shared, target: &Target, spec: &Spec, since: Time) -> bool {
    let now = shared.tools.clock.now();
    let mut work = target.work();
    if work.passes_over() {
        return true;
    }
    if spec.subscription.state(now) != State::Active {
        return true;
    }
    let old = since.plus_micros(micros(shared.tools.options.give_up_after)) < now;
    work.status.dropped += u64::from(old);
    old
}

/// What goes with a subscription: its counters and what was parked for it.
pub(super) fn remains(shared: &Shared, subscription: &str) -> Vec<DocumentChange> {
    let store = &shared.tools.store;
    let mut changes = vec![DocumentChange { collection: Collection::Delivery, key: subscription.into(), bytes: None }];
    let prefix = prefix(subscription);
    let mut last: Box<str> = prefix.as_str().into();
    while let Ok(page) = store.documents(Collection::Parked, Some(&last), BATCH) {
        let before = changes.len();
        for document in page.into_iter().take_while(|d| d.key.starts_with(&prefix)) {
            last = document.key.clone();
            changes.push(DocumentChange { collection: Collection::Parked, key: document.key, bytes: None });
        }
        if changes.len() - before < BATCH {
            break;
        }
    }
    changes
}

fn split(bytes: &[u8]) -> (Time, Bytes) {
    match bytes.split_first_chunk::<8>() {
        Some((since, body)) => (Time::from_micros(i64::from_le_bytes(*since)), Bytes::copy_from_slice(body)),
        None => (Time::MIN, Bytes::new()),
    }
}

pub(super) async fn commit(shared: &Shared, documents: Vec<DocumentChange>) -> Result<(), Error> {
    let set = ChangeSet { documents, ..ChangeSet::default() };
    shared.tools.store.write(Box::new(move |_, _| Ok(set))).await.map(|_| ())
}
