//! How long the server works for one request, and how long it waits for a client that does not read.

use crate::server::Server;
use belfry_config::Limits;
use belfry_identity::Mode;
use std::fmt::Write;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Entities of the type T, as lines: they may come whatever the limit of time is.
async fn fill(server: &Server, n: usize, text: &str) {
    for from in (0..n).step_by(2000) {
        let mut body = String::new();
        for at in from..n.min(from + 2000) {
            writeln!(body, "{{\"id\":\"urn:a:{at:06}\",\"type\":\"T\",\"p\":{at},\"text\":\"{text}\"}}").unwrap();
        }
        let lines = [("content-type", "application/x-ndjson")];
        server.call("POST", "/entityOperations/upsert", &lines, &body).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_work_is_given_up_and_short_work_is_not() {
    let server = Server::with(Limits { request_timeout_s: 0, ..Limits::default() }, Mode::Open).await;
    fill(&server, 3000, "x").await;
    let past = "timerel=after&timeAt=2020-01-01T00:00:00Z&timeproperty=modifiedAt";
    for path in [
        "/entities?type=T&orderBy=p",
        "/entities?type=T&q=text~=%22y%22&count=true&limit=0",
        &format!("/temporal/entities?type=T&{past}&limit=1&count=true"),
        &format!("/temporal/entities?type=T&{past}&q=p%3C0"),
    ] {
        let reply = server.get(path).await.expect(408);
        assert!(reply.text().contains("longer than it may"), "{}", reply.text());
    }
    server.get("/entities?type=T&limit=5").await.expect(200);
    server.get("/entities/urn:a:000001").await.expect(200);
}

const STATE: &[u8] = b"GET /belfry/v1/state?at=2999-01-01T00:00:00Z HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";

#[test]
fn readers_of_the_state_that_do_not_read_hold_nobody_up() {
    // Two threads for what may block, and four clients that ask for far more than sockets hold and read nothing.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).max_blocking_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let limits = Limits { max_state_reads: 4, read_patience_s: 3, ..Limits::default() };
        let server = Server::with(limits, Mode::Open).await;
        fill(&server, 2000, &"x".repeat(16_000)).await;
        let mut stalled = Vec::new();
        for _ in 0..4 {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(STATE).await.unwrap();
            let mut first = [0; 12];
            stream.read_exact(&mut first).await.unwrap();
            assert_eq!(&first, b"HTTP/1.1 200");
            stalled.push(stream);
        }
        // A new tenant is made where blocking is allowed.
        let tenant = [("ngsild-tenant", "mill")];
        let made = server.call("POST", "/entities", &tenant, r#"{"id":"urn:m:1","type":"T"}"#);
        tokio::time::timeout(Duration::from_secs(60), made).await.expect("it waits for others' clients").expect(201);
        let reply = server.get("!/belfry/v1/state?at=2999-01-01T00:00:00Z&limit=1").await.expect(503);
        assert!(reply.text().contains("max_state_reads"), "{}", reply.text());
        // Their places come free, though they stay connected.
        let free = async {
            while server.app.states.available_permits() < 4 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), free).await.expect("a reader that reads nothing is let go");
        server.get("!/belfry/v1/state?at=2999-01-01T00:00:00Z&limit=1").await.expect(200);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_of_which_little_is_wanted_begins_at_once_and_ends_with_its_client() {
    let server = Server::start().await;
    fill(&server, 20_000, "x").await;
    let path = "/belfry/v1/state?at=2999-01-01T00:00:00Z&q=p%3C0";
    let request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut seen = String::new();
    while !seen.contains('[') {
        let mut buffer = [0; 4096];
        let n = stream.read(&mut buffer).await.unwrap();
        assert_ne!(n, 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
    }
    assert!(!seen.contains(']'), "it was sent when all was looked at: {seen}");
    drop(stream);
    let all = belfry_config::Limits::default().max_state_reads;
    let started = Instant::now();
    while server.app.states.available_permits() < all {
        assert!(started.elapsed() < Duration::from_secs(5), "it is read on for nobody");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(server.get(&format!("!{path}")).await.expect(200).text(), "[]");
}
