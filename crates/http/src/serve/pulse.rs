//! How long a connection may do nothing: a silent one, one whose request never gets whole, an idle one and one whose
//! client does not read an answer are ended. One look at all connections every now and then, and no timer for a request: a
//! request costs five additions. Knows no protocol.

mod answer;

pub(super) use answer::Answer;

use futures_util::task::AtomicWaker;
use hyper::rt::{Read, ReadBufCursor, Write};
use parking_lot::Mutex;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Into so many turns the patience with a client that reads nothing is divided: answers are counted by the turn in which
/// the client last took something of them.
const TURNS: u32 = 12;
/// So many turns are enough when answers that nobody reads take more than half of the memory that they may.
const TURNS_IN_NEED: u32 = 2;
/// Places of the counters of turns; one is empty again before it is used anew.
const PLACES: usize = 16;
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

/// What answers may take that their clients have not read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// How long a client may read nothing of an answer.
    pub(super) unread: Duration,
    /// Bytes of unread answers, of all connections.
    pub(super) bytes: u64,
    /// Bytes of unread answers of one connection before its further requests wait.
    pub(super) bytes_of_one: u64,
}

/// What all connections have in common.
struct Common {
    patience: Patience,
    /// The turn that it is now.
    turn: AtomicU32,
    /// Bytes of unread answers.
    unread: AtomicU64,
}

/// What one connection shows of itself.
pub(super) struct Pulse {
    common: Arc<Common>,
    requests: AtomicU64,
    /// Answers that wait for the client to take the next piece, by the turn in which it took the last one.
    turns: [AtomicU32; PLACES],
    /// Bytes of answers that the client has not read.
    unread: AtomicU64,
    /// Some of them are read.
    room: Notify,
    /// Something was written since the last look.
    moved: AtomicBool,
    /// What is to be written waits for the client to read.
    blocked: AtomicBool,
    verdict: AtomicU8,
    waker: AtomicWaker,
}

impl Pulse {
    fn new(common: Arc<Common>) -> Self {
        Self {
            common,
            requests: AtomicU64::new(0),
            turns: Default::default(),
            unread: AtomicU64::new(0),
            room: Notify::new(),
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

    fn has_room(&self) -> bool {
        self.unread.load(Ordering::Relaxed) < self.common.patience.bytes_of_one
    }

    async fn wait_for_room(&self) {
        while !self.has_room() {
            let mut read = std::pin::pin!(self.room.notified());
            // First in line, then the look: what is read in between is not missed.
            read.as_mut().enable();
            if !self.has_room() {
                read.await;
            }
        }
    }

    /// Whether the client took nothing of an answer for so many turns, the last of them being `turn`.
    fn left_unread(&self, mut turns: std::ops::RangeInclusive<u32>, turn: u32) -> bool {
        turns.any(|ago| self.turns[place(turn.wrapping_sub(ago))].load(Ordering::Relaxed) > 0)
    }

    /// A request begins.
    pub(super) fn begin(self: &Arc<Self>) -> Underway {
        self.requests.fetch_add(BEGUN + 1, Ordering::Relaxed);
        Underway(self.clone())
    }
}

/// A request that is under way until this is dropped.
pub(super) struct Underway(Arc<Pulse>);

impl Underway {
    /// Waits until the client has read enough of what was answered before.
    pub(super) async fn room(&self) {
        if !self.0.has_room() {
            self.0.wait_for_room().await;
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The place of a turn among the counters.
fn place(turn: u32) -> usize {
    turn as usize % PLACES
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
    blocked: bool,
    since: Instant,
}

/// Every connection's pulse.
pub(super) struct Watch {
    limit: Duration,
    common: Arc<Common>,
    all: Mutex<Vec<Seen>>,
}

impl Watch {
    /// A connection may do nothing for `limit`, and leave answers unread within `patience`.
    pub(super) fn new(limit: Duration, patience: Patience) -> Arc<Self> {
        let common = Arc::new(Common { patience, turn: AtomicU32::new(0), unread: AtomicU64::new(0) });
        Arc::new(Self { limit, common, all: Mutex::default() })
    }

    /// The pulse of a new connection. It is watched until nobody else holds it.
    pub(super) fn open(&self) -> Arc<Pulse> {
        let pulse = Arc::new(Pulse::new(self.common.clone()));
        let seen = Seen { pulse: pulse.clone(), requests: 0, blocked: false, since: Instant::now() };
        self.all.lock().push(seen);
        pulse
    }

    /// Looks at all connections for ever. One is ended at the limit or up to a quarter of it later.
    pub(super) async fn run(self: Arc<Self>) {
        let turn = self.common.patience.unread / TURNS;
        let mut ticks = tokio::time::interval((self.limit / 4).min(turn));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut turned = Instant::now();
        loop {
            ticks.tick().await;
            let now = Instant::now();
            self.look(now);
            // One at a time, so that no counter is passed over.
            if now.saturating_duration_since(turned) >= turn {
                turned = now;
                self.turn();
            }
        }
    }

    /// The next turn begins. A connection whose client left an answer unread for all of them is cut off.
    fn turn(&self) {
        let turn = self.common.turn.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let need = self.common.unread.load(Ordering::Relaxed) > self.common.patience.bytes / 2;
        for seen in &*self.all.lock() {
            let hoards = need && seen.pulse.unread.load(Ordering::Relaxed) > 0;
            // The turn of the last piece does not count, since it may have come at its end.
            let first = 1 + if hoards { TURNS_IN_NEED } else { TURNS };
            if seen.pulse.left_unread(first..=TURNS + 1, turn) {
                seen.pulse.judge(Verdict::Cut);
            }
        }
    }

    fn look(&self, now: Instant) {
        self.all.lock().retain_mut(|seen| {
            if Arc::strong_count(&seen.pulse) == 1 {
                return false;
            }
            let requests = seen.pulse.requests.load(Ordering::Relaxed);
            let blocked = seen.pulse.blocked.load(Ordering::Relaxed);
            let was_blocked = std::mem::replace(&mut seen.blocked, blocked);
            // What is written while nothing is asked or owed is an answer to a PING, which keeps nothing open.
            let owed = requests % BEGUN != 0 || blocked || was_blocked;
            let moved = seen.pulse.moved.swap(false, Ordering::Relaxed) && owed;
            if requests != seen.requests || moved {
                (seen.requests, seen.since) = (requests, now);
                return true;
            }
            let quiet = now.saturating_duration_since(seen.since);
            if blocked {
                if quiet >= self.common.patience.unread.max(self.limit) {
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
mod tests;
