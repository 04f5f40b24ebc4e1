//! The client of an external broker: a persistent session, QoS 1, acknowledged after the commit, for ever reconnecting.
//!
//! What is guaranteed, with a broker that keeps its sessions (Mosquitto: `persistence true`, `max_queued_messages 0`): what
//! the broker took at QoS 1 or 2 for a topic of the mapping is committed at least once, over broken connections and
//! restarts of either side. It is committed once as long as the broker repeats a message under its packet identifier, which
//! the standard demands: a repetition (DUP flag, or among the first 4096 messages after a session is taken up again) whose
//! packet identifier, topic and payload are those of a committed message is acknowledged and not committed again. Within one
//! process the last 4096 keys do that; over restarts of Belfry the sink's window does. A broker that was killed and comes
//! back from an older copy of its sessions may repeat under new identifiers; then equal values at an equal `observedAt` are
//! all that tells them apart, so a mapping should name `observed_at` wherever the device sends one.
//!
//! Where filters overlap, a broker of 5.0 may send a message once for each; those copies are told apart by subscription
//! identifiers and taken once. Brokers of 3.1.1 have no such identifiers: whether they send copies is found out by a message of
//! our own, and copies that follow each other closely are then taken once.
//!
//! With 3.1.1 the broker sends every retained message again when this process subscribes for the first time, and no
//! identifier tells that it is old; 5.0, the default, asks for them only when a subscription is new.
//!
//! It stands on the codec of this crate, as the listener does, and not on a client library: an acknowledgement belongs to
//! the connection that the message came on, and so lives and ends with that connection here. In a library with an event
//! loop and a detached handle it can go out on a later connection, where its identifier may be that of another message.

mod copies;
mod doubles;
mod filters;

use crate::codec::{
    Ack, AckKind, Connect, Packet, Properties, Property, Publish, QoS, SubAck, Subscribe, Subscription, Unsubscribe,
    Value, Version, decode, reason,
};
use crate::dial::{Dial, Stream};
use crate::greeting::{Greeting, greet};
use crate::ingest::{Counters, Ingest, Pipeline, PipelineLimits};
use crate::publisher::Endpoint;
use crate::sink::{Sink, Source, Window};
use belfry_connect_payload::{Effect, Filter, Mapper, TopicTrie};
use belfry_kernel::{Clock, Rng};
use bytes::{Buf, BytesMut};
use compact_str::CompactString;
use copies::Copies;
use doubles::{Doubles, Habit, Probe};
use filters::{Wanted, cross, plan};
use hashbrown::HashSet;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// The settings of a client.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The broker.
    pub broker: Endpoint,
    /// The client identifier; it names the session at the broker and must stay the same over restarts.
    pub client_id: String,
    /// The protocol. Default 5.0, which can take a session up without getting every retained message again.
    pub version: Version,
    /// The tenant that messages are written to.
    pub tenant: Option<String>,
    /// Filters besides those of the mapping.
    pub filters: Vec<Filter>,
    /// Default 30 s.
    pub keep_alive: Duration,
    /// How long the broker keeps the session; 5.0. Default 7 days.
    pub session_expiry: Duration,
    /// How long the broker may take to connect and to answer. Default 10 s.
    pub timeout: Duration,
    /// The first pause before connecting again; doubled each time. Default 200 ms.
    pub backoff: Duration,
    /// The longest pause. Default 30 s.
    pub max_backoff: Duration,
    /// The largest packet, bytes. Default 1 MiB.
    pub max_packet_bytes: usize,
    /// The topics that discovery may add. Default 10,000.
    pub max_learned_filters: usize,
    /// The pipeline.
    pub pipeline: PipelineLimits,
}

impl ClientConfig {
    /// The defaults for a broker.
    pub fn new(broker: Endpoint, client_id: impl Into<String>) -> Self {
        Self {
            broker,
            client_id: client_id.into(),
            version: Version::V5,
            tenant: None,
            filters: Vec::new(),
            keep_alive: Duration::from_secs(30),
            session_expiry: Duration::from_secs(7 * 86_400),
            timeout: Duration::from_secs(10),
            backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(30),
            max_packet_bytes: 1 << 20,
            max_learned_filters: 10_000,
            pipeline: PipelineLimits::default(),
        }
    }
}

/// A running client.
pub struct Client {
    counters: Arc<Counters>,
    connected: watch::Receiver<bool>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Client {
    /// Starts to connect, and goes on for ever.
    pub fn start(
        config: ClientConfig,
        sink: Arc<dyn Sink>,
        mapper: Arc<Mapper>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        dial: Arc<dyn Dial>,
    ) -> Self {
        let counters = Arc::new(Counters::default());
        let ingest = Arc::new(Ingest {
            sink,
            mapper,
            clock,
            counters: counters.clone(),
            limits: config.pipeline,
            under_way: AtomicUsize::new(0),
        });
        let (stop, stopped) = watch::channel(false);
        let (up, connected) = watch::channel(false);
        let source = Arc::new(Source {
            client: config.client_id.as_str().into(),
            principal: format!("{}:{}", config.broker.host, config.broker.port).into(),
            tenant: config.tenant.as_deref().map(Into::into),
        });
        let mut work = Work {
            window: Window::new(config.pipeline.window),
            copies: Copies::new(config.pipeline.window),
            doubles: Doubles::new(config.pipeline.window),
            granted: TopicTrie::default(),
            crossing: false,
            filters: all_filters(&ingest.mapper, &config.filters),
            config,
            ingest,
            source,
            rng,
            dial,
            learned: HashSet::new(),
            subscribed: false,
            up,
        };
        let task = tokio::spawn(async move { work.run(stopped).await });
        Self { counters, connected, stop, task }
    }

    /// What it counts.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Whether it is connected and subscribed, to look at or wait for.
    pub fn connected(&self) -> watch::Receiver<bool> {
        self.connected.clone()
    }

    /// Finishes the batches under way, acknowledges them and leaves; the session stays at the broker.
    pub async fn shutdown(self) {
        // A task that has ended needs not be told.
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

/// Room asked for before each read, bytes.
const READ_BYTES: usize = 32 << 10;
/// Filters in one SUBSCRIBE.
const FILTERS_A_PACKET: usize = 64;

struct Work {
    config: ClientConfig,
    ingest: Arc<Ingest>,
    source: Arc<Source>,
    rng: Arc<dyn Rng>,
    dial: Arc<dyn Dial>,
    window: Window,
    copies: Copies,
    doubles: Doubles,
    /// What the broker granted in the present session.
    granted: TopicTrie<()>,
    /// Whether some of it cross.
    crossing: bool,
    /// The filters of the mapping and of the configuration.
    filters: TopicTrie<()>,
    /// Topics that discovery named.
    learned: HashSet<CompactString>,
    /// Whether this process has subscribed before.
    subscribed: bool,
    up: watch::Sender<bool>,
}

fn broken(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

/// What one connection keeps.
struct Link {
    stream: Box<dyn Stream>,
    buffer: BytesMut,
    out: Vec<u8>,
    next_id: u16,
    /// Whether the broker tells for which subscription it sends a copy.
    identifiers: bool,
    /// SUBSCRIBEs that wait for their answer, with what they ask for.
    asked: VecDeque<(u16, Vec<Wanted>)>,
    /// What the broker refused, to be asked for again, when, and after which pause.
    refused: Vec<Wanted>,
    again: Option<Instant>,
    pause: Duration,
    /// Discovered topics to subscribe to.
    discovered: Vec<String>,
    /// While the broker's habit is being found out.
    probe: Option<Probe>,
}

impl Work {
    async fn run(&mut self, mut stopped: watch::Receiver<bool>) {
        let mut pause = self.config.backoff;
        loop {
            let began = Instant::now();
            match self.connection(&mut stopped).await {
                Ok(()) => return,
                Err(e) => {
                    Counters::add(&self.ingest.counters.reconnects, 1);
                    tracing::warn!(broker = &*self.source.principal, error = %e, "not connected to the broker; trying again");
                }
            }
            self.up.send_replace(false);
            if began.elapsed() > self.config.max_backoff {
                pause = self.config.backoff;
            }
            // Up to half of it more, so that many clients do not come back at once.
            let mut random = [0; 1];
            self.rng.fill(&mut random);
            let jittered = pause + pause.mul_f32(f32::from(random[0]) / 512.0);
            tokio::select! {
                () = tokio::time::sleep(jittered) => {}
                _ = stopped.changed() => return,
            }
            pause = (pause * 2).min(self.config.max_backoff);
        }
    }

    /// One connection, to its end. `Ok` when told to stop.
    async fn connection(&mut self, stopped: &mut watch::Receiver<bool>) -> io::Result<()> {
        let opened = tokio::select! {
            opened = timeout(self.config.timeout, self.open()) => opened.map_err(|_| broken("the broker did not answer in time"))?,
            _ = stopped.changed() => return Ok(()),
        };
        let (mut link, present) = opened?;
        Counters::add(&self.ingest.counters.connections, 1);
        let window = std::mem::replace(&mut self.window, Window::new(0));
        let mut pipeline = Pipeline::new(self.ingest.clone(), self.source.clone(), window);
        self.subscribe(&mut link, present);
        let ended = self.serve(&mut link, &mut pipeline, present, stopped).await;
        // What is under way is committed before the broker is asked again, so that repetitions are known.
        pipeline.drain().await;
        self.window = pipeline.into_window();
        ended
    }

    async fn open(&self) -> io::Result<(Link, bool)> {
        let c = &self.config;
        let mut stream = self.dial.dial(&c.broker.host, c.broker.port, c.broker.tls).await?;
        let limits = &c.pipeline;
        let connect = Connect {
            version: c.version,
            clean: false,
            keep_alive: u16::try_from(c.keep_alive.as_secs()).unwrap_or(u16::MAX).max(1),
            session_expiry: u32::try_from(c.session_expiry.as_secs()).unwrap_or(u32::MAX),
            receive_maximum: u16::try_from(limits.batch_messages * limits.batches).unwrap_or(u16::MAX).max(1),
            max_packet_bytes: u32::try_from(c.max_packet_bytes).ok(),
            auth_method: false,
            client_id: &c.client_id,
            will: None,
            username: c.broker.username.as_deref(),
            password: c.broker.password.as_deref().map(str::as_bytes),
        };
        let Greeting { buffer, present, identifiers } = greet(&mut *stream, connect, c.max_packet_bytes).await?;
        let link = Link {
            stream,
            buffer,
            out: Vec::new(),
            next_id: 1,
            identifiers,
            asked: VecDeque::new(),
            refused: Vec::new(),
            again: None,
            pause: c.backoff,
            discovered: Vec::new(),
            probe: None,
        };
        Ok((link, present))
    }

    /// Subscribes to everything, unless the session is the one that this process subscribed in.
    fn subscribe(&mut self, link: &mut Link, present: bool) {
        self.doubles.reconnected();
        if present && self.subscribed {
            self.find_habit(link);
            return;
        }
        self.granted = TopicTrie::default();
        let mapper = self.ingest.mapper.clone();
        let (mut wanted, needless) = plan(mapper.mapping(), &self.config.filters, link.identifiers);
        // What discovery taught before a restart is listened to from the start.
        for topic in mapper.discovered_topics(self.config.tenant.as_deref().unwrap_or_default()) {
            if self.learned.len() < self.config.max_learned_filters {
                self.learned.insert(topic);
            }
        }
        self.crossing = cross(&wanted);
        wanted.extend(self.learned.iter().filter(|t| count(&self.filters, t) == 0).map(|t| Wanted::topic(t)));
        if present {
            // The session may have them from an earlier configuration, and would bring every message once more.
            link.unsubscribe(&needless, self.config.version);
        }
        link.subscribe(wanted, self.config.version);
    }

    async fn serve(
        &mut self,
        link: &mut Link,
        pipeline: &mut Pipeline,
        present: bool,
        stopped: &mut watch::Receiver<bool>,
    ) -> io::Result<()> {
        let keep_alive = self.config.keep_alive.max(Duration::from_secs(1));
        // Brokers that come back from disk have been seen to repeat far more than was in flight: all that is remembered.
        let mut suspects = if present { self.config.pipeline.window } else { 0 };
        let (mut heard, mut said) = (Instant::now(), Instant::now());
        let mut stopping = false;
        if link.asked.is_empty() {
            self.up.send_replace(true);
        }
        loop {
            let full = self.take_packets(link, pipeline, &mut suspects)?;
            self.subscribe_discovered(link);
            if !link.out.is_empty() {
                let written = timeout(self.config.timeout, link.stream.write_all(&link.out)).await;
                written.map_err(|_| broken("the broker does not read"))??;
                link.out.clear();
                said = Instant::now();
            }
            if stopping && !pipeline.is_waiting() {
                Packet::Disconnect(reason::SUCCESS).encode(self.config.version, &mut link.out);
                // The session stays whether the broker hears this or not.
                let _ = timeout(Duration::from_secs(1), link.stream.write_all(&link.out)).await;
                return Ok(());
            }
            let reads = pipeline.can_accept() && !full && !stopping;
            if full {
                heard = Instant::now();
            }
            link.buffer.reserve(READ_BYTES);
            tokio::select! {
                biased;
                done = pipeline.next(), if pipeline.is_waiting() => {
                    let done = done.map_err(|e| broken(format!("a batch was not committed: {e:?}")))?;
                    for (kind, id) in done.into_iter().filter_map(|d| d.ack) {
                        // Only QoS 1 is subscribed to. A negative acknowledgement would not make the message better: it is
                        // counted, and the broker may forget it.
                        Packet::Ack(Ack { kind, id, reason: reason::SUCCESS }).encode(self.config.version, &mut link.out);
                    }
                }
                _ = stopped.changed(), if !stopping => stopping = true,
                read = link.stream.read_buf(&mut link.buffer), if reads => {
                    if read? == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    heard = Instant::now();
                }
                () = tokio::time::sleep_until(link.again.unwrap_or(said)), if link.again.is_some() => {
                    link.again = None;
                    let refused = std::mem::take(&mut link.refused);
                    link.subscribe(refused, self.config.version);
                }
                () = tokio::time::sleep_until(link.probe.as_ref().map_or(said, |p| p.until)), if link.probe.is_some() => {
                    self.end_probe(link);
                }
                () = tokio::time::sleep_until(said + keep_alive / 2) => {
                    Packet::PingReq.encode(self.config.version, &mut link.out);
                }
                () = tokio::time::sleep_until(heard + keep_alive.mul_f32(1.5)), if reads => {
                    return Err(broken("the broker has fallen silent"));
                }
            }
        }
    }

    /// Handles the packets in the buffer. True when some are left since the pipeline is full.
    fn take_packets(&mut self, link: &mut Link, pipeline: &mut Pipeline, suspects: &mut usize) -> io::Result<bool> {
        let now = pipeline.now();
        let (mut used, mut answers) = (0, Vec::new());
        let full = loop {
            if !pipeline.can_accept() {
                break true;
            }
            let next = decode(&link.buffer[used..], self.config.version, self.config.max_packet_bytes);
            let Some((packet, length)) = next.map_err(|e| broken(e.to_string()))? else { break false };
            used += length;
            match packet {
                Packet::Publish(p) if p.qos == QoS::ExactlyOnce => return Err(broken("QoS 2 was not subscribed to")),
                Packet::Publish(p) if link.probe.as_ref().is_some_and(|probe| probe.topic == p.topic) => {
                    if let Some(probe) = &mut link.probe {
                        probe.count(Instant::now());
                    }
                    pipeline.pass(&p);
                }
                Packet::Publish(p) => {
                    let suspect = p.dup || *suspects > 0;
                    *suspects = suspects.saturating_sub(1);
                    if link.identifiers && !pipeline.knows(&p, suspect) {
                        let identifiers = p.properties.iter().filter_map(|(id, value)| match value {
                            Value::Number(n) if id == Property::SubscriptionIdentifier as u8 => Some(n),
                            _ => None,
                        });
                        if !self.copies.is_first(identifiers, p.topic, p.payload) {
                            pipeline.skip(&p);
                            continue;
                        }
                    } else if !link.identifiers && !pipeline.knows(&p, suspect) {
                        let subscriptions =
                            if self.doubles.habit == Habit::Each { count(&self.granted, p.topic) } else { 0 };
                        if self.doubles.is_copy(subscriptions, p.topic, p.payload, Instant::now()) {
                            pipeline.skip(&p);
                            continue;
                        }
                    }
                    for effect in pipeline.offer(&p, now, suspect, None) {
                        match effect {
                            Effect::Subscribe(topic) => link.discovered.push(topic.to_string()),
                            Effect::Publish { topic, payload } => {
                                let p = Publish {
                                    dup: false,
                                    qos: QoS::AtMostOnce,
                                    retain: false,
                                    topic,
                                    id: 0,
                                    properties: Properties::EMPTY,
                                    payload,
                                };
                                Packet::Publish(p).encode(self.config.version, &mut link.out);
                            }
                        }
                    }
                }
                Packet::SubAck(ack) => answers.push(ack),
                Packet::UnsubAck(_) => {}
                Packet::PingResp | Packet::Ack(Ack { kind: AckKind::PubAck, .. }) => {}
                Packet::Disconnect(reason) => {
                    return Err(broken(format!("the broker disconnected, reason {reason:#04x}")));
                }
                _ => return Err(broken("the broker sent a packet that has no place here")),
            }
        };
        pipeline.dispatch();
        link.buffer.advance(used);
        for ack in answers {
            self.subscribed(link, &ack)?;
        }
        Ok(full)
    }

    /// Notes what the broker granted. What it refused is asked for again after a while: rights are given late, too.
    fn subscribed(&mut self, link: &mut Link, ack: &SubAck) -> io::Result<()> {
        if let Some(probe) = link.probe.as_ref().filter(|probe| probe.asked == ack.id) {
            let granted = ack.codes.iter().all(|code| *code < reason::UNSPECIFIED);
            let publish = Publish {
                dup: false,
                qos: QoS::AtMostOnce,
                retain: false,
                topic: &probe.topic,
                id: 0,
                properties: Properties::EMPTY,
                payload: b"",
            };
            if granted {
                Packet::Publish(publish).encode(self.config.version, &mut link.out);
            }
            return Ok(());
        }
        let Some(at) = link.asked.iter().position(|(id, _)| *id == ack.id) else { return Ok(()) };
        let Some((_, wanted)) = link.asked.remove(at) else { return Ok(()) };
        if ack.codes.len() != wanted.len() {
            return Err(broken("the broker answered a subscription with another number of codes"));
        }
        for (wanted, code) in wanted.into_iter().zip(&ack.codes) {
            if *code < reason::UNSPECIFIED {
                if let Ok(filter) = Filter::parse(&wanted.filter) {
                    self.granted.retain(&filter, |()| false);
                    self.granted.insert(&filter, ());
                }
                continue;
            }
            let broker = &*self.source.principal;
            tracing::warn!(
                broker,
                filter = wanted.filter,
                code,
                "the broker refused a subscription; asking again later"
            );
            link.refused.push(wanted);
        }
        if !link.asked.is_empty() {
            return Ok(());
        }
        if link.refused.is_empty() {
            (self.subscribed, link.pause) = (true, self.config.backoff);
            self.up.send_replace(true);
            self.find_habit(link);
        } else if link.again.is_none() {
            link.again = Some(Instant::now() + link.pause);
            link.pause = (link.pause * 2).min(self.config.max_backoff);
        }
        Ok(())
    }

    fn subscribe_discovered(&mut self, link: &mut Link) {
        if link.discovered.is_empty() {
            return;
        }
        let mut wanted = Vec::new();
        for topic in std::mem::take(&mut link.discovered) {
            let known = self.learned.contains(topic.as_str()) || count(&self.filters, &topic) > 0;
            if known || self.learned.len() >= self.config.max_learned_filters {
                continue;
            }
            wanted.push(Wanted::topic(&topic));
            self.learned.insert(topic.into());
        }
        link.subscribe(wanted, self.config.version);
    }

    /// Begins to find out what a broker without identifiers does where filters cross, unless that is known or does not
    /// matter.
    fn find_habit(&self, link: &mut Link) {
        if link.identifiers || !self.crossing || self.doubles.habit != Habit::Unknown || link.probe.is_some() {
            return;
        }
        let probe = Probe::new(&self.config.client_id, link.take_id(), Instant::now());
        let options = Subscription::new(QoS::AtMostOnce);
        let filters = probe.filters.iter().map(|f| (f.as_str(), options)).collect();
        Packet::Subscribe(Subscribe { id: probe.asked, identifier: 0, filters })
            .encode(self.config.version, &mut link.out);
        link.probe = Some(probe);
    }

    fn end_probe(&mut self, link: &mut Link) {
        let Some(probe) = link.probe.take() else { return };
        self.doubles.habit = probe.habit();
        let broker = &*self.source.principal;
        tracing::info!(broker, habit = ?self.doubles.habit, "what the broker does where subscriptions cross");
        link.unsubscribe(&probe.filters, self.config.version);
    }
}

fn all_filters(mapper: &Mapper, further: &[Filter]) -> TopicTrie<()> {
    let mut all = TopicTrie::default();
    mapper.mapping().filters().into_iter().chain(further).for_each(|filter| all.insert(filter, ()));
    all
}

/// How many of them match a topic.
fn count(filters: &TopicTrie<()>, topic: &str) -> usize {
    let mut n = 0;
    filters.each_match(topic, |()| n += 1);
    n
}

impl Link {
    fn take_id(&mut self) -> u16 {
        let id = self.next_id;
        self.next_id = self.next_id.checked_add(1).unwrap_or(1);
        id
    }

    /// Asks for subscriptions, each by itself where it has an identifier, which a packet has for all its filters.
    fn subscribe(&mut self, wanted: Vec<Wanted>, version: Version) {
        let most = if self.identifiers { 1 } else { FILTERS_A_PACKET };
        let mut wanted = wanted.into_iter().peekable();
        while wanted.peek().is_some() {
            let part: Vec<Wanted> = wanted.by_ref().take(most).collect();
            let id = self.take_id();
            let identifier = part.first().map_or(0, |w| if self.identifiers { w.identifier } else { 0 });
            let filters = part.iter().map(|w| (w.filter.as_str(), w.options)).collect();
            Packet::Subscribe(Subscribe { id, identifier, filters }).encode(version, &mut self.out);
            self.asked.push_back((id, part));
        }
    }

    fn unsubscribe(&mut self, filters: &[String], version: Version) {
        for part in filters.chunks(FILTERS_A_PACKET) {
            let id = self.take_id();
            let filters: SmallVec<[&str; 2]> = part.iter().map(String::as_str).collect();
            Packet::Unsubscribe(Unsubscribe { id, filters }).encode(version, &mut self.out);
        }
    }
}
