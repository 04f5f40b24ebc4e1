//! Publishes to other brokers, for notifications to `mqtt://` endpoints: one connection a broker, kept while it is used.
//! Holds no retry: whoever publishes decides about that, with its outbox.

use crate::codec::{
    Ack, AckKind, Connect, DecodeError, Packet, Properties, Publish, QoS, Version, decode, reason, user_properties,
};
use crate::dial::{Dial, Stream};
use crate::greeting::greet;
use belfry_connect_payload::{TopicError, check_name};
use belfry_kernel::Rng;
use bytes::{Buf, Bytes, BytesMut};
use hashbrown::HashMap;
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

/// A broker, and possibly a topic: `mqtt[s]://[user[:password]@]host[:port][/topic]` (ETSI GS CIM 009 clause 7.2).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Name or address.
    pub host: String,
    /// Default 1883, with TLS 8883.
    pub port: u16,
    /// Whether it is `mqtts`.
    pub tls: bool,
    /// The user name.
    pub username: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// The topic, when the URL has a path.
    pub topic: Option<String>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Credentials stay out of every log.
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        write!(f, "{scheme}://{}:{}/{}", self.host, self.port, self.topic.as_deref().unwrap_or(""))
    }
}

/// Why a text is not the URL of a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Another scheme.
    #[error("the URL of a broker begins with mqtt:// or mqtts://")]
    Scheme,
    /// No host, or characters that a host does not have.
    #[error("the URL has no valid host")]
    Host,
    /// Not a port.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// A `%` without two hexadecimal digits, or bytes that are not UTF-8.
    #[error("a percent-encoding is not valid")]
    Encoding,
    /// The path is not a topic name.
    #[error("the path is not a topic: {0}")]
    Topic(TopicError),
}

impl Endpoint {
    /// Reads a URL.
    pub fn parse(url: &str) -> Result<Self, EndpointError> {
        let (tls, rest) = match (url.strip_prefix("mqtt://"), url.strip_prefix("mqtts://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(EndpointError::Scheme),
        };
        let (authority, topic) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, address) = match authority.rsplit_once('@') {
            Some((login, address)) => (Some(login), address),
            None => (None, authority),
        };
        let (host, port) = if let Some(v6) = address.strip_prefix('[') {
            let (host, port) = v6.split_once(']').ok_or(EndpointError::Host)?;
            (host, port.strip_prefix(':').or(if port.is_empty() { None } else { Some("?") }))
        } else {
            match address.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (address, None),
            }
        };
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'%');
        if host.is_empty() || host.len() > 253 || !host.bytes().all(legal) {
            return Err(EndpointError::Host);
        }
        let port = match port {
            None => {
                if tls {
                    8883
                } else {
                    1883
                }
            }
            Some(p) => p.parse().ok().filter(|p| *p != 0).ok_or(EndpointError::Port)?,
        };
        let (username, password) = match login.map(|l| l.split_once(':').map_or((l, None), |(u, p)| (u, Some(p)))) {
            None => (None, None),
            Some((user, password)) => (Some(percent_decoded(user)?), password.map(percent_decoded).transpose()?),
        };
        let topic = if topic.is_empty() { None } else { Some(percent_decoded(topic)?) };
        if let Some(topic) = &topic {
            check_name(topic).map_err(EndpointError::Topic)?;
        }
        Ok(Self { host: host.to_owned(), port, tls, username, password, topic })
    }
}

fn percent_decoded(text: &str) -> Result<String, EndpointError> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        if b == b'%' {
            let mut digit = || bytes.next().and_then(|d| char::from(d).to_digit(16)).ok_or(EndpointError::Encoding);
            out.push((digit()? * 16 + digit()?) as u8);
        } else {
            out.push(b);
        }
    }
    String::from_utf8(out).map_err(|_| EndpointError::Encoding)
}

/// Why a message is not known to have arrived. After [`PublishError::Unconfirmed`] it may have arrived all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The topic is not one.
    #[error("not a topic: {0}")]
    Topic(TopicError),
    /// The broker cannot be reached or turned the connection away.
    #[error("no connection to the broker: {0}")]
    Connect(String),
    /// The broker refused the message, with this reason.
    #[error("the broker refused the message, reason {0:#04x}")]
    Refused(u8),
    /// The connection broke, or the time was over, before the broker confirmed.
    #[error("the broker did not confirm the message")]
    Unconfirmed,
    /// Too many messages wait for this broker, or its owner uses as many brokers as it may.
    #[error("too much waits for this broker")]
    Busy,
}

/// The limits of a publisher.
#[derive(Clone, Debug)]
pub struct PublisherConfig {
    /// Brokers connected to at once, for all owners; one may have as many as are left for the others. Default 64.
    pub max_brokers: usize,
    /// Messages that wait for one broker. Default 256.
    pub queue: usize,
    /// Messages sent and not yet confirmed. Default 64.
    pub in_flight: usize,
    /// For the whole of one message. Default 10 s.
    pub timeout: Duration,
    /// An unused connection is closed after this. Default 60 s.
    pub idle: Duration,
}

impl Default for PublisherConfig {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { max_brokers: 64, queue: 256, in_flight: 64, timeout: seconds(10), idle: seconds(60) }
    }
}

/// Publishes to any broker, over pooled connections. Cheap to clone.
#[derive(Clone)]
pub struct Publisher {
    shared: Arc<Shared>,
    owner: Arc<str>,
}

struct Shared {
    config: PublisherConfig,
    dial: Arc<dyn Dial>,
    rng: Arc<dyn Rng>,
    pool: Mutex<HashMap<Key, Worker>>,
}

/// A broker as one owner uses it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    owner: Arc<str>,
    broker: Endpoint,
    version: Version,
}

/// The task that serves a broker.
struct Worker {
    requests: mpsc::Sender<Request>,
    /// Messages that wait or are not confirmed: counted under the lock of the pool, so that none of them is cut off.
    waiting: Arc<AtomicUsize>,
    used: Instant,
}

/// Counts a message until it is answered.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

impl Worker {
    fn is_open(&self) -> bool {
        !self.requests.is_closed()
    }

    fn take(&mut self) -> (mpsc::Sender<Request>, Waiting) {
        self.used = Instant::now();
        self.waiting.fetch_add(1, Ordering::Acquire);
        (self.requests.clone(), Waiting(self.waiting.clone()))
    }
}

struct Request {
    topic: String,
    payload: Bytes,
    properties: Vec<u8>,
    qos: QoS,
    retain: bool,
    reply: oneshot::Sender<Result<(), PublishError>>,
}

impl Publisher {
    /// A publisher without connections.
    pub fn new(config: PublisherConfig, dial: Arc<dyn Dial>, rng: Arc<dyn Rng>) -> Self {
        Self { shared: Arc::new(Shared { config, dial, rng, pool: Mutex::default() }), owner: "".into() }
    }

    /// The same for an owner: its connections are its own, and however many brokers it uses, there is room for those of
    /// others.
    #[must_use]
    pub fn owned_by(&self, owner: &str) -> Self {
        Self { shared: self.shared.clone(), owner: owner.into() }
    }

    /// Publishes one message and returns when the broker has it: at QoS 0 when it is written, at QoS 1 with PUBACK, at
    /// QoS 2 with PUBCOMP. Must be called within a tokio runtime. `user` are user properties; 3.1.1 has none and they are
    /// left out there.
    pub async fn publish(
        &self,
        broker: &Endpoint,
        version: Version,
        topic: &str,
        payload: impl Into<Bytes>,
        qos: QoS,
        user: &[(&str, &str)],
    ) -> Result<(), PublishError> {
        check_name(topic).map_err(PublishError::Topic)?;
        let (reply, answer) = oneshot::channel();
        let properties = if version == Version::V5 { user_properties(user) } else { Vec::new() };
        let request =
            Request { topic: topic.to_owned(), payload: payload.into(), properties, qos, retain: false, reply };
        let (sender, _waiting) = self.worker(broker, version)?;
        sender.try_send(request).map_err(|_| PublishError::Busy)?;
        match timeout(self.shared.config.timeout, answer).await {
            Ok(Ok(result)) => result,
            _ => Err(PublishError::Unconfirmed),
        }
    }

    fn worker(&self, broker: &Endpoint, version: Version) -> Result<(mpsc::Sender<Request>, Waiting), PublishError> {
        let key = Key { owner: self.owner.clone(), broker: Endpoint { topic: None, ..broker.clone() }, version };
        let mut pool = self.shared.pool.lock();
        if let Some(worker) = pool.get_mut(&key).filter(|worker| worker.is_open()) {
            return Ok(worker.take());
        }
        pool.retain(|_, worker| worker.is_open());
        self.make_room(&mut pool)?;
        let (requests, receiver) = mpsc::channel(self.shared.config.queue);
        let mut worker = Worker { requests, waiting: Arc::default(), used: Instant::now() };
        let taken = worker.take();
        pool.insert(key.clone(), worker);
        let (config, dial, rng) = (self.shared.config.clone(), self.shared.dial.clone(), self.shared.rng.clone());
        tokio::spawn(work(config, dial, rng, key.broker, version, receiver));
        Ok(taken)
    }

    /// Sees to it that one more broker may be used: closes the connection that was not used for longest, one of this
    /// owner's when it has as many as are left for the others.
    fn make_room(&self, pool: &mut HashMap<Key, Worker>) -> Result<(), PublishError> {
        let most = self.shared.config.max_brokers;
        let own = pool.keys().filter(|key| key.owner == self.owner).count();
        let left = most.saturating_sub(pool.len());
        let has_share = own > 0 && own >= left;
        if left > 0 && !has_share {
            return Ok(());
        }
        let idle = pool
            .iter()
            .filter(|(key, _)| !has_share || key.owner == self.owner)
            .filter(|(_, worker)| worker.waiting.load(Ordering::Acquire) == 0)
            .min_by_key(|(_, worker)| worker.used)
            .map(|(key, _)| key.clone());
        // Its task ends as nobody can send it anything any more.
        idle.and_then(|key| pool.remove(&key)).map(|_| ()).ok_or(PublishError::Busy)
    }
}

/// Serves one broker until nothing came for the idle time.
async fn work(
    config: PublisherConfig,
    dial: Arc<dyn Dial>,
    rng: Arc<dyn Rng>,
    broker: Endpoint,
    version: Version,
    mut requests: mpsc::Receiver<Request>,
) {
    while let Ok(Some(first)) = timeout(config.idle, requests.recv()).await {
        let opened = timeout(config.timeout, open(&*dial, &*rng, &broker, version)).await;
        match opened.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok((stream, buffer)) => {
                let mut link = Link { stream, buffer, version, pending: HashMap::new(), next_id: 1 };
                let ended = link.serve(&config, first, &mut requests).await;
                for (_, (_, reply)) in link.pending.drain() {
                    // Whoever has stopped waiting needs no answer.
                    let _ = reply.send(Err(PublishError::Unconfirmed));
                }
                match ended {
                    Ok(()) => break,
                    Err(e) => tracing::debug!(broker = ?broker, error = %e, "the connection to the broker ended"),
                }
            }
            Err(e) => {
                let _ = first.reply.send(Err(PublishError::Connect(e.to_string())));
            }
        }
    }
    // What came in between the last look and now is told that it was not sent.
    requests.close();
    while let Some(late) = requests.recv().await {
        let _ = late.reply.send(Err(PublishError::Unconfirmed));
    }
}

async fn open(
    dial: &dyn Dial,
    rng: &dyn Rng,
    broker: &Endpoint,
    version: Version,
) -> io::Result<(Box<dyn Stream>, BytesMut)> {
    let mut stream = dial.dial(&broker.host, broker.port, broker.tls).await?;
    let mut random = [0; 6];
    rng.fill(&mut random);
    let client_id = random.iter().fold("belfry-pub-".to_owned(), |id, b| id + &format!("{b:02x}"));
    let connect = Connect {
        version,
        clean: true,
        keep_alive: 0,
        session_expiry: 0,
        receive_maximum: 1,
        max_packet_bytes: None,
        auth_method: false,
        client_id: &client_id,
        will: None,
        username: broker.username.as_deref(),
        password: broker.password.as_deref().map(str::as_bytes),
    };
    let greeting = greet(&mut *stream, connect, MAX_PACKET_BYTES).await?;
    Ok((stream, greeting.buffer))
}

/// A broker sends a publisher nothing but acknowledgements.
const MAX_PACKET_BYTES: usize = 64 << 10;

fn malformed(e: DecodeError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, e)
}

type Reply = oneshot::Sender<Result<(), PublishError>>;

struct Link {
    stream: Box<dyn Stream>,
    buffer: BytesMut,
    version: Version,
    pending: HashMap<u16, (QoS, Reply)>,
    next_id: u16,
}

impl Link {
    /// `Ok` when nothing came for the idle time or the publisher is gone.
    async fn serve(
        &mut self,
        config: &PublisherConfig,
        first: Request,
        requests: &mut mpsc::Receiver<Request>,
    ) -> io::Result<()> {
        let mut out = Vec::new();
        let mut written: Vec<Reply> = Vec::new();
        self.encode(first, &mut out, &mut written);
        let mut used = Instant::now();
        loop {
            loop {
                let (ack, length) = match decode(&self.buffer, self.version, MAX_PACKET_BYTES).map_err(malformed)? {
                    None => break,
                    Some((Packet::Ack(ack), length)) => (ack, length),
                    Some(_) => return Err(io::Error::other("the broker sent a packet that has no place here")),
                };
                self.buffer.advance(length);
                self.confirm(ack, &mut out);
            }
            if !out.is_empty() {
                timeout(config.timeout, self.stream.write_all(&out)).await.map_err(|_| io::ErrorKind::TimedOut)??;
                out.clear();
                used = Instant::now();
                for reply in written.drain(..) {
                    let _ = reply.send(Ok(()));
                }
            }
            tokio::select! {
                request = requests.recv(), if self.pending.len() < config.in_flight => match request {
                    Some(request) => {
                        self.encode(request, &mut out, &mut written);
                        // What else waits goes out in the same write.
                        while self.pending.len() < config.in_flight && out.len() < 64 << 10 {
                            let Ok(next) = requests.try_recv() else { break };
                            self.encode(next, &mut out, &mut written);
                        }
                    }
                    None => {
                        self.say_goodbye().await;
                        return Ok(());
                    }
                },
                read = self.stream.read_buf(&mut self.buffer) => {
                    if read? == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                () = tokio::time::sleep_until(used + config.idle) => {
                    if !self.pending.is_empty() {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    self.say_goodbye().await;
                    return Ok(());
                }
            }
        }
    }

    async fn say_goodbye(&mut self) {
        let mut out = Vec::new();
        Packet::Disconnect(reason::SUCCESS).encode(self.version, &mut out);
        let _ = timeout(Duration::from_secs(1), self.stream.write_all(&out)).await;
    }

    fn encode(&mut self, r: Request, out: &mut Vec<u8>, written: &mut Vec<Reply>) {
        let id = if r.qos == QoS::AtMostOnce { 0 } else { self.take_id() };
        let p = Publish {
            dup: false,
            qos: r.qos,
            retain: r.retain,
            topic: &r.topic,
            id,
            properties: Properties::from_checked(&r.properties),
            payload: &r.payload,
        };
        Packet::Publish(p).encode(self.version, out);
        if id == 0 {
            written.push(r.reply);
        } else {
            self.pending.insert(id, (r.qos, r.reply));
        }
    }

    fn take_id(&mut self) -> u16 {
        loop {
            let id = self.next_id;
            self.next_id = self.next_id.checked_add(1).unwrap_or(1);
            if !self.pending.contains_key(&id) {
                return id;
            }
        }
    }

    fn confirm(&mut self, ack: Ack, out: &mut Vec<u8>) {
        let Some((qos, _)) = self.pending.get(&ack.id) else { return };
        let refused = ack.reason >= reason::UNSPECIFIED;
        let ends = match (qos, ack.kind) {
            (QoS::AtLeastOnce, AckKind::PubAck) | (QoS::ExactlyOnce, AckKind::PubComp) => true,
            (QoS::ExactlyOnce, AckKind::PubRec) => {
                if !refused {
                    Packet::Ack(Ack { kind: AckKind::PubRel, id: ack.id, reason: 0 }).encode(self.version, out);
                }
                refused
            }
            _ => false,
        };
        if ends && let Some((_, reply)) = self.pending.remove(&ack.id) {
            let _ = reply.send(if refused { Err(PublishError::Refused(ack.reason)) } else { Ok(()) });
        }
    }
}
