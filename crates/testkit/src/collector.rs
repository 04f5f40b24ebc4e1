//! A collector of traces: a real HTTP server that takes OTLP requests and reads their protobuf by the wire format alone,
//! so that it shares no definition with who sends. Field numbers are those of opentelemetry-proto 1.x.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How a collector answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// With this status, these headers (`name: value`) and this body.
    With(u16, &'static str, Vec<u8>),
    /// It takes the request and never answers.
    Never,
}

/// A span as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Lower-case hexadecimal digits, as all identifiers here.
    pub trace_id: String,
    /// Its own.
    pub span_id: String,
    /// Empty for the first of a trace.
    pub parent_id: String,
    /// Its name.
    pub name: String,
    /// `SpanKind`, by number.
    pub kind: u64,
    /// Nanoseconds since the epoch.
    pub start: u64,
    /// Nanoseconds since the epoch.
    pub end: u64,
    /// Numbers as their digits.
    pub attributes: BTreeMap<String, String>,
    /// Trace and span of each link.
    pub links: Vec<(String, String)>,
    /// Whether its status is an error.
    pub is_error: bool,
    /// The attributes of the resource it is of.
    pub resource: BTreeMap<String, String>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// The first line, as `POST /v1/traces HTTP/1.1`.
    pub line: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The protobuf.
    pub body: Vec<u8>,
}

struct Kept {
    requests: Mutex<Vec<Request>>,
    answer: Mutex<Answer>,
    stopping: AtomicBool,
}

/// A running collector; stops when it is dropped.
pub struct Collector {
    address: SocketAddr,
    kept: Arc<Kept>,
}

impl Collector {
    /// On a free port of this machine, answering 200.
    ///
    /// # Panics
    /// When there is no port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("this machine has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let kept = Arc::new(Kept {
            requests: Mutex::default(),
            answer: Mutex::new(Answer::With(200, "", Vec::new())),
            stopping: AtomicBool::new(false),
        });
        let keeping = kept.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if keeping.stopping.load(Ordering::SeqCst) {
                    return;
                }
                let kept = keeping.clone();
                std::thread::spawn(move || serve(&stream, &kept));
            }
        });
        Self { address, kept }
    }

    /// The address as `http://host:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers so from now on.
    pub fn answer(&self, answer: Answer) {
        *self.kept.answer.lock() = answer;
    }

    /// Every request so far, whatever it was answered.
    pub fn requests(&self) -> Vec<Request> {
        self.kept.requests.lock().clone()
    }

    /// Every span so far.
    pub fn spans(&self) -> Vec<Span> {
        self.requests().iter().flat_map(|request| spans(&request.body)).collect()
    }

    /// Waits until what came is as wished, and gives the spans.
    ///
    /// # Panics
    /// When it is not within 20 seconds.
    pub async fn wait_until(&self, wished: impl Fn(&[Span]) -> bool) -> Vec<Span> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let spans = self.spans();
            if wished(&spans) {
                return spans;
            }
            assert!(Instant::now() < deadline, "not what was waited for: {spans:#?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.kept.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts; that it is gone already is as good.
        let _ = TcpStream::connect(self.address);
    }
}

/// Answers requests on one connection until it ends.
fn serve(stream: &TcpStream, kept: &Kept) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        kept.requests.lock().push(request);
        let answer = kept.answer.lock().clone();
        let Answer::With(status, headers, body) = answer else {
            while !kept.stopping.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
            return;
        };
        let end = if headers.is_empty() { "" } else { "\r\n" };
        let head = format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\n{headers}{end}\r\n", body.len());
        let mut writer = stream;
        if writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(&body)).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut next = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0).map(|_| line.trim_end().to_owned())
    };
    let line = next()?;
    let mut headers = BTreeMap::new();
    loop {
        let header = next()?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Request { line, headers, body })
}

/// One field of a message.
enum Field<'b> {
    Number(u64),
    Bytes(&'b [u8]),
}

impl<'b> Field<'b> {
    fn bytes(&self) -> &'b [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Number(number) => panic!("bytes were due, not the number {number}"),
        }
    }

    fn number(&self) -> u64 {
        match self {
            Self::Number(number) => *number,
            Self::Bytes(bytes) => panic!("a number was due, not {bytes:?}"),
        }
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes().to_vec()).expect("texts are UTF-8")
    }

    fn hex(&self) -> String {
        self.bytes().iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// The fields of a message, by number, in order (protobuf encoding: tag, then a value by wire type).
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut bytes)),
            1 => Field::Number(u64::from_le_bytes(take(&mut bytes, 8).try_into().expect("eight bytes"))),
            2 => {
                let length = usize::try_from(varint(&mut bytes)).expect("a length");
                Field::Bytes(take(&mut bytes, length))
            }
            5 => Field::Number(u64::from(u32::from_le_bytes(take(&mut bytes, 4).try_into().expect("four bytes")))),
            other => panic!("wire type {other}"),
        };
        all.push((tag >> 3, field));
    }
    all
}

fn take<'b>(bytes: &mut &'b [u8], length: usize) -> &'b [u8] {
    let (taken, rest) = bytes.split_at_checked(length).expect("the message is cut off");
    *bytes = rest;
    taken
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return number;
        }
    }
    panic!("a number of more than ten bytes")
}

/// The spans of an `ExportTraceServiceRequest`.
fn spans(request: &[u8]) -> Vec<Span> {
    let mut all = Vec::new();
    for (_, of_resource) in fields(request).into_iter().filter(|(number, _)| *number == 1) {
        let mut resource = BTreeMap::new();
        for (number, field) in fields(of_resource.bytes()) {
            match number {
                1 => resource.extend(fields(field.bytes()).iter().map(|(_, f)| attribute(f.bytes()))),
                2 => {
                    let found = fields(field.bytes()).into_iter().filter(|(number, _)| *number == 2);
                    all.extend(found.map(|(_, f)| Span { resource: resource.clone(), ..span(f.bytes()) }));
                }
                other => panic!("ResourceSpans has no field {other} here"),
            }
        }
    }
    all
}

fn span(bytes: &[u8]) -> Span {
    let mut span = Span::default();
    for (number, field) in fields(bytes) {
        match number {
            1 => span.trace_id = field.hex(),
            2 => span.span_id = field.hex(),
            4 => span.parent_id = field.hex(),
            5 => span.name = field.text(),
            6 => span.kind = field.number(),
            7 => span.start = field.number(),
            8 => span.end = field.number(),
            9 => {
                let (key, value) = attribute(field.bytes());
                assert!(span.attributes.insert(key, value).is_none(), "an attribute stands twice");
            }
            13 => {
                let link = fields(field.bytes());
                span.links.push((link[0].1.hex(), link[1].1.hex()));
            }
            15 => span.is_error = fields(field.bytes()).iter().any(|(number, f)| *number == 3 && f.number() == 2),
            16 => assert_eq!(field.number() & 1, 1, "what is sent is sampled"),
            other => panic!("Span has no field {other} here"),
        }
    }
    span
}

fn attribute(bytes: &[u8]) -> (String, String) {
    let parts = fields(bytes);
    let value = fields(parts[1].1.bytes());
    let shown = match &value[0] {
        (1, text) => text.text(),
        (_, number) => number.number().to_string(),
    };
    (parts[0].1.text(), shown)
}
