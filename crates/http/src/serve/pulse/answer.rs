//! The body of an answer on its way to the client: handed over in pieces, so that it shows how far the client is with it, and
//! counted while the client has not read it. Makes no body.

use super::{Common, Pulse, Underway, place};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

/// What is handed over at a time: after it the client has to make room for the next.
const PIECE: usize = 64 << 10;
/// A body up to here is neither cut into pieces nor counted among what waits in memory.
const SMALL: u64 = 16 << 10;

/// The body of an answer: its request is under way until it was handed over.
pub(in crate::serve) struct Answer<B> {
    body: B,
    /// What the body gave and was not handed over yet.
    rest: Bytes,
    /// Its share of what waits unread, until the bytes themselves have it.
    held: Option<Held>,
    /// The turn in which the client took the last piece; none while the body has nothing to give.
    turn: Option<u32>,
    underway: Underway,
}

/// Bytes of an answer in memory, counted until they are dropped.
struct Held {
    bytes: Bytes,
    size: u64,
    pulse: Arc<Pulse>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.pulse.common.unread.fetch_sub(self.size, Ordering::Relaxed);
        self.pulse.unread.fetch_sub(self.size, Ordering::Relaxed);
        self.pulse.room.notify_waiters();
    }
}

impl Held {
    /// Counts so many bytes; none when there would be too many of all connections together.
    fn count(pulse: &Arc<Pulse>, size: u64) -> Option<Self> {
        let Common { patience, unread, .. } = &*pulse.common;
        let before = unread.fetch_add(size, Ordering::Relaxed);
        pulse.unread.fetch_add(size, Ordering::Relaxed);
        let held = Self { bytes: Bytes::new(), size, pulse: pulse.clone() };
        // One that is too large by itself is let through when it is alone.
        (before == 0 || before.saturating_add(size) <= patience.bytes).then_some(held)
    }
}

impl<B: Body<Data = Bytes> + Unpin> Answer<B> {
    /// Takes over a body.
    ///
    /// # Errors
    /// The request under way when more waits unread already than may.
    pub(in crate::serve) fn new(body: B, underway: Underway) -> Result<Self, Underway> {
        let mut held = None;
        if let Some(size) = body.size_hint().exact().filter(|size| *size > SMALL) {
            held = Held::count(&underway.0, size);
            if held.is_none() {
                return Err(underway);
            }
        }
        let mut answer = Self::small(body, underway);
        answer.held = held;
        Ok(answer)
    }

    /// Takes over a body that is small.
    pub(in crate::serve) fn small(body: B, underway: Underway) -> Self {
        let mut answer = Self { body, rest: Bytes::new(), held: None, turn: None, underway };
        if !answer.body.is_end_stream() {
            answer.wait();
        }
        answer
    }

    fn pulse(&self) -> &Arc<Pulse> {
        &self.underway.0
    }

    /// From now on the client has to take something.
    fn wait(&mut self) {
        let now = self.pulse().common.turn.load(Ordering::Relaxed);
        if self.turn != Some(now) {
            self.wait_no_more();
            self.pulse().turns[place(now)].fetch_add(1, Ordering::Relaxed);
            self.turn = Some(now);
        }
    }
}

impl<B> Answer<B> {
    fn wait_no_more(&mut self) {
        if let Some(turn) = self.turn.take() {
            self.underway.0.turns[place(turn)].fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl<B> Drop for Answer<B> {
    fn drop(&mut self) {
        self.wait_no_more();
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Answer<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.rest.is_empty() {
            let frame = Pin::new(&mut self.body).poll_frame(cx);
            if frame.is_pending() {
                self.wait_no_more();
            }
            match ready!(frame) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        self.rest = match self.held.take() {
                            Some(mut held) => {
                                held.bytes = data;
                                Bytes::from_owner(held)
                            }
                            None => data,
                        }
                    }
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
        self.wait();
        let piece = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, hint) = (self.rest.len() as u64, self.body.size_hint());
        let mut all = SizeHint::new();
        if let Some(upper) = hint.upper() {
            all.set_upper(upper.saturating_add(rest));
        }
        all.set_lower(hint.lower().saturating_add(rest));
        all
    }
}
