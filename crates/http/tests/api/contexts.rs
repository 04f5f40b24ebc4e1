//! Contexts: hosted here, fetched from elsewhere, made for an answer.

use crate::server::Server;
use belfry_identity::{Mode, Role};
use belfry_kernel::Kind;
use belfry_ngsi_ld::{Json, Name};
use belfry_runtime::SystemClock;
use belfry_runtime::context::{self, Contexts, Fetching, HostedKind, KeptLimits, NewHosted};
use belfry_runtime::outbound::{AddressPolicy, Outbound};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const LD: (&str, &str) = ("content-type", "application/ld+json");

/// A web server of one document, that counts who asks and can go down.
struct Source {
    url: String,
    asked: Arc<AtomicUsize>,
    down: Arc<AtomicBool>,
}

impl Source {
    async fn start(path: &str, answer: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{path}", listener.local_addr().unwrap());
        let (asked, down) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let source = Self { url, asked: asked.clone(), down: down.clone() };
        tokio::spawn(async move {
            loop {
                let Ok((mut stream, _)) = listener.accept().await else { return };
                let (asked, down, answer) = (asked.clone(), down.clone(), answer.clone());
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    let _ = stream.read(&mut buffer).await;
                    asked.fetch_add(1, Ordering::SeqCst);
                    if down.load(Ordering::SeqCst) {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        source
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/ld+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn link(url: &str) -> String {
    format!("<{url}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_remote_context_is_fetched_once_and_outlives_its_source() {
    let server = Arc::new(Server::start().await);
    let source = Source::start("/c.jsonld", ok(r#"{"@context":{"warmth":"https://example.org/warmth"}}"#)).await;
    let link = link(&source.url);
    let mut all = Vec::new();
    for n in 0..8 {
        let (server, link) = (server.clone(), link.clone());
        all.push(tokio::spawn(async move {
            let body = format!("{{\"id\":\"urn:a:{n}\",\"type\":\"T\",\"warmth\":{n}}}");
            server.call("POST", "/entities", &[("link", &link)], &body).await.expect(201);
        }));
    }
    for one in all {
        one.await.unwrap();
    }
    assert_eq!(source.asked(), 1);
    let plain = server.get("/entities/urn:a:3?format=simplified").await.expect(200);
    assert_eq!(plain.member("https://example.org/warmth"), Json::Null);
    assert!(plain.text().contains("\"https://example.org/warmth\":3"), "{}", plain.text());
    let short = server.call("GET", "/entities/urn:a:3?format=simplified", &[("link", &link)], "").await.expect(200);
    assert_eq!(short.member("warmth"), Json::Int(3));
    assert!(short.header("link").contains(&source.url));

    let listed = server.get("/jsonldContexts?details=true&kind=Cached").await.expect(200);
    assert_eq!(listed.member("0.URL"), Json::from(source.url.as_str()));
    let at = percent_encoding::utf8_percent_encode(&source.url, percent_encoding::NON_ALPHANUMERIC).to_string();
    server.get(&format!("/jsonldContexts/{at}")).await.expect(422);
    server.call("DELETE", &format!("/jsonldContexts/{at}?reload=true"), &[], "").await.expect(204);
    assert_eq!(source.asked(), 2);
    source.down.store(true, Ordering::SeqCst);
    let failed = server.call("DELETE", &format!("/jsonldContexts/{at}?reload=true"), &[], "").await.expect(504);
    assert_eq!(failed.problem(), "LdContextNotAvailable");
    let still =
        server.call("GET", "/entities?type=T&q=warmth==3&format=simplified", &[("link", &link)], "").await.expect(200);
    assert_eq!(still.member("0.warmth"), Json::Int(3));
    server.call("DELETE", &format!("/jsonldContexts/{at}"), &[], "").await.expect(204);
    server.call("DELETE", &format!("/jsonldContexts/{at}"), &[], "").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_that_are_not_to_be_had() {
    let server = Server::start().await;
    let metadata = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let around = Source::start(
        "/r",
        "HTTP/1.1 302 Found\r\nlocation: /r\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".into(),
    )
    .await;
    for (source, status, text) in [
        (Source::start("/x", ok("no json")).await, 400, "is no JSON document"),
        (Source::start("/x", ok("{}")).await, 400, "has no @context"),
        (Source::start("/x", "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".into()).await, 504, "answered 404"),
        (
            Source::start("/x", ok(&format!("{{\"@context\":{{\"a\":\"{}\"}}}}", "x".repeat(2 << 20)))).await,
            504,
            "larger than",
        ),
        (Source::start("/x", metadata.into()).await, 504, "metadata"),
        (around, 504, "redirects"),
    ] {
        let reply = server.call("GET", "/entities?type=T", &[("link", &link(&source.url))], "").await.expect(status);
        assert!(reply.text().contains(text), "{}", reply.text());
    }
    for (url, text) in [
        ("http://10.0.0.1/c", "private"),
        ("http://[fe80::1]/c", "private"),
        ("http://169.254.169.254/c", "metadata"),
        ("http://user@127.0.0.1/c", "not an absolute http"),
        ("ftp://example.org/c", ""),
    ] {
        let reply = server.call("GET", "/entities?type=T", &[("link", &link(url))], "").await;
        assert!(matches!(reply.status, 400 | 504) && reply.text().contains(text), "{url}: {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hosted_contexts() {
    let server = Server::start().await;
    let made = server.post("/jsonldContexts", r#"{"@context":{"heat":"https://example.org/heat"}}"#).await.expect(201);
    let path = made.header("location").to_owned();
    let url = format!("http://{}{path}", server.address);
    let body = format!("{{\"@context\":\"{url}\",\"id\":\"urn:a:1\",\"type\":\"T\",\"heat\":1}}");
    server.call("POST", "/entities", &[LD], &body).await.expect(201);
    let served = server.get(&format!("!{path}")).await.expect(200);
    assert_eq!(served.member("@context.heat"), Json::from("https://example.org/heat"));
    assert_eq!(server.get(&format!("!{path}?details=true")).await.member("kind"), Json::from("Hosted"));
    assert!(server.get("/jsonldContexts").await.text().contains(&url));
    let headers = [("link", &*link(&url)), ("accept", "application/ld+json")];
    let found = server.call("GET", "/entities/urn:a:1?format=simplified", &headers, "").await.expect(200);
    assert_eq!(found.member("heat"), Json::Int(1));
    assert_eq!(found.member("@context.0"), Json::from(url.as_str()));
    server.call("DELETE", &format!("!{path}?reload=true"), &[], "").await.expect(400);
    server.call("DELETE", &format!("!{path}"), &[], "").await.expect(204);
    server.get(&format!("!{path}")).await.expect(404);
    server.post("/jsonldContexts", "{}").await.expect(400);
    server.post("/jsonldContexts", r#"{"@context":{"a":5}}"#).await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_that_no_url_names_gets_one() {
    let server = Server::start().await;
    let query = r#"{"@context":{"heat":"https://example.org/heat"},"type":"Query","entities":[{"type":"T"}]}"#;
    let body = r#"{"@context":{"heat":"https://example.org/heat"},"id":"urn:a:1","type":"T","heat":1}"#;
    server.call("POST", "/entities", &[LD], body).await.expect(201);
    let mut urls = Vec::new();
    for _ in 0..2 {
        let found = server.call("POST", "/entityOperations/query?format=simplified", &[LD], query).await.expect(200);
        assert_eq!(found.member("0.heat"), Json::Int(1));
        let link = found.header("link").to_owned();
        urls.push(link[1..].split('>').next().unwrap().to_owned());
    }
    assert_eq!(urls[0], urls[1]);
    let path = urls[0].strip_prefix(&format!("http://{}", server.address)).unwrap();
    let served = server.get(&format!("!{path}")).await.expect(200);
    assert_eq!(served.member("@context.0.heat"), Json::from("https://example.org/heat"));
    assert_eq!(
        server.get("/jsonldContexts?kind=ImplicitlyCreated&details=true").await.member("0.kind"),
        Json::from("ImplicitlyCreated")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_context_may_stand() {
    let server = Server::start().await;
    let inline = r#"{"@context":{"heat":"https://example.org/heat"},"id":"urn:a:1","type":"T","heat":1}"#;
    let core = link("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld");
    server.call("POST", "/entities", &[], inline).await.expect(400);
    server.call("POST", "/entities", &[LD, ("link", &core)], inline).await.expect(400);
    server.call("POST", "/entities", &[LD], r#"{"id":"urn:a:1","type":"T"}"#).await.expect(400);
    server.call("POST", "/entities", &[("link", &core)], r#"{"id":"urn:a:0","type":"T"}"#).await.expect(201);
    server.call("POST", "/entities", &[LD], inline).await.expect(201);
    let batch = r#"[{"@context":{"heat":"https://example.org/heat"},"id":"urn:a:2","type":"T","heat":1},
      {"@context":{"heat":"https://example.org/other"},"id":"urn:a:3","type":"T","heat":2},{"id":"urn:a:4","type":"T"}]"#;
    let reply = server.call("POST", "/entityOperations/create", &[LD], batch).await.expect(207);
    assert_eq!(reply.member("success"), Json::Array(vec![Json::from("urn:a:2"), Json::from("urn:a:3")]));
    assert!(server.get("/entities/urn:a:3").await.text().contains("https://example.org/other"));
}

/// Contexts of a process that starts on the store of this server.
fn contexts(server: &Server, fetching: Fetching) -> Contexts {
    let outbound = Arc::new(Outbound::new(AddressPolicy { loopback: true, ..AddressPolicy::default() }));
    let options = context::Options { fetching, ..context::Options::default() };
    Contexts::new(options, server.app.tenants.get("").unwrap(), outbound, Arc::new(SystemClock))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_fetched_is_there_after_a_restart_though_its_source_is_down() {
    let server = Server::start().await;
    let source = Source::start("/c.jsonld", ok(r#"{"@context":{"warmth":"https://example.org/warmth"}}"#)).await;
    let gone = Source::start("/g.jsonld", ok(r#"{"@context":{"g":"https://example.org/g"}}"#)).await;
    let first = contexts(&server, Fetching::default());
    for url in [&source.url, &gone.url] {
        first.of_url(url).await.unwrap();
    }
    first.save_remote().await.unwrap();
    let seq = server.app.tenants.get("").unwrap().health().seq;
    first.save_remote().await.unwrap();
    assert_eq!(server.app.tenants.get("").unwrap().health().seq, seq, "nothing is new");
    assert!(first.drop_cached(&gone.url));
    first.save_remote().await.unwrap();
    drop(first);
    source.down.store(true, Ordering::SeqCst);
    gone.down.store(true, Ordering::SeqCst);

    let second = contexts(&server, Fetching::default());
    let context = second.of_url(&source.url).await.unwrap();
    assert_eq!(context.expand("warmth").unwrap().as_str(), "https://example.org/warmth");
    assert_eq!(source.asked(), 1, "it is still fresh");
    assert!(second.of_url(&gone.url).await.is_err());
    // Stale, and its source down: the one at hand.
    assert!(second.reload(&source.url).await.is_err());
    second.of_url(&source.url).await.unwrap();
    assert!(source.asked() > 1);
    // A smaller memory lets go of it in the store too.
    let small = contexts(&server, Fetching { documents_bytes: 100, ..Fetching::default() });
    assert!(small.cached().is_empty());
    small.save_remote().await.unwrap();
    assert!(contexts(&server, Fetching::default()).cached().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn remote_documents_are_bounded_in_bytes() {
    let server = Server::start().await;
    let contexts = contexts(&server, Fetching { documents_bytes: 600_000, ..Fetching::default() });
    for n in 0..3 {
        let large = format!("{{\"@context\":{{\"a\":\"https://example.org/{n}\"}},\"x\":\"{}\"}}", "y".repeat(400_000));
        let source = Source::start("/large", ok(&large)).await;
        contexts.of_url(&source.url).await.unwrap();
        assert_eq!(contexts.cached().len(), 1);
        assert_eq!(contexts.cached()[0].url, source.url);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_contexts_are_fetched_at_one_time_than_may_be() {
    let server = Server::start().await;
    // Take connections and never answer.
    let (one, two) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let url = |l: &TcpListener| format!("http://{}/c", l.local_addr().unwrap());
    let timeout = Duration::from_secs(2);
    let contexts = Arc::new(contexts(&server, Fetching { at_once: 1, timeout, ..Fetching::default() }));
    let first = tokio::spawn({
        let (contexts, url) = (contexts.clone(), url(&one));
        async move { contexts.of_url(&url).await.expect_err("it never answers") }
    });
    let _held = one.accept().await.unwrap();
    let refused = contexts.of_url(&url(&two)).await.expect_err("another is being fetched");
    assert_eq!(refused.kind(), belfry_kernel::Kind::LdContextNotAvailable);
    assert!(refused.public().contains("context.max_fetches"), "{}", refused.public());
    assert!(first.await.unwrap().public().contains("took too long"));
    // Now there is room, and this one is waited for too.
    assert!(contexts.of_url(&url(&two)).await.err().unwrap().public().contains("took too long"));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_go_away_do_not_lock_a_context() {
    let server = Server::start().await;
    // Takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            held.push(stream);
        }
    });
    for round in 0..12 {
        let all = (0..50).map(|n| {
            let contexts = server.app.contexts.clone();
            async move {
                let url = format!("http://{address}/{round}-{n}");
                tokio::time::timeout(Duration::from_millis(20), contexts.of_url(&url)).await
            }
        });
        for one in futures_util::future::join_all(all).await {
            assert!(one.is_err(), "it never comes");
        }
    }
    let source = Source::start("/c", ok(r#"{"@context":{"a":"https://example.org/a"}}"#)).await;
    server.call("GET", "/entities?type=T", &[("link", &link(&source.url))], "").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_leaves_nothing_behind() {
    let server = Server::with(belfry_config::Limits::default(), Mode::Tokens).await;
    let bearer = format!("Bearer {}", server.token(Role::Reader, None).await);
    let store = server.app.tenants.get("").unwrap();
    let before = store.health().seq;
    for n in 0..20 {
        let query = format!(
            "{{\"@context\":{{\"t{n}\":\"https://example.org/t{n}\"}},\"type\":\"Query\",\"entities\":[{{\"type\":\"T\"}}]}}"
        );
        let headers = [LD, ("authorization", bearer.as_str())];
        let found = server.call("POST", "/entityOperations/query", &headers, &query).await.expect(200);
        let url = found.header("link")[1..].split('>').next().unwrap().to_owned();
        let path = url.strip_prefix(&format!("http://{}", server.address)).unwrap();
        let served = server.get(&format!("!{path}")).await.expect(200);
        assert!(served.text().contains(&format!("https://example.org/t{n}")));
    }
    assert_eq!(store.health().seq, before, "reading wrote something");

    let headers = [("accept", "application/geo+json"), ("authorization", bearer.as_str())];
    let path = "/entities?type=T&geometryProperty=neverHeardOfBefore";
    server.call("GET", path, &headers, "").await.expect(200);
    let unknown = "https://uri.etsi.org/ngsi-ld/default-context/neverHeardOfBefore";
    assert_eq!(Name::lookup(unknown), None, "a reader filled the table of names");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nothing_has_is_no_geometry() {
    let server = Server::start().await;
    let entity = r#"{"id":"urn:a:1","type":"T","location":{"type":"Point","coordinates":[1,2]}}"#;
    server.post("/entities", entity).await.expect(201);
    let geo = [("accept", "application/geo+json")];
    let shown = server.call("GET", "/entities/urn:a:1?geometryProperty=notHeardOf", &geo, "").await.expect(200);
    assert_eq!((shown.member("type"), shown.member("geometry")), (Json::from("Feature"), Json::Null));
    let shown = server.call("GET", "/entities?type=T&geometryProperty=notHeardOf", &geo, "").await.expect(200);
    assert_eq!(shown.member("features.0.geometry"), Json::Null);
    let shown = server.call("GET", "/entities/urn:a:1", &geo, "").await.expect(200);
    assert_eq!(shown.member("geometry.type"), Json::from("Point"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_accepted_can_be_read_again() {
    let server = Server::start().await;
    // A context within a term of a context, and so on.
    let scoped = |levels: usize| {
        let mut context = r#"{"a":"https://example.org/a"}"#.to_owned();
        for _ in 0..levels {
            context = format!("{{\"a\":{{\"@id\":\"https://example.org/a\",\"@context\":{context}}}}}");
        }
        format!("{{\"@context\":{context}}}")
    };
    server.post("/jsonldContexts", &scoped(6)).await.expect(201);
    let refused = server.post("/jsonldContexts", &scoped(20)).await.expect(400);
    assert_eq!(refused.problem(), "BadRequestData");
    let arrays = format!(
        "{{\"@context\":{{\"a\":{{\"@id\":\"https://example.org/a\",\"@context\":{}{}}}}}}}",
        "[".repeat(40),
        "]".repeat(40)
    );
    server.post("/jsonldContexts", &arrays).await.expect(400);
    server.get("/jsonldContexts?details=true").await.expect(200);

    let deep = format!("{}1{}", "[".repeat(58), "]".repeat(58));
    let endpoint = r#"{"uri":"http://127.0.0.1:9/x"}"#;
    for notification in [
        format!("{{\"type\":{deep},\"endpoint\":{endpoint}}}"),
        format!("{{\"endpoint\":{{\"uri\":\"http://127.0.0.1:9/x\",\"type\":{deep}}}}}"),
    ] {
        let body =
            format!("{{\"type\":\"Subscription\",\"entities\":[{{\"type\":\"T\"}}],\"notification\":{notification}}}");
        let refused = server.post("/subscriptions", &body).await.expect(400);
        assert_eq!(refused.problem(), "BadRequestData");
    }
    server.get("/subscriptions").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_has_limits() {
    let server = Server::start().await;
    let process = |kept: KeptLimits| {
        let options = context::Options { kept, ..context::Options::default() };
        let outbound = Arc::new(Outbound::new(AddressPolicy::default()));
        Contexts::new(options, server.app.tenants.get("").unwrap(), outbound, Arc::new(SystemClock))
    };
    let new = |id: &str, length: usize| NewHosted {
        id: id.to_owned(),
        kind: HostedKind::Hosted,
        tenant: String::new(),
        // About so many bytes, in terms of 50.
        context: Json::Object(
            (10..10 + length / 50)
                .map(|n| {
                    (format!("t{n}").into(), Json::from(format!("https://example.org/{}{n}", "x".repeat(20)).as_str()))
                })
                .collect(),
        ),
    };
    let limits = KeptLimits { count: 3, bytes: 4000, bytes_of_one: 2000 };
    let first = process(limits);
    first.add(new("1", 50)).await.unwrap();
    first.add(new("2", 50)).await.unwrap();
    // One in the place of another is not one more.
    first.add(new("2", 1500)).await.unwrap();
    assert_eq!(first.add(new("3", 2500)).await.unwrap_err().kind(), Kind::PayloadTooLarge);
    assert_eq!(first.add(new("3", 1700)).await.map_err(|e| e.kind()), Ok(()));
    assert_eq!(first.add(new("4", 10)).await.unwrap_err().kind(), Kind::Forbidden, "there are as many as may be");
    assert!(first.remove("1").await.unwrap());
    assert_eq!(first.add(new("4", 1500)).await.unwrap_err().kind(), Kind::Forbidden, "together they are too long");
    first.add(new("4", 10)).await.unwrap();
    // What is there already counts after a restart.
    let second = process(limits);
    assert_eq!(second.add(new("5", 10)).await.unwrap_err().kind(), Kind::Forbidden);
    assert!(second.remove("4").await.unwrap() && !second.remove("4").await.unwrap());
    second.add(new("5", 10)).await.unwrap();
    assert_eq!(second.all_hosted().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_list_and_delete_their_own() {
    let server = Server::with(belfry_config::Limits::default(), Mode::Tokens).await;
    for tenant in ["mill", "dam"] {
        server.app.tenants.get_or_create(tenant).unwrap();
    }
    let bearer = async |role, tenant| format!("Bearer {}", server.token(role, tenant).await);
    let (mill, dam, all) = (
        bearer(Role::Writer, Some("mill")).await,
        bearer(Role::Writer, Some("dam")).await,
        bearer(Role::Writer, None).await,
    );
    let of = |bearer: &'static str, tenant: &'static str| vec![("authorization", bearer), ("ngsild-tenant", tenant)];
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let (mill, dam, all) = (of(leak(mill), "mill"), of(leak(dam), "dam"), vec![("authorization", leak(all))]);
    let add = async |headers: &[(&str, &str)]| {
        let reply =
            server.call("POST", "/jsonldContexts", headers, r#"{"@context":{"a":"https://example.org/a"}}"#).await;
        reply.expect(201).header("location").to_owned()
    };
    let (of_mill, of_dam) = (add(&mill).await, add(&dam).await);
    let listed = async |headers: &[(&str, &str)]| {
        let text = server.call("GET", "/jsonldContexts", headers, "").await.expect(200).text().to_owned();
        [text.contains(&of_mill), text.contains(&of_dam)]
    };
    assert_eq!(listed(&mill).await, [true, false]);
    assert_eq!(listed(&dam).await, [false, true]);
    assert_eq!(listed(&all).await, [true, true]);
    server.call("DELETE", &format!("!{of_mill}"), &dam, "").await.expect(403);
    server.call("DELETE", &format!("!{of_mill}?reload=true"), &mill, "").await.expect(403);
    server.call("DELETE", &format!("!{of_mill}"), &mill, "").await.expect(204);
    server.call("DELETE", &format!("!{of_dam}"), &all, "").await.expect(204);
    assert_eq!(listed(&all).await, [false, false]);
}
