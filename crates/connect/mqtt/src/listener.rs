//! The embedded listener: MQTT 3.1.1 and 5.0 on TCP. Holds its configuration, the accept loop and the handle for publishing;
//! sessions, routing and the work of one connection are in the modules below.
//!
//! What it leaves out of the protocol: topic aliases, subscription identifiers and shared subscriptions (all announced as
//! not available), extended authentication, QoS 2 towards subscribers (granted as QoS 1), the will delay (a will is
//! published at once) and message expiry. Sessions, retained messages and queues live in memory and end with the process;
//! devices then connect anew, as after any restart of a broker without persistence, and nothing acknowledged is lost.

mod connection;
mod handshake;
mod hub;
mod session;

use crate::auth::Authenticator;
use crate::codec::QoS;
use crate::ingest::{Counters, Forward, Ingest, PipelineLimits};
use crate::sink::Sink;
use belfry_connect_payload::{Mapper, TopicError, check_name};
use belfry_kernel::{Clock, Rng};
use bytes::Bytes;
use hub::Hub;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// The limits and addresses of the listener.
#[derive(Clone, Debug)]
pub struct ListenerConfig {
    /// Where it listens. Default 127.0.0.1:1883.
    pub address: SocketAddr,
    /// Connections at once. Default 10,000.
    pub max_connections: usize,
    /// Sessions at once, connected or not. Default 20,000.
    pub max_sessions: usize,
    /// The largest packet, bytes. Default 256 KiB.
    pub max_packet_bytes: usize,
    /// The longest topic, bytes. Default 512.
    pub max_topic_bytes: usize,
    /// The most levels of a topic. Default 32.
    pub max_topic_levels: usize,
    /// Unacknowledged QoS 1 and 2 publishes of one client (announced to 5.0 clients). Default 1024.
    pub receive_maximum: u16,
    /// How long a client may take for its CONNECT. Default 10 s.
    pub connect_timeout: Duration,
    /// How long a write to a client may stall. Default 10 s.
    pub write_timeout: Duration,
    /// How often a connected client's credentials are checked again. Default 5 s.
    pub recheck: Duration,
    /// The longest keep alive; it also holds for clients that ask for none. Default 1 h.
    pub max_keep_alive: Duration,
    /// The longest that a session outlives its connection. Default 24 h.
    pub max_session_expiry: Duration,
    /// Subscriptions of one session. Default 256.
    pub max_subscriptions: usize,
    /// Messages that wait for one subscriber. Beyond, QoS 0 is dropped and at QoS 1 the subscriber is disconnected. Default 4096.
    pub queue_messages: usize,
    /// Payload bytes that wait for one subscriber. Default 4 MiB.
    pub queue_bytes: usize,
    /// QoS 1 messages sent to one subscriber and not yet acknowledged. Default 100.
    pub outgoing_in_flight: usize,
    /// Retained messages. Default 10,000.
    pub retained_messages: usize,
    /// Bytes of retained messages, topics included. Default 16 MiB.
    pub retained_bytes: usize,
    /// The pipeline of each connection.
    pub pipeline: PipelineLimits,
}

impl Default for ListenerConfig {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 1883)),
            max_connections: 10_000,
            max_sessions: 20_000,
            max_packet_bytes: 256 << 10,
            max_topic_bytes: 512,
            max_topic_levels: 32,
            receive_maximum: 1024,
            connect_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            recheck: Duration::from_secs(5),
            max_keep_alive: Duration::from_secs(3600),
            max_session_expiry: Duration::from_secs(86_400),
            max_subscriptions: 256,
            queue_messages: 4096,
            queue_bytes: 4 << 20,
            outgoing_in_flight: 100,
            retained_messages: 10_000,
            retained_bytes: 16 << 20,
            pipeline: PipelineLimits::default(),
        }
    }
}

/// What the listener is handed.
pub struct Parts {
    /// Where mapped messages go.
    pub sink: Arc<dyn Sink>,
    /// The mapping.
    pub mapper: Arc<Mapper>,
    /// Who may connect.
    pub authenticator: Arc<dyn Authenticator>,
    /// The instant of arrival.
    pub clock: Arc<dyn Clock>,
    /// For client identifiers that the listener assigns.
    pub rng: Arc<dyn Rng>,
}

/// A running listener.
pub struct Listener {
    address: SocketAddr,
    hub: Arc<Hub>,
    stop: watch::Sender<bool>,
    accepting: tokio::task::JoinHandle<()>,
}

/// Publishes to the clients of a listener. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    hub: Arc<Hub>,
}

impl Handle {
    /// Publishes to every subscriber of the topic within the default tenant and returns how many there are. A message for a subscriber whose queue is
    /// full is dropped (see [`ListenerConfig::queue_messages`]); QoS 2 is sent as QoS 1.
    pub fn publish(&self, topic: &str, payload: impl Into<Bytes>, qos: QoS, retain: bool) -> Result<usize, TopicError> {
        check_name(topic)?;
        let forward = Forward { topic: topic.into(), payload: payload.into(), properties: Bytes::new(), qos, retain };
        Ok(self.hub.route(&forward, None, None))
    }

    /// What the listener counts.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.hub.ingest.counters
    }

    /// How many clients are connected.
    pub fn connected(&self) -> usize {
        self.hub.connected()
    }

    /// How many sessions there are, connected or not.
    pub fn sessions(&self) -> usize {
        self.hub.sessions.lock().len()
    }
}

impl Listener {
    /// Binds the address and starts to accept.
    pub async fn start(config: ListenerConfig, parts: Parts) -> std::io::Result<Self> {
        let socket = TcpListener::bind(config.address).await?;
        let address = socket.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let ingest = Ingest {
            sink: parts.sink,
            mapper: parts.mapper,
            clock: parts.clock,
            counters: Arc::new(Counters::default()),
            limits: config.pipeline,
            under_way: AtomicUsize::new(0),
        };
        let hub = Arc::new(Hub::new(config, Arc::new(ingest), parts.authenticator, parts.rng));
        let accepting = tokio::spawn(accept(socket, hub.clone(), stopped));
        Ok(Self { address, hub, stop, accepting })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// A handle for publishing to its clients.
    pub fn handle(&self) -> Handle {
        Handle { hub: self.hub.clone() }
    }

    /// Stops accepting, lets every connection finish the batches under way and acknowledge them, and says goodbye.
    pub async fn shutdown(self) {
        // Nobody listening any more is as good as being told.
        let _ = self.stop.send(true);
        let _ = self.accepting.await;
    }
}

/// How often sessions that have outlived their expiry are looked for.
const SWEEP: Duration = Duration::from_secs(10);

async fn accept(socket: TcpListener, hub: Arc<Hub>, mut stopped: watch::Receiver<bool>) {
    let seats = Arc::new(Semaphore::new(hub.config.max_connections));
    let mut connections = JoinSet::new();
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            _ = sweep.tick() => hub.sweep(),
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = socket.accept() => match accepted {
                Ok((stream, peer)) => {
                    let Ok(seat) = seats.clone().try_acquire_owned() else {
                        hub.turn_away(peer, "too many connections");
                        continue;
                    };
                    Counters::add(&hub.ingest.counters.connections, 1);
                    // Acknowledgements are small and must not wait for more of them.
                    let _ = stream.set_nodelay(true);
                    let (hub, stopped) = (hub.clone(), stopped.clone());
                    connections.spawn(async move {
                        connection::serve(stream, peer, hub, stopped).await;
                        drop(seat);
                    });
                }
                Err(e) => {
                    // Out of file descriptors, most likely: wait for some to come back.
                    tracing::warn!(error = %e, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
    drop(socket);
    while connections.join_next().await.is_some() {}
}
