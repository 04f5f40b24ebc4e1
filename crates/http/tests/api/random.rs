//! Whatever comes, nothing is the server's fault: random requests never give a status from 500 on, nor end the server.

use crate::server::Server;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::Full;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const BITS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "null",
    "true",
    "1",
    "-1e9",
    "\"id\"",
    "\"urn:a:1\"",
    "\"type\"",
    "\"T\"",
    "\"value\"",
    "\"object\"",
    "\"@context\"",
    "\"Property\"",
    "\"Relationship\"",
    "\"urn:ngsi-ld:null\"",
    "\"datasetId\"",
    "\"observedAt\"",
    "\"2026-01-01T00:00:00Z\"",
    "\"GeoProperty\"",
    "\"coordinates\"",
    "\"languageMap\"",
    "\"Query\"",
    "\"entities\"",
    "\"q\"",
    "\u{0}",
    "é",
];
const PARAMETERS: &[&str] = &[
    "type",
    "id",
    "q",
    "attrs",
    "pick",
    "omit",
    "georel",
    "geometry",
    "coordinates",
    "scopeQ",
    "orderBy",
    "limit",
    "offset",
    "count",
    "options",
    "format",
    "lang",
    "datasetId",
    "idPattern",
    "geometryProperty",
    "local",
    "details",
    "kind",
    "reload",
    "deleteAll",
    "expandValues",
];
const VALUES: &[&str] = &[
    "T",
    "*",
    "%",
    "urn:a:1",
    "p>1",
    "p==%22x%22",
    "near;maxDistance==1",
    "Point",
    "[1,2]",
    "/a/#",
    "p;desc",
    "1",
    "0",
    "true",
    "sysAttrs",
    "simplified",
    "en",
    "@none",
    ".*(",
    "(",
    ")",
    "|",
    ";",
    "..",
    "%00",
    "%ff",
    "+",
    "~=",
    "9999999999999999999999",
    "-1",
];

fn path() -> impl Strategy<Value = String> {
    let paths: Vec<String> = belfry_http::operations(&belfry_apps::all())
        .iter()
        .map(|o| o.path.to_owned())
        .filter(|p| p != "/events")
        .collect();
    let segment = prop::sample::select(vec![
        "urn:a:1",
        "p",
        "%",
        "%00",
        "a%2Fb",
        "%ff",
        "x",
        "type",
        "scope",
        "@context",
        "implicit-1",
    ]);
    let query = vec((prop::sample::select(PARAMETERS), prop::sample::select(VALUES)), 0..4);
    (prop::sample::select(paths), vec(segment, 2), query).prop_map(|(path, segments, query)| {
        let mut segments = segments.into_iter();
        let path: Vec<&str> =
            path.split('/').map(|s| if s.starts_with('{') { segments.next().unwrap_or("x") } else { s }).collect();
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{}?{}", path.join("/"), query.join("&"))
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..200),
        vec(prop::sample::select(BITS), 0..40).prop_map(|bits| bits.concat().into_bytes()),
        (prop::sample::select(vec!["p", "type", "scope", "location", "a b"]), prop::sample::select(BITS))
            .prop_map(|(name, bit)| { format!("{{\"id\":\"urn:a:1\",\"type\":\"T\",\"{name}\":{bit}}}").into_bytes() }),
        Just(b"[{\"id\":\"urn:a:1\",\"type\":\"T\"},{\"id\":\"urn:a:1\"},5]".to_vec()),
    ]
}

#[test]
fn random_requests_are_never_the_servers_fault() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let server = runtime.block_on(Server::start());
    let methods = prop::sample::select(vec!["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"]);
    let kinds = prop::sample::select(vec![
        "application/json",
        "application/ld+json",
        "application/x-ndjson",
        "application/merge-patch+json",
        "text/x",
    ]);
    let accepts =
        prop::sample::select(vec!["*/*", "application/geo+json", "application/ld+json", "application/json;q=x", ";;,"]);
    let links = prop::sample::select(vec!["", "<a>", "<>; rel=\"http://www.w3.org/ns/json-ld#context\"", "x"]);
    let mut runner = TestRunner::new(Config { cases: 600, failure_persistence: None, ..Config::default() });
    runner
        .run(
            &(methods, path(), body(), kinds, accepts, links, any::<bool>()),
            |(method, path, body, kind, accept, link, packed)| {
                let Ok(request) = Request::builder().method(method).uri(&*path).body(Full::new(Bytes::from(body)))
                else {
                    return Ok(());
                };
                let mut request = request;
                let headers: &mut HeaderMap = request.headers_mut();
                headers.insert(header::HOST, HeaderValue::from_static("x"));
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
                headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
                if !link.is_empty() {
                    headers.insert(header::LINK, HeaderValue::from_static(link));
                }
                if packed {
                    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                }
                let reply = runtime.block_on(server.send(request));
                prop_assert!(reply.status < 500, "{} {} gave {} {}", method, path, reply.status, reply.text());
                if (400..500).contains(&reply.status) && reply.status != 415 && method != "HEAD" && reply.status != 411
                {
                    prop_assert!(
                        !reply.problem().is_empty(),
                        "{} {} gave {} {}",
                        method,
                        path,
                        reply.status,
                        reply.text()
                    );
                }
                Ok(())
            },
        )
        .unwrap();
    runtime.block_on(async { server.get("!/health").await.expect(200) });
}
