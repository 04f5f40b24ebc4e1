//! The endpoint that notifications are sent to: an HTTP server on one thread that answers 204 and hands each body on.
//! Holds no judgement of the bodies.

use crate::load::connection::{Connection, Received};
use anyhow::Result;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token, Waker};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

const LISTENER: Token = Token(0);
const END: Token = Token(1);

/// A running endpoint; it ends when dropped.
pub struct Endpoint {
    /// Where it listens.
    pub address: SocketAddr,
    over: Arc<AtomicBool>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Endpoint {
    /// Listens on a free loopback port; `take` gets each body and the instant at which it was complete.
    pub fn start(take: impl FnMut(&[u8], Instant) + Send + 'static) -> Result<Self> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = listener.local_addr()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let waker = Waker::new(poll.registry(), END)?;
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            if let Err(error) = serve(poll, &listener, &ends, take) {
                eprintln!("the endpoint failed: {error:#}");
            }
        });
        Ok(Self { address, over, waker, thread: Some(thread) })
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        let _woken = self.waker.wake();
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn serve(
    mut poll: Poll,
    listener: &TcpListener,
    over: &AtomicBool,
    mut take: impl FnMut(&[u8], Instant),
) -> Result<()> {
    let mut connections: HashMap<Token, Connection> = HashMap::new();
    let mut next = 2;
    let mut events = Events::with_capacity(256);
    while !over.load(Ordering::Acquire) {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    stream.set_nodelay(true)?;
                    let token = Token(next);
                    next += 1;
                    poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
                    connections.insert(token, Connection::over(stream));
                }
            } else if let Some(connection) = connections.get_mut(&event.token())
                && answer(connection, &mut take).is_err()
            {
                connections.remove(&event.token());
            }
        }
    }
    Ok(())
}

fn answer(connection: &mut Connection, take: &mut impl FnMut(&[u8], Instant)) -> Result<()> {
    connection.flush()?;
    while let Received::Message(message) = connection.receive()? {
        take(connection.answer(&message).body, Instant::now());
        connection.request().extend_from_slice(b"HTTP/1.1 204 No Content\r\n\r\n");
        connection.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::ask;
    use std::sync::Mutex;

    #[test]
    fn every_body_is_handed_on_and_answered() {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&taken);
        let endpoint = Endpoint::start(move |body, _| into.lock().unwrap().push(body.to_vec())).unwrap();
        let long = vec![b'x'; 300_000];
        for body in [b"first".as_slice(), b"second", &long] {
            assert_eq!(ask(endpoint.address, "POST", "/notify", body).unwrap().0, 204);
        }
        drop(endpoint);
        assert_eq!(*taken.lock().unwrap(), [b"first".to_vec(), b"second".to_vec(), long]);
    }
}
