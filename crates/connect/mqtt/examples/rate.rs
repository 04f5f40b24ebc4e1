//! Measures the listener: `serve PORT` takes messages into a sink that keeps nothing, `load PORT SECONDS` publishes at QoS 1
//! over 10 connections with 100 in flight each, `subscribe PORT SECONDS` counts what a broker sends to one subscriber,
//! `cost` prints nanoseconds for decoding with acknowledging and for mapping.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use belfry_connect_mqtt::codec::{
    Ack, AckKind, Connect, Packet, Properties, Publish, QoS, Subscribe, Subscription, Version, decode,
};
use belfry_connect_mqtt::{
    Access, Authenticator, Credentials, Grant, Listener, ListenerConfig, Message, Outcome, Parts, Refusal, Sink,
};
use belfry_connect_payload::{Mapped, Mapper, Mapping};
use belfry_kernel::{Clock, Error, Rng, Time};
use futures_util::future::BoxFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MAPPING: &str = "
[[rule]]
topic = 'town/+/soil/{sensor}'
format = 'json'
device = '{sensor}'
entity = 'urn:ngsi-ld:SoilSensor:{sensor}'
type = 'AgriParcelRecord'
observed_at = '$.ts'
[rule.attributes]
soilMoisture = { path = '$.m10', unit = 'P1', scale = 0.01 }
soilTemperature = { path = '$.t10', unit = 'CEL' }
battery = { path = '$.bat', unit = 'VLT' }
";
const TOPIC: &str = "town/east/soil/sensor-017";
const PAYLOAD: &str = r#"{"ts":1772366400123,"m10":2345,"t10":18.25,"bat":3.61,"rssi":-87,"seq":123456}"#;
const CONNECTIONS: usize = 10;
const IN_FLIGHT: usize = 100;

struct NoSink;

impl Sink for NoSink {
    fn submit(&self, batch: Vec<Message>) -> BoxFuture<'static, Result<Vec<Outcome>, Error>> {
        let n = batch.len();
        Box::pin(async move { Ok(vec![Outcome::Stored; n]) })
    }
}

struct Open;

impl Authenticator for Open {
    fn authenticate(&self, _: Credentials) -> BoxFuture<'_, Result<Grant, Refusal>> {
        let grant = Grant { principal: "anyone".into(), tenant: None, publish: Access::All, subscribe: Access::All };
        Box::pin(async move { Ok(grant) })
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Time {
        Time::from_micros(1_772_366_400_000_000)
    }
}

impl Rng for Still {
    fn fill(&self, into: &mut [u8]) {
        into.fill(7);
    }
}

async fn open(port: u16, id: &str) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let connect = Connect {
        version: Version::V311,
        clean: true,
        keep_alive: 60,
        session_expiry: 0,
        receive_maximum: u16::MAX,
        max_packet_bytes: None,
        auth_method: false,
        client_id: id,
        will: None,
        username: None,
        password: None,
    };
    let mut out = Vec::new();
    Packet::Connect(Box::new(connect)).encode(Version::V311, &mut out);
    stream.write_all(&out).await?;
    stream.read_exact(&mut [0; 4]).await?;
    Ok(stream)
}

fn message(id: u16, out: &mut Vec<u8>) {
    let (qos, properties) = (QoS::AtLeastOnce, Properties::EMPTY);
    let p = Publish { dup: false, qos, retain: false, topic: TOPIC, id, properties, payload: PAYLOAD.as_bytes() };
    Packet::Publish(p).encode(Version::V311, out);
}

async fn publisher(port: u16, n: usize, acknowledged: Arc<AtomicU64>) -> std::io::Result<()> {
    let mut stream = open(port, &format!("load-{n}")).await?;
    let (mut out, mut buffer, mut id, mut flying) = (Vec::new(), bytes::BytesMut::with_capacity(4096), 0_u16, 0);
    loop {
        out.clear();
        while flying < IN_FLIGHT {
            id = id % 60_000 + 1;
            message(id, &mut out);
            flying += 1;
        }
        if !out.is_empty() {
            stream.write_all(&out).await?;
        }
        stream.read_buf(&mut buffer).await?;
        // Every answer is a PUBACK of four bytes.
        let acks = buffer.len() / 4;
        bytes::Buf::advance(&mut buffer, acks * 4);
        flying -= acks;
        acknowledged.fetch_add(acks as u64, Ordering::Relaxed);
    }
}

async fn load(port: u16, seconds: u64) {
    let acknowledged = Arc::new(AtomicU64::new(0));
    for n in 0..CONNECTIONS {
        tokio::spawn(publisher(port, n, acknowledged.clone()));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (start, before) = (Instant::now(), acknowledged.load(Ordering::Relaxed));
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let rate = (acknowledged.load(Ordering::Relaxed) - before) as f64 / start.elapsed().as_secs_f64();
    println!("acknowledged to publishers: {rate:.0}/s");
}

async fn subscribe(port: u16, seconds: u64) -> std::io::Result<()> {
    let mut stream = open(port, "counter").await?;
    let mut out = Vec::new();
    let filters = [("town/#", Subscription::new(QoS::AtLeastOnce))].into_iter().collect();
    Packet::Subscribe(Subscribe { id: 1, identifier: 0, filters }).encode(Version::V311, &mut out);
    stream.write_all(&out).await?;
    let mut buffer = bytes::BytesMut::with_capacity(64 << 10);
    let (mut count, mut start) = (0_u64, None::<Instant>);
    loop {
        stream.read_buf(&mut buffer).await?;
        out.clear();
        let mut used = 0;
        while let Ok(Some((packet, n))) = decode(&buffer[used..], Version::V311, usize::MAX) {
            used += n;
            if let Packet::Publish(p) = packet {
                count += 1;
                Packet::Ack(Ack { kind: AckKind::PubAck, id: p.id, reason: 0 }).encode(Version::V311, &mut out);
            }
        }
        bytes::Buf::advance(&mut buffer, used);
        stream.write_all(&out).await?;
        if start.is_none() && count > 1000 {
            (start, count) = (Some(Instant::now()), 0);
        }
        if let Some(start) = start
            && start.elapsed() > Duration::from_secs(seconds)
        {
            println!("received by one subscriber: {:.0}/s", count as f64 / start.elapsed().as_secs_f64());
            return Ok(());
        }
    }
}

fn cost() {
    let mut input = Vec::new();
    (1..=256).for_each(|id| message(id, &mut input));
    let (rounds, mut out) = (4000, Vec::new());
    let start = Instant::now();
    for _ in 0..rounds {
        out.clear();
        let mut rest = &input[..];
        while let Ok(Some((Packet::Publish(p), n))) = decode(rest, Version::V311, 1 << 20) {
            Packet::Ack(Ack { kind: AckKind::PubAck, id: p.id, reason: 0 }).encode(Version::V311, &mut out);
            rest = &rest[n..];
        }
        assert_eq!(std::hint::black_box(&out).len(), 256 * 4);
    }
    println!("decode and acknowledge: {:.0} ns", start.elapsed().as_nanos() as f64 / f64::from(rounds * 256));
    for rules in [1, 1000] {
        let others: String =
            (1..rules).map(|i| format!("[[rule]]\ntopic = 'other/{i}/{{x}}'\nformat = 'json'\n")).collect();
        let mapper = Mapper::new(Mapping::parse(&(MAPPING.to_owned() + &others)).expect("the mapping is right"));
        let (mut mapped, rounds) = (Mapped::default(), 500_000);
        let start = Instant::now();
        for _ in 0..rounds {
            mapped.clear();
            mapper.map(TOPIC, PAYLOAD.as_bytes(), Time::MAX, &mut mapped);
            assert_eq!(std::hint::black_box(&mapped).readings.len(), 3);
        }
        println!(
            "map one JSON message to 3 readings, {rules} rules: {:.0} ns",
            start.elapsed().as_nanos() as f64 / f64::from(rounds)
        );
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |i: usize| arguments.get(i).and_then(|a| a.parse::<u64>().ok());
    let port = number(2).unwrap_or(1883) as u16;
    let seconds = number(3).unwrap_or(5);
    match arguments.get(1).map(String::as_str) {
        Some("serve") => {
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            let mapper = Arc::new(Mapper::new(Mapping::parse(MAPPING).expect("the mapping is right")));
            let parts = Parts {
                sink: Arc::new(NoSink),
                mapper,
                authenticator: Arc::new(Open),
                clock: Arc::new(Still),
                rng: Arc::new(Still),
            };
            let listener = Listener::start(ListenerConfig { address, ..ListenerConfig::default() }, parts).await;
            let _listener = listener.expect("the port is free");
            std::future::pending::<()>().await;
        }
        Some("load") => load(port, seconds).await,
        Some("subscribe") => subscribe(port, seconds).await.expect("the broker is there"),
        Some("cost") => cost(),
        _ => println!("serve PORT | load PORT SECONDS | subscribe PORT SECONDS | cost"),
    }
}
