//! Every row of the router's table with every role: from the table itself, so that no row can be forgotten.

use crate::server::Server;
use belfry_config::Limits;
use belfry_http::operation::Takes;
use belfry_http::operations;
use belfry_identity::{Mode, Permission, Role};
use belfry_ngsi_ld::Json;

/// What each operation asks for. A new row fails this test until someone has thought about who may call it.
const EXPECTED: &str = include_str!("authorisation.tsv");

fn expected() -> Vec<(&'static str, Permission)> {
    let lines = EXPECTED.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (id, name) = line.split_once('\t').unwrap_or_else(|| panic!("{line:?}"));
            let permission =
                Permission::ALL.into_iter().find(|(_, n)| *n == name).unwrap_or_else(|| panic!("{line:?}")).0;
            (id, permission)
        })
        .collect()
}

#[test]
fn every_operation_has_the_permission_that_was_agreed() {
    let table: Vec<_> = operations(&belfry_apps::all()).iter().map(|o| (o.id, o.permission)).collect();
    let agreed = expected();
    for row in &table {
        assert!(agreed.contains(row), "{row:?} is not in authorisation.tsv");
    }
    for row in &agreed {
        assert!(table.contains(row), "{row:?} of authorisation.tsv is no operation");
    }
    assert_eq!(table.len(), agreed.len(), "an operation id is there twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_with_every_role() {
    let server = Server::with(Limits::default(), Mode::Tokens).await;
    let mut callers = vec![(None, None), (Some("belfry_nonsense".to_owned()), None)];
    for (role, _) in Role::ALL {
        callers.push((Some(server.token(role, None).await), Some(role)));
        // A token of another tenant opens nothing here.
        callers.push((Some(server.token(role, Some("elsewhere")).await), None));
    }
    for operation in &server.app.operations {
        let path: String = operation
            .path
            .split('/')
            .map(|s| if s.starts_with('{') { "urn:none:1" } else { s })
            .collect::<Vec<_>>()
            .join("/");
        for (token, role) in &callers {
            let authorization = token.as_ref().map(|token| format!("Bearer {token}"));
            let headers: Vec<(&str, &str)> =
                authorization.iter().map(|value| ("authorization", value.as_str())).collect();
            // HEAD, so that the event stream ends.
            let method = if operation.id == "events" { "HEAD" } else { operation.method.as_str() };
            let reply = server.call(method, &format!("!{path}"), &headers, "").await;
            let allowed = operation.permission == Permission::Public
                || role.is_some_and(|role| role.allows(operation.permission));
            let what = format!("{} {role:?}: {} {}", operation.id, reply.status, reply.text());
            if allowed {
                assert!(!matches!(reply.status, 401 | 403), "{what}");
            } else {
                let known = token.as_ref().is_some_and(|t| t != "belfry_nonsense");
                assert_eq!(reply.status, if known { 403 } else { 401 }, "{what}");
                assert_eq!(reply.header("www-authenticate").is_empty(), known, "{what}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_tenant_reaches_nothing_beyond_it() {
    let server = Server::with(Limits::default(), Mode::Tokens).await;
    for tenant in ["", "mill"] {
        if !tenant.is_empty() {
            server.app.tenants.get_or_create(tenant).unwrap();
        }
        for (role, _) in Role::ALL {
            let bearer = format!("Bearer {}", server.token(role, Some(tenant)).await);
            let mut headers = vec![("authorization", bearer.as_str())];
            if !tenant.is_empty() {
                headers.push(("ngsild-tenant", tenant));
            }
            for operation in server.app.operations.iter().filter(|operation| operation.permission.is_server_wide()) {
                let path = operation.path.replace("{tokenId}", "bc2136f40bbe").replace("{contextId}", "x");
                let body = if operation.takes == Takes::Nothing { "" } else { "{}" };
                let reply = server.call(operation.method.as_str(), &format!("!{path}"), &headers, body).await;
                assert_eq!(reply.status, 403, "{} {role:?} {tenant:?}: {}", operation.id, reply.text());
            }
            // Within its tenant it is what its role says.
            let reply = server.call("GET", "/entities?local=true", &headers, "").await;
            assert_eq!(reply.status, if role.allows(Permission::Read) { 200 } else { 403 }, "{role:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_made_listed_and_revoked() {
    let server = Server::with(Limits::default(), Mode::Tokens).await;
    let admin = format!("Bearer {}", server.token(Role::Admin, None).await);
    let admin = [("authorization", admin.as_str())];
    let made =
        server.call("POST", "!/tokens", &admin, r#"{"label":"roof","role":"ingest","tenant":""}"#).await.expect(201);
    let secret = made.member("secret").as_str().unwrap().to_owned();
    let id = made.member("id").as_str().unwrap().to_owned();
    let listed = server.call("GET", "!/tokens", &admin, "").await.expect(200);
    assert!(listed.text().contains(&id) && !listed.text().contains(&secret), "{}", listed.text());
    let bearer = format!("Bearer {secret}");
    let device = [("authorization", bearer.as_str())];
    let entity = r#"{"id":"urn:a:1","type":"T"}"#;
    server.call("POST", "/entities", &device, entity).await.expect(201);
    server.call("GET", "/entities/urn:a:1", &device, "").await.expect(403);
    let other = [("authorization", bearer.as_str()), ("ngsild-tenant", "other")];
    server.call("POST", "/entities", &other, entity).await.expect(403);
    server.call("DELETE", &format!("!/tokens/{id}"), &admin, "").await.expect(204);
    server.call("POST", "/entities", &device, entity).await.expect(401);
    server.call("DELETE", &format!("!/tokens/{id}"), &admin, "").await.expect(404);

    let past = r#"{"label":"old","role":"admin","expiresAt":"2020-01-01T00:00:00Z"}"#;
    let old = server.call("POST", "!/tokens", &admin, past).await.expect(201).member("secret");
    let old = format!("Bearer {}", old.as_str().unwrap());
    let reply = server.call("GET", "/types", &[("authorization", old.as_str())], "").await.expect(401);
    assert!(reply.text().contains("expired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_brings_readings_in_deletes_nothing() {
    let server = Server::with(Limits::default(), Mode::Tokens).await;
    let writer = format!("Bearer {}", server.token(Role::Writer, None).await);
    let ingest = format!("Bearer {}", server.token(Role::Ingest, None).await);
    let (writer, ingest) = ([("authorization", writer.as_str())], [("authorization", ingest.as_str())]);
    let whole =
        r#"{"id":"urn:a:1","type":["T","U"],"a":{"type":"Property","value":1},"b":{"type":"Property","value":2}}"#;
    server.call("POST", "/entities", &writer, whole).await.expect(201);
    let null = r#"{"type":"Property","value":"urn:ngsi-ld:null"}"#;
    let less = r#"[{"id":"urn:a:1","type":["T","U"],"a":{"type":"Property","value":3}}]"#;
    let other_type =
        r#"[{"id":"urn:a:1","type":"T","a":{"type":"Property","value":3},"b":{"type":"Property","value":2}}]"#;
    let update = r#"[{"id":"urn:a:1","type":"T","a":{"type":"Property","value":"urn:ngsi-ld:null"}}]"#;
    let soon = r#"{"expiresAt":"2099-01-01T00:00:00Z","a":{"type":"Property","value":3}}"#;
    // An instance that expires is as good as deleted: at once, or some day.
    let past = r#"{"a":{"type":"Property","value":3,"expiresAt":"2020-01-01T00:00:00Z"}}"#;
    let some_day = r#"{"type":"Property","value":3,"expiresAt":"2099-01-01T00:00:00Z"}"#;
    let in_batch = r#"[{"id":"urn:a:1","type":["T","U"],"a":{"type":"Property","value":3,"expiresAt":"2020-01-01T00:00:00Z"},"b":2}]"#;
    for (method, path, body, status) in [
        ("POST", "/entities/urn:a:1/attrs", past, 403),
        ("PATCH", "/entities/urn:a:1/attrs/a", some_day, 403),
        ("PUT", "/entities/urn:a:1/attrs/a", some_day, 403),
        ("POST", "/entityOperations/upsert", in_batch, 207),
        ("POST", "/entityOperations/update", in_batch, 207),
        ("PATCH", "/entities/urn:a:1/attrs/a", null, 403),
        ("POST", "/entityOperations/upsert", less, 207),
        ("POST", "/entityOperations/upsert", other_type, 207),
        ("POST", "/entityOperations/upsert?options=update", update, 207),
        ("POST", "/entities/urn:a:1/attrs", soon, 403),
    ] {
        let reply = server.call(method, path, &ingest, body).await.expect(status);
        assert!(reply.text().contains("would delete something"), "{path}: {}", reply.text());
    }
    let lines = [ingest[0], ("content-type", "application/x-ndjson")];
    let reply = server.call("POST", "/entityOperations/upsert", &lines, &less[1..less.len() - 1]).await.expect(207);
    assert!(reply.text().contains("would delete something"), "{}", reply.text());
    let kept = server.call("GET", "/entities/urn:a:1?options=keyValues", &writer, "").await.expect(200);
    assert_eq!((kept.member("a"), kept.member("b")), (Json::Int(1), Json::Int(2)));
    assert_eq!(kept.member("type.1"), Json::from("U"));

    // What it is for.
    let more = r#"[{"id":"urn:a:1","type":["T","U"],"a":{"type":"Property","value":4},"b":{"type":"Property","value":5},"c":{"type":"Property","value":6}}]"#;
    server.call("POST", "/entityOperations/upsert", &ingest, more).await.expect(204);
    server.call("POST", "/entityOperations/upsert?options=update", &ingest, less).await.expect(204);
    server.call("PATCH", "/entities/urn:a:1/attrs/b", &ingest, r#"{"value":7}"#).await.expect(204);
    // A new instance may expire, and may be let live longer.
    for at in ["2098-01-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
        let d = format!(r#"{{"d":{{"type":"Property","value":8,"expiresAt":"{at}"}}}}"#);
        server.call("POST", "/entities/urn:a:1/attrs", &ingest, &d).await.expect(204);
    }
    let sooner = r#"{"d":{"type":"Property","value":8,"expiresAt":"2098-06-01T00:00:00Z"}}"#;
    server.call("POST", "/entities/urn:a:1/attrs", &ingest, sooner).await.expect(403);
    let new = r#"[{"id":"urn:a:2","type":"T","expiresAt":"2099-01-01T00:00:00Z","a":1}]"#;
    server.call("POST", "/entityOperations/upsert", &ingest, new).await.expect(201);
    server.call("PATCH", "/entities/urn:a:1/attrs/a", &writer, null).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_endpoints_are_shown_to_writers_only() {
    let server = Server::with(Limits::default(), Mode::Tokens).await;
    let writer = format!("Bearer {}", server.token(Role::Writer, None).await);
    let reader = format!("Bearer {}", server.token(Role::Reader, None).await);
    let (writer, reader) = ([("authorization", writer.as_str())], [("authorization", reader.as_str())]);
    for (id, endpoint) in [
        ("urn:s:1", r#"{"uri":"http://127.0.0.1:9/x","receiverInfo":[{"key":"Authorization","value":"Bearer hush"}]}"#),
        ("urn:s:2", r#"{"uri":"mqtt://me:hush@127.0.0.1:1883/topic","notifierInfo":[{"key":"MQTT-QoS","value":"1"}]}"#),
    ] {
        let body = format!(
            "{{\"id\":\"{id}\",\"type\":\"Subscription\",\"entities\":[{{\"type\":\"T\"}}],\"notification\":{{\"endpoint\":{endpoint}}}}}"
        );
        server.call("POST", "/subscriptions", &writer, &body).await.expect(201);
    }
    for path in ["/subscriptions", "/subscriptions/urn:s:1", "/subscriptions/urn:s:2"] {
        let hidden = server.call("GET", path, &reader, "").await.expect(200);
        assert!(!hidden.text().contains("hush") && hidden.text().contains("***"), "{}", hidden.text());
        assert!(server.call("GET", path, &writer, "").await.expect(200).text().contains("hush"));
    }
    let hidden = server.call("GET", "/subscriptions/urn:s:2", &reader, "").await;
    assert_eq!(hidden.member("notification.endpoint.uri"), Json::from("mqtt://***@127.0.0.1:1883/topic"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_server_answers_to_its_own_names_only() {
    let server = Server::start().await;
    let port = server.address.port();
    for (host, status) in [
        (format!("localhost:{port}"), 200),
        (format!("127.0.0.1:{port}"), 200),
        (format!("evil.example:{port}"), 403),
        ("localhost.evil.example".to_owned(), 403),
    ] {
        let request = |path: &str| {
            let request = http::Request::get(path).header("host", &host);
            server.send(request.body(http_body_util::Full::new(bytes::Bytes::new())).unwrap())
        };
        for path in ["/ngsi-ld/v1/types", "/metrics", "/tokens"] {
            request(path).await.expect(status);
        }
        request("/health").await.expect(200);
    }
    // With tokens the name does not matter: a page from elsewhere has none.
    let server = Server::with(Limits::default(), Mode::Tokens).await;
    let bearer = format!("Bearer {}", server.token(Role::Reader, None).await);
    let request =
        http::Request::get("/ngsi-ld/v1/types").header("host", "town.example").header("authorization", bearer);
    server.send(request.body(http_body_util::Full::new(bytes::Bytes::new())).unwrap()).await.expect(200);
}
