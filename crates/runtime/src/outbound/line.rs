//! Kept connections to endpoints that are posted to again and again, spoken to by the task that has something to say: a
//! call wakes no other task and copies what it sends once. Idle connections wait in a pool that every caller shares.

use super::answer::{self, Rest};
use super::client::{AGENT, OutboundError, broken};
use super::connect::Guarded;
use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, Uri, header};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io::{Error as IoError, ErrorKind, Write as _};
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tower_service::Service;

/// Idle connections to one server at most.
const IDLE_PER_SERVER: usize = 64;
/// Idle connections at most.
const IDLE: usize = 512;
/// How long a connection stays idle.
const IDLE_FOR: Duration = Duration::from_secs(30);

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Bytes of buffer that a connection keeps between calls.
const KEPT_BUFFER: usize = 64 << 10;

/// An endpoint with all that can be made ready once.
#[derive(Clone, Debug)]
pub struct Peer {
    server: Server,
    /// The request line, `Host` and the other headers that every request has.
    head: Vec<u8>,
    /// The `traceparent` of requests that are given none.
    traceparent: Option<Box<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Server {
    tls: bool,
    authority: Authority,
}

/// An open connection.
struct Line {
    stream: TokioIo<MaybeHttpsStream<TokioIo<TcpStream>>>,
    /// What goes out, then what has come in.
    buffer: Vec<u8>,
}

pub(super) struct Lines {
    connector: HttpsConnector<Guarded>,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    lines: hashbrown::HashMap<Server, VecDeque<(Instant, Line)>>,
    count: usize,
}

impl Peer {
    /// The endpoint of an absolute URL that was checked.
    pub(super) fn new(uri: &Uri) -> Option<Self> {
        let authority = uri.authority()?.clone();
        let tls = uri.scheme_str() == Some("https");
        let default = if tls { 443 } else { 80 };
        let host = match authority.port_u16() {
            Some(port) if port != default => authority.as_str(),
            _ => authority.host(),
        };
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let head = format!("POST {target} HTTP/1.1\r\nhost: {host}\r\n").into_bytes();
        Some(Self { server: Server { tls, authority }, head, traceparent: None })
    }

    /// The same with these headers in every request.
    #[must_use]
    pub fn with_headers(&self, headers: &HeaderMap) -> Self {
        let mut head = self.head.clone();
        let mut add = |name: &[u8], value: &[u8]| {
            head.extend_from_slice(name);
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        };
        // What says where the request goes and how long it is, is said by this module alone.
        let own = [
            header::HOST,
            header::CONTENT_LENGTH,
            header::TRANSFER_ENCODING,
            header::CONNECTION,
            header::UPGRADE,
            TRACEPARENT,
        ];
        for (name, value) in headers.iter().filter(|(name, _)| !own.contains(name)) {
            add(name.as_str().as_bytes(), value.as_bytes());
        }
        if !headers.contains_key(header::USER_AGENT) {
            add(b"user-agent", AGENT.as_bytes());
        }
        let traceparent = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()).map(Box::from);
        Self { server: self.server.clone(), head, traceparent }
    }
}

impl Lines {
    pub(super) fn new(connector: HttpsConnector<Guarded>) -> Self {
        Self { connector, idle: Mutex::default() }
    }

    /// Posts a body; the status of the answer. The caller sees to the time that this may take.
    pub(super) async fn post(
        &self,
        peer: &Peer,
        traceparent: Option<&str>,
        body: &Bytes,
        max_bytes: usize,
    ) -> Result<u16, OutboundError> {
        let traceparent = traceparent.or(peer.traceparent.as_deref());
        if let Some(mut line) = self.waiting(&peer.server).await {
            match line.exchange(&peer.head, traceparent, body, max_bytes).await {
                // The other side may have closed it just now, as servers do with idle connections: that says nothing
                // about the next one.
                Err(OutboundError::Unreachable(_)) => {}
                ended => return ended.map(|ended| self.keep(&peer.server, line, ended)),
            }
        }
        let mut line = self.open(&peer.server).await?;
        let ended = line.exchange(&peer.head, traceparent, body, max_bytes).await?;
        Ok(self.keep(&peer.server, line, ended))
    }

    /// An idle connection that is still open, the one used last first.
    async fn waiting(&self, server: &Server) -> Option<Line> {
        loop {
            let mut line = {
                let mut idle = self.idle.lock();
                let (_, line) = idle.lines.get_mut(server)?.pop_back()?;
                idle.count -= 1;
                line
            };
            if line.is_open().await {
                return Some(line);
            }
        }
    }

    async fn open(&self, server: &Server) -> Result<Line, OutboundError> {
        let uri = Uri::builder()
            .scheme(if server.tls { "https" } else { "http" })
            .authority(server.authority.clone())
            .path_and_query("/")
            .build()
            .map_err(|_| OutboundError::Url)?;
        let stream = self.connector.clone().call(uri).await.map_err(broken)?;
        Ok(Line { stream: TokioIo::new(stream), buffer: Vec::with_capacity(2048) })
    }

    fn keep(&self, server: &Server, mut line: Line, ended: Ended) -> u16 {
        if ended.keeps_open {
            line.buffer.clear();
            line.buffer.shrink_to(KEPT_BUFFER);
            self.give_back(server, line);
        }
        ended.status
    }

    fn give_back(&self, server: &Server, line: Line) {
        let mut idle = self.idle.lock();
        if idle.count >= IDLE {
            return;
        }
        // Looked up first: nearly always the server is known.
        let lines = match idle.lines.get_mut(server) {
            Some(lines) => lines,
            None => idle.lines.entry(server.clone()).or_default(),
        };
        if lines.len() < IDLE_PER_SERVER {
            lines.push_back((Instant::now(), line));
            idle.count += 1;
        }
    }

    /// Closes what was idle for too long.
    pub(super) fn close_idle(&self) {
        let mut closed = Vec::new();
        let mut idle = self.idle.lock();
        idle.lines.retain(|_, lines| {
            while lines.front().is_some_and(|(since, _)| since.elapsed() > IDLE_FOR) {
                closed.extend(lines.pop_front());
            }
            !lines.is_empty()
        });
        idle.count -= closed.len();
    }
}

/// How an exchange ended.
#[derive(Clone, Copy)]
struct Ended {
    status: u16,
    keeps_open: bool,
}

impl Line {
    /// Whether the other side has left it open, and silent.
    async fn is_open(&mut self) -> bool {
        std::future::poll_fn(|cx| {
            let mut byte = [0_u8];
            Poll::Ready(Pin::new(&mut self.stream).poll_read(cx, &mut ReadBuf::new(&mut byte)).is_pending())
        })
        .await
    }

    async fn exchange(
        &mut self,
        head: &[u8],
        traceparent: Option<&str>,
        body: &Bytes,
        max_bytes: usize,
    ) -> Result<Ended, OutboundError> {
        let out = &mut self.buffer;
        out.extend_from_slice(head);
        if let Some(traceparent) = traceparent {
            write!(out, "{TRACEPARENT}: {traceparent}\r\n").map_err(lost)?;
        }
        write!(out, "content-length: {}\r\n\r\n", body.len()).map_err(lost)?;
        out.extend_from_slice(body);
        self.stream.write_all(out).await.map_err(lost)?;
        self.stream.flush().await.map_err(lost)?;
        out.clear();
        let head = loop {
            self.more().await?;
            match answer::head(&mut self.buffer).map_err(malformed)? {
                Some(head) => break head,
                None if self.buffer.len() > answer::MAX_HEAD => return Err(malformed("its head is too long")),
                None => {}
            }
        };
        let mut rest = head.rest;
        let mut read = 0_usize;
        loop {
            let before = self.buffer.len();
            let done = rest.take(&mut self.buffer).map_err(malformed)?;
            read = read.saturating_add(before - self.buffer.len());
            if read > max_bytes || self.buffer.len() > max_bytes {
                return Err(OutboundError::TooLarge(max_bytes));
            }
            if done {
                break;
            }
            match (self.more().await, &rest) {
                (Ok(()), _) => {}
                (Err(_), Rest::UntilClosed) => break,
                (Err(error), _) => return Err(error),
            }
        }
        // More than the answer is nothing that was asked for.
        let keeps_open = head.keeps_open && self.buffer.is_empty() && !matches!(rest, Rest::UntilClosed);
        Ok(Ended { status: head.status, keeps_open })
    }

    /// Reads some more into the buffer.
    async fn more(&mut self) -> Result<(), OutboundError> {
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(0) => Err(lost(IoError::from(ErrorKind::UnexpectedEof))),
            Ok(_) => Ok(()),
            Err(error) => Err(lost(error)),
        }
    }
}

fn lost(error: IoError) -> OutboundError {
    OutboundError::Unreachable(Box::new(error))
}

fn malformed(what: &'static str) -> OutboundError {
    OutboundError::Malformed(what)
}
