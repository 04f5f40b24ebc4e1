//! Requests made from the templates of a workload file: `${name}` stands for what differs from request to request.
//! Holds the compiled templates and the traffic made from them.

mod template;

use crate::load::{Answer, Traffic, ask, message};
use crate::workload::Request;
use anyhow::{Context, Result, bail, ensure};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;
use template::Template;
pub use template::Values;

/// One answer in so many is looked at closely.
const SAMPLE: u64 = 64;

/// Instants of sending, by value modulo their number, in nanoseconds since [`Sent::base`].
pub struct Sent {
    /// What they count from.
    pub base: Instant,
    /// The instants.
    pub at: Vec<AtomicU64>,
}

impl Sent {
    /// Room for the last four million values.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { base: Instant::now(), at: (0..1 << 22).map(|_| AtomicU64::new(0)).collect() })
    }

    /// The place of a value.
    pub fn slot(&self, value: u64) -> &AtomicU64 {
        &self.at[value as usize & (self.at.len() - 1)]
    }
}

struct Compiled {
    weight: u32,
    method: Vec<u8>,
    path: Template,
    body: Template,
    batch: u64,
    status: Vec<u16>,
    contains: Vec<Template>,
    count: Option<(String, u64)>,
    units: u64,
    verify: Option<(Template, Vec<Template>)>,
}

/// The traffic of a workload's requests.
pub struct Script {
    requests: Vec<Compiled>,
    weights: u32,
    entities: u64,
    connections: u64,
    random: u64,
    next_new: u64,
    next_value: u64,
    answers: u64,
    last: Vec<(usize, Values)>,
    path: Vec<u8>,
    body: Vec<u8>,
    sent: Option<Arc<Sent>>,
}

impl Script {
    /// Compiles requests for a store of `entities` and a number of connections. Each connection has entities of its
    /// own, so that the last write to each is known.
    pub fn new(requests: &[Request], entities: u64, connections: usize) -> Result<Self> {
        ensure!(!requests.is_empty(), "a workload without requests");
        let compiled = requests.iter().map(compile).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            weights: compiled.iter().map(|r| r.weight).sum(),
            requests: compiled,
            entities,
            connections: connections as u64,
            random: 0x2545_F491_4F6C_DD1D,
            next_new: entities,
            next_value: 1,
            answers: 0,
            last: vec![(0, Values::default()); connections],
            path: Vec::new(),
            body: Vec::new(),
            sent: None,
        })
    }

    /// Notes when each value was sent.
    pub fn note_sent(&mut self, sent: Arc<Sent>) {
        self.sent = Some(sent);
    }

    /// Leaves the numbers of so many new entities to others.
    pub fn leave_new(&mut self, count: u64) {
        self.next_new += count;
    }

    /// Values handed out so far: the requests, if each has one value.
    pub fn values_sent(&self) -> u64 {
        self.next_value - 1
    }

    /// Reads back the last write of each connection, as the workload says.
    pub fn verify(&mut self, address: SocketAddr) -> Result<()> {
        for (request, values) in &self.last {
            let compiled = &self.requests[*request];
            let Some((path, contains)) = &compiled.verify else { continue };
            if values.value == 0 {
                continue;
            }
            let path = path.text(values, compiled.batch);
            let (status, _, body) = ask(address, "GET", &path, b"")?;
            ensure!(status == 200, "reading back {path} gave {status}");
            for template in contains {
                let expected = template.text(values, compiled.batch);
                if memchr::memmem::find(&body, expected.as_bytes()).is_none() {
                    bail!("reading back {path}: no {expected} in {}", String::from_utf8_lossy(&body));
                }
            }
        }
        Ok(())
    }

    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    fn choose(&mut self) -> usize {
        if self.requests.len() == 1 {
            return 0;
        }
        let mut at = (self.random() >> 33) as u32 % self.weights;
        for (n, request) in self.requests.iter().enumerate() {
            if at < request.weight {
                return n;
            }
            at -= request.weight;
        }
        0
    }
}

impl Traffic for Script {
    fn next(&mut self, connection: usize, out: &mut Vec<u8>) -> bool {
        let chosen = self.choose();
        let (random, batch) = (self.random(), self.requests[chosen].batch);
        // Runs of `batch` entities, each run the share of one connection.
        let runs = (self.entities / batch / self.connections).max(1);
        let run = (random >> 20) % runs * self.connections + connection as u64;
        let values = Values {
            id: (run * batch).min(self.entities.saturating_sub(batch)),
            new: self.next_new,
            value: self.next_value,
            random,
            entities: self.entities,
            now: crate::clock::now(),
        };
        let request = &self.requests[chosen];
        self.next_value += batch;
        self.next_new += if request.body.makes_new() { batch } else { 0 };
        self.path.clear();
        self.body.clear();
        request.path.render(&mut self.path, &values, batch);
        request.body.render(&mut self.body, &values, batch);
        message::write_head(out, &request.method, &self.path, self.body.len());
        out.extend_from_slice(&self.body);
        if let Some(sent) = &self.sent {
            let nanos = sent.base.elapsed().as_nanos() as u64;
            sent.slot(values.value).store(nanos, std::sync::atomic::Ordering::Relaxed);
        }
        self.last[connection] = (chosen, values);
        true
    }

    fn answer(&mut self, connection: usize, answer: &Answer<'_>) -> Result<u64, String> {
        let (chosen, values) = &self.last[connection];
        let request = &self.requests[*chosen];
        let wrong = |what: String| {
            let path = request.path.text(values, request.batch);
            let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(600)]).into_owned();
            Err(format!("{} {path} gave {}: {what}{body}", String::from_utf8_lossy(&request.method), answer.status))
        };
        if !request.status.contains(&answer.status) {
            return wrong(String::new());
        }
        self.answers += 1;
        if self.answers % SAMPLE == 1 {
            for template in &request.contains {
                let expected = template.text(values, request.batch);
                if memchr::memmem::find(answer.body, expected.as_bytes()).is_none() {
                    return wrong(format!("no {expected} in "));
                }
            }
            if let Some((needle, count)) = &request.count {
                let found = memchr::memmem::find_iter(answer.body, needle.as_bytes()).count() as u64;
                if found != *count {
                    return wrong(format!("{needle} comes {found} times, not {count}, in "));
                }
            }
        }
        Ok(request.units)
    }
}

fn compile(request: &Request) -> Result<Compiled> {
    let all = |texts: &[String]| texts.iter().map(|t| Template::compile(t)).collect::<Result<Vec<_>>>();
    ensure!(request.weight > 0 && request.batch > 0, "a request's weight and batch are at least 1");
    Ok(Compiled {
        weight: request.weight,
        method: request.method.clone().into_bytes(),
        path: Template::compile(&request.path).context("path")?,
        body: Template::compile(&request.body).context("body")?,
        batch: request.batch,
        status: request.status.clone(),
        contains: all(&request.contains)?,
        count: request.count.as_ref().map(|c| (c.of.clone(), c.is)),
        units: request.units,
        verify: match &request.verify {
            Some(verify) => Some((Template::compile(&verify.path)?, all(&verify.contains)?)),
            None => None,
        },
    })
}
