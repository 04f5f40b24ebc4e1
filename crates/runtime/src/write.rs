//! From an operation's outcome to a commit: the one way in which anything is written. Holds no rule of an operation.

pub use belfry_ports::{Current, change_of, with_gone};

use crate::telemetry::{self, Span, SpanKind};
use belfry_kernel::{Error, Kind, Time};
use belfry_ports::{ChangeSet, Commit, Read, Store};
use parking_lot::Mutex;
use std::sync::Arc;

/// Runs a decision in the store's writer and gives back what it answered besides its change set, once that is durable.
///
/// # Errors
/// Whatever the decision refused with, or why the store could not make it durable.
pub fn write<R, D>(
    store: &dyn Store,
    decide: D,
) -> impl Future<Output = Result<(R, Arc<Commit>), Error>> + Send + use<R, D>
where
    R: Send + 'static,
    D: FnOnce(&dyn Read, Time) -> Result<(ChangeSet, R), Error> + Send + 'static,
{
    let answer = Arc::new(Mutex::new(None));
    let into = answer.clone();
    let mut span = telemetry::child("commit", SpanKind::Internal);
    let trace = span.as_ref().map(Span::context);
    // Handed over in the call itself: the order of writes is that of the calls, whenever their futures are polled.
    let ack = store.write(Box::new(move |read, now| {
        let (mut set, answered) = decide(read, now)?;
        set.trace = trace;
        *into.lock() = Some(answered);
        Ok(set)
    }));
    async move {
        let done = ack.await;
        if let Some(span) = &mut span {
            match &done {
                Ok(commit) => span.number("belfry.commit.seq", commit.seq),
                Err(error) if is_fault(error.kind()) => span.error(format!("{:?}", error.kind())),
                // A decision that says no is an answer, and no failure of the store.
                Err(error) => span.text("belfry.commit.refused", format!("{:?}", error.kind())),
            }
        }
        drop(span);
        let commit = done?;
        let answered = answer.lock().take().ok_or_else(|| Error::internal("a decision ran and left no answer"))?;
        Ok((answered, commit))
    }
}

/// Whether an error is the platform's own and not an answer to what was asked.
fn is_fault(kind: Kind) -> bool {
    matches!(kind, Kind::Internal | Kind::Unavailable | Kind::Timeout)
}
