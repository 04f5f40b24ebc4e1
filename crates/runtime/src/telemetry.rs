//! Traces (OpenTelemetry): spans of requests, commits, deliveries and batches of devices, sent to a collector by
//! OTLP/HTTP with protobuf. When no collector is configured there is no [`Tracer`] at all, and whoever would make a span
//! sees that by one branch.
//!
//! A span holds names of operations, methods, counts and statuses, never a URL as it came, a header, an entity or a
//! secret. What is recorded waits in a bounded queue; what finds it full is dropped and counted.

mod export;
mod otlp;
mod span;

pub use span::{Span, SpanKind};

use crate::metrics::{self, Page, Source};
use crate::outbound::{Outbound, OutboundError};
use belfry_kernel::{Clock, Rng, TraceContext};
use export::{Exporter, Target};
use http::Uri;
use parking_lot::Mutex;
use span::Record;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// The path of the collector when its URL names none (OTLP 1.x, "OTLP/HTTP request").
const TRACES_PATH: &str = "/v1/traces";
/// All of so many is the whole.
const MILLION: u64 = 1_000_000;

/// What is done with the `traceparent` of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Incoming {
    /// The request's span becomes a child of the caller's.
    #[default]
    Continue,
    /// The request's span begins a trace of its own, with a link to the caller's.
    Link,
    /// It is not looked at.
    Ignore,
}

/// How traces are made and sent.
#[derive(Clone, Debug)]
pub struct Options {
    /// The collector: `http://host:4318`, with a path if that is not `/v1/traces`.
    pub endpoint: String,
    /// How many of a million traces that begin here are recorded.
    pub sample_per_million: u32,
    /// The `service.name` of the resource.
    pub service_name: String,
    /// Spans that wait at most.
    pub max_queued_spans: usize,
    /// How long the collector may take for one batch, and for what is left at the end.
    pub timeout: Duration,
    /// What is done with the `traceparent` of a request.
    pub incoming: Incoming,
    /// How long spans are gathered before a batch that is not full is sent.
    pub gather: Duration,
    /// The pause before a batch is tried again; each further one is twice as long.
    pub retry: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            sample_per_million: 1_000_000,
            service_name: "belfry".to_owned(),
            max_queued_spans: 2048,
            timeout: Duration::from_secs(10),
            incoming: Incoming::Continue,
            gather: Duration::from_secs(1),
            retry: Duration::from_secs(1),
        }
    }
}

/// What became of spans.
#[derive(Debug, Default)]
pub struct Counters {
    /// Spans that the collector took.
    pub exported: AtomicU64,
    /// Spans dropped since the queue was full.
    pub queue_full: AtomicU64,
    /// Spans dropped since the collector could not be reached, or was busy, at every attempt.
    pub unreachable: AtomicU64,
    /// Spans that the collector refused.
    pub refused: AtomicU64,
}

/// Makes spans and hands those that have ended to the exporter.
pub struct Tracer {
    options: Options,
    clock: Arc<dyn Clock>,
    /// Identifiers are a keyed mixture of this counter: distinct within the process, unlike those of others.
    next_id: AtomicU64,
    seed: [u64; 2],
    queue: mpsc::Sender<Record>,
    counters: Arc<Counters>,
    exporting: Mutex<Option<(watch::Sender<bool>, JoinHandle<()>)>>,
}

impl Tracer {
    /// Starts the exporter. Must be called within a tokio runtime. Whether the collector answers shows later: it may
    /// well be started after this.
    ///
    /// # Errors
    /// When the endpoint is no URL that could be called.
    pub fn start(
        options: Options,
        outbound: Outbound,
        clock: Arc<dyn Clock>,
        rng: &dyn Rng,
    ) -> Result<Arc<Self>, OutboundError> {
        let uri = collector(&outbound, &options.endpoint)?;
        let mut random = [[0; 8]; 4];
        random.iter_mut().for_each(|word| rng.fill(word));
        let [first, second, counter, instance] = random.map(u64::from_le_bytes);
        let counters = Arc::new(Counters::default());
        let (queue, records) = mpsc::channel(options.max_queued_spans.max(1));
        let (stop, stopped) = watch::channel(false);
        let target = Target {
            outbound,
            uri,
            timeout: options.timeout,
            gather: options.gather,
            retry: options.retry,
            resource: otlp::resource(&options.service_name, instance),
            counters: counters.clone(),
        };
        let task = tokio::spawn(Exporter::new(target, records).run(stopped));
        Ok(Arc::new(Self {
            options,
            clock,
            next_id: AtomicU64::new(counter),
            seed: [first, second],
            queue,
            counters,
            exporting: Mutex::new(Some((stop, task))),
        }))
    }

    /// What became of spans.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Spans that wait to be sent.
    pub fn queued(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// A span that begins a trace, if that trace is among those that are recorded.
    pub fn root(self: &Arc<Self>, name: impl Into<span::Text>, kind: SpanKind) -> Option<Span> {
        self.samples().then(|| self.begin(name.into(), kind, self.trace_id(), None, None))
    }

    /// The span of a request that came with this `traceparent`, if it is recorded: when the caller says that it records
    /// its own, or, without a caller that says anything, as [`Self::root`]. The header decides about that and names the
    /// caller's span; nothing else follows from it.
    pub fn remote(
        self: &Arc<Self>,
        caller: Option<TraceContext>,
        name: impl Into<span::Text>,
        kind: SpanKind,
    ) -> Option<Span> {
        match caller.filter(|_| self.options.incoming != Incoming::Ignore) {
            None => self.root(name, kind),
            Some(caller) if !caller.sampled => None,
            Some(caller) if self.options.incoming == Incoming::Link => {
                Some(self.begin(name.into(), kind, self.trace_id(), None, Some(caller)))
            }
            Some(caller) => Some(self.begin(name.into(), kind, caller.trace_id, Some(caller), None)),
        }
    }

    /// A span below another.
    pub fn child(self: &Arc<Self>, of: &TraceContext, name: impl Into<span::Text>, kind: SpanKind) -> Span {
        self.begin(name.into(), kind, of.trace_id, Some(*of), None)
    }

    /// Sends what waits, as far as that is done within the time that a batch may take, and ends the exporter. Spans that
    /// end later are dropped.
    pub async fn stop(&self) {
        let Some((stop, task)) = self.exporting.lock().take() else { return };
        stop.send_replace(true);
        // A task that panicked has said so in the log.
        let _ = task.await;
    }

    fn begin(
        self: &Arc<Self>,
        name: span::Text,
        kind: SpanKind,
        trace_id: u128,
        parent: Option<TraceContext>,
        link: Option<TraceContext>,
    ) -> Span {
        let context = TraceContext { trace_id, span_id: self.id(), sampled: true };
        let start_us = u64::try_from(self.clock.now().micros()).unwrap_or(0);
        let record = Record::new(context, parent.map(|p| p.span_id), link, name, kind, start_us);
        Span::new(self.clone(), record)
    }

    fn submit(&self, record: Record) {
        if self.queue.try_send(record).is_err() {
            self.counters.queue_full.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn samples(&self) -> bool {
        match u64::from(self.options.sample_per_million) {
            0 => false,
            MILLION.. => true,
            share => self.id() % MILLION < share,
        }
    }

    /// A number that is not zero.
    fn id(&self) -> u64 {
        let count = self.next_id.fetch_add(1, Ordering::Relaxed);
        mix(count.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.seed[0]).max(1)
    }

    fn trace_id(&self) -> u128 {
        let low = self.id();
        u128::from(mix(low ^ self.seed[1])) << 64 | u128::from(low)
    }
}

impl Source for Tracer {
    fn measure(&self, page: &mut Page) {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        page.single(&metrics::SPANS_EXPORTED, load(&self.counters.exported));
        let mut dropped = page.family(&metrics::SPANS_DROPPED);
        dropped.row(&["queue_full"], load(&self.counters.queue_full));
        dropped.row(&["unreachable"], load(&self.counters.unreachable));
        dropped.row(&["refused"], load(&self.counters.refused));
        page.single(&metrics::SPANS_QUEUED, self.queued());
    }
}

/// The finalizer of SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014): a
/// bijection, so that distinct counts give distinct identifiers.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The URL that spans are posted to.
fn collector(outbound: &Outbound, endpoint: &str) -> Result<Uri, OutboundError> {
    let uri = outbound.check_url(endpoint)?;
    if !matches!(uri.path(), "" | "/") {
        return Ok(uri);
    }
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(http::uri::PathAndQuery::from_static(TRACES_PATH));
    Uri::from_parts(parts).map_err(|_| OutboundError::Url)
}

#[derive(Clone)]
struct Current {
    tracer: Arc<Tracer>,
    context: TraceContext,
}

tokio::task_local! {
    static CURRENT: Current;
}

/// Runs a future within a span: what it starts becomes the span's children.
pub async fn within<F: Future>(span: &Span, future: F) -> F::Output {
    CURRENT.scope(Current { tracer: span.tracer().clone(), context: span.context() }, future).await
}

/// As [`within`], for a call.
pub fn within_sync<R>(span: &Span, call: impl FnOnce() -> R) -> R {
    CURRENT.sync_scope(Current { tracer: span.tracer().clone(), context: span.context() }, call)
}

/// A child of the span that this runs within, if it does.
pub fn child(name: &'static str, kind: SpanKind) -> Option<Span> {
    CURRENT.try_with(|current| current.tracer.child(&current.context, name, kind)).ok()
}
