//! How long a connection may do nothing: a silent one, one whose request never gets whole, an idle one and one whose
//! client reads nothing are ended. One look at all connections every now and then, and no timer for a request: a request
//! costs two additions. Knows no protocol.

use futures_util::task::AtomicWaker;
use http_body::{Body, Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use parking_lot::Mutex;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How long a client may read nothing of what is written to it.
const PATIENCE: Duration = Duration::from_secs(60);
/// One request begun, in the upper half of [`Pulse::requests`]; one under way is 1 in its lower half.
const BEGUN: u64 = 1 << 32;

/// What is to become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Verdict {
    /// It goes on.
    Live,
    /// It ends when the requests under way are answered.
    End,
    /// It ends now.
    Cut,
}

/// What one connection shows of itself.
pub(super) struct Pulse {
    requests: AtomicU64,
    /// Something was written since the last look.
    moved: AtomicBool,
    /// What is to be written waits for the client to read.
    blocked: AtomicBool,
    verdict: AtomicU8,
    waker: AtomicWaker,
}

impl Pulse {
    fn new() -> Self {
        Self {
            requests: AtomicU64::new(0),
            moved: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            verdict: AtomicU8::new(Verdict::Live as u8),
            waker: AtomicWaker::new(),
        }
    }

    /// What is to become of the connection. Its task is woken when that changes.
    pub(super) fn verdict(&self, context: &Context<'_>) -> Verdict {
        // First the waker: what changes after the look wakes it.
        self.waker.register(context.waker());
        match self.verdict.load(Ordering::Acquire) {
            0 => Verdict::Live,
            1 => Verdict::End,
            _ => Verdict::Cut,
        }
    }

    fn judge(&self, verdict: Verdict) {
        self.verdict.fetch_max(verdict as u8, Ordering::AcqRel);
        self.waker.wake();
    }

    /// A request begins.
    pub(super) fn begin(self: &Arc<Self>) -> Underway {
        self.requests.fetch_add(BEGUN + 1, Ordering::Relaxed);
        Underway(self.clone())
    }
}

/// A request that is under way until this is dropped.
pub(super) struct Underway(Arc<Pulse>);

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of an answer: its request is under way until it was handed over.
pub(super) struct Answer<B> {
    pub(super) body: B,
    pub(super) _underway: Underway,
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream whose writing shows in the pulse.
pub(super) struct Watched<S> {
    pub(super) stream: S,
    pub(super) pulse: Arc<Pulse>,
}

impl<S> Watched<S> {
    fn wrote(&self, done: &Poll<io::Result<usize>>) {
        // A store only when it changes something.
        let blocked = done.is_pending();
        if self.pulse.blocked.load(Ordering::Relaxed) != blocked {
            self.pulse.blocked.store(blocked, Ordering::Relaxed);
        }
        if !blocked && !self.pulse.moved.load(Ordering::Relaxed) {
            self.pulse.moved.store(true, Ordering::Relaxed);
        }
    }
}

impl<S: Read + Unpin> Read for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: Write + Unpin> Write for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(&done);
        done
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wrote(&done);
        done
    }
}

/// A connection as it was at the last look.
struct Seen {
    pulse: Arc<Pulse>,
    requests: u64,
    since: Instant,
}

/// Every connection's pulse.
pub(super) struct Watch {
    limit: Duration,
    all: Mutex<Vec<Seen>>,
}

impl Watch {
    /// A connection may do nothing for `limit`.
    pub(super) fn new(limit: Duration) -> Arc<Self> {
        Arc::new(Self { limit, all: Mutex::default() })
    }

    /// The pulse of a new connection. It is watched until nobody else holds it.
    pub(super) fn open(&self) -> Arc<Pulse> {
        let pulse = Arc::new(Pulse::new());
        self.all.lock().push(Seen { pulse: pulse.clone(), requests: 0, since: Instant::now() });
        pulse
    }

    /// Looks at all connections for ever. One is ended at the limit or up to a quarter of it later.
    pub(super) async fn run(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(self.limit / 4);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look(Instant::now());
        }
    }

    fn look(&self, now: Instant) {
        self.all.lock().retain_mut(|seen| {
            if Arc::strong_count(&seen.pulse) == 1 {
                return false;
            }
            let requests = seen.pulse.requests.load(Ordering::Relaxed);
            if requests != seen.requests || seen.pulse.moved.swap(false, Ordering::Relaxed) {
                (seen.requests, seen.since) = (requests, now);
                return true;
            }
            let quiet = now.saturating_duration_since(seen.since);
            if seen.pulse.blocked.load(Ordering::Relaxed) {
                if quiet >= PATIENCE.max(self.limit) {
                    seen.pulse.judge(Verdict::Cut);
                }
            } else if requests % BEGUN == 0 && quiet >= self.limit {
                // Asked to end at one look, cut off at the next one if it did not.
                let asked = seen.pulse.verdict.load(Ordering::Relaxed) != Verdict::Live as u8;
                seen.pulse.judge(if asked { Verdict::Cut } else { Verdict::End });
            }
            true
        });
    }

    /// Every connection ends when the requests under way are answered.
    pub(super) fn end(&self) {
        for seen in &*self.all.lock() {
            seen.pulse.judge(Verdict::End);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(pulse: &Pulse) -> Verdict {
        pulse.verdict(&Context::from_waker(futures_util::task::noop_waker_ref()))
    }

    #[test]
    fn what_does_nothing_is_ended_and_what_works_is_not() {
        let second = Duration::from_secs(1);
        let watch = Watch::new(10 * second);
        let (silent, busy, chatty, stuck) = (watch.open(), watch.open(), watch.open(), watch.open());
        let underway = busy.begin();
        stuck.begin().0.blocked.store(true, Ordering::Relaxed);
        let start = Instant::now();
        for at in 1..=40 {
            drop(chatty.begin());
            watch.look(start + at * second);
        }
        assert_eq!(verdict(&silent), Verdict::Cut);
        for (name, pulse) in [("busy", &busy), ("chatty", &chatty), ("stuck", &stuck)] {
            assert_eq!(verdict(pulse), Verdict::Live, "{name}");
        }
        drop(underway);
        watch.look(start + 41 * second);
        watch.look(start + 51 * second);
        assert_eq!((verdict(&busy), verdict(&chatty)), (Verdict::End, Verdict::End));
        watch.look(start + 62 * second);
        assert_eq!((verdict(&busy), verdict(&stuck)), (Verdict::Cut, Verdict::Cut));
        drop((silent, busy));
        watch.look(start + 63 * second);
        assert_eq!(watch.all.lock().len(), 2);
    }
}
