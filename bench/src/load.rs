//! The load client: N keep-alive HTTP/1.1 connections in closed loop on one thread, lean because it shares the cores
//! with the server. Holds the loop and its clock; what is asked and how answers are judged is a [`Traffic`].

pub mod connection;
pub mod message;

use anyhow::{Result, bail};
use connection::{Connection, Received};
use hdrhistogram::Histogram;
use message::Message;
use mio::{Events, Interest, Poll, Token};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What is asked over the connections of one load.
pub trait Traffic {
    /// Appends the next request of a connection to `out`, or returns false when there is none.
    fn next(&mut self, connection: usize, out: &mut Vec<u8>) -> bool;

    /// Judges the answer to the connection's last request: the units that it stands for, or what is wrong with it.
    fn answer(&mut self, connection: usize, answer: &Answer<'_>) -> Result<u64, String>;
}

/// A complete answer.
pub struct Answer<'a> {
    /// Status code.
    pub status: u16,
    /// Status line and headers.
    pub head: &'a [u8],
    /// Body, chunks joined.
    pub body: &'a [u8],
}

/// How long and how fast to ask.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Connections, each with one request under way.
    pub connections: usize,
    /// Answers in this time are not counted.
    pub warm_up: Duration,
    /// Time that is counted; without it, all that the traffic has is counted.
    pub window: Option<Duration>,
    /// Requests a second to offer at most; without it, each answer is followed by the next request at once.
    pub pace: Option<f64>,
}

/// What came of a load.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Answers in the window.
    pub requests: u64,
    /// Units in them.
    pub units: u64,
    /// Units over the whole time, warming up included.
    pub all_units: u64,
    /// Length of the window in seconds.
    pub seconds: f64,
    /// Nanoseconds from sending a request to its complete answer, in the window.
    pub latency: Histogram<u64>,
    /// Answers that were not as they should be, over the whole time.
    pub wrong: u64,
    /// The first of them.
    pub first_wrong: Option<String>,
}

impl Outcome {
    /// Units a second.
    pub fn rate(&self) -> f64 {
        self.units as f64 / self.seconds
    }

    /// An error if an answer was wrong.
    pub fn sound(self) -> Result<Self> {
        match &self.first_wrong {
            Some(first) => bail!("{} wrong answers, the first: {first}", self.wrong),
            None => Ok(self),
        }
    }
}

/// A histogram of nanoseconds up to a minute, three digits.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are in order and the digits within 0 to 5")
}

/// Longest wait for answers that are still under way when the time is over, and for any answer at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// Drives a load to its end. Fails when a connection does; a wrong answer is counted.
pub fn drive(address: SocketAddr, traffic: &mut dyn Traffic, schedule: Schedule) -> Result<Outcome> {
    let mut poll = Poll::new()?;
    let mut connections = Vec::with_capacity(schedule.connections);
    for n in 0..schedule.connections {
        let mut connection = Connection::open(address)?;
        poll.registry().register(&mut connection.stream, Token(n), Interest::READABLE | Interest::WRITABLE)?;
        connections.push(connection);
    }
    let begin = Instant::now();
    let mut drive = Drive {
        traffic,
        pace: schedule.pace.map(|rate| Pace { rate, begin, sent: 0 }),
        from: begin + schedule.warm_up,
        end: schedule.window.map(|window| begin + schedule.warm_up + window),
        idle: (0..schedule.connections).rev().collect(),
        under_way: 0,
        outcome: Outcome {
            requests: 0,
            units: 0,
            all_units: 0,
            seconds: 0.0,
            latency: histogram(),
            wrong: 0,
            first_wrong: None,
        },
    };
    drive.send(&mut connections)?;
    let mut events = Events::with_capacity(schedule.connections.max(16));
    let mut last_answer = Instant::now();
    loop {
        let now = Instant::now();
        let over = drive.end.is_some_and(|end| now >= end);
        if drive.under_way == 0 && (over || !drive.waits()) {
            break;
        }
        if now - last_answer > PATIENCE {
            bail!("no answer for {} s with {} requests under way", PATIENCE.as_secs(), drive.under_way);
        }
        poll.poll(&mut events, Some(drive.until_next(now)))?;
        for event in &events {
            let n = event.token().0;
            let connection = &mut connections[n];
            connection.flush()?;
            if event.is_readable() {
                while let Received::Message(message) = connection.receive()? {
                    last_answer = Instant::now();
                    drive.received(n, connection, &message, last_answer);
                    drive.send_on(n, connection, last_answer)?;
                }
            }
        }
        drive.send(&mut connections)?;
    }
    let window = schedule.window.unwrap_or_else(|| begin.elapsed());
    drive.outcome.seconds = window.as_secs_f64();
    Ok(drive.outcome)
}

struct Pace {
    rate: f64,
    begin: Instant,
    sent: u64,
}

impl Pace {
    /// When the next request is due.
    fn due(&self) -> Instant {
        self.begin + Duration::from_secs_f64(self.sent as f64 / self.rate)
    }
}

struct Drive<'a> {
    traffic: &'a mut dyn Traffic,
    pace: Option<Pace>,
    from: Instant,
    end: Option<Instant>,
    idle: Vec<usize>,
    under_way: usize,
    outcome: Outcome,
}

impl Drive<'_> {
    /// Whether idle connections wait for their turn.
    fn waits(&self) -> bool {
        self.pace.is_some() && !self.idle.is_empty()
    }

    fn until_next(&self, now: Instant) -> Duration {
        match &self.pace {
            Some(pace) if !self.idle.is_empty() => pace.due().saturating_duration_since(now),
            _ => Duration::from_millis(200),
        }
    }

    /// Sends on idle connections what is due.
    fn send(&mut self, connections: &mut [Connection]) -> Result<()> {
        while let Some(n) = self.idle.pop() {
            let now = Instant::now();
            if self.pace.as_ref().is_some_and(|pace| pace.due() > now) {
                self.idle.push(n);
                break;
            }
            self.start(n, &mut connections[n], now)?;
        }
        Ok(())
    }

    /// Sends on a connection that has just been answered, or lays it with the idle ones.
    fn send_on(&mut self, n: usize, connection: &mut Connection, now: Instant) -> Result<()> {
        if self.pace.is_some() {
            self.idle.insert(0, n);
            return Ok(());
        }
        self.start(n, connection, now)
    }

    fn start(&mut self, n: usize, connection: &mut Connection, now: Instant) -> Result<()> {
        if self.end.is_some_and(|end| now >= end) || !self.traffic.next(n, connection.request()) {
            return Ok(());
        }
        if let Some(pace) = &mut self.pace {
            pace.sent += 1;
            // A server that cannot keep up is not sent a burst afterwards.
            let behind = now.saturating_duration_since(pace.due()).as_secs_f64();
            if behind > 0.01 {
                pace.sent += (behind * pace.rate) as u64;
            }
        }
        connection.sent = now;
        self.under_way += 1;
        connection.flush()?;
        Ok(())
    }

    fn received(&mut self, n: usize, connection: &Connection, message: &Message, now: Instant) {
        self.under_way -= 1;
        let answer = connection.answer(message);
        match self.traffic.answer(n, &answer) {
            Ok(units) => {
                self.outcome.all_units += units;
                if now >= self.from && self.end.is_none_or(|end| now < end) {
                    self.outcome.requests += 1;
                    self.outcome.units += units;
                    self.outcome.latency.saturating_record((now - connection.sent).as_nanos() as u64);
                }
            }
            Err(wrong) => {
                self.outcome.wrong += 1;
                self.outcome.first_wrong.get_or_insert(wrong);
            }
        }
    }
}

/// One request on a connection of its own; the answer's status, head and body.
pub fn ask(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> Result<(u16, String, Vec<u8>)> {
    struct Once<'a> {
        request: Option<(&'a str, &'a str, &'a [u8])>,
        answer: Option<(u16, String, Vec<u8>)>,
    }
    impl Traffic for Once<'_> {
        fn next(&mut self, _: usize, out: &mut Vec<u8>) -> bool {
            let Some((method, path, body)) = self.request.take() else { return false };
            message::write_head(out, method.as_bytes(), path.as_bytes(), body.len());
            out.extend_from_slice(body);
            true
        }
        fn answer(&mut self, _: usize, answer: &Answer<'_>) -> Result<u64, String> {
            let head = String::from_utf8_lossy(answer.head).into_owned();
            self.answer = Some((answer.status, head, answer.body.to_vec()));
            Ok(1)
        }
    }
    let mut once = Once { request: Some((method, path, body)), answer: None };
    let schedule = Schedule { connections: 1, warm_up: Duration::ZERO, window: None, pace: None };
    drive(address, &mut once, schedule)?;
    match once.answer {
        Some(answer) => Ok(answer),
        None => bail!("no answer to {method} {path}"),
    }
}
