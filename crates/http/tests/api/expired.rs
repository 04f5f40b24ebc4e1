//! What has expired is not there, for writes either, though nobody has swept it away yet.

use crate::server::Server;
use belfry_kernel::{Clock, Time};
use belfry_ngsi_ld::Json;
use belfry_runtime::SystemClock;
use std::time::Duration;

/// Makes an entity with an attribute `a` that expires, and `b` that does not, and waits until it has.
async fn with_expired(server: &Server, id: &str) {
    let soon = SystemClock.now().plus_micros(150_000);
    let body = format!(r#"{{"id":"{id}","type":"T","a":{{"type":"Property","value":1,"expiresAt":"{soon}"}},"b":1}}"#);
    server.post("/entities", &body).await.expect(201);
    past(soon).await;
}

async fn past(at: Time) {
    while SystemClock.now() <= at {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes() {
    let server = Server::start().await;
    for (n, (method, path, body, status)) in [
        ("POST", "/attrs?options=noOverwrite", r#"{"a":5}"#, 204),
        ("POST", "/attrs", r#"{"a":5}"#, 204),
        ("PATCH", "/attrs/a", r#"{"value":5}"#, 404),
        ("PUT", "/attrs/a", r#"{"value":5}"#, 404),
        ("DELETE", "/attrs/a", "", 404),
        ("PATCH", "/attrs", r#"{"a":5}"#, 204),
        ("PATCH", "", r#"{"a":5}"#, 204),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("urn:t:{n}");
        with_expired(&server, &id).await;
        server.call(method, &format!("/entities/{id}{path}"), &[], body).await.expect(status);
        let found = server.get(&format!("/entities/{id}?options=keyValues")).await.expect(200);
        let wanted = if status == 204 { Json::Int(5) } else { Json::Null };
        assert_eq!(found.member("a"), wanted, "{method} {path}");
    }
    let batch = r#"[{"id":"urn:t:9","type":"T","a":5}]"#;
    with_expired(&server, "urn:t:9").await;
    server.post("/entityOperations/update?options=noOverwrite", batch).await.expect(204);
    assert_eq!(server.get("/entities/urn:t:9?options=keyValues").await.member("a"), Json::Int(5));
    // A write to another attribute lets go of what has expired, in the indexes too.
    with_expired(&server, "urn:u:1").await;
    server.call("PATCH", "/entities/urn:u:1/attrs/b", &[], r#"{"value":2}"#).await.expect(204);
    let stored = server.app.tenants.get("").unwrap().entity("urn:u:1").unwrap().unwrap();
    assert_eq!(stored.attributes.len(), 1);
    let past = server.get("/temporal/entities/urn:u:1?timeproperty=deletedAt").await.expect(200);
    assert_eq!(past.member("a.0.value"), Json::from("urn:ngsi-ld:null"), "{}", past.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn entities() {
    let server = Server::start().await;
    let made = async |id: &str| {
        let soon = SystemClock.now().plus_micros(150_000);
        let body = format!(r#"{{"id":"{id}","type":"Old","old":1,"expiresAt":"{soon}"}}"#);
        server.post("/entities", &body).await.expect(201);
        past(soon).await;
    };
    made("urn:e:1").await;
    server.post("/entities", r#"{"id":"urn:e:1","type":"New","new":1}"#).await.expect(201);
    made("urn:e:2").await;
    server
        .post("/entityOperations/upsert?options=update", r#"[{"id":"urn:e:2","type":"New","new":1}]"#)
        .await
        .expect(201);
    made("urn:e:3").await;
    server.post("/entityOperations/create", r#"[{"id":"urn:e:3","type":"New","new":1}]"#).await.expect(201);
    // Nothing is left of what was there before.
    for list in ["/attributes", "/types"] {
        let reply = server.get(list).await.expect(200);
        assert!(reply.text().contains("ew\"") && !reply.text().contains("ld\""), "{}", reply.text());
    }
    assert_eq!(server.get("/entities?type=New&limit=0&count=true").await.header("ngsild-results-count"), "3");
    assert_eq!(server.get("/entities?type=Old").await.text(), "[]");
}
