//! Remote contexts: what is asked for, relative URLs, imports, limits, cycles; the cache of built contexts.

use belfry_kernel::{Error, Kind};
use belfry_ngsi_ld::Json;
use belfry_ngsi_ld::context::{BuildError, Context, ContextCache, Limits, NoRemote};
use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes(), 64).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn web(documents: &[(&str, &str)]) -> HashMap<String, Arc<Json>> {
    documents.iter().map(|(url, text)| ((*url).to_owned(), Arc::new(json(text)))).collect()
}

/// Builds as a shell does: fetches what is missing, builds again. Answers with the rounds it took.
fn fetch_and_build(local: &str, web: &HashMap<String, Arc<Json>>) -> Result<(Arc<Context>, usize), Error> {
    let mut fetched = HashMap::new();
    for round in 0..20 {
        match Context::build(&json(local), &fetched, &Limits::default()) {
            Ok(context) => return Ok((context, round)),
            Err(BuildError::Missing(urls)) => {
                for url in &urls {
                    let Some(document) = web.get(url) else { return Err(BuildError::Missing(urls).into()) };
                    assert!(fetched.insert(url.clone(), Arc::clone(document)).is_none(), "{url} asked for twice");
                }
            }
            Err(BuildError::Refused(error)) => return Err(error),
        }
    }
    panic!("{local}: no end");
}

#[test]
fn remote_documents_are_asked_for_and_used() {
    let web = web(&[
        ("https://one.example/a/ctx.jsonld", r#"{"@context": ["../b.jsonld", {"one": "two:one"}], "other": 1}"#),
        ("https://one.example/b.jsonld", r#"{"@context": ["//two.example/c", "/d?v=1", {"b": "urn:b"}]}"#),
        ("https://two.example/c", r#"{"@context": {"two": "urn:two:", "c": "urn:c"}}"#),
        ("https://one.example/d?v=1", r#"{"@context": "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"}"#),
        ("https://import.example/i", r#"{"@context": {"@vocab": "urn:i:", "i": {}, "c": "urn:other"}}"#),
    ]);
    let (context, rounds) = fetch_and_build(r#""https://one.example/a/ctx.jsonld#frag""#, &web).unwrap();
    assert_eq!(rounds, 3);
    for (term, iri) in [("one", "urn:two:one"), ("b", "urn:b"), ("c", "urn:c"), ("two:x", "urn:two:x")] {
        assert_eq!(context.expand(term).unwrap().as_str(), iri);
    }
    assert_eq!(context.link_url(), Some("https://one.example/a/ctx.jsonld#frag"));
    assert_eq!(context.remotes().len(), 4);
    assert_eq!(
        String::from_utf8_lossy(context.reference().text()),
        r#"["https://one.example/a/ctx.jsonld#frag","https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"]"#
    );
    // The members beside an @import win over the imported ones.
    let (context, rounds) =
        fetch_and_build(r#"[{"@import": "https://import.example/i", "c": "urn:c2", "j": {}}]"#, &web).unwrap();
    assert_eq!(rounds, 1);
    for (term, iri) in [("i", "urn:i:i"), ("j", "urn:i:j"), ("c", "urn:c2")] {
        assert_eq!(context.expand(term).unwrap().as_str(), iri);
    }
    // Side by side, both are asked for at once.
    let both = json(r#"["https://two.example/c", "https://import.example/i", "https://two.example/c"]"#);
    match Context::build(&both, &NoRemote, &Limits::default()) {
        Err(BuildError::Missing(urls)) => assert_eq!(urls, ["https://two.example/c", "https://import.example/i"]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cannot_be_had_or_is_wrong() {
    let web = web(&[
        ("https://x.example/self", r#"{"@context": ["https://x.example/self"]}"#),
        ("https://x.example/ping", r#"{"@context": "pong"}"#),
        ("https://x.example/pong", r#"{"@context": ["ping"]}"#),
        ("https://x.example/none", r#"{"context": {}}"#),
        ("https://x.example/array", r#"[{"@context": {}}]"#),
        ("https://x.example/text", r#""hello""#),
        ("https://x.example/number", r#"{"@context": 5}"#),
        ("https://x.example/gone", r#"{"@context": "missing"}"#),
        ("https://x.example/arr", r#"{"@context": [{"a": "urn:a"}]}"#),
        ("https://x.example/imports", r#"{"@context": {"@import": "arr"}}"#),
        ("https://x.example/file", r#"{"@context": "file:///etc/passwd"}"#),
    ]);
    for (local, kind) in [
        (r#""https://x.example/self""#, Kind::BadRequestData),
        (r#""https://x.example/ping""#, Kind::BadRequestData),
        (r#""https://x.example/none""#, Kind::BadRequestData),
        (r#""https://x.example/array""#, Kind::BadRequestData),
        (r#""https://x.example/text""#, Kind::BadRequestData),
        (r#""https://x.example/number""#, Kind::BadRequestData),
        (r#""https://x.example/gone""#, Kind::LdContextNotAvailable),
        (r#""https://x.example/missing""#, Kind::LdContextNotAvailable),
        (r#"{"@import": "https://x.example/missing"}"#, Kind::LdContextNotAvailable),
        (r#"{"@import": "https://x.example/arr"}"#, Kind::BadRequestData),
        (r#"{"@import": "https://x.example/imports"}"#, Kind::BadRequestData),
        (r#""https://x.example/file""#, Kind::BadRequestData),
    ] {
        let error = fetch_and_build(local, &web).err().unwrap_or_else(|| panic!("{local} was taken"));
        assert_eq!(error.kind(), kind, "{local}: {error}");
    }
}

/// A web in which every document exists; counts how often it is asked.
fn endless(document: impl Fn(&str) -> String) -> (impl Fn(&str) -> Option<Arc<Json>>, Rc<Cell<usize>>) {
    let asked = Rc::new(Cell::new(0));
    let count = Rc::clone(&asked);
    let resolver = move |url: &str| {
        count.set(count.get() + 1);
        Some(Arc::new(json(&document(url))))
    };
    (resolver, asked)
}

#[test]
fn limits_hold() {
    let refused = |local: &str, resolver: &dyn belfry_ngsi_ld::context::Resolver| match Context::build(
        &json(local),
        resolver,
        &Limits::default(),
    ) {
        Err(BuildError::Refused(e)) => assert_eq!(e.kind(), Kind::BadRequestData, "{e}"),
        other => panic!("{other:?}"),
    };
    // A chain without end.
    let (resolver, asked) = endless(|url| format!(r#"{{"@context": "{url}x"}}"#));
    refused(r#""https://x.example/""#, &resolver);
    assert!(asked.get() <= 16, "{}", asked.get());
    // Too many side by side.
    let many: Vec<String> = (0..17).map(|i| format!(r#""https://x.example/{i}""#)).collect();
    let (resolver, _) = endless(|_| r#"{"@context": {}}"#.into());
    refused(&format!("[{}]", many.join(",")), &resolver);
    assert!(Context::build(&json(&format!("[{}]", many[1..].join(","))), &resolver, &Limits::default()).is_ok());
    // Each document names the next one ten times: 10^7 visits if nothing stopped it.
    let (resolver, asked) = endless(|url| {
        let next = vec![format!("\"{url}x\""); 10].join(",");
        format!(r#"{{"@context": [{next}]}}"#)
    });
    let limits = Limits { depth: 100, ..Limits::default() };
    assert!(Context::build(&json(r#""https://x.example/""#), &resolver, &limits).is_err());
    assert!(asked.get() < 1000, "{}", asked.get());
    // Terms and text.
    let terms = |n: usize| {
        let all: Vec<String> = (0..n).map(|i| format!(r#""t{i}":"urn:t:{i}""#)).collect();
        format!("{{{}}}", all.join(","))
    };
    refused(&terms(20_001), &NoRemote);
    assert_eq!(Context::build(&json(&terms(20_000)), &NoRemote, &Limits::default()).unwrap().own_terms(), 20_000);
    let long: Vec<String> = (0..4000).map(|i| format!(r#""t{i}":"p:{i}""#)).collect();
    refused(&format!(r#"{{"p":"urn:{}:",{}}}"#, "x".repeat(1500), long.join(",")), &NoRemote);
    // A chain of prefixes, forwards a recursion.
    let chain: Vec<String> = (0..5000).map(|i| format!(r#""c{i}":"c{}:x:""#, i + 1)).collect();
    refused(&format!("{{{}}}", chain.join(",")), &NoRemote);
    // The same again and again.
    let again = vec![terms(100); 300].join(",");
    refused(&format!("[{again}]"), &NoRemote);
    refused(&format!("[{}]", vec!["{}"; 600].join(",")), &NoRemote);
}

#[test]
fn from_bytes() {
    let limits = Limits::default();
    let context = Context::build_from_bytes(br#"{"@context": {"a": "urn:a"}}"#, &NoRemote, &limits).unwrap();
    assert_eq!(context.expand("a").unwrap().as_str(), "urn:a");
    for (bad, kind) in [
        (&b"{"[..], Kind::InvalidRequest),
        (b"", Kind::InvalidRequest),
        (b"\xff", Kind::InvalidRequest),
        (b"[]", Kind::BadRequestData),
        (b"{}", Kind::BadRequestData),
        (br#"{"@context": 1}"#, Kind::BadRequestData),
        (br#"{"@context": "https://x.example/"}"#, Kind::LdContextNotAvailable),
    ] {
        let error = Error::from(Context::build_from_bytes(bad, &NoRemote, &limits).unwrap_err());
        assert_eq!(error.kind(), kind, "{}", String::from_utf8_lossy(bad));
    }
    let deep = [br#"{"@context":"#.as_slice(), "[".repeat(10_000).as_bytes()].concat();
    assert!(Context::build_from_bytes(&deep, &NoRemote, &limits).is_err());
}

#[test]
fn the_cache_is_bounded_and_forgets() {
    let resolver = |url: &str| Some(Arc::new(json(&format!(r#"{{"@context": {{"a": "{url}a"}}}}"#))));
    let build = |local: &Json| Context::build(local, &resolver, &Limits::default()).unwrap();
    let locals: Vec<Json> = (0..4).map(|i| Json::from(format!("https://x.example/{i}").as_str())).collect();
    let cache = ContextCache::new(3, 1 << 20);
    assert!(cache.is_empty() && cache.get(&locals[0]).is_none());
    for local in &locals[..3] {
        cache.put(local, build(local));
    }
    let first = cache.get(&locals[0]).unwrap();
    assert!(Arc::ptr_eq(&first, &cache.get(&locals[0]).unwrap()));
    cache.put(&locals[3], build(&locals[3]));
    assert_eq!(cache.len(), 3);
    assert!(cache.get(&locals[1]).is_none(), "the one used longest ago goes");
    assert!(cache.get(&locals[0]).is_some() && cache.get(&locals[2]).is_some() && cache.get(&locals[3]).is_some());
    assert_eq!(cache.forget("https://x.example/2"), 1);
    assert_eq!(cache.forget("https://x.example/2"), 0);
    assert!(cache.get(&locals[2]).is_none());
    assert_eq!(first.expand("a").unwrap().as_str(), "https://x.example/0a", "what was handed out goes on");
    // By weight.
    let light = ContextCache::new(100, 60_000);
    for local in &locals {
        light.put(local, build(local));
    }
    assert!((1..4).contains(&light.len()), "{}", light.len());
    light.put(&json(&format!(r#"{{"a": "urn:{}"}}"#, "x".repeat(1000))), build(&Json::Null));
    let none = ContextCache::new(0, 1 << 20);
    none.put(&locals[0], build(&locals[0]));
    assert!(none.is_empty());
    let replaced = ContextCache::new(2, 1 << 20);
    for _ in 0..100 {
        replaced.put(&locals[0], build(&locals[0]));
    }
    assert_eq!(replaced.len(), 1);
}
