//! Entities: created, read, changed, found.

use crate::server::Server;
use belfry_ngsi_ld::Json;

const ROOM: &str = r#"{"id":"urn:ngsi-ld:Room:1","type":"Room","temperature":{"type":"Property","value":21.5,"unitCode":"CEL"},
  "inside":{"type":"Relationship","object":"urn:ngsi-ld:Building:1"},
  "location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[13.4,52.5]}}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn create_read_patch_find() {
    let server = Server::start().await;
    let made = server.post("/entities", ROOM).await.expect(201);
    assert_eq!(made.header("location"), "/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1");
    assert!(made.body.is_empty());
    let again = server.post("/entities", ROOM).await.expect(409);
    assert_eq!(again.problem(), "AlreadyExists");

    let found = server.get("/entities/urn:ngsi-ld:Room:1").await.expect(200);
    assert_eq!(found.header("content-type"), "application/json");
    assert!(found.header("link").contains("ngsi-ld-core-context-v1.8.jsonld"), "{:?}", found.headers);
    assert_eq!(found.member("temperature.value"), Json::Float(21.5));
    assert_eq!(found.member("@context"), Json::Null);

    server
        .call(
            "PATCH",
            "/entities/urn:ngsi-ld:Room:1/attrs/temperature",
            &[],
            r#"{"value":22,"observedAt":"2026-01-01T00:00:00Z"}"#,
        )
        .await
        .expect(204);
    let found = server.get("/entities/urn:ngsi-ld:Room:1?options=sysAttrs").await.expect(200);
    assert_eq!(found.member("temperature.value"), Json::Int(22));
    assert_eq!(found.member("temperature.unitCode"), Json::from("CEL"));
    assert_ne!(found.member("createdAt"), Json::Null);

    let found = server.get("/entities?type=Room&q=temperature%3E21&options=keyValues&count=true").await.expect(200);
    assert_eq!(found.member("0.temperature"), Json::Int(22));
    assert_eq!(found.header("ngsild-results-count"), "1");
    let found = server.get("/entities?type=Room&q=temperature%3C21").await.expect(200);
    assert_eq!(found.text(), "[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn batches() {
    let server = Server::start().await;
    let two = r#"[{"id":"urn:a:1","type":"T","p":1},{"id":"urn:a:2","type":"T","p":2}]"#;
    let made = server.post("/entityOperations/upsert", two).await.expect(201);
    assert_eq!(made.text(), r#"["urn:a:1","urn:a:2"]"#);
    server.post("/entityOperations/upsert", two).await.expect(204);
    let some = server.post(
        "/entityOperations/create",
        r#"[{"id":"urn:a:2","type":"T"},{"id":"urn:a:3","type":"T"},{"id":"x","type":"T"}]"#,
    );
    let some = some.await.expect(207);
    assert_eq!(some.member("success"), Json::Array(vec![Json::from("urn:a:3")]));
    assert_eq!(some.member("errors.1.entityId"), Json::from("urn:a:2"));
    server.post("/entityOperations/update", r#"[{"id":"urn:a:1","p":5},{"id":"urn:a:1","p":6}]"#).await.expect(204);
    assert_eq!(server.get("/entities/urn:a:1?format=simplified").await.member("p"), Json::Int(6));
    server.post("/entityOperations/delete", r#"["urn:a:1"]"#).await.expect(204);
    server.post("/entityOperations/delete", r#"["urn:a:1","urn:a:2"]"#).await.expect(207);
    server.get("/entities/urn:a:1").await.expect(404);
}
