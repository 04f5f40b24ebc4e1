//! One entity a line (NDJSON) into the store, however long the body: lines are read as they come, put together into
//! commits, and forgotten. What a line does wrong is reported for that line alone.

use super::batch::{self, Report};
use crate::problem::{self, write_problem};
use crate::request::body::{Coding, coding};
use crate::request::{Exchange, Writing};
use axum::response::Response;
use belfry_kernel::{Error, Iri, Kind};
use belfry_ngsi_ld::form::read::{Batch, BatchFault};
use belfry_ngsi_ld::form::{EntityFragment, Reader};
use belfry_ngsi_ld::operation::BatchKind;
use belfry_ngsi_ld::{Context, Json};
use bytes::{Buf, BytesMut};
use http_body_util::BodyExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Lines in one commit.
const LINES_AT_ONCE: usize = 500;
/// Bytes in one commit.
const BYTES_AT_ONCE: usize = 4 << 20;
/// How long lines wait for further ones.
const PAUSE: Duration = Duration::from_millis(50);
/// Errors that are reported one by one; further ones are counted.
const MAX_REPORTED: usize = 1000;

/// What became of the lines so far.
#[derive(Default)]
struct Progress {
    lines: u64,
    created: u64,
    updated: u64,
    refused: u64,
    faults: Vec<(u64, BatchFault)>,
    /// Why reading stopped early.
    broken: Option<Error>,
}

/// The lines that wait for their commit, with their numbers.
#[derive(Default)]
struct Waiting {
    items: Vec<(u64, EntityFragment)>,
    bytes: usize,
}

pub(super) async fn run(mut exchange: Exchange, kind: BatchKind) -> Result<Response, Error> {
    if coding(&exchange.head.headers)? != Coding::Plain {
        return Err(Error::new(Kind::UnsupportedMediaType, "lines are not taken packed; send them plain"));
    }
    let context = exchange.linked_context().await?;
    let store = exchange.store_or_new().await?;
    let mut body = std::mem::take(exchange.body.get_mut());
    let limit = exchange.app.limits.max_body_bytes;
    let writing = exchange.writing();
    let (mut progress, mut waiting, mut rest) = (Progress::default(), Waiting::default(), BytesMut::new());
    let silence = Duration::from_secs(exchange.app.limits.request_timeout_s);
    let mut paused = Instant::now();
    'frames: loop {
        let frame = match tokio::time::timeout(PAUSE, body.frame()).await {
            Err(_) if paused.elapsed() > silence => {
                progress.broken = Some(Error::new(Kind::Timeout, "no line came for longer than it may take"));
                break;
            }
            // What came so far is not kept waiting for what may come.
            Err(_) => {
                if !store_all(&exchange, &*store, kind, &writing, &mut waiting, &mut progress).await? {
                    break;
                }
                continue;
            }
            Ok(None) => break,
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(_))) => {
                progress.broken = Some(Error::invalid("the body breaks off"));
                break;
            }
        };
        paused = Instant::now();
        let Ok(data) = frame.into_data() else { continue };
        // Where the search for the line's end goes on.
        let mut from = rest.len();
        rest.extend_from_slice(&data);
        while let Some(end) = rest[from..].iter().position(|byte| *byte == b'\n') {
            let line = rest.split_to(from + end);
            rest.advance(1);
            from = 0;
            take(&exchange, &context, kind, &line, &mut progress, &mut waiting);
            let full = waiting.items.len() >= LINES_AT_ONCE || waiting.bytes >= BYTES_AT_ONCE;
            if full && !store_all(&exchange, &*store, kind, &writing, &mut waiting, &mut progress).await? {
                break 'frames;
            }
        }
        if rest.len() > limit {
            progress.broken = Some(Error::new(Kind::PayloadTooLarge, format!("a line is longer than {limit} bytes")));
            rest.clear();
            break;
        }
    }
    // What follows the last line's end is a line only when it holds something.
    if progress.broken.is_none() && !rest.is_empty() {
        take(&exchange, &context, kind, &rest, &mut progress, &mut waiting);
    }
    store_all(&exchange, &*store, kind, &writing, &mut waiting, &mut progress).await?;
    Ok(answer(&progress))
}

fn take(
    exchange: &Exchange,
    context: &Arc<Context>,
    kind: BatchKind,
    line: &[u8],
    progress: &mut Progress,
    waiting: &mut Waiting,
) {
    progress.lines += 1;
    let number = progress.lines;
    if line.iter().all(u8::is_ascii_whitespace) {
        return;
    }
    let limits = &exchange.app.reading;
    let read = Json::parse(line, limits.json_depth).and_then(|json| {
        if json.get("@context").is_some() {
            return Err(Error::bad_data("a line has no @context of its own: send a Link header for all of them"));
        }
        let fragment = Reader::new(context, limits, kind.mode()).fragment(json)?;
        if fragment.id.is_none() { Err(Error::bad_data("the entity has no id")) } else { Ok(fragment) }
    });
    match read {
        Ok(fragment) => {
            waiting.bytes += line.len();
            waiting.items.push((number, fragment));
        }
        Err(error) => progress.refuse(number, BatchFault { id: None, error }),
    }
}

/// Commits what waits. Whether it may go on: what failed is in the report, since the lines before it stand; when none
/// does, it is the answer.
async fn store_all(
    exchange: &Exchange,
    store: &dyn belfry_ports::Store,
    kind: BatchKind,
    writing: &Writing,
    waiting: &mut Waiting,
    progress: &mut Progress,
) -> Result<bool, Error> {
    let items = std::mem::take(&mut waiting.items);
    waiting.bytes = 0;
    if items.is_empty() {
        return Ok(true);
    }
    match commit(exchange, store, kind, writing, items, progress).await {
        Ok(()) => Ok(true),
        Err(error) if progress.created + progress.updated + progress.refused == 0 => Err(error),
        Err(error) => {
            // What broke off before that is the lesser news.
            progress.broken = Some(error);
            Ok(false)
        }
    }
}

async fn commit(
    exchange: &Exchange,
    store: &dyn belfry_ports::Store,
    kind: BatchKind,
    writing: &Writing,
    items: Vec<(u64, EntityFragment)>,
    progress: &mut Progress,
) -> Result<(), Error> {
    // Lines may come for hours: a token may end meanwhile.
    exchange.check_still()?;
    let numbers: Vec<(u64, Option<Iri>)> = items.iter().map(|(number, item)| (*number, item.id.clone())).collect();
    let batch: Batch = items.into_iter().map(|(_, item)| Ok(item)).collect();
    let report: Report = batch::apply(store, kind, batch, writing.clone()).await?;
    progress.created += report.created.len() as u64;
    progress.updated += report.updated.len() as u64;
    for fault in report.errors {
        let number = numbers.iter().find(|(_, id)| *id == fault.id).map_or(0, |(number, _)| *number);
        progress.refuse(number, fault);
    }
    Ok(())
}

impl Progress {
    fn refuse(&mut self, line: u64, fault: BatchFault) {
        self.refused += 1;
        if self.faults.len() < MAX_REPORTED {
            self.faults.push((line, fault));
        }
    }
}

fn answer(progress: &Progress) -> Response {
    if progress.refused == 0 && progress.broken.is_none() && progress.created == 0 {
        return problem::no_content();
    }
    let mut out = Vec::with_capacity(128 + 256 * progress.faults.len());
    let (lines, created, updated, refused) = (progress.lines, progress.created, progress.updated, progress.refused);
    let counts =
        format!("{{\"lines\":{lines},\"created\":{created},\"updated\":{updated},\"refused\":{refused},\"errors\":[");
    out.extend_from_slice(counts.as_bytes());
    for (at, (line, fault)) in progress.faults.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(format!("{{\"line\":{line},").as_bytes());
        batch::write_fault(fault, &mut out);
        out.push(b'}');
    }
    out.push(b']');
    if let Some(error) = &progress.broken {
        out.extend_from_slice(b",\"broken\":");
        write_problem(error, &mut out);
    }
    out.push(b'}');
    if progress.refused == 0 && progress.broken.is_none() {
        problem::created_all(out)
    } else {
        problem::multi_status(out)
    }
}
