//! GET /belfry/v1/state: entities exactly as they stood at an instant. The standard has no such read. The answer is made
//! while it is sent, so that its length costs no memory.

use crate::operation::{Parameter, Schema};
use crate::problem;
use crate::request::parameters::parameter;
use crate::request::{Exchange, selection};
use axum::body::Body;
use axum::response::Response;
use belfry_kernel::{Error, Time};
use belfry_ngsi_ld::Entity;
use belfry_ngsi_ld::form::View;
use belfry_ngsi_ld::form::write_entity;
use belfry_ngsi_ld::query::{EntityQuery, Naming};
use bytes::Bytes;
use http::{HeaderValue, header};
use http_body::Frame;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// Bytes that are sent at a time.
const CHUNK: usize = 64 << 10;
/// Chunks that may wait for a slow client.
const WAITING: usize = 4;

pub(crate) const PARAMETERS: &[Parameter] = &[
    parameter("at", Schema::Text, "The instant, UTC."),
    parameter("limit", Schema::Number, "How many entities to give at most; all when absent."),
    parameter("options", Schema::SomeOf(&["sysAttrs"]), "sysAttrs for the system's times."),
];

pub(crate) async fn run(exchange: Exchange) -> Result<Response, Error> {
    let at = exchange.parameters.get("at").ok_or_else(|| Error::bad_data("at: the instant is missing"))?;
    let at = Time::parse(at).map_err(|e| Error::bad_data(format!("at: {e}")))?;
    let context = exchange.linked_context().await?;
    let query = selection::query(&exchange.parameters, &Naming::new(&context))?;
    let lines = accepts_lines(&exchange);
    let view = View { sys_attrs: exchange.parameters.lists("options", "sysAttrs"), ..View::default() };
    let mut left = exchange.parameters.number("limit").unwrap_or(usize::MAX);
    let store = exchange.store()?;
    let (chunks, received) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut out = Out { chunks, buffer: Vec::with_capacity(CHUNK + 4096), lines, first: true };
        if !lines {
            out.buffer.push(b'[');
        }
        let mut visit = |entity: Entity| {
            if left == 0 {
                return false;
            }
            if !query.matches(&entity, at) {
                return true;
            }
            left -= 1;
            out.separate();
            write_entity(&entity, &context, &view, None, &mut out.buffer);
            out.send_when_full()
        };
        let walked = match only_ids(&query) {
            Some(ids) => ids.iter().try_for_each(|id| {
                if let Some(entity) = store.entity_at(id, at)? {
                    visit(entity);
                }
                Ok(())
            }),
            None => store.state_at(at, &mut visit),
        };
        out.end(walked);
    });
    // The first chunk tells whether there is an answer at all.
    let mut body = Chunks { received, first: None };
    match body.received.recv().await {
        Some(Err(error)) => return Err(error),
        Some(Ok(first)) => body.first = Some(first),
        None => {}
    }
    let media = if lines { "application/x-ndjson" } else { "application/json" };
    let mut response = problem::ok(HeaderValue::from_static(media), Body::new(body));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

fn accepts_lines(exchange: &Exchange) -> bool {
    let all = exchange.head.headers.get_all(header::ACCEPT);
    all.iter().filter_map(|v| v.to_str().ok()).any(|v| v.contains("application/x-ndjson"))
}

/// The identifiers that alone can match, when the query names them.
fn only_ids(query: &EntityQuery) -> Option<Vec<String>> {
    let named = !query.selectors.is_empty() && query.selectors.iter().all(|s| !s.ids.is_empty());
    named.then(|| query.selectors.iter().flat_map(|s| s.ids.iter().map(ToString::to_string)).collect())
}

/// What is made and not sent yet.
struct Out {
    chunks: mpsc::Sender<Result<Bytes, Error>>,
    buffer: Vec<u8>,
    lines: bool,
    first: bool,
}

impl Out {
    fn separate(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.buffer.push(if self.lines { b'\n' } else { b',' });
        }
    }

    /// Whether the client is still there.
    fn send_when_full(&mut self) -> bool {
        self.buffer.len() < CHUNK || self.send()
    }

    fn send(&mut self) -> bool {
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK + 4096));
        self.chunks.blocking_send(Ok(chunk.into())).is_ok()
    }

    fn end(mut self, walked: Result<(), Error>) {
        match walked {
            Ok(()) => {
                if !self.lines {
                    self.buffer.push(b']');
                } else if !self.first {
                    self.buffer.push(b'\n');
                }
                self.send();
            }
            // A client that is gone needs no error.
            Err(error) => drop(self.chunks.blocking_send(Err(error))),
        }
    }
}

/// A body of chunks as they come. An error in the middle breaks the connection off, so that no part passes for the whole.
struct Chunks {
    received: mpsc::Receiver<Result<Bytes, Error>>,
    first: Option<Bytes>,
}

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        self.received.poll_recv(context).map(|item| item.map(|chunk| chunk.map(Frame::data)))
    }
}
