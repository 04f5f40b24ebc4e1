//! NDJSON: one entity a line, however many, each good or bad by itself.

use crate::server::Server;
use belfry_config::Limits;
use belfry_identity::{Mode, Role};
use belfry_ngsi_ld::Json;
use std::fmt::Write;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LINES: (&str, &str) = ("content-type", "application/x-ndjson");

#[tokio::test(flavor = "multi_thread")]
async fn many_lines_some_of_them_wrong() {
    let server = Server::start().await;
    let mut body = String::new();
    for n in 1..=1234 {
        match n {
            7 => body.push_str("{nonsense\n"),
            8 => body.push('\n'),
            900 => body.push_str("{\"type\":\"T\"}\n"),
            901 => body.push_str("{\"id\":\"urn:a:901\",\"licencePlate\":\"x\",\"type\":\"T\"}\n"),
            _ => writeln!(body, "{{\"id\":\"urn:a:{n}\",\"type\":\"T\",\"p\":{n}}}\r").unwrap(),
        }
    }
    let reply = server.call("POST", "/entityOperations/upsert", &[LINES], body.trim_end()).await.expect(207);
    assert_eq!(reply.member("created"), Json::Int(1230), "{}", reply.text());
    assert_eq!(reply.member("refused"), Json::Int(3));
    for (at, line) in [(0, 7), (1, 900), (2, 901)] {
        assert_eq!(reply.member(&format!("errors.{at}.line")), Json::Int(line), "{}", reply.text());
    }
    let count = server.get("/entities?type=T&limit=0&count=true").await.expect(200);
    assert_eq!(count.header("ngsild-results-count"), "1230");
    let reply = server
        .call("POST", "/entityOperations/upsert", &[LINES], "{\"id\":\"urn:l:1\",\"type\":\"T\"}\n")
        .await
        .expect(201);
    assert_eq!(reply.member("lines"), Json::Int(1), "what follows the last line's end is no line");
    let again = "{\"id\":\"urn:a:1\",\"type\":\"T\",\"p\":5}\n{\"id\":\"urn:a:1\",\"type\":\"T\",\"p\":6}";
    server.call("POST", "/entityOperations/upsert", &[LINES], again).await.expect(204);
    assert_eq!(server.get("/entities/urn:a:1?format=simplified").await.member("p"), Json::Int(6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_never_ends_is_cut_off_and_what_came_before_stays() {
    let limits = belfry_config::Limits { max_body_bytes: 4096, ..belfry_config::Limits::default() };
    let server = Server::with(limits, belfry_identity::Mode::Open).await;
    let body = format!("{{\"id\":\"urn:a:1\",\"type\":\"T\"}}\n\"{}", "x".repeat(100_000));
    let reply = server.call("POST", "/entityOperations/upsert", &[LINES], &body).await.expect(207);
    assert_eq!(reply.member("created"), Json::Int(1));
    assert_eq!(reply.member("broken.status"), Json::Int(413));
    // Many lines together may be longer than any one body.
    let mut body = String::new();
    for n in 0..1000 {
        writeln!(body, "{{\"id\":\"urn:b:{n}\",\"type\":\"T\"}}").unwrap();
    }
    server.call("POST", "/entityOperations/upsert", &[LINES], &body).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_writes_no_further_line() {
    let server = Server::with(Limits::default(), Mode::Tokens).await;
    let admin = format!("Bearer {}", server.token(Role::Admin, None).await);
    let admin = [("authorization", admin.as_str())];
    let made = server.call("POST", "!/tokens", &admin, r#"{"label":"roof","role":"ingest"}"#).await.expect(201);
    let member = |name: &str| made.member(name).as_str().unwrap().to_owned();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /ngsi-ld/v1/entityOperations/upsert HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
        member("secret")
    );
    let line = |n: usize| {
        let line = format!("{{\"id\":\"urn:l:{n}\",\"type\":\"T\"}}\n");
        format!("{:x}\r\n{line}\r\n", line.len())
    };
    stream.write_all(format!("{head}{}", line(1)).as_bytes()).await.unwrap();
    while server.call("GET", "/entities/urn:l:1", &admin, "").await.status != 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.call("DELETE", &format!("!/tokens/{}", member("id")), &admin, "").await.expect(204);
    stream.write_all(format!("{}0\r\n\r\n", line(2)).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 207"), "{answer}");
    assert!(answer.contains("\"created\":1,") && answer.contains("\"status\":401"), "{answer}");
    server.call("GET", "/entities/urn:l:2", &admin, "").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_told_though_the_store_fails_later() {
    let server = Server::on(|options| options.max_entities = 600, Limits::default(), Mode::Open).await;
    let lines = |from: usize, to: usize| {
        (from..to).fold(String::new(), |body, n| body + &format!("{{\"id\":\"urn:b:{n}\",\"type\":\"T\"}}\n"))
    };
    let reply = server.call("POST", "/entityOperations/upsert", &[LINES], &lines(0, 1400)).await.expect(207);
    assert_eq!(reply.member("created"), Json::Int(500), "{}", reply.text());
    assert_eq!(reply.member("broken.status"), Json::Int(503));
    let count = server.get("/entities?type=T&limit=0&count=true").await.expect(200);
    assert_eq!(count.header("ngsild-results-count"), "500");
    // Where nothing stands, the failure is the answer.
    server.call("POST", "/entityOperations/upsert", &[LINES], &lines(2000, 2400)).await.expect(503);
}
