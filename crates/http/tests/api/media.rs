//! Content negotiation: what is accepted, what is sent, and where the @context stands (clauses 6.3.4 to 6.3.6).

use crate::server::Server;
use belfry_ngsi_ld::Json;

const ENTITY: &str = r#"{"id":"urn:a:1","type":"T","p":1,"location":{"type":"Point","coordinates":[1.5,2.5]}}"#;
const CORE: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld";

#[tokio::test(flavor = "multi_thread")]
async fn accept() {
    let server = Server::start().await;
    server.post("/entities", ENTITY).await.expect(201);
    let (json, ld, geo) = ("application/json", "application/ld+json", "application/geo+json");
    for (accept, single, query, types) in [
        ("", json, json, json),
        ("application/json", json, json, json),
        ("application/ld+json", ld, ld, ld),
        ("application/geo+json", geo, geo, ""),
        ("*/*", json, json, json),
        ("application/*", json, json, json),
        ("text/html", "", "", ""),
        ("text/html, */*;q=0.1", json, json, json),
        ("application/json;q=0.5, application/ld+json", ld, ld, ld),
        ("application/ld+json, application/json", json, json, json),
        ("application/geo+json, application/json;q=0.9", geo, geo, json),
        ("application/json;q=0", "", "", ""),
        ("application/json;q=0, */*", ld, ld, ld),
        ("APPLICATION/LD+JSON", ld, ld, ld),
        ("application/ld+json; profile=\"x\"", ld, ld, ld),
    ] {
        for (path, expected) in [("/entities/urn:a:1", single), ("/entities?type=T", query), ("/types", types)] {
            let headers = [("accept", accept)];
            let reply = server.call("GET", path, if accept.is_empty() { &[] } else { &headers }, "").await;
            if expected.is_empty() {
                let reply = reply.expect(406);
                assert!(reply.text().contains("application/ld+json"), "{accept} {path}: {}", reply.text());
                continue;
            }
            let reply = reply.expect(200);
            assert_eq!(reply.header("content-type"), expected, "{accept} {path}");
            let linked = reply.header("link").contains(CORE);
            assert_eq!(linked, expected == json, "{accept} {path}");
            assert_eq!(reply.text().contains("@context"), expected != json, "{accept} {path}: {}", reply.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn content_type() {
    let server = Server::start().await;
    server.post("/entities", ENTITY).await.expect(201);
    for (kind, post, patch, upsert) in [
        ("application/json", 201, 204, 201),
        ("application/json; charset=utf-8", 201, 204, 201),
        ("Application/JSON", 201, 204, 201),
        ("application/merge-patch+json", 415, 204, 415),
        ("application/x-ndjson", 415, 415, 201),
        ("text/plain", 415, 415, 415),
        ("application/json; charset=latin1", 415, 415, 415),
        ("application/xml", 415, 415, 415),
        ("", 415, 415, 415),
        ("application/ld+json", 400, 400, 207),
    ] {
        let id = format!("urn:b:{}", kind.len() + 100 * usize::from(kind.starts_with('A')));
        let entity = format!("{{\"id\":\"{id}\",\"type\":\"T\"}}");
        let reply = server.call("POST", "/entities", &[("content-type", kind)], &entity).await;
        assert_eq!(reply.status, post, "{kind}: {}", reply.text());
        if post == 415 {
            assert!(reply.body.is_empty() && !reply.header("accept").is_empty(), "{kind}");
        }
        let reply =
            server.call("PATCH", "/entities/urn:a:1/attrs/p", &[("content-type", kind)], r#"{"value":2}"#).await;
        assert_eq!(reply.status, patch, "{kind}: {}", reply.text());
        let batch = if kind.ends_with("ndjson") {
            format!("{{\"id\":\"{id}x\",\"type\":\"T\"}}")
        } else {
            format!("[{{\"id\":\"{id}x\",\"type\":\"T\"}}]")
        };
        let reply = server.call("POST", "/entityOperations/upsert", &[("content-type", kind)], &batch).await;
        assert_eq!(reply.status, upsert, "{kind}: {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_and_tenants() {
    let server = Server::start().await;
    let reply = server.call("OPTIONS", "/entities/urn:a:1", &[], "").await.expect(204);
    assert_eq!(reply.header("allow"), "GET, PUT, PATCH, DELETE, HEAD, OPTIONS");
    let reply = server.call("POST", "/types", &[], "{}").await.expect(405);
    assert_eq!(reply.header("allow"), "GET, HEAD, OPTIONS");
    assert_eq!(reply.problem(), "about:blank");
    server.post("/entities", ENTITY).await.expect(201);
    let head = server.call("HEAD", "/entities/urn:a:1", &[], "").await.expect(200);
    let get = server.get("/entities/urn:a:1").await.expect(200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), get.header("content-length"));

    let tenant = [("ngsild-tenant", "Hall.1")];
    let missing = server.call("GET", "/entities?type=T", &tenant, "").await.expect(404);
    assert_eq!(missing.problem(), "NonexistentTenant");
    assert_eq!(missing.header("ngsild-tenant"), "Hall.1");
    server.call("POST", "/entities", &tenant, r#"{"id":"urn:t:1","type":"T"}"#).await.expect(201);
    let found = server.call("GET", "/entities?type=T&format=simplified", &tenant, "").await.expect(200);
    assert_eq!(found.member("0.id"), Json::from("urn:t:1"));
    assert_eq!(found.member("1"), Json::Null);
    assert_eq!(found.header("ngsild-tenant"), "Hall.1");
    server.get("/entities/urn:t:1").await.expect(404);
    server.call("GET", "/types", &[("ngsild-tenant", "../x")], "").await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages() {
    let server = Server::start().await;
    let batch: Vec<String> = (0..7).map(|n| format!("{{\"id\":\"urn:p:{n}\",\"type\":\"T\",\"n\":{n}}}")).collect();
    server.post("/entityOperations/create", &format!("[{}]", batch.join(","))).await.expect(201);
    let first = server.get("/entities?type=T&limit=3&orderBy=n&format=simplified&count=true").await.expect(200);
    assert_eq!(first.header("ngsild-results-count"), "7");
    let links: Vec<_> = first.headers.get_all("link").iter().map(|v| v.to_str().unwrap().to_owned()).collect();
    assert!(links.contains(&"</ngsi-ld/v1/entities?type=T&orderBy=n&format=simplified&count=true&limit=3&offset=3>; rel=\"next\"; type=\"application/json\"".to_owned()), "{links:?}");
    let mut seen = Vec::new();
    let mut next = Some("!/ngsi-ld/v1/entities?type=T&limit=3&orderBy=n&format=simplified".to_owned());
    while let Some(path) = next.take() {
        let page = server.get(&path).await.expect(200);
        let Json::Array(items) = page.json() else { panic!() };
        seen.extend(items.iter().map(|i| i.get("n").cloned().unwrap()));
        next = page
            .headers
            .get_all("link")
            .iter()
            .map(|v| v.to_str().unwrap())
            .find(|v| v.contains("rel=\"next\""))
            .map(|v| format!("!{}", v[1..].split('>').next().unwrap()));
    }
    assert_eq!(seen, (0..7).map(Json::Int).collect::<Vec<_>>());
    let last = server.get("/entities?type=T&limit=3&offset=6").await.expect(200);
    assert!(last.headers.get_all("link").iter().any(|v| v.to_str().unwrap().contains("offset=3>; rel=\"prev\"")));
    assert_eq!(server.get("/entities?type=T&limit=0&count=true").await.expect(200).text(), "[]");
}
