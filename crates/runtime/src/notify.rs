//! Notifications (ETSI GS CIM 009 clause 5.8.6): a consumer of the change feed that matches commits against
//! subscriptions and delivers what they ask for, in order per entity, at least once, across restarts. What a
//! subscription means is the work of `belfry_ngsi_ld::subscription`; how MQTT is spoken is handed in through [`Publish`].
//!
//! A cursor document says up to where every notification is delivered or set aside; the store keeps its log from there.
//! An endpoint that does not answer is tried again with growing pauses; meanwhile what waits for it is parked as
//! documents. Identifiers of notifications are made from subscription and commit, so that a receiver can drop repeats.

mod before;
mod budget;
mod consume;
mod deliver;
mod flights;
mod housekeeping;
mod item;
mod park;
mod registry;
mod render;
mod target;
mod timers;
mod tracker;
mod weight;

pub use before::KeepBefore;
pub use registry::{Notifiers, Parts};

use crate::context::Contexts;
use crate::outbound::Outbound;
use crate::telemetry::Tracer;
use belfry_kernel::{Clock, Error, Rng};
use belfry_ngsi_ld::subscription::DeliveryStatus;
use belfry_ports::{BoxFuture, Collection, Store};
use budget::Budget;
use bytes::Bytes;
use flights::Flights;
use hashbrown::HashMap;
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use std::time::Duration;
use target::Target;
use timers::Timers;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// The key of the cursor document.
pub const CURSOR: &str = "notifier";
/// Periods of one tenant whose notifications are made at one time.
const PERIODS_AT_ONCE: usize = 2;

/// How notifications are delivered.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long an endpoint may take to answer when its subscription does not say.
    pub timeout: Duration,
    /// Notifications under way at one time, all endpoints of all tenants together. A subscription may have as many as are
    /// left for others; those whose endpoints are slow have at most a quarter, and those not called yet another.
    pub max_in_flight: usize,
    /// Connections used for one subscription at most: a few, and this many once a backlog has built up.
    pub connections_per_subscription: usize,
    /// Notifications waiting for one subscription; then the oldest are dropped and counted.
    pub max_pending: usize,
    /// Bytes that notifications may take while they wait for one subscription; then the oldest are dropped and counted.
    pub max_bytes_each: usize,
    /// Bytes that they may take for all subscriptions of all tenants; one may have as much of it as is left for others.
    pub max_bytes: usize,
    /// Pause before the first retry; each further one is twice as long.
    pub retry_min: Duration,
    /// Longest pause between retries.
    pub retry_max: Duration,
    /// Failed attempts after which what waits is parked.
    pub park_after: u32,
    /// Age at which a notification is given up.
    pub give_up_after: Duration,
    /// Entities in one notification at most.
    pub entities_per_notification: usize,
    /// Bytes of entities, as they take them in memory, in one notification at most, unless one entity is larger.
    pub bytes_per_notification: usize,
    /// The shortest period that is granted; a subscription that asks for a shorter one is refused.
    pub min_interval: Duration,
    /// Entities in all notifications of one period together at most; beyond, they are left out and that is counted.
    pub entities_per_period: usize,
    /// Changed entities that a throttled subscription holds back at most; then the oldest are dropped and counted.
    pub max_held: usize,
    /// How often cursor, counters and parked notifications are saved.
    pub save_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            max_in_flight: 256,
            connections_per_subscription: 32,
            max_pending: 10_000,
            max_bytes_each: 64 << 20,
            max_bytes: 512 << 20,
            retry_min: Duration::from_millis(500),
            retry_max: Duration::from_secs(60),
            park_after: 2,
            give_up_after: Duration::from_secs(86_400),
            entities_per_notification: 500,
            bytes_per_notification: 1 << 20,
            min_interval: Duration::from_secs(1),
            entities_per_period: 10_000,
            max_held: 10_000,
            save_every: Duration::from_secs(1),
        }
    }
}

/// A message for an MQTT endpoint (clause 7.2).
#[derive(Clone, Debug)]
pub struct Message {
    /// Whose it is: what one tenant sends is not to hold up that of another.
    pub tenant: Arc<str>,
    /// The endpoint's URL with login, host, port and topic.
    pub url: Box<str>,
    /// Whether MQTT 5.0 is spoken, else 3.1.1.
    pub v5: bool,
    /// Quality of service, 0 to 2.
    pub qos: u8,
    /// The JSON object with `metadata` and `body`.
    pub payload: Bytes,
    /// The place in a trace to hand on, when the attempt is traced (W3C Trace Context).
    pub traceparent: Option<String>,
}

/// Publishes messages to any broker; resolves when the broker has it (as far as its quality of service says so).
pub trait Publish: Send + Sync + 'static {
    /// Publishes.
    ///
    /// # Errors
    /// A sentence saying why, which may be shown to the subscriber.
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<(), String>>;
}

/// What a notifier works with.
#[derive(Clone)]
pub(crate) struct Tools {
    pub(crate) tenant: Arc<str>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) contexts: Arc<Contexts>,
    pub(crate) outbound: Arc<Outbound>,
    pub(crate) publish: Option<Arc<dyn Publish>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) keep_before: Arc<KeepBefore>,
    pub(crate) options: Options,
    /// Of all tenants together.
    pub(crate) budget: Arc<Budget>,
    /// Of all tenants together.
    pub(crate) flights: Arc<Flights>,
    pub(crate) tracer: Option<Arc<Tracer>>,
}

/// What the tasks of one notifier share.
pub(crate) struct Shared {
    pub(crate) tools: Tools,
    pub(crate) targets: RwLock<HashMap<Box<str>, Arc<Target>>>,
    pub(crate) tracker: Mutex<tracker::Tracker>,
    pub(crate) timers: Timers,
    /// Targets whose delivery document is out of date.
    pub(crate) stale: Mutex<Vec<Arc<Target>>>,
    /// Subscriptions that are gone, whose documents are to go too.
    pub(crate) gone: Mutex<Vec<Box<str>>>,
    /// How many subscriptions show changes, as counted in [`KeepBefore`].
    pub(crate) showing_changes: Mutex<usize>,
    /// Counts what is under way, to wait for that at the end: there is always one left.
    pub(crate) under_way: Semaphore,
    /// Periods whose notifications are being made.
    pub(crate) periods: Semaphore,
    pub(crate) stopping: watch::Sender<bool>,
}

/// Delivers the notifications of one tenant.
pub struct Notifier {
    shared: Arc<Shared>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Notifier {
    /// Starts, within a tokio runtime, from where the last one left off. Where no cursor was saved yet it starts from the
    /// beginning: what came before a subscription is not notified, and a process that was killed before its first save
    /// has lost nothing.
    ///
    /// # Errors
    /// `Internal` when a document is damaged.
    pub(crate) fn start(tools: Tools) -> Result<Self, Error> {
        let after = match tools.store.document(Collection::Cursor, CURSOR)? {
            Some(bytes) => {
                let bytes =
                    bytes.as_ref().try_into().map_err(|_| Error::internal("the notifier's cursor is damaged"))?;
                u64::from_le_bytes(bytes)
            }
            None => 0,
        };
        let shared = Arc::new(Shared {
            targets: RwLock::default(),
            tracker: Mutex::new(tracker::Tracker::at(after)),
            timers: Timers::default(),
            stale: Mutex::default(),
            gone: Mutex::default(),
            showing_changes: Mutex::default(),
            under_way: Semaphore::new(tools.options.max_in_flight.max(1)),
            periods: Semaphore::new(PERIODS_AT_ONCE),
            stopping: watch::Sender::new(false),
            tools,
        });
        let consumer = consume::Consumer::load(shared.clone())?;
        let tasks = vec![tokio::spawn(consumer.run(after)), tokio::spawn(housekeeping::run(shared.clone()))];
        Ok(Self { shared, tasks: Mutex::new(tasks) })
    }

    /// How the notifications of a subscription fare; none when it is not known here (yet).
    pub fn status(&self, subscription: &str) -> Option<DeliveryStatus> {
        let target = self.shared.targets.read().get(subscription).cloned()?;
        Some(target.work().status.clone())
    }

    /// How many notifications wait or are under way.
    pub fn pending(&self) -> usize {
        let targets: Vec<Arc<Target>> = self.shared.targets.read().values().cloned().collect();
        targets.iter().map(|t| t.work().pending()).sum()
    }

    /// Stops: what is under way is finished, the cursor is saved; what waits is delivered after the next start.
    pub async fn stop(&self) {
        self.shared.stopping.send_replace(true);
        self.shared.timers.changed.notify_one();
        let tasks = std::mem::take(&mut *self.tasks.lock());
        for task in tasks {
            // A task that panicked has said so in the log.
            let _ = task.await;
        }
        let whole = u32::try_from(self.shared.tools.options.max_in_flight.max(1)).unwrap_or(u32::MAX);
        let finished =
            tokio::time::timeout(self.shared.tools.options.timeout, self.shared.under_way.acquire_many(whole));
        let _ = finished.await;
        for target in self.shared.targets.read().values() {
            target.ready.notify_waiters();
        }
        housekeeping::save(&self.shared).await;
        let counted = std::mem::take(&mut *self.shared.showing_changes.lock());
        self.shared.tools.keep_before.recount(counted, 0);
    }
}
