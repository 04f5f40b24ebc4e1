//! GET /belfry/v1/state: entities exactly as they stood at an instant. The standard has no such read. The answer is made
//! while it is sent, so that its length costs no memory.

use crate::operation::{Parameter, Schema};
use crate::problem;
use crate::request::parameters::parameter;
use crate::request::{Exchange, selection};
use axum::body::Body;
use axum::response::Response;
use belfry_kernel::{Error, Iri, Kind, Time};
use belfry_ngsi_ld::form::{View, write_entity};
use belfry_ngsi_ld::query::{EntityQuery, Naming};
use belfry_ngsi_ld::{Context, Entity};
use belfry_ports::{Stop, Store};
use bytes::Bytes;
use http::{HeaderValue, header};
use http_body::Frame;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Bytes that are sent at a time.
const CHUNK: usize = 64 << 10;
/// How long a step may take: after it is looked whether the client is still there.
const STEP: Duration = Duration::from_millis(100);

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
    let store = exchange.store()?;
    let place = exchange.app.states.clone().try_acquire_owned().map_err(|_| {
        let text = "as many states of instants are read as may be at one time (server.limits.max_state_reads)";
        Error::new(Kind::Unavailable, text)
    })?;
    let left = exchange.parameters.number("limit").unwrap_or(usize::MAX);
    let rest = only_ids(&query).map_or(Rest::After(None), |ids| Rest::Ids(ids.into_iter()));
    let buffer = if lines { Vec::new() } else { vec![b'['] };
    let reading = Reading { store, query, context, view, at, lines, left, rest, buffer, first: true };
    // The first step tells whether there is an answer at all.
    let step = reading.step().await?;
    let (chunks, received) = mpsc::channel(1);
    let patience = Duration::from_secs(exchange.app.limits.read_patience_s);
    tokio::spawn(async move {
        send(step, &chunks, patience).await;
        drop(place);
    });
    let media = if lines { "application/x-ndjson" } else { "application/json" };
    let mut response = problem::ok(HeaderValue::from_static(media), Body::new(Chunks(received)));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// Goes on step by step until all is sent, or nobody is there to read it. Between two steps no thread waits.
async fn send(mut step: Step, chunks: &mpsc::Sender<Result<Bytes, Error>>, patience: Duration) {
    loop {
        if step.chunk.is_empty() {
            if chunks.is_closed() {
                return;
            }
        } else if chunks.send_timeout(Ok(std::mem::take(&mut step.chunk)), patience).await.is_err() {
            return;
        }
        let Some(reading) = step.reading else { return };
        match reading.step().await {
            Ok(next) => step = next,
            // A client that is gone needs no error.
            Err(error) => return drop(chunks.send_timeout(Err(error), patience).await),
        }
    }
}

fn accepts_lines(exchange: &Exchange) -> bool {
    let all = exchange.head.headers.get_all(header::ACCEPT);
    all.iter().filter_map(|v| v.to_str().ok()).any(|v| v.contains("application/x-ndjson"))
}

/// The identifiers that alone can match, when the query names them.
fn only_ids(query: &EntityQuery) -> Option<Vec<Iri>> {
    let named = !query.selectors.is_empty() && query.selectors.iter().all(|s| !s.ids.is_empty());
    named.then(|| query.selectors.iter().flat_map(|s| s.ids.iter().cloned()).collect())
}

/// What is still to be looked at.
enum Rest {
    /// These.
    Ids(std::vec::IntoIter<Iri>),
    /// All entities after this one.
    After(Option<Iri>),
    /// Nothing.
    Nothing,
}

/// A read of the state on its way.
struct Reading {
    store: Arc<dyn Store>,
    query: EntityQuery,
    context: Arc<Context>,
    view: View,
    at: Time,
    lines: bool,
    /// Entities that may still be given.
    left: usize,
    rest: Rest,
    buffer: Vec<u8>,
    /// Whether nothing was given yet.
    first: bool,
}

/// What one step came to.
struct Step {
    chunk: Bytes,
    /// How it goes on; none when all is said.
    reading: Option<Box<Reading>>,
}

impl Reading {
    /// Reads on for a while, where that may block.
    async fn step(self) -> Result<Step, Error> {
        tokio::task::spawn_blocking(move || Box::new(self).walk()).await.map_err(Error::internal)?
    }

    fn walk(mut self: Box<Self>) -> Result<Step, Error> {
        let started = Instant::now();
        let late = move || started.elapsed() >= STEP;
        let store = self.store.clone();
        self.rest = match std::mem::replace(&mut self.rest, Rest::Nothing) {
            Rest::Nothing => Rest::Nothing,
            Rest::Ids(mut ids) => loop {
                let Some(id) = ids.next() else { break Rest::Nothing };
                let on = store.entity_at(id.as_str(), self.at)?.is_none_or(|entity| self.take(&entity));
                if !on || late() {
                    break Rest::Ids(ids);
                }
            },
            Rest::After(after) => {
                let (at, after) = (self.at, after.as_ref().map(Iri::as_str));
                let walked = store.state_at(at, after, Stop::when(&late), &mut |entity| self.take(&entity))?;
                walked.map_or(Rest::Nothing, |last| Rest::After(Some(last)))
            }
        };
        let done = self.left == 0 || matches!(self.rest, Rest::Nothing);
        if done {
            match (self.lines, self.first) {
                (false, _) => self.buffer.push(b']'),
                (true, false) => self.buffer.push(b'\n'),
                (true, true) => {}
            }
        }
        let chunk = std::mem::take(&mut self.buffer).into();
        Ok(Step { chunk, reading: (!done).then_some(self) })
    }

    /// Writes an entity, if it is meant. Whether there is room for a further one.
    fn take(&mut self, entity: &Entity) -> bool {
        if self.left > 0 && self.query.matches(entity, self.at) {
            self.left -= 1;
            if !std::mem::take(&mut self.first) {
                self.buffer.push(if self.lines { b'\n' } else { b',' });
            }
            write_entity(entity, &self.context, &self.view, None, &mut self.buffer);
        }
        self.left > 0 && self.buffer.len() < CHUNK
    }
}

/// A body of chunks as they come. An error in the middle breaks the connection off, so that no part passes for the whole.
struct Chunks(mpsc::Receiver<Result<Bytes, Error>>);

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.0.poll_recv(context).map(|item| item.map(|chunk| chunk.map(Frame::data)))
    }
}
