//! NDJSON: one entity a line, however many, each good or bad by itself.

use crate::server::Server;
use belfry_ngsi_ld::Json;
use std::fmt::Write;

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
