//! Connections and answers as a client sees to them that reads, reads slowly, or does nothing.

use super::*;
use bytes::Bytes;
use http_body::Body as _;
use http_body_util::Full;

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Patience = Patience { unread: Duration::from_secs(60), bytes: 1 << 20, bytes_of_one: 1 << 18 };

fn context() -> Context<'static> {
    Context::from_waker(futures_util::task::noop_waker_ref())
}

fn verdict(pulse: &Pulse) -> Verdict {
    pulse.verdict(&context())
}

fn answer(pulse: &Arc<Pulse>, bytes: usize) -> Option<Answer<Full<Bytes>>> {
    Answer::new(Full::new(Bytes::from(vec![b'x'; bytes])), pulse.begin()).ok()
}

/// The client takes a piece; how long it is.
fn take(answer: &mut Answer<Full<Bytes>>) -> Option<Bytes> {
    match Pin::new(answer).poll_frame(&mut context()) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().ok(),
        _ => None,
    }
}

#[test]
fn what_does_nothing_is_ended_and_what_works_is_not() {
    let watch = Watch::new(10 * SECOND, PATIENCE);
    let (silent, busy, chatty, stuck) = (watch.open(), watch.open(), watch.open(), watch.open());
    let pinging = watch.open();
    let underway = busy.begin();
    stuck.begin().0.blocked.store(true, Ordering::Relaxed);
    let start = Instant::now();
    for at in 1..=40 {
        drop(chatty.begin());
        pinging.moved.store(true, Ordering::Relaxed);
        watch.look(start + at * SECOND);
    }
    assert_eq!((verdict(&silent), verdict(&pinging)), (Verdict::Cut, Verdict::Cut));
    for (name, pulse) in [("busy", &busy), ("chatty", &chatty), ("stuck", &stuck)] {
        assert_eq!(verdict(pulse), Verdict::Live, "{name}");
    }
    drop(underway);
    watch.look(start + 41 * SECOND);
    watch.look(start + 51 * SECOND);
    assert_eq!((verdict(&busy), verdict(&chatty)), (Verdict::End, Verdict::End));
    watch.look(start + 62 * SECOND);
    assert_eq!((verdict(&busy), verdict(&stuck)), (Verdict::Cut, Verdict::Cut));
    drop((silent, busy));
    watch.look(start + 63 * SECOND);
    assert_eq!(watch.all.lock().len(), 3);
}

#[test]
fn an_answer_that_is_not_read_cuts_its_connection_off_whatever_others_do() {
    let watch = Watch::new(10 * SECOND, Patience { bytes: 1 << 24, ..PATIENCE });
    let (read, unread) = (watch.open(), watch.open());
    // The stalled one may be as small as any.
    let _stalled = answer(&unread, 1).unwrap();
    let mut slow = [answer(&read, 1 << 19).unwrap(), answer(&unread, 1 << 18).unwrap()];
    for turn in 1..=TURNS + 1 {
        assert_eq!(verdict(&unread), Verdict::Live, "{turn}");
        if turn % 4 == 0 {
            slow.iter_mut().for_each(|answer| drop(take(answer)));
        }
        watch.turn();
    }
    assert_eq!((verdict(&read), verdict(&unread)), (Verdict::Live, Verdict::Cut));
    // One that has nothing to give is not the client's fault.
    let quiet = watch.open();
    let mut stream = Answer::new(Never, quiet.begin()).ok().unwrap();
    assert!(Pin::new(&mut stream).poll_frame(&mut context()).is_pending());
    (0..100).for_each(|_| watch.turn());
    assert_eq!(verdict(&quiet), Verdict::Live);
}

struct Never;

impl http_body::Body for Never {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Pending
    }
}

#[test]
fn what_waits_unread_is_bounded() {
    let watch = Watch::new(10 * SECOND, PATIENCE);
    let (one, other) = (watch.open(), watch.open());
    let mut large = answer(&one, 1 << 20).unwrap();
    assert!(!one.has_room() && other.has_room());
    assert!(answer(&other, 1 << 19).is_none(), "together they are too many bytes");
    assert_eq!(other.unread.load(Ordering::Relaxed), 0);
    answer(&other, 100).unwrap();
    // In need, those who read nothing are cut off early.
    (0..=TURNS_IN_NEED).for_each(|_| watch.turn());
    assert_eq!((verdict(&one), verdict(&other)), (Verdict::Cut, Verdict::Live));
    let first = take(&mut large).unwrap();
    assert_eq!(large.size_hint().exact(), Some((1 << 20) - first.len() as u64));
    let mut whole = first.len();
    while let Some(piece) = take(&mut large) {
        assert!(!large.is_end_stream() || whole + piece.len() == 1 << 20);
        whole += piece.len();
    }
    assert_eq!(whole, 1 << 20);
    drop(large);
    // A piece that is not sent yet holds all of it.
    assert_eq!(watch.common.unread.load(Ordering::Relaxed), 1 << 20);
    drop(first);
    assert_eq!(watch.common.unread.load(Ordering::Relaxed), 0);
    assert!(one.has_room());
}

#[tokio::test]
async fn requests_wait_for_room() {
    let watch = Watch::new(10 * SECOND, PATIENCE);
    let pulse = watch.open();
    let large = answer(&pulse, 1 << 19).unwrap();
    let next = pulse.begin();
    let mut waiting = std::pin::pin!(next.room());
    assert!(waiting.as_mut().poll(&mut context()).is_pending());
    drop(large);
    waiting.await;
}
