//! Below HTTP's grammar: what is too long, too slow, packed, or no HTTP at all.

use crate::server::Server;
use belfry_config::Limits;
use belfry_identity::Mode;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Request;
use http_body_util::Full;
use std::io::Write;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn raw(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(8), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_is_refused() {
    let server = Server::start().await;
    let long = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(100_000));
    let many: String = (0..500).map(|n| format!("x-{n}: y\r\n")).collect();
    let many = format!("GET /health HTTP/1.1\r\nhost: localhost\r\n{many}\r\n");
    for (bytes, statuses) in [
        ("nonsense\r\n\r\n", &["400"][..]),
        ("GET /health HTTP/9.9\r\n\r\n", &["400", "505"]),
        ("GET /health HTTP/1.1\r\nbad header\r\n\r\n", &["400"]),
        (
            "POST /ngsi-ld/v1/entities HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
            &["400"],
        ),
        ("POST /ngsi-ld/v1/entities HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n", &["400"]),
        ("POST /ngsi-ld/v1/entities HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: nonsense\r\n\r\n", &["400"]),
        (
            "GET /ngsi-ld/v1/types HTTP/1.1\r\nhost: localhost\r\nngsild-tenant: \u{e9}\r\nconnection: close\r\n\r\n",
            &["400"],
        ),
        ("POST /ngsi-ld/v1/entities HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", &["411"]),
        (&long, &["414", "431", "400"]),
        (&many, &["431"]),
    ] {
        let answer = raw(&server, bytes.as_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
        assert!(statuses.contains(&&*status), "{:?} gave {answer:?}", &bytes[..bytes.len().min(80)]);
    }
    server.get("!/health").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_gets_its_problem() {
    let limits =
        Limits { max_body_bytes: 2048, max_url_bytes: 300, max_header_bytes: 1024, max_batch: 3, ..Limits::default() };
    let server = Server::with(limits, Mode::Open).await;
    let reply = server.get(&format!("/entities?q={}", "x".repeat(300))).await.expect(414);
    assert!(reply.text().contains("longer than 300 bytes"), "{}", reply.text());
    let reply = server.call("GET", "/types", &[("x-long", &"y".repeat(1100))], "").await.expect(431);
    assert!(reply.text().contains("longer than 1024 bytes"), "{}", reply.text());
    let entity = format!("{{\"id\":\"urn:a:1\",\"type\":\"T\",\"p\":\"{}\"}}", "x".repeat(3000));
    let reply = server.post("/entities", &entity).await.expect(413);
    assert!(reply.text().contains("larger than 2048 bytes"), "{}", reply.text());
    let batch: Vec<String> = (0..4).map(|n| format!("{{\"id\":\"urn:a:{n}\",\"type\":\"T\"}}")).collect();
    server.post("/entityOperations/create", &format!("[{}]", batch.join(","))).await.expect(413);
    assert_eq!(server.get("/entities?local=true").await.text(), "[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_bodies() {
    let limits = Limits { max_body_bytes: 1 << 20, ..Limits::default() };
    let server = Server::with(limits, Mode::Open).await;
    let pack = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let send = |coding: &'static str, body: Vec<u8>| {
        let request = Request::post("/ngsi-ld/v1/entities")
            .header("host", "localhost")
            .header("content-type", "application/json");
        server.send(request.header("content-encoding", coding).body(Full::new(Bytes::from(body))).unwrap())
    };
    send("gzip", pack(br#"{"id":"urn:a:1","type":"T"}"#)).await.expect(201);
    let bomb = send("gzip", pack(&vec![b' '; 200 << 20])).await.expect(413);
    assert!(bomb.text().contains("when unpacked"), "{}", bomb.text());
    assert_eq!(send("gzip", b"not gzip".to_vec()).await.expect(400).problem(), "InvalidRequest");
    send("br", b"x".to_vec()).await.expect(415);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_are_cut_off() {
    let limits = Limits { header_read_timeout_s: 1, request_timeout_s: 1, ..Limits::default() };
    let server = Server::with(limits, Mode::Open).await;
    let started = Instant::now();
    let head = raw(&server, b"GET /health HTTP/1.1\r\nhost:").await;
    assert!(head.is_empty() || head.contains("408"), "{head}");
    let body = raw(&server, b"POST /ngsi-ld/v1/entities HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 50\r\nconnection: close\r\n\r\n{").await;
    assert!(body.starts_with("HTTP/1.1 408"), "{body}");
    assert!(started.elapsed() < Duration::from_secs(7), "{:?}", started.elapsed());
    assert_eq!(server.get("/entities?local=true").await.text(), "[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_do_nothing_make_room() {
    let limits = Limits { max_connections: 8, header_read_timeout_s: 1, ..Limits::default() };
    let server = Server::with(limits, Mode::Open).await;
    let beginnings: [&[u8]; 8] = [
        b"",
        b"P",
        b"PRI * HT",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        b"GET /health HT",
        b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ",
        b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
    ];
    let mut held = Vec::new();
    for bytes in beginnings {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        held.push(stream);
    }
    let started = Instant::now();
    for (stream, bytes) in held.iter_mut().zip(beginnings) {
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(4), stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "{:?} is still open", String::from_utf8_lossy(bytes));
    }
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    server.get("!/health").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_long_is_not_cut_off_while_it_is_under_way() {
    let limits = Limits { header_read_timeout_s: 1, ..Limits::default() };
    let server = Server::with(limits, Mode::Open).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /ngsi-ld/v1/entities HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 27\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    // A body that comes slowly, and an event stream that says nothing for longer than a head may take.
    let mut events = TcpStream::connect(server.address).await.unwrap();
    events.write_all(b"GET /events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    stream.write_all(br#"{"id":"urn:a:1","type":"T"}"#).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 201");
    let mut seen = String::new();
    while !seen.contains("event: entity") {
        let mut buffer = [0; 4096];
        let n = tokio::time::timeout(Duration::from_secs(2), events.read(&mut buffer)).await.unwrap().unwrap();
        assert_ne!(n, 0, "the event stream was cut off: {seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_limited_and_wait_their_turn() {
    let limits = Limits { max_connections: 8, ..Limits::default() };
    let server = Server::with(limits, Mode::Open).await;
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(TcpStream::connect(server.address).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let waiting = server.get("!/health");
    let mut waiting = std::pin::pin!(waiting);
    assert!(tokio::time::timeout(Duration::from_millis(300), waiting.as_mut()).await.is_err());
    held.pop();
    waiting.await.expect(200);
}

/// One frame of HTTP/2 (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    let mut bytes = vec![0, 0, length, kind, flags, 0, 0, 0, stream];
    bytes.extend_from_slice(payload);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_clients_that_read_nothing_are_cut_off() {
    let limits = Limits { header_read_timeout_s: 1, read_patience_s: 1, ..Limits::default() };
    let server = Server::with(limits, Mode::Open).await;
    // SETTINGS with no room for any stream (INITIAL_WINDOW_SIZE 0), then, or not, GET /health.
    let mut beginning = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    beginning.extend(frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]));
    let request = frame(1, 5, 1, b"\x82\x86\x01\x09localhost\x04\x07/health");
    for (what, bytes) in
        [("a stalled answer", [&*beginning, &request].concat()), ("nothing but PING", beginning.clone())]
    {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let (mut reading, mut writing) = stream.into_split();
        writing.write_all(&bytes).await.unwrap();
        let pinging = tokio::spawn(async move {
            // Until the connection is gone.
            while writing.write_all(&frame(6, 0, 0, &[7; 8])).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(5), reading.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "a client with {what} is still connected");
        assert!(answer.len() > 9, "{what}: it was served at first");
        pinging.abort();
    }
}
