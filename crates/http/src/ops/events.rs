//! GET /events: what changes, as it changes (server-sent events). `hello` first; then `entity` and `gone`, in the order
//! of the log; `reset` when what a client missed cannot be given, so that it must read the state anew.
//!
//! A client that reads slowly is given the newest image of each entity once instead of every one; what waits for it is
//! bounded, and a client that reads nothing at all is let go. Only the last event of a commit carries an `id`: a client
//! that comes back with it has seen all of that commit.

mod queue;

use crate::app::App;
use crate::problem;
use crate::request::{Exchange, TENANT};
use axum::body::Body;
use axum::response::Response;
use belfry_identity::Permission;
use belfry_kernel::{Error, Kind};
use belfry_ports::{FeedItem, Seq, Store};
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use http_body::Frame;
use queue::Queue;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Streams that may be open at one time.
const MAX_STREAMS: u64 = 1000;
/// How often a stream shows that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Commits that a client may have missed and still be given one by one.
const MAX_MISSED: Seq = 50_000;

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let store = exchange.store()?;
    let now = store.health().seq;
    let last =
        exchange.head.headers.get("last-event-id").map(|value| value.to_str().ok().and_then(|t| t.parse::<Seq>().ok()));
    // Where the stream goes on, or none when what was missed cannot be given.
    let after = match last {
        None => Some(now),
        Some(last) => last.filter(|last| *last <= now && now - last <= MAX_MISSED),
    };
    let mut response = problem::ok(HeaderValue::from_static("text/event-stream"), Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    if exchange.head.method == Method::HEAD {
        return Ok(response);
    }
    let open = Open::new(&exchange.app)?;
    let (out, chunks) = mpsc::channel(1);
    let stream = Stream {
        authorization: exchange.head.headers.get(header::AUTHORIZATION).cloned(),
        tenant: exchange.head.headers.get(TENANT).cloned(),
        app: exchange.app.clone(),
        out,
    };
    tokio::spawn(async move {
        stream.run(&*store, after, now).await;
        drop(open);
    });
    *response.body_mut() = Body::new(Chunks(chunks));
    Ok(response)
}

/// A stream in the count, until it is dropped.
struct Open(Arc<App>);

impl Open {
    fn new(app: &Arc<App>) -> Result<Self, Error> {
        let open = Self(app.clone());
        if app.metrics.streams.fetch_add(1, Ordering::Relaxed) >= MAX_STREAMS {
            return Err(Error::new(Kind::Unavailable, "there are as many event streams as there may be"));
        }
        Ok(open)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.metrics.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Stream {
    app: Arc<App>,
    authorization: Option<HeaderValue>,
    tenant: Option<HeaderValue>,
    out: mpsc::Sender<Bytes>,
}

impl Stream {
    async fn run(self, store: &dyn Store, after: Option<Seq>, now: Seq) {
        let mut queue = Queue::default();
        queue.hello(after.unwrap_or(now), self.app.clock.now());
        if after.is_none() {
            queue.reset(now);
        }
        let mut feed = store.feed(after.unwrap_or(now));
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        let mut stopping = self.app.stopping.clone();
        let mut sent = Instant::now();
        let patience = Duration::from_secs(self.app.limits.read_patience_s);
        loop {
            tokio::select! {
                biased;
                _ = heartbeat.tick() => {
                    let waiting = !queue.is_empty() || self.out.capacity() == 0;
                    if !self.is_allowed() || (waiting && sent.elapsed() > patience) {
                        return;
                    }
                    if !waiting {
                        queue.comment();
                    }
                }
                // What is there goes out before more is read, unless the client is busy; then newer images take the
                // place of older ones.
                place = self.out.reserve(), if !queue.is_empty() => match place {
                    Ok(place) => {
                        place.send(queue.take());
                        sent = Instant::now();
                    }
                    Err(_) => return,
                },
                item = feed.next(), if !queue.is_full() => match item {
                    Some(Ok(FeedItem::Commit(commit))) => queue.push(&commit),
                    Some(Ok(FeedItem::Gap { resumed_after })) => queue.reset(resumed_after),
                    Some(Err(error)) => {
                        tracing::error!(%error, "an event stream cannot read the log");
                        return;
                    }
                    None => return,
                },
                () = async { stopping.wait_for(|stop| *stop).await.map(drop).unwrap_or_default() } => return,
            }
        }
    }

    /// Whether the client may still see this: its token may have ended since.
    fn is_allowed(&self) -> bool {
        let text = |value: &Option<HeaderValue>| value.as_ref().and_then(|v| v.to_str().ok().map(str::to_owned));
        let tenant = text(&self.tenant).unwrap_or_default();
        self.app.guard.check(text(&self.authorization).as_deref(), &tenant, Permission::Read).is_ok()
    }
}

/// A body of what comes through a channel.
struct Chunks(mpsc::Receiver<Bytes>);

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|chunk| chunk.map(|bytes| Ok(Frame::data(bytes))))
    }
}
