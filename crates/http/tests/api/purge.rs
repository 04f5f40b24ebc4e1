//! Purges: whole entities, and attributes of many entities.

use crate::server::Server;
use belfry_config::Limits;
use belfry_identity::Mode;
use belfry_ngsi_ld::form::{self, read_entity};
use belfry_ngsi_ld::{Context, Json};
use belfry_ports::{ChangeSet, EntityChange};
use std::sync::Arc;

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
    // Past the door, which would not wait for so many.
    let store = server.app.tenants.get("").unwrap();
    let total = 30_000;
    for from in (0..total).step_by(2000) {
        let entities = (from..from + 2000).map(|i| {
            let text = format!(r#"{{"id":"urn:p:{i:05}","type":"P","a":{},"b":"x","c":[1,2]}}"#, i % 3);
            let entity = read_entity(text.as_bytes(), Context::core(), &form::Limits::default()).unwrap();
            EntityChange::Put { entity: Arc::new(entity), created: true, head: true, changes: Vec::new() }
        });
        let set = ChangeSet { entities: entities.collect(), ..ChangeSet::default() };
        store.write(Box::new(|_, _| Ok(set))).await.unwrap();
    }
    let of_b = || {
        let all = store.attributes(false).unwrap();
        all.iter().find(|a| a.name.as_str().ends_with("/b")).map_or(0, |a| a.entities)
    };
    let entities = || store.health().entities;
    let cases: [(&str, &dyn Fn() -> u64); 2] = [("/entities?type=P&drop=b", &of_b), ("/entities?type=P", &entities)];
    for (path, left) in cases {
        let mut told = 0;
        loop {
            let reply = server.call("DELETE", path, &[], "").await;
            if reply.status == 204 {
                break;
            }
            let detail = reply.expect(408).member("detail");
            told += detail.as_str().unwrap().split(' ').find_map(|word| word.parse::<u64>().ok()).expect("a number");
            assert_eq!(left(), total - told, "{detail}");
        }
        assert_eq!(left(), 0);
    }
}
