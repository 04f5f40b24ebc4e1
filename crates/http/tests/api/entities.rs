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

#[tokio::test(flavor = "multi_thread")]
async fn each_change_of_one_entity() {
    let server = Server::start().await;
    let path = "/entities/urn:ngsi-ld:Room:1";
    let now = |path: &'static str| {
        let server = &server;
        async move { server.get(&format!("/entities/urn:ngsi-ld:Room:1?format=simplified{path}")).await.expect(200) }
    };
    server.post("/entities", ROOM).await.expect(201);

    server.call("POST", &format!("{path}/attrs"), &[], r#"{"humidity":40,"temperature":25}"#).await.expect(204);
    assert_eq!(now("&pick=temperature,humidity").await.text(), r#"{"temperature":25,"humidity":40}"#);
    let left = server
        .call("POST", &format!("{path}/attrs?options=noOverwrite"), &[], r#"{"humidity":41,"co2":400}"#)
        .await
        .expect(207);
    assert_eq!(left.member("updated.0"), Json::from("https://uri.etsi.org/ngsi-ld/default-context/co2"));
    assert_eq!(
        left.member("notUpdated.0.attributeName"),
        Json::from("https://uri.etsi.org/ngsi-ld/default-context/humidity")
    );

    server
        .call("PATCH", &format!("{path}/attrs"), &[], r#"{"humidity":42,"co2":"urn:ngsi-ld:null"}"#)
        .await
        .expect(204);
    assert_eq!(now("&attrs=humidity,co2").await.member("humidity"), Json::Int(42));
    assert_eq!(now("").await.member("co2"), Json::Null);

    let merge =
        r#"{"temperature":{"value":19,"accuracy":{"type":"Property","value":0.5}},"humidity":"urn:ngsi-ld:null"}"#;
    server.call("PATCH", path, &[("content-type", "application/merge-patch+json")], merge).await.expect(204);
    let full = server.get(path).await.expect(200);
    assert_eq!(full.member("temperature.accuracy.value"), Json::Float(0.5));
    assert_eq!(full.member("humidity"), Json::Null);

    let several = r#"[{"type":"Property","value":1},{"type":"Property","value":2,"datasetId":"urn:d:2"}]"#;
    server.call("POST", &format!("{path}/attrs"), &[], &format!("{{\"level\":{several}}}")).await.expect(204);
    server.call("PATCH", &format!("{path}/attrs/level"), &[], r#"{"value":3,"datasetId":"urn:d:2"}"#).await.expect(204);
    let shown = server.get(&format!("{path}?datasetId=urn:d:2&pick=level")).await.expect(200);
    assert_eq!(shown.member("level.value"), Json::Int(3), "{}", shown.text());
    server.call("DELETE", &format!("{path}/attrs/level?datasetId=urn:d:2"), &[], "").await.expect(204);
    server
        .call("PUT", &format!("{path}/attrs/level"), &[], r#"{"type":"Relationship","object":"urn:x:1"}"#)
        .await
        .expect(204);
    assert_eq!(now("&pick=level").await.text(), r#"{"level":"urn:x:1"}"#);
    server.call("DELETE", &format!("{path}/attrs/level?deleteAll=true"), &[], "").await.expect(204);
    server.call("DELETE", &format!("{path}/attrs/level"), &[], "").await.expect(404);

    server.call("PUT", path, &[], r#"{"type":"Hall","p":1}"#).await.expect(204);
    assert_eq!(now("").await.text(), r#"{"id":"urn:ngsi-ld:Room:1","type":"Hall","p":1}"#);
    server.call("DELETE", path, &[], "").await.expect(204);
    server.get(path).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_by_body_and_as_geojson_and_purges() {
    let server = Server::start().await;
    server.post("/entities", ROOM).await.expect(201);
    server.post("/entities", r#"{"id":"urn:x:9","type":"Tree","height":7,"scope":"/park/north"}"#).await.expect(201);
    let query = r#"{"type":"Query","entities":[{"type":"Room"},{"type":"Tree"}],"q":"temperature>20|height<8",
      "pick":["id","type"],"ordering":{"orderBy":["height"]}}"#;
    let found = server.post("/entityOperations/query?count=true", query).await.expect(200);
    assert_eq!(found.text(), r#"[{"id":"urn:x:9","type":"Tree"},{"id":"urn:ngsi-ld:Room:1","type":"Room"}]"#);
    assert_eq!(found.header("ngsild-results-count"), "2");
    let near =
        r#"{"type":"Query","geoQ":{"georel":"near;maxDistance==1000","geometry":"Point","coordinates":[13.4,52.501]}}"#;
    let geo = [("accept", "application/geo+json"), ("content-type", "application/json")];
    let found = server.call("POST", "/entityOperations/query", &geo, near).await.expect(200);
    assert_eq!(found.header("content-type"), "application/geo+json");
    assert_eq!(found.member("type"), Json::from("FeatureCollection"));
    assert_eq!(found.member("features.0.geometry.type"), Json::from("Point"));
    assert_eq!(found.member("features.1"), Json::Null);
    assert_eq!(server.get("/entities?type=*&scopeQ=/park/%23").await.member("0.id"), Json::from("urn:x:9"));

    let types = server.get("/types").await.expect(200);
    assert_eq!(types.member("typeList"), Json::Array(vec![Json::from("Room"), Json::from("Tree")]));
    assert_eq!(server.get("/types?details=true").await.member("1.attributeNames.0"), Json::from("height"));
    assert_eq!(server.get("/types/Room").await.member("entityCount"), Json::Int(1));
    assert!(server.get("/attributes").await.text().contains("\"temperature\""));
    assert_eq!(server.get("/attributes/inside").await.member("attributeTypes.0"), Json::from("Relationship"));

    server.call("DELETE", "/entities?type=Tree&q=height%3E10", &[], "").await.expect(204);
    server.get("/entities/urn:x:9").await.expect(200);
    server.call("DELETE", "/entities?type=Tree", &[], "").await.expect(204);
    server.get("/entities/urn:x:9").await.expect(404);
    server.get("/entities/urn:ngsi-ld:Room:1").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_gone() {
    let server = Server::start().await;
    server.post("/entities", r#"{"id":"urn:e:1","type":"T","expiresAt":"2020-01-01T00:00:00Z"}"#).await.expect(201);
    server.get("/entities/urn:e:1").await.expect(404);
    server.call("PATCH", "/entities/urn:e:1/attrs/p", &[], r#"{"value":1}"#).await.expect(404);
    server.post("/entities", r#"{"id":"urn:e:1","type":"T","p":1}"#).await.expect(201);
    let old = r#"{"value":2,"expiresAt":"2020-01-01T00:00:00Z"}"#;
    server.call("POST", "/entities/urn:e:1/attrs", &[], &format!("{{\"old\":{old}}}")).await.expect(204);
    assert_eq!(server.get("/entities/urn:e:1?format=simplified").await.text(), r#"{"id":"urn:e:1","type":"T","p":1}"#);
    assert_eq!(server.get("/entities?type=T&format=simplified").await.text(), r#"[{"id":"urn:e:1","type":"T","p":1}]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn ordered_by_members() {
    let server = Server::start().await;
    let all = r#"[{"id":"urn:o:3","type":"A","scope":"/x"},{"id":"urn:o:1","type":["B","A"],"scope":["/y","/a"]},
      {"id":"urn:o:2","type":"B"}]"#;
    server.post("/entityOperations/create", all).await.expect(201);
    for (order, wanted) in [
        ("id", "123"),
        ("id;desc", "321"),
        ("type,id;desc", "312"),
        ("type;desc", "213"),
        ("scope", "132"),
        ("scope;desc", "312"),
    ] {
        let found = server.get(&format!("/entities?type=A|B&pick=id&orderBy={order}")).await.expect(200);
        let Json::Array(found) = found.json() else { panic!() };
        let ids: String = found.iter().map(|e| &e.get("id").unwrap().as_str().unwrap()[6..]).collect();
        assert_eq!(ids, wanted, "{order}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_asked_for_and_deleted() {
    let server = Server::start().await;
    let one = r#"{"id":"urn:a:1","type":"T","p":[{"type":"Property","value":1},
      {"type":"Property","value":2,"datasetId":"urn:d:1"}]}"#;
    server.post("/entities", one).await.expect(201);
    for (query, status) in [("attrs=p", 200), ("attrs=nothing,p", 200), ("attrs=nothing", 404), ("pick=nothing", 200)] {
        let reply = server.get(&format!("/entities/urn:a:1?{query}")).await.expect(status);
        assert_eq!(reply.text().contains("ResourceNotFound"), status == 404, "{}", reply.text());
    }
    // The system's own times do not make a query narrow.
    for (query, status) in
        [("q=modifiedAt%3E2020-01-01T00:00:00Z", 400), ("q=modifiedAt%3E2020-01-01T00:00:00Z;p", 200)]
    {
        server.get(&format!("/entities?{query}")).await.expect(status);
    }
    server.call("DELETE", "/entities/urn:a:1/attrs/p?datasetId=@none", &[], "").await.expect(204);
    assert_eq!(server.get("/entities/urn:a:1").await.member("p.datasetId"), Json::from("urn:d:1"));
    server.call("DELETE", "/entities/urn:a:1/attrs/p?datasetId=@none", &[], "").await.expect(404);
}

/// A search that must look at many entities is moved to a thread of its own and begins anew: its answer is one like another.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_search_answers_as_a_short_one() {
    let server = Server::start().await;
    for part in 0..3 {
        let all: Vec<_> = (part * 300..part * 300 + 300)
            .map(|n| format!(r#"{{"id":"urn:n:{n}","type":"T","n":{n},"even":{}}}"#, n % 2 == 0))
            .collect();
        server.post("/entityOperations/create", &format!("[{}]", all.join(","))).await.expect(201);
    }
    for (query, ids) in [
        ("q=even", [0, 1, 2]),
        ("q=n%3E=700;even==true", [700, 702, 704]),
        ("q=n%3E=700;even==true&orderBy=n;desc", [898, 896, 894]),
        ("orderBy=n;desc&offset=600", [299, 298, 297]),
        ("offset=600", [600, 601, 602]),
    ] {
        let found = server.get(&format!("/entities?type=T&{query}&limit=3&format=simplified")).await.expect(200);
        let Json::Array(entities) = found.json() else { panic!("{}", found.text()) };
        let numbers: Vec<_> = entities.iter().filter_map(|e| e.get("n").cloned()).collect();
        assert_eq!(numbers, ids.map(Json::Int), "{query}");
    }
    let counted = server.get("/entities?type=T&q=n%3E=700&count=true&limit=2").await.expect(200);
    assert_eq!(counted.header("ngsild-results-count"), "200");
    let Json::Array(two) = counted.json() else { panic!("{}", counted.text()) };
    assert_eq!(two.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_at_the_end_of_a_path_says_nothing() {
    let server = Server::start().await;
    for (path, id) in [("/entities/", "urn:a:1"), ("/entities", "urn:a:2")] {
        let reply = server.post(path, &format!(r#"{{"id":"{id}","type":"T","p":1}}"#)).await.expect(201);
        assert_eq!(reply.header("location"), format!("/ngsi-ld/v1/entities/{id}"));
    }
    server.post("/entityOperations/upsert/", r#"[{"id":"urn:a:3","type":"T"}]"#).await.expect(201);
    for path in [
        "/entities/?type=T&limit=2",
        "/entities/urn:a:1/",
        "/types/",
        "/types/T/",
        "/attributes/",
        "/attributes/p/",
        "/subscriptions/",
        "/jsonldContexts/",
        "/temporal/entities/?type=T&timerel=after&timeAt=2020-01-01T00:00:00Z",
        "/temporal/entities/urn:a:1/",
        "!/health/",
    ] {
        let (slash, plain) = (server.get(path).await.expect(200), server.get(&path.replacen("/?", "?", 1)).await);
        assert!(!slash.text().is_empty() && (path == "!/health/" || slash.text() == plain.text()), "{path}");
    }
    server.call("PATCH", "/entities/urn:a:1/attrs/p/", &[], r#"{"value":5}"#).await.expect(204);
    server.post("/entities/urn:a:1/attrs/", r#"{"q":6}"#).await.expect(204);
    let next = server.get("/entities/?type=T&limit=2").await;
    assert!(
        next.headers.get_all("link").iter().any(|l| l.to_str().unwrap().contains("</ngsi-ld/v1/entities/?type=T&"))
    );
    let entity = server.get("/entities/urn:a:1?options=keyValues").await;
    assert_eq!((entity.member("p"), entity.member("q")), (Json::Int(5), Json::Int(6)));
    server.call("DELETE", "/entities/urn:a:1/", &[], "").await.expect(204);
}
