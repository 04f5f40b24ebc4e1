//! What the tests share: a sink that keeps what it is given, a clock, randomness, a real Mosquitto.
#![expect(dead_code, reason = "each test file uses a part of it")]

use belfry_connect_mqtt::{
    Access, Authenticator, Credentials, Grant, Listener, ListenerConfig, Message, Outcome, Parts, Refusal, Sink, Window,
};
use belfry_connect_payload::{Filter, Mapper, Mapping, Value};
use belfry_kernel::{Clock, Error, Kind, Rng, Time};
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Keeps every reading in order, with a window a client as a durable sink would. Outlives listeners and clients.
pub struct MemorySink {
    pub stored: Mutex<Vec<(String, Value)>>,
    windows: Mutex<HashMap<String, Window>>,
    pub gate: watch::Sender<bool>,
    pub failing: AtomicBool,
    pub batches: AtomicU64,
    pub largest: AtomicU64,
    pub delay: Mutex<Duration>,
}

impl MemorySink {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            stored: Mutex::default(),
            windows: Mutex::default(),
            gate: watch::Sender::new(true),
            failing: AtomicBool::new(false),
            batches: AtomicU64::new(0),
            largest: AtomicU64::new(0),
            delay: Mutex::default(),
        })
    }

    pub fn numbers(&self) -> Vec<f64> {
        let number = |(_, v): &(String, Value)| if let Value::Number(n) = v { Some(*n) } else { None };
        self.stored.lock().unwrap().iter().filter_map(number).collect()
    }

    /// Waits until it holds `n` readings.
    pub async fn wait_for(&self, n: usize) {
        let start = Instant::now();
        while self.stored.lock().unwrap().len() < n {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "{} of {n} readings came",
                self.stored.lock().unwrap().len()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Sink for MemorySink {
    fn submit(&self, batch: Vec<Message>) -> BoxFuture<'static, Result<Vec<Outcome>, Error>> {
        if self.failing.load(Ordering::SeqCst) {
            return Box::pin(async { Err(Error::new(Kind::Unavailable, "the disk is full")) });
        }
        self.batches.fetch_add(1, Ordering::SeqCst);
        self.largest.fetch_max(batch.len() as u64, Ordering::SeqCst);
        let mut outcomes = Vec::new();
        {
            let (mut stored, mut windows) = (self.stored.lock().unwrap(), self.windows.lock().unwrap());
            for m in batch {
                let window = windows.entry(m.source.client.to_string()).or_insert_with(|| Window::new(4096));
                if m.dedup.is_some_and(|d| window.repeats(d)) {
                    outcomes.push(Outcome::Duplicate);
                    continue;
                }
                if m.readings.iter().any(|r| r.attribute == "forbidden") {
                    outcomes.push(Outcome::Refused("not registered".into()));
                    continue;
                }
                if let Some(d) = m.dedup {
                    window.insert(d.key);
                }
                stored.extend(m.readings.into_iter().map(|r| (format!("{}/{}", r.device, r.attribute), r.value)));
                outcomes.push(Outcome::Stored);
            }
        }
        let (mut gate, delay) = (self.gate.subscribe(), *self.delay.lock().unwrap());
        Box::pin(async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            gate.wait_for(|open| *open).await.expect("the sink outlives its futures");
            Ok(outcomes)
        })
    }
}

/// Time that goes on from a fixed instant.
pub struct TestClock(pub Instant);

impl Clock for TestClock {
    fn now(&self) -> Time {
        let start = Time::parse("2026-03-01T12:00:00Z").expect("it is a time");
        start.plus_micros(self.0.elapsed().as_micros() as i64)
    }
}

pub fn clock() -> Arc<dyn Clock> {
    Arc::new(TestClock(Instant::now()))
}

pub struct CountingRng(AtomicU64);

impl Rng for CountingRng {
    fn fill(&self, into: &mut [u8]) {
        for b in into {
            *b = (self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
        }
    }
}

pub fn rng() -> Arc<dyn Rng> {
    Arc::new(CountingRng(AtomicU64::new(u64::from(std::process::id()))))
}

/// User `dev` with `secret` may do everything, `guest` only `guest/#`, `farm` everything within its tenant; no user at all
/// is `anyone`.
pub struct Doors;

impl Authenticator for Doors {
    fn authenticate(&self, c: Credentials) -> BoxFuture<'_, Result<Grant, Refusal>> {
        let all = |principal: &str| Grant {
            principal: principal.into(),
            tenant: None,
            publish: Access::All,
            subscribe: Access::All,
        };
        let result = match (c.username.as_deref(), c.password.as_deref()) {
            (None, _) => Ok(all("anyone")),
            (Some("dev"), Some(b"secret")) => Ok(all("dev")),
            (Some("guest"), _) => {
                let own = || Access::Filters(vec![Filter::parse("guest/#").unwrap()]);
                Ok(Grant { principal: "guest".into(), tenant: None, publish: own(), subscribe: own() })
            }
            (Some("farm"), _) => Ok(Grant { tenant: Some("farm".into()), ..all("farm") }),
            (Some("banned"), _) => Err(Refusal::NotAuthorized),
            _ => Err(Refusal::BadCredentials),
        };
        Box::pin(async move { result })
    }
}

pub const MAPPING: &str = "
[[rule]]
topic = 'n/{dev}'
format = 'value'
device = '{dev}'
attributes = { n = {} }
[[rule]]
topic = 'bad/{dev}'
format = 'value'
attributes = { forbidden = {} }
[[rule]]
topic = 'j/{dev}'
format = 'json'
";

/// A mapping of formats that learn, for an external broker.
pub const LEARNING: &str = "
[[rule]]
topic = 'homeassistant/#'
format = 'homeassistant'
[[rule]]
topic = 'spBv1.0/#'
format = 'sparkplug'
";

pub fn mapper() -> Arc<Mapper> {
    Arc::new(Mapper::new(Mapping::parse(MAPPING).expect("the mapping of the tests is right")))
}

pub fn config() -> ListenerConfig {
    ListenerConfig {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        max_packet_bytes: 64 << 10,
        ..ListenerConfig::default()
    }
}

pub async fn listen(config: ListenerConfig, sink: Arc<MemorySink>) -> Listener {
    listen_behind(config, sink, Arc::new(Doors)).await
}

pub async fn listen_behind(
    config: ListenerConfig,
    sink: Arc<MemorySink>,
    authenticator: Arc<dyn Authenticator>,
) -> Listener {
    let parts = Parts { sink, mapper: mapper(), authenticator, clock: clock(), rng: rng() };
    Listener::start(config, parts).await.expect("a loopback port is free")
}

/// A socket that sends bytes as they are.
pub struct Raw(pub TcpStream);

impl Raw {
    pub async fn open(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// Connected with 3.1.1 (clean session when `id` is all there is) or 5.0.
    pub async fn connected(address: SocketAddr, connect: &[u8]) -> Self {
        let mut raw = Self::open(address).await;
        raw.send(connect).await;
        let answer = raw.packet().await;
        assert!(answer.as_ref().is_some_and(|a| a[0] == 0x20 && a[3] == 0), "{answer:02x?}");
        raw
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// The next packet; None when the connection ends.
    pub async fn packet(&mut self) -> Option<Vec<u8>> {
        let read = async {
            let mut head = vec![0; 2];
            self.0.read_exact(&mut head).await.ok()?;
            let mut length = usize::from(head[1] & 0x7f);
            let mut shift = 7;
            while head[head.len() - 1] & 0x80 != 0 {
                let b = self.0.read_u8().await.ok()?;
                head.push(b);
                length |= usize::from(b & 0x7f) << shift;
                shift += 7;
            }
            let mut body = vec![0; length];
            self.0.read_exact(&mut body).await.ok()?;
            head.extend(body);
            Some(head)
        };
        tokio::time::timeout(Duration::from_secs(10), read).await.expect("an answer or the end within 10 s")
    }

    /// Whether nothing comes for a while.
    pub async fn silent(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(150), self.0.read_u8()).await.is_err()
    }
}

/// A CONNECT of 3.1.1 with this identifier.
pub fn connect311(id: &str, clean: bool, keep_alive: u16) -> Vec<u8> {
    let mut p = vec![0x10, (12 + id.len()) as u8, 0, 4, b'M', b'Q', b'T', b'T', 4, u8::from(clean) << 1];
    p.extend(keep_alive.to_be_bytes());
    p.extend((id.len() as u16).to_be_bytes());
    p.extend(id.as_bytes());
    p
}

/// A CONNECT of 3.1.1, clean, with a user name and a password.
pub fn login311(id: &str, user: &str, password: &str) -> Vec<u8> {
    let mut p = connect311(id, true, 60);
    p[9] |= 0xc0;
    for t in [user, password] {
        p.extend([0, t.len() as u8]);
        p.extend(t.as_bytes());
    }
    p[1] = (p.len() - 2) as u8;
    p
}

/// A SUBSCRIBE of 3.1.1 to one filter.
pub fn subscribe311(id: u8, filter: &str, qos: u8) -> Vec<u8> {
    let mut p = vec![0x82, (5 + filter.len()) as u8, 0, id, 0, filter.len() as u8];
    p.extend(filter.as_bytes());
    p.push(qos);
    p
}

/// A CONNECT of 5.0 with this identifier, clean, and these property bytes.
pub fn connect5(id: &str, properties: &[u8]) -> Vec<u8> {
    let mut p = vec![
        0x10,
        (13 + id.len() + properties.len()) as u8,
        0,
        4,
        b'M',
        b'Q',
        b'T',
        b'T',
        5,
        2,
        0,
        60,
        properties.len() as u8,
    ];
    p.extend(properties);
    p.extend((id.len() as u16).to_be_bytes());
    p.extend(id.as_bytes());
    p
}

/// A PUBLISH of 3.1.1.
pub fn publish(flags: u8, topic: &str, id: u16, payload: &str) -> Vec<u8> {
    let with_id = flags & 6 != 0;
    let mut p = vec![0x30 | flags, (2 + topic.len() + payload.len() + if with_id { 2 } else { 0 }) as u8];
    p.extend((topic.len() as u16).to_be_bytes());
    p.extend(topic.as_bytes());
    if with_id {
        p.extend(id.to_be_bytes());
    }
    p.extend(payload.as_bytes());
    p
}

/// Says that a test cannot run for want of a program; where all of them are to run (`CI`, `BELFRY_TEST_SERVICES`), that is a
/// failure.
pub fn absent(what: &str) {
    let set = |name| std::env::var(name).is_ok_and(|v| !["", "0", "false"].contains(&v.as_str()));
    assert!(!set("CI") && !set("BELFRY_TEST_SERVICES"), "{what} is not installed");
    eprintln!("not run: {what} is not installed");
}

/// A Mosquitto of its own on a loopback port, with its sessions on disk.
pub struct Mosquitto {
    pub port: u16,
    directory: tempfile::TempDir,
    child: Option<Child>,
}

impl Mosquitto {
    /// None, with a word on standard error, where Mosquitto is not installed.
    pub fn start() -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().display();
        let config = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {path}/\nuser root\n\
             max_queued_messages 0\nmax_inflight_messages 100\nautosave_interval 1\nlog_type none\n"
        );
        std::fs::write(directory.path().join("mosquitto.conf"), config).unwrap();
        let mut m = Self { port, directory, child: None };
        m.up().then_some(m)
    }

    pub fn up(&mut self) -> bool {
        let config = self.directory.path().join("mosquitto.conf");
        let program =
            if std::path::Path::new("/usr/sbin/mosquitto").exists() { "/usr/sbin/mosquitto" } else { "mosquitto" };
        match Command::new(program).arg("-c").arg(config).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
            Ok(child) => self.child = Some(child),
            Err(e) => {
                absent(&format!("Mosquitto ({e})"));
                return false;
            }
        }
        for _ in 0..200 {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("Mosquitto does not listen");
    }

    /// Stops it as an administrator would: it writes its sessions down.
    pub fn down(&mut self) {
        if let Some(mut child) = self.child.take() {
            Command::new("kill").arg(child.id().to_string()).status().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
