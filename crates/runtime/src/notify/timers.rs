//! Which subscriptions are to be looked at when: the earliest instant of each. Looks at none itself.

use super::target::Target;
use belfry_kernel::Time;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use tokio::sync::Notify;

/// One entry a target, however often it is set; keyed with the target's address, which the entry keeps from being that of
/// another.
#[derive(Default)]
pub(crate) struct Timers {
    queue: Mutex<BTreeMap<(Time, usize), Weak<Target>>>,
    /// Tells that there is an earlier one than before, or that something else is to be seen to.
    pub(crate) changed: Notify,
}

/// For when a target is in the queue; changed with the queue locked.
pub(crate) struct Armed(AtomicI64);

impl Default for Armed {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MAX))
    }
}

impl Armed {
    fn replace(&self, at: i64) -> Time {
        Time::from_micros(self.0.swap(at, Ordering::Relaxed))
    }
}

impl Timers {
    /// Has a target looked at when the instant has come, unless it is looked at earlier: then it is set anew.
    pub(crate) fn set(&self, at: Time, target: &Arc<Target>) {
        let address = Arc::as_ptr(target) as usize;
        let mut queue = self.queue.lock();
        if at.micros() >= target.armed.0.load(Ordering::Relaxed) {
            return;
        }
        queue.remove(&(target.armed.replace(at.micros()), address));
        queue.insert((at, address), Arc::downgrade(target));
        let is_first = queue.first_key_value().is_some_and(|(key, _)| *key == (at, address));
        drop(queue);
        if is_first {
            self.changed.notify_one();
        }
    }

    /// A target is gone.
    pub(crate) fn forget(&self, target: &Arc<Target>) {
        let mut queue = self.queue.lock();
        queue.remove(&(target.armed.replace(i64::MAX), Arc::as_ptr(target) as usize));
    }

    /// Takes those that are due.
    pub(crate) fn due(&self, now: Time) -> Vec<Arc<Target>> {
        let mut queue = self.queue.lock();
        let mut found = Vec::new();
        while let Some(first) = queue.first_entry().filter(|first| first.key().0 <= now) {
            if let Some(target) = first.remove().upgrade() {
                target.armed.replace(i64::MAX);
                found.push(target);
            }
        }
        found
    }

    /// The earliest.
    pub(crate) fn next(&self) -> Option<Time> {
        self.queue.lock().first_key_value().map(|((at, _), _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::budget::Budget;
    use super::super::flights::{Flights, Share};
    use super::super::render::Spec;
    use super::super::target::Work;
    use super::*;
    use crate::outbound::{AddressPolicy, Outbound};
    use belfry_ngsi_ld::Json;
    use belfry_ngsi_ld::subscription::Subscription;

    fn target() -> Arc<Target> {
        let json = br#"{"id":"urn:s:1","type":"Subscription","entities":[{"type":"https://example.org/A"}],
            "notification":{"endpoint":{"uri":"http://a.example/"}}}"#;
        let subscription = Subscription::read(Json::parse(json, 16).unwrap(), Some(Time::default())).unwrap();
        let spec = Spec::new(Arc::new(subscription), &Outbound::new(AddressPolicy::default()));
        let (budget, flights) = (Arc::new(Budget::new(1, 1)), Arc::new(Flights::new(1)));
        Arc::new(Target::new(spec.subscription.id.clone(), spec, Work::new(&budget), Share::new(&flights)))
    }

    #[test]
    fn each_has_one_entry_the_earliest() {
        let (timers, at) = (Timers::default(), Time::from_micros);
        let (one, two) = (target(), target());
        for micros in (100..1000).rev().chain(100..2000) {
            timers.set(at(micros), &one);
        }
        timers.set(at(500), &two);
        let count = || timers.queue.lock().len();
        assert_eq!((count(), timers.next()), (2, Some(at(100))));
        assert!(timers.due(at(99)).is_empty());
        let due = timers.due(at(400));
        assert!(due.len() == 1 && Arc::ptr_eq(&due[0], &one));
        timers.set(at(900), &one);
        assert_eq!(timers.next(), Some(at(500)));
        timers.forget(&two);
        assert_eq!((count(), timers.next()), (1, Some(at(900))));
        drop((one, due));
        assert!(timers.due(at(900)).is_empty(), "it is gone");
    }
}
