//! The exporter: gathers spans into batches and posts them to the collector, one batch at a time. A collector that is away
//! or busy is tried again a few times (OTLP 1.x, "Failures"); then the batch is dropped and counted. Holds one batch
//! besides the queue, whatever the collector does.

use super::Counters;
use super::otlp::{self, Resource, Response};
use super::span::Record;
use crate::outbound::{Call, Outbound, OutboundError, Reply};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header};
use http_body_util::Full;
use prost::Message;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};

/// Spans in a batch.
const BATCH: usize = 512;
/// The largest answer that is read, bytes.
const MAX_ANSWER: usize = 64 << 10;
/// Attempts for one batch.
const ATTEMPTS: u32 = 4;
/// The longest pause between attempts.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// How far warnings are apart while the collector stays away.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// Where spans go, and how.
pub(super) struct Target {
    pub(super) outbound: Outbound,
    pub(super) uri: Uri,
    pub(super) timeout: Duration,
    pub(super) gather: Duration,
    pub(super) retry: Duration,
    pub(super) resource: Resource,
    pub(super) counters: Arc<Counters>,
}

pub(super) struct Exporter {
    target: Target,
    records: mpsc::Receiver<Record>,
    /// When the last warning was written; none while all is well.
    warned: Option<Instant>,
    /// Spans dropped since then.
    untold: u64,
}

/// How an attempt ended.
enum Attempt {
    /// The collector has it, but for so many.
    Taken {
        rejected: u64,
    },
    /// Worth trying again, after this if the collector said so.
    Again(String, Option<Duration>),
    Refused(String),
}

impl Exporter {
    pub(super) fn new(target: Target, records: mpsc::Receiver<Record>) -> Self {
        Self { target, records, warned: None, untold: 0 }
    }

    pub(super) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut batch = Vec::new();
        while !*stopped.borrow() {
            tokio::select! {
                more = self.gather(&mut batch) => if !more { return },
                _ = stopped.changed() => break,
            }
            self.deliver(&batch, &mut stopped).await;
            batch.clear();
        }
        self.finish(batch).await;
    }

    /// Waits for spans: a full batch, or what comes within a while after the first. False when there will be none.
    async fn gather(&mut self, batch: &mut Vec<Record>) -> bool {
        if self.records.recv_many(batch, BATCH).await == 0 {
            return false;
        }
        let until = Instant::now() + self.target.gather;
        while batch.len() < BATCH {
            match timeout_at(until, self.records.recv_many(batch, BATCH - batch.len())).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
        }
        true
    }

    /// Sends a batch, again if need be.
    async fn deliver(&mut self, batch: &[Record], stopped: &mut watch::Receiver<bool>) {
        let body = Bytes::from(otlp::encode(&self.target.resource, batch));
        let mut pause = self.target.retry;
        for attempt in 1.. {
            match self.attempt(body.clone()).await {
                Attempt::Taken { rejected } => return self.taken(batch.len() as u64, rejected),
                Attempt::Refused(why) => return self.lost(batch.len() as u64, &why, |c| &c.refused),
                Attempt::Again(why, _) if attempt >= ATTEMPTS || *stopped.borrow() => {
                    return self.lost(batch.len() as u64, &why, |c| &c.unreachable);
                }
                Attempt::Again(_, wanted) => {
                    let wait = wanted.unwrap_or_default().max(pause).min(MAX_PAUSE);
                    // Told to stop: one more attempt at once.
                    let _ = timeout(wait, stopped.wait_for(|stop| *stop)).await;
                    pause = (pause * 2).min(MAX_PAUSE);
                }
            }
        }
    }

    /// What is left when the program stops, within the time of one batch.
    async fn finish(&mut self, mut batch: Vec<Record>) {
        self.records.close();
        let until = Instant::now() + self.target.timeout;
        loop {
            while batch.len() < BATCH
                && let Ok(record) = self.records.try_recv()
            {
                batch.push(record);
            }
            if batch.is_empty() {
                return;
            }
            let body = Bytes::from(otlp::encode(&self.target.resource, &batch));
            match timeout_at(until, self.attempt(body)).await {
                Ok(Attempt::Taken { rejected }) => self.taken(batch.len() as u64, rejected),
                Ok(Attempt::Refused(why)) => self.lost(batch.len() as u64, &why, |c| &c.refused),
                Ok(Attempt::Again(why, _)) => {
                    return self.lost((batch.len() + self.records.len()) as u64, &why, |c| &c.unreachable);
                }
                Err(_) => {
                    let left = (batch.len() + self.records.len()) as u64;
                    return self.lost(left, "it took too long at the end", |c| &c.unreachable);
                }
            }
            batch.clear();
        }
    }

    async fn attempt(&self, body: Bytes) -> Attempt {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.target.uri.clone();
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        let call = Call { timeout: self.target.timeout, max_bytes: MAX_ANSWER, redirects: 0 };
        match self.target.outbound.send(request, &call).await {
            Ok(reply) => judge(&reply),
            Err(error @ (OutboundError::Url | OutboundError::Refused(_))) => Attempt::Refused(error.to_string()),
            // It answered, at length: the spans are there.
            Err(OutboundError::TooLarge(_)) => Attempt::Taken { rejected: 0 },
            Err(error) => Attempt::Again(error.to_string(), None),
        }
    }

    fn taken(&mut self, spans: u64, rejected: u64) {
        let rejected = rejected.min(spans);
        self.target.counters.exported.fetch_add(spans - rejected, Ordering::Relaxed);
        if rejected > 0 {
            return self.lost(rejected, "it does not take these spans", |c| &c.refused);
        }
        if self.warned.take().is_some() {
            tracing::info!(dropped_spans = self.untold, "the collector takes traces again");
            self.untold = 0;
        }
    }

    fn lost(&mut self, spans: u64, why: &str, counter: fn(&Counters) -> &AtomicU64) {
        counter(&self.target.counters).fetch_add(spans, Ordering::Relaxed);
        self.untold += spans;
        if self.warned.is_none_or(|at| at.elapsed() >= WARN_EVERY) {
            tracing::warn!(dropped_spans = self.untold, why, "traces did not reach the collector (telemetry.endpoint)");
            self.warned = Some(Instant::now());
            self.untold = 0;
        }
    }
}

fn judge(reply: &Reply) -> Attempt {
    let why = format!("it answered {}", reply.status);
    match reply.status {
        // An answer that is not what it should be is no reason to send the same spans again.
        200..=299 => Attempt::Taken { rejected: Response::decode(&reply.body[..]).map_or(0, |r| r.rejected()) },
        429 | 502 | 503 | 504 => {
            let seconds = reply.headers.get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse().ok());
            Attempt::Again(why, seconds.map(Duration::from_secs))
        }
        _ => Attempt::Refused(why),
    }
}
