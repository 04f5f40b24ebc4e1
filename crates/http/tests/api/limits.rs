//! Limits that hold however many requests it takes: of an entity, of a page.

use crate::server::Server;
use belfry_config::Limits;
use belfry_identity::Mode;
use belfry_ngsi_ld::Json;

const PATCH: (&str, &str) = ("content-type", "application/json");

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_does_not_grow_beyond_its_limit_step_by_step() {
    let limits = Limits { max_attributes_per_entity: 3, ..Limits::default() };
    let server = Server::with(limits, Mode::Open).await;
    server.post("/entities", r#"{"id":"urn:a:1","type":"T","a":1,"b":2,"c":3}"#).await.expect(201);
    let one = r#"{"d":4}"#;
    let upsert = r#"[{"id":"urn:a:1","type":"T","d":4}]"#;
    for (method, path, body, status) in [
        ("POST", "/entities/urn:a:1/attrs", one, 400),
        ("PATCH", "/entities/urn:a:1/attrs", one, 400),
        ("PATCH", "/entities/urn:a:1", one, 400),
        ("POST", "/entityOperations/update", upsert, 207),
        ("POST", "/entityOperations/merge", upsert, 207),
        ("POST", "/entityOperations/upsert?options=update", upsert, 207),
    ] {
        let reply = server.call(method, path, &[PATCH], body).await.expect(status);
        assert!(reply.text().contains("more than 3 attribute instances"), "{path}: {}", reply.text());
    }
    let lines = [("content-type", "application/x-ndjson")];
    let reply =
        server.call("POST", "/entityOperations/upsert?options=update", &lines, &upsert[1..upsert.len() - 1]).await;
    assert!(reply.text().contains("more than 3 attribute instances"), "{}", reply.text());
    assert!(!server.get("/entities/urn:a:1").await.expect(200).text().contains("\"d\""));
    server.call("PATCH", "/entities/urn:a:1/attrs", &[PATCH], r#"{"a":"urn:ngsi-ld:null"}"#).await.expect(204);
    server.post("/entities/urn:a:1/attrs", one).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_do_its_bytes_and_what_is_inside_its_attributes() {
    let limits = Limits { max_entity_bytes: 65_536, ..Limits::default() };
    let server = Server::with(limits, Mode::Open).await;
    let text = "x".repeat(25_000);
    let large = |name: &str| format!("{{\"{name}\":{{\"type\":\"Property\",\"value\":\"{text}\"}}}}");
    server.post("/entities", r#"{"id":"urn:a:1","type":"T","p":{"type":"Property","value":0}}"#).await.expect(201);
    server.post("/entities/urn:a:1/attrs", &large("a")).await.expect(204);
    server.post("/entities/urn:a:1/attrs", &large("b")).await.expect(204);
    let reply = server.post("/entities/urn:a:1/attrs", &large("c")).await.expect(400);
    assert!(reply.text().contains("larger than 65536 bytes"), "{}", reply.text());
    // Sub-attributes one after the other.
    for n in 0..100 {
        let body = format!("{{\"sub{n}\":{{\"type\":\"Property\",\"value\":1}}}}");
        let reply = server.call("PATCH", "/entities/urn:a:1/attrs/p", &[PATCH], &body).await;
        assert_eq!(reply.status, 204, "{n}: {}", reply.text());
    }
    let more = r#"{"sub100":{"type":"Property","value":1}}"#;
    let reply = server.call("PATCH", "/entities/urn:a:1/attrs/p", &[PATCH], more).await.expect(400);
    assert!(reply.text().contains("more than 100 sub-attributes"), "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_ends_early_when_its_entities_are_large_and_the_links_join_up() {
    let limits = Limits { page_max_bytes: 65_536, ..Limits::default() };
    let server = Server::with(limits, Mode::Open).await;
    for n in 0..9 {
        let body = format!("{{\"id\":\"urn:a:{n}\",\"type\":\"T\",\"n\":{n},\"p\":\"{}\"}}", "x".repeat(20_000));
        server.post("/entities", &body).await.expect(201);
    }
    for query in ["/entities?type=T&limit=100&count=true", "/entities?type=T&limit=100&orderBy=n"] {
        let (mut path, mut pages, mut seen) = (query.to_owned(), 0, Vec::new());
        loop {
            let reply = server.get(&path).await.expect(200);
            assert!(reply.body.len() < 200_000, "{}", reply.body.len());
            if query.contains("count") {
                assert_eq!(reply.header("ngsild-results-count"), "9");
            }
            let Json::Array(entities) = reply.json() else { panic!("{}", reply.text()) };
            seen.extend(entities.iter().filter_map(|e| e.get("id").and_then(Json::as_str).map(str::to_owned)));
            pages += 1;
            let links = reply.headers.get_all("link").iter().filter_map(|v| v.to_str().ok());
            let next = links
                .filter(|l| l.contains("rel=\"next\""))
                .find_map(|l| Some(l.strip_prefix('<')?.split_once('>')?.0));
            match next {
                Some(next) => path = format!("!{next}"),
                None => break,
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!((pages, seen.len()), (3, 9), "{query}");
    }
    // One that is larger than a page comes alone.
    let body = format!("{{\"id\":\"urn:a:large\",\"type\":\"L\",\"p\":\"{}\"}}", "x".repeat(200_000));
    server.post("/entities", &body).await.expect(201);
    assert_eq!(server.get("/entities?type=L").await.member("0.id"), Json::from("urn:a:large"));
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_of_a_vocabulary_are_looked_at_too() {
    let server = Server::start().await;
    let refused = r#"{"id":"urn:a:1","type":"T","kind":{"type":"VocabProperty","vocab":["fine","licensePlate"]}}"#;
    let reply = server.post("/entities", refused).await.expect(400);
    assert!(reply.text().contains("licensePlate"), "{}", reply.text());
    let fine = r#"{"id":"urn:a:1","type":"T","kind":{"type":"VocabProperty","vocab":"fine"}}"#;
    server.post("/entities", fine).await.expect(201);
    // A bare text that merging makes a term of.
    let reply = server.call("PATCH", "/entities/urn:a:1", &[PATCH], r#"{"kind":"license_plate"}"#).await.expect(400);
    assert!(reply.text().contains("refused"), "{}", reply.text());
}
