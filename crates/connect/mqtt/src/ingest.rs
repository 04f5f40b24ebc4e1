//! From publishes to commits: mapping, batches under way in order, and the acknowledgements that each batch releases. One
//! pipeline a connection, for the listener and the client alike; no socket.

use crate::codec::{AckKind, Publish, QoS, reason};
use crate::sink::{Dedup, Message, Outcome, Sink, Source, Window, dedup_key};
use belfry_connect_payload::{Effect, Mapped, Mapper};
use belfry_kernel::{Clock, Error, Tally, Time};
use bytes::Bytes;
use compact_str::CompactString;
use futures_util::future::BoxFuture;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Poll;

/// The limits of one connection's pipeline.
#[derive(Clone, Copy, Debug)]
pub struct PipelineLimits {
    /// Messages in a batch. Default 256.
    pub batch_messages: usize,
    /// Batches under way at once; beyond, the socket is not read. Default 4.
    pub batches: usize,
    /// Payload bytes in batches under way; beyond, the socket is not read. Default 4 MiB.
    pub bytes: usize,
    /// Payload bytes under way over all connections; beyond, a connection has one batch under way. Default 256 MiB.
    pub total_bytes: usize,
    /// Keys of messages that are remembered for each client to know repetitions. Default 4096.
    pub window: usize,
}

impl Default for PipelineLimits {
    fn default() -> Self {
        Self { batch_messages: 256, batches: 4, bytes: 4 << 20, total_bytes: 256 << 20, window: 4096 }
    }
}

/// What a connector counts, since its start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Connections accepted.
    pub connections: AtomicU64,
    /// Connections turned away: limits and credentials.
    pub turned_away: Tally,
    /// Connections to a broker that were lost or not made, and are tried again.
    pub reconnects: AtomicU64,
    /// Connections closed for a malformed packet or a broken rule of the protocol.
    pub protocol_errors: AtomicU64,
    /// Publishes that came in.
    pub received: AtomicU64,
    /// Publishes that no rule is for.
    pub unmapped: Tally,
    /// Publishes of which a rule could not use the payload.
    pub failed: Tally,
    /// Those of them of which nothing was taken.
    pub unreadable: AtomicU64,
    /// Messages made durable.
    pub stored: AtomicU64,
    /// Messages that were durable before.
    pub duplicates: AtomicU64,
    /// Messages that the platform refused.
    pub refused: AtomicU64,
    /// Publishes to topics that the client may not use.
    pub denied: Tally,
    /// Messages sent to subscribers.
    pub sent: AtomicU64,
    /// Messages for subscribers dropped since their queue was full.
    pub dropped: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }

    /// Writes the lines about what was not taken that are due; `connector` says whose counters these are. To be called
    /// once in a while, so that what came after the last line is told even if nothing comes any more.
    pub fn tell(&self, now: Time, connector: &str) {
        if let Some(count) = self.turned_away.due(now) {
            tracing::warn!(connector, count, "connections turned away: too many, or wrong credentials");
        }
        if let Some(count) = self.unmapped.due(now) {
            tracing::info!(connector, count, "messages that no rule of the mapping is for");
        }
        if let Some(count) = self.failed.due(now) {
            tracing::warn!(connector, count, "payloads not taken");
        }
        if let Some(count) = self.denied.due(now) {
            tracing::warn!(connector, count, "messages to topics that their client may not use");
        }
    }
}

/// What every pipeline of a connector shares.
pub(crate) struct Ingest {
    pub sink: Arc<dyn Sink>,
    pub mapper: Arc<Mapper>,
    pub clock: Arc<dyn Clock>,
    pub counters: Arc<Counters>,
    pub limits: PipelineLimits,
    /// Payload bytes under way over all connections.
    pub under_way: AtomicUsize,
}

impl fmt::Debug for Ingest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingest").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// A publish that goes on to subscribers once it is committed.
#[derive(Clone, Debug)]
pub(crate) struct Forward {
    pub topic: CompactString,
    pub payload: Bytes,
    /// Property bytes of 5.0 that are passed on as they are.
    pub properties: Bytes,
    pub qos: QoS,
    pub retain: bool,
}

/// A publish whose batch is done.
#[derive(Debug)]
pub(crate) struct Done {
    /// What acknowledges it: PUBACK or PUBREC with its packet identifier.
    pub ack: Option<(AckKind, u16)>,
    /// The reason of the acknowledgement.
    pub reason: u8,
    /// What goes on to subscribers.
    pub forward: Option<Forward>,
    carries: bool,
    key: Option<u64>,
}

#[derive(Default)]
struct Batch {
    messages: Vec<Message>,
    slots: Vec<Done>,
    bytes: usize,
}

struct Flight {
    /// None: nothing in it needs a commit.
    commit: Option<BoxFuture<'static, Result<Vec<Outcome>, Error>>>,
    slots: Vec<Done>,
    bytes: usize,
}

/// The pipeline of one connection.
pub(crate) struct Pipeline {
    shared: Arc<Ingest>,
    source: Arc<Source>,
    /// The keys of what was committed for this client; outlives the connection.
    pub window: Window,
    mapped: Mapped,
    batch: Batch,
    flights: VecDeque<Flight>,
    bytes: usize,
}

impl Pipeline {
    pub fn new(shared: Arc<Ingest>, source: Arc<Source>, window: Window) -> Self {
        Self {
            shared,
            source,
            window,
            mapped: Mapped::default(),
            batch: Batch::default(),
            flights: VecDeque::new(),
            bytes: 0,
        }
    }

    /// The instant of arrival for what is read now.
    pub fn now(&self) -> Time {
        self.shared.clock.now()
    }

    /// Maps a publish and puts it into the batch. `suspect`: it may be a repetition. Returns what the formats ask for besides.
    pub fn offer(&mut self, p: &Publish<'_>, now: Time, suspect: bool, forward: Option<Forward>) -> &[Effect] {
        let counters = &self.shared.counters;
        Counters::add(&counters.received, 1);
        self.mapped.clear();
        let tenant = self.source.tenant.as_deref().unwrap_or_default();
        self.shared.mapper.map_of(tenant, p.topic, p.payload, now, &mut self.mapped);
        let mapped = &mut self.mapped;
        let mut reason = reason::SUCCESS;
        if !mapped.matched
            && let Some(count) = counters.unmapped.note(now)
        {
            let client = &*self.source.client;
            tracing::info!(count, client, topic = p.topic, "messages that no rule of the mapping is for");
        }
        if let Some(first) = mapped.failures.first() {
            if let Some(count) = counters.failed.note(now) {
                let (rule, why) = (self.shared.mapper.mapping().rule_name(first.rule), first.why.to_string());
                tracing::warn!(count, client = &*self.source.client, topic = p.topic, rule, why, "payloads not taken");
            }
            for f in &mapped.failures {
                let rule = self.shared.mapper.mapping().rule_name(f.rule);
                tracing::debug!(client = &*self.source.client, topic = p.topic, rule, why = %f.why, "payload not taken");
            }
            if mapped.readings.is_empty() && mapped.lessons.is_empty() {
                reason = reason::PAYLOAD_FORMAT;
                Counters::add(&counters.unreadable, 1);
            }
        }
        let ack = ack_of(p);
        let (mut key, mut carries) = (None, false);
        if !mapped.readings.is_empty() || !mapped.lessons.is_empty() {
            let dedup = ack.map(|(_, id)| Dedup { key: dedup_key(id, p.topic, p.payload), suspect });
            if dedup.is_some_and(|d| self.window.repeats(d)) {
                Counters::add(&counters.duplicates, 1);
                mapped.readings.clear();
            } else {
                (key, carries) = (dedup.map(|d| d.key), true);
                let readings = std::mem::take(&mut mapped.readings);
                let lessons = std::mem::take(&mut mapped.lessons);
                self.batch.messages.push(Message { readings, lessons, source: self.source.clone(), dedup });
            }
        }
        self.batch.bytes += p.payload.len();
        self.batch.slots.push(Done { ack, reason, forward, carries, key });
        if self.batch.slots.len() >= self.shared.limits.batch_messages {
            self.dispatch();
        }
        &self.mapped.effects
    }

    /// Whether a message that may be a repetition was handled already.
    pub fn knows(&self, p: &Publish<'_>, suspect: bool) -> bool {
        self.window.repeats(Dedup { key: dedup_key(p.id, p.topic, p.payload), suspect })
    }

    /// Acknowledges a publish in its turn that is for nobody.
    pub fn pass(&mut self, p: &Publish<'_>) {
        let slot = Done { ack: ack_of(p), reason: reason::SUCCESS, forward: None, carries: false, key: None };
        self.batch.slots.push(slot);
    }

    /// Acknowledges a publish in its turn without taking it, since it is a copy of one that is taken.
    pub fn skip(&mut self, p: &Publish<'_>) {
        Counters::add(&self.shared.counters.duplicates, 1);
        // Repeated by itself after a broken connection, it still is a copy.
        self.window.insert(dedup_key(p.id, p.topic, p.payload));
        let slot = Done { ack: ack_of(p), reason: reason::SUCCESS, forward: None, carries: false, key: None };
        self.batch.slots.push(slot);
        if self.batch.slots.len() >= self.shared.limits.batch_messages {
            self.dispatch();
        }
    }

    /// Sends the batch on its way.
    pub fn dispatch(&mut self) {
        if self.batch.slots.is_empty() {
            return;
        }
        let Batch { messages, slots, bytes } = std::mem::take(&mut self.batch);
        let commit = (!messages.is_empty()).then(|| self.shared.sink.submit(messages));
        self.bytes += bytes;
        self.shared.under_way.fetch_add(bytes, Ordering::Relaxed);
        self.flights.push_back(Flight { commit, slots, bytes });
    }

    /// Whether another publish may be read.
    pub fn can_accept(&self) -> bool {
        let limits = &self.shared.limits;
        // One batch is always let through, so that no connection waits for others for ever.
        let alone = self.flights.is_empty() || self.shared.under_way.load(Ordering::Relaxed) < limits.total_bytes;
        alone && self.flights.len() < limits.batches && self.bytes + self.batch.bytes < limits.bytes
    }

    /// Whether a batch is under way.
    pub fn is_waiting(&self) -> bool {
        !self.flights.is_empty()
    }

    /// Waits for the oldest batch; what is in it may then be acknowledged in this order. May be dropped and called again.
    pub async fn next(&mut self) -> Result<Vec<Done>, Error> {
        let Some(front) = self.flights.front_mut() else { return std::future::pending().await };
        let outcomes = match &mut front.commit {
            None => Ok(Vec::new()),
            Some(commit) => {
                poll_fn(|cx| match commit.as_mut().poll(cx) {
                    Poll::Ready(outcomes) => Poll::Ready(outcomes),
                    Poll::Pending => Poll::Pending,
                })
                .await
            }
        };
        let Some(flight) = self.flights.pop_front() else { return Ok(Vec::new()) };
        self.bytes -= flight.bytes;
        self.shared.under_way.fetch_sub(flight.bytes, Ordering::Relaxed);
        let mut slots = flight.slots;
        let mut outcomes = outcomes?.into_iter();
        let counters = &self.shared.counters;
        let (mut stored, mut duplicates) = (0, 0);
        for slot in slots.iter_mut().filter(|s| s.carries) {
            match outcomes.next() {
                Some(Outcome::Stored) => stored += 1,
                Some(Outcome::Duplicate) => duplicates += 1,
                Some(Outcome::Refused(why)) => {
                    Counters::add(&counters.refused, 1);
                    tracing::debug!(client = &*self.source.client, why = &*why, "message refused");
                    slot.reason = reason::NOT_AUTHORIZED;
                    slot.forward = None;
                    continue;
                }
                None => return Err(Error::internal("the sink gave fewer outcomes than messages")),
            }
            if let Some(key) = slot.key {
                self.window.insert(key);
            }
        }
        Counters::add(&counters.stored, stored);
        Counters::add(&counters.duplicates, duplicates);
        Ok(slots)
    }

    /// Ends it and gives back what is known of repetitions.
    pub fn into_window(mut self) -> Window {
        std::mem::replace(&mut self.window, Window::new(0))
    }

    /// Waits for all batches under way, so that their keys are in the window before the client comes back.
    pub async fn drain(&mut self) {
        self.dispatch();
        while self.is_waiting() {
            if let Err(e) = self.next().await {
                tracing::warn!(client = &*self.source.client, error = ?e, "a batch was not committed; its sender sends it again");
            }
        }
    }
}

fn ack_of(p: &Publish<'_>) -> Option<(AckKind, u16)> {
    match p.qos {
        QoS::AtMostOnce => None,
        QoS::AtLeastOnce => Some((AckKind::PubAck, p.id)),
        QoS::ExactlyOnce => Some((AckKind::PubRec, p.id)),
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.shared.under_way.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
