//! Purges: whole entities, and attributes of many entities.

use crate::server::Server;
use belfry_config::Limits;
use belfry_identity::Mode;
use belfry_ngsi_ld::Json;

/// `n` entities with attributes `a`, `b` and `c`; `a` is the number of the entity modulo 3.
async fn fill(server: &Server, n: usize) {
    for from in (0..n).step_by(1000) {
        let all: Vec<String> = (from..n.min(from + 1000))
            .map(|i| format!(r#"{{"id":"urn:p:{i:05}","type":"P","a":{},"b":"x","c":[1,2]}}"#, i % 3))
            .collect();
        server.post("/entityOperations/upsert", &format!("[{}]", all.join(","))).await.expect(201);
    }
}

async fn count(server: &Server, query: &str) -> usize {
    let reply = server.get(&format!("/entities?type=P&limit=0&count=true&{query}")).await.expect(200);
    reply.header("ngsild-results-count").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes() {
    let server = Server::start().await;
    fill(&server, 9000).await;
    // Those that are changed do not match any more: none is passed over.
    server.call("DELETE", "/entities?type=P&q=a%3D%3D1&drop=a,nothing", &[], "").await.expect(204);
    assert_eq!([count(&server, "q=a").await, count(&server, "q=b").await], [6000, 9000]);
    // Those that are changed go on matching.
    server.call("DELETE", "/entities?type=P&drop=b", &[], "").await.expect(204);
    assert_eq!([count(&server, "q=a").await, count(&server, "q=b").await], [6000, 0]);
    // Some do and some do not.
    server.call("DELETE", "/entities?type=P&q=a%3D%3D0|c&keep=a", &[], "").await.expect(204);
    assert_eq!([count(&server, "q=a").await, count(&server, "q=c").await, count(&server, "").await], [6000, 0, 9000]);
    let one = server.get("/entities/urn:p:00003?options=keyValues").await.expect(200);
    assert_eq!(one.member("a"), Json::Int(0));
    server.call("DELETE", "/entities?type=P&keep=a&drop=b", &[], "").await.expect(400);
    server.call("DELETE", "/entities?type=P&q=a%3D%3D0", &[], "").await.expect(204);
    assert_eq!(count(&server, "").await, 6000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_says_how_far_it_came() {
    let server = Server::with(Limits { request_timeout_s: 1, ..Limits::default() }, Mode::Open).await;
    let total = 30_000;
    for from in (0..total).step_by(2000) {
        let lines: Vec<String> = (from..from + 2000)
            .map(|i| format!(r#"{{"id":"urn:p:{i:05}","type":"P","a":{},"b":"x","c":[1,2]}}"#, i % 3))
            .collect();
        let kind = [("content-type", "application/x-ndjson")];
        server.call("POST", "/entityOperations/upsert", &kind, &lines.join("\n")).await.expect(201);
    }
    for (path, left) in [("/entities?type=P&drop=b", "q=b"), ("/entities?type=P", "")] {
        let mut told = 0;
        loop {
            let reply = server.call("DELETE", path, &[], "").await;
            if reply.status == 204 {
                break;
            }
            let detail = reply.expect(408).member("detail");
            let number: usize =
                detail.as_str().unwrap().split(' ').find_map(|word| word.parse().ok()).expect("a number");
            told += number;
            assert_eq!(count(&server, left).await, total - told, "{detail}");
        }
        assert_eq!(count(&server, left).await, 0);
    }
}
