//! A minimal MQTT 3.1.1 client (OASIS mqtt-v3.1.1-os) for measuring: publishers at QoS 1 with a window each, and one
//! subscriber that acknowledges. Non-blocking, one thread for all of it; it talks only with servers started here.

mod packet;

use crate::load::histogram;
use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use packet::Packet;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What is published and for how long.
#[derive(Clone, Debug)]
pub struct Publishing {
    /// Connections.
    pub connections: usize,
    /// Publishes under way on each.
    pub in_flight: usize,
    /// Devices; device `n` publishes to `bench/n`.
    pub devices: u64,
    /// Whether one subscriber to `bench/+` counts what arrives, instead of the acknowledgements.
    pub subscriber: bool,
    /// Not counted at the beginning.
    pub warm_up: Duration,
    /// Counted.
    pub window: Duration,
    /// Number of the first message.
    pub first: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Published {
    /// Messages acknowledged (or, with a subscriber, delivered) in the window.
    pub messages: u64,
    /// Nanoseconds from sending a publish to its acknowledgement.
    pub latency: Histogram<u64>,
    /// Messages sent over the whole time; all of them were acknowledged.
    pub sent: u64,
    /// Messages delivered to the subscriber over the whole time.
    pub delivered: u64,
}

struct Peer {
    stream: TcpStream,
    out: Vec<u8>,
    written: usize,
    input: Vec<u8>,
    filled: usize,
    under_way: VecDeque<(u16, Instant)>,
    next_id: u16,
}

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// Topic and payload of a message: `number` goes round the devices, and the payload holds it.
pub fn message(number: u64, devices: u64) -> (String, String) {
    let payload = format!(
        r#"{{"level":{number},"temperature":{:.2},"battery":3.61,"rssi":-87}}"#,
        (number % 4000) as f64 / 100.0
    );
    (format!("bench/{}", number % devices), payload)
}

/// Publishes in closed loop: each connection keeps its window full until the time is over, then waits for the rest.
pub fn publish(address: SocketAddr, how: &Publishing) -> Result<Published> {
    let mut poll = Poll::new()?;
    let mut peers = Vec::new();
    for n in 0..how.connections + usize::from(how.subscriber) {
        let mut peer = Peer::connect(address, n, n == how.connections)?;
        poll.registry().register(&mut peer.stream, Token(n), Interest::READABLE | Interest::WRITABLE)?;
        peers.push(peer);
    }
    let mut published = Published { messages: 0, latency: histogram(), sent: 0, delivered: 0 };
    let begin = Instant::now();
    let (from, end) = (begin + how.warm_up, begin + how.warm_up + how.window);
    let mut next = how.first;
    for peer in &mut peers[..how.connections] {
        peer.fill(how, &mut next, &mut published.sent)?;
    }
    let mut events = Events::with_capacity(how.connections + 1);
    let mut last = begin;
    loop {
        let now = Instant::now();
        let missing = how.subscriber && published.delivered < published.sent;
        if now >= end && !missing && peers.iter().all(|peer| peer.under_way.is_empty()) {
            return Ok(published);
        }
        ensure!(now - last < PATIENCE, "{} of {} messages came", published.delivered, published.sent);
        poll.poll(&mut events, Some(Duration::from_millis(100)))?;
        for event in &events {
            let n = event.token().0;
            let peer = &mut peers[n];
            let mut acknowledged = 0;
            peer.read(|peer, packet, now| {
                last = now;
                let counts = now >= from && now < end;
                match packet {
                    Packet::Puback(id) => {
                        // Acknowledgements come in the order of the publishes (3.1.1, 4.6).
                        let Some((expected, sent)) = peer.under_way.pop_front() else { bail!("an unasked PUBACK") };
                        ensure!(id == expected, "PUBACK {id} out of order, expected {expected}");
                        acknowledged += 1;
                        if counts {
                            published.messages += u64::from(!how.subscriber);
                            published.latency.saturating_record((now - sent).as_nanos() as u64);
                        }
                    }
                    Packet::Publish(id) => {
                        published.delivered += 1;
                        published.messages += u64::from(counts);
                        packet::puback(&mut peer.out, id);
                    }
                    Packet::Other => {}
                }
                Ok(())
            })?;
            if acknowledged > 0 && Instant::now() < end {
                peer.fill(how, &mut next, &mut published.sent)?;
            }
            peer.flush()?;
        }
    }
}

impl Peer {
    fn connect(address: SocketAddr, n: usize, subscriber: bool) -> Result<Self> {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut out = Vec::new();
        packet::connect(&mut out, &format!("bench-{}-{n}", std::process::id()));
        stream.write_all(&out)?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).context("no CONNACK")?;
        ensure!(answer[0] == 0x20 && answer[3] == 0, "refused: {answer:?}");
        if subscriber {
            out.clear();
            packet::subscribe(&mut out, "bench/+");
            stream.write_all(&out)?;
            let mut answer = [0; 5];
            stream.read_exact(&mut answer).context("no SUBACK")?;
            ensure!(answer[0] == 0x90 && answer[4] == 1, "subscription refused: {answer:?}");
        }
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: TcpStream::from_std(stream),
            out: Vec::new(),
            written: 0,
            input: vec![0; 256 << 10],
            filled: 0,
            under_way: VecDeque::new(),
            next_id: 0,
        })
    }

    fn fill(&mut self, how: &Publishing, next: &mut u64, sent: &mut u64) -> Result<()> {
        let now = Instant::now();
        while self.under_way.len() < how.in_flight {
            self.next_id = if self.next_id == u16::MAX { 1 } else { self.next_id + 1 };
            let (topic, payload) = message(*next, how.devices);
            packet::publish(&mut self.out, &topic, self.next_id, payload.as_bytes());
            self.under_way.push_back((self.next_id, now));
            *next += 1;
            *sent += 1;
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<()> {
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(n) => self.written += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e).context("cannot write to the server"),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(())
    }

    fn read(&mut self, mut take: impl FnMut(&mut Self, Packet, Instant) -> Result<()>) -> Result<()> {
        loop {
            match self.stream.read(&mut self.input[self.filled..]) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(n) => self.filled += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(e).context("cannot read from the server"),
            }
            let (now, mut at) = (Instant::now(), 0);
            while let Some((packet, n)) = packet::parse(&self.input[at..self.filled])? {
                at += n;
                take(self, packet, now)?;
            }
            self.input.copy_within(at..self.filled, 0);
            self.filled -= at;
            if self.filled + at < self.input.len() {
                return Ok(());
            }
        }
    }
}
