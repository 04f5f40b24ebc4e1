//! A span: what is noted while something goes on, handed over when it ends. Sends nothing.

use super::Tracer;
use belfry_kernel::TraceContext;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

/// A text of a span, mostly one that the program holds anyway.
pub type Text = Cow<'static, str>;

/// The longest text of an attribute, bytes; what is longer is cut.
const MAX_TEXT: usize = 256;

/// What part of a span plays between programs (the `SpanKind` of OTLP, with its numbers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// Within this program.
    Internal = 1,
    /// It answers a request.
    Server = 2,
    /// It asks another program.
    Client = 3,
    /// It hands a message to a broker.
    Producer = 4,
    /// It takes messages in.
    Consumer = 5,
}

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(Text),
    Int(i64),
}

/// What a span holds.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) context: TraceContext,
    pub(super) parent: Option<u64>,
    pub(super) link: Option<TraceContext>,
    pub(super) name: Text,
    pub(super) kind: SpanKind,
    /// Microseconds since the epoch.
    pub(super) start_us: u64,
    pub(super) took_ns: u64,
    pub(super) attributes: SmallVec<[(&'static str, Value); 8]>,
    pub(super) is_error: bool,
}

impl Record {
    pub(super) fn new(
        context: TraceContext,
        parent: Option<u64>,
        link: Option<TraceContext>,
        name: Text,
        kind: SpanKind,
        start_us: u64,
    ) -> Self {
        let (attributes, is_error) = (SmallVec::new(), false);
        Self { context, parent, link, name, kind, start_us, took_ns: 0, attributes, is_error }
    }
}

/// A span under way. It ends when it is dropped.
pub struct Span {
    tracer: Arc<Tracer>,
    started: Instant,
    /// There until the end.
    record: Option<Box<Record>>,
    context: TraceContext,
}

impl Span {
    pub(super) fn new(tracer: Arc<Tracer>, record: Record) -> Self {
        let context = record.context;
        Self { tracer, started: Instant::now(), record: Some(Box::new(record)), context }
    }

    pub(super) fn tracer(&self) -> &Arc<Tracer> {
        &self.tracer
    }

    /// Its place in the trace: as text the `traceparent` for whom is called within it.
    pub fn context(&self) -> TraceContext {
        self.context
    }

    /// Gives it another name: one of few, made once it is known that the span is recorded.
    pub fn rename(&mut self, name: impl Into<Text>) {
        if let Some(record) = &mut self.record {
            record.name = name.into();
        }
    }

    /// Notes a text, cut to 256 bytes. Each name once; no secrets, nothing of an entity.
    pub fn text(&mut self, name: &'static str, text: impl Into<Text>) {
        let mut text = text.into();
        if text.len() > MAX_TEXT {
            text = Cow::Owned(text[..text.floor_char_boundary(MAX_TEXT)].to_owned());
        }
        self.note(name, Value::Text(text));
    }

    /// Notes a number.
    pub fn number(&mut self, name: &'static str, number: impl TryInto<i64>) {
        self.note(name, Value::Int(number.try_into().unwrap_or(i64::MAX)));
    }

    /// Notes that what it stands for failed, and how: a status code or a short name from a closed list (`error.type`).
    pub fn error(&mut self, kind: impl Into<Text>) {
        self.text("error.type", kind);
        if let Some(record) = &mut self.record {
            record.is_error = true;
        }
    }

    fn note(&mut self, name: &'static str, value: Value) {
        if let Some(record) = &mut self.record {
            record.attributes.push((name, value));
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(mut record) = self.record.take() {
            record.took_ns = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.tracer.submit(*record);
        }
    }
}
