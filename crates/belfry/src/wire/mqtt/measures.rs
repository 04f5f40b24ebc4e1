//! The counters of listener and clients as metrics, and the lines about what was not taken.

use belfry_connect_mqtt::{Counters, Handle};
use belfry_kernel::Time;
use belfry_runtime::metrics::{self, Metric, Page, Source};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

/// One connector with its counters.
pub struct Measured {
    /// `listener`, or the client and its broker.
    name: String,
    counters: Arc<Counters>,
    connected: Connected,
}

enum Connected {
    Listener(Handle),
    Client(watch::Receiver<bool>),
}

impl Measured {
    pub fn listener(handle: Handle) -> Self {
        let counters = handle.counters().clone();
        Self { name: "listener".to_owned(), counters, connected: Connected::Listener(handle) }
    }

    pub fn client(name: String, counters: Arc<Counters>, connected: watch::Receiver<bool>) -> Self {
        Self { name, counters, connected: Connected::Client(connected) }
    }

    fn connected(&self) -> u64 {
        match &self.connected {
            Connected::Listener(handle) => handle.connected() as u64,
            Connected::Client(connected) => u64::from(*connected.borrow()),
        }
    }
}

/// All connectors.
pub struct Measures(pub Vec<Measured>);

/// A number of a connector: what it is, how it is had.
type Number = (&'static Metric, fn(&Counters) -> u64);

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

const NUMBERS: [Number; 11] = [
    (&metrics::MQTT_CONNECTIONS_TOTAL, |c| load(&c.connections)),
    (&metrics::MQTT_TURNED_AWAY, |c| c.turned_away.total()),
    (&metrics::MQTT_RECONNECTS, |c| load(&c.reconnects)),
    (&metrics::MQTT_PROTOCOL_ERRORS, |c| load(&c.protocol_errors)),
    (&metrics::MQTT_RECEIVED, |c| load(&c.received)),
    (&metrics::MQTT_UNMAPPED, |c| c.unmapped.total()),
    (&metrics::MQTT_FAILED, |c| c.failed.total()),
    (&metrics::MQTT_STORED, |c| load(&c.stored)),
    (&metrics::MQTT_DUPLICATES, |c| load(&c.duplicates)),
    (&metrics::MQTT_SENT, |c| load(&c.sent)),
    (&metrics::MQTT_DROPPED, |c| load(&c.dropped)),
];

/// Why messages are not taken: the value of the label, how its number is had.
type Reason = (&'static str, fn(&Counters) -> u64);

const REASONS: [Reason; 3] =
    [("payload", |c| load(&c.unreadable)), ("topic", |c| c.denied.total()), ("ingest", |c| load(&c.refused))];

impl Measures {
    /// Writes the lines that are due.
    pub fn tell(&self, now: Time) {
        for one in &self.0 {
            one.counters.tell(now, &one.name);
        }
    }

    /// The sum for each name: two brokers may be written differently and be one.
    fn sums(&self, number: impl Fn(&Measured) -> u64) -> BTreeMap<&str, u64> {
        let mut sums = BTreeMap::new();
        for one in &self.0 {
            *sums.entry(one.name.as_str()).or_default() += number(one);
        }
        sums
    }
}

impl Source for Measures {
    fn measure(&self, page: &mut Page) {
        if self.0.is_empty() {
            return;
        }
        let mut family = page.family(&metrics::MQTT_CONNECTIONS);
        for (name, sum) in self.sums(Measured::connected) {
            family.row(&[name], sum);
        }
        for (metric, number) in NUMBERS {
            let mut family = page.family(metric);
            for (name, sum) in self.sums(|one| number(&one.counters)) {
                family.row(&[name], sum);
            }
        }
        let mut family = page.family(&metrics::MQTT_REFUSED);
        for (reason, number) in REASONS {
            for (name, sum) in self.sums(|one| number(&one.counters)) {
                family.row(&[name, reason], sum);
            }
        }
    }
}
