//! Which types and attributes are in use.

use crate::server::Server;
use belfry_ngsi_ld::Json;

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_of_two_types_counts_once_and_every_kind_is_known() {
    let server = Server::start().await;
    for n in 0..40 {
        let body = format!(r#"{{"id":"urn:c:{n}","type":["A","B"],"p":1}}"#);
        server.post("/entities", &body).await.expect(201);
    }
    // The kind that only the last one has.
    server
        .post("/entities", r#"{"id":"urn:c:z","type":"B","p":{"type":"Relationship","object":"urn:c:1"}}"#)
        .await
        .expect(201);
    let texts = |all: &[&str]| Json::Array(all.iter().map(|t| Json::from(*t)).collect());
    let p = server.get("/attributes/p").await.expect(200);
    assert_eq!(p.member("attributeCount"), Json::Int(41));
    assert_eq!(p.member("attributeTypes"), texts(&["Property", "Relationship"]));
    assert_eq!(p.member("typeNames"), texts(&["A", "B"]));
    let a = server.get("/types/A").await.expect(200);
    assert_eq!(a.member("entityCount"), Json::Int(40));
    assert_eq!(a.member("attributeDetails.0.attributeTypes"), texts(&["Property"]));
    let b = server.get("/types/B").await.expect(200);
    assert_eq!(b.member("attributeDetails.0.attributeTypes"), texts(&["Property", "Relationship"]));
    assert_eq!(server.get("/types").await.member("typeList"), texts(&["A", "B"]));
    let details = server.get("/types?details=true").await.expect(200);
    assert_eq!(details.member("1.attributeNames"), texts(&["p"]));
    let details = server.get("/attributes?details=true").await.expect(200);
    assert_eq!(details.member("0.typeNames"), texts(&["A", "B"]));
}
