//! Properties of @context: compaction comes back, nothing panics, the core always wins, threads agree.

use belfry_ngsi_ld::context::{Context, Limits, NoRemote};
use belfry_ngsi_ld::{Json, Name};
use compact_str::CompactString;
use proptest::prelude::*;
use std::sync::Arc;

const CORE: &[&str] = &["location", "status", "value", "type", "id", "ngsi-ld", "geojson", "observedAt", "Property"];

fn term() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-e]",
        2 => "[p-r]",
        2 => "[p-r]:[a-e]{1,2}",
        1 => prop::sample::select(CORE).prop_map(str::to_owned),
        1 => "[a-e]/[a-e]",
        1 => "@[a-z]{0,6}",
        1 => prop::sample::select(vec!["@vocab", "@protected", "@type", "@import", "@version", "@base", "", ":", "::", "a:"])
            .prop_map(str::to_owned),
        1 => "\\PC{0,4}",
    ]
}

fn iri() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "https://[xy]\\.example/([a-c]{0,2}[/#]?)",
        2 => "urn:[a-c]{1,2}:?",
        1 => "https://uri\\.etsi\\.org/ngsi-ld/(default-context/)?[a-e]{0,2}",
        3 => term(),
        1 => Just("@type".to_owned()),
    ]
}

fn definition() -> impl Strategy<Value = Json> {
    let text = || iri().prop_map(|s| Json::from(s.as_str()));
    let member = prop_oneof![
        4 => ("@id", text()),
        2 => ("@type", text()),
        1 => ("@prefix", any::<bool>().prop_map(Json::Bool)),
        1 => ("@protected", any::<bool>().prop_map(Json::Bool)),
        1 => ("@container", Just(Json::from("@list"))),
        1 => ("@reverse", text()),
    ];
    prop_oneof![
        6 => text(),
        1 => Just(Json::Null),
        1 => Just(Json::Bool(true)),
        3 => prop::collection::vec(member, 0..3)
            .prop_map(|all| Json::Object(all.into_iter().map(|(k, v)| (CompactString::from(k), v)).collect())),
    ]
}

fn object() -> impl Strategy<Value = Json> {
    prop::collection::vec((term(), definition()), 0..6)
        .prop_map(|all| Json::Object(all.into_iter().map(|(k, v)| (k.into(), v)).collect()))
}

fn context() -> impl Strategy<Value = Json> {
    prop_oneof![3 => object(), 1 => prop::collection::vec(object(), 0..3).prop_map(Json::Array)]
}

/// Any JSON at all.
fn anything() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::Int),
        iri().prop_map(|s| Json::from(s.as_str())),
        "\\PC{0,12}".prop_map(|s| Json::from(s.as_str())),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::Array),
            prop::collection::vec((term(), inner), 0..6)
                .prop_map(|all| Json::Object(all.into_iter().map(|(k, v)| (k.into(), v)).collect())),
        ]
    })
}

/// Whether this context makes a prefix of the scheme of the IRI: JSON-LD has no form for such an IRI there.
fn scheme_is_prefix(context: &Context, iri: &str) -> bool {
    let scheme = iri.split(':').next().unwrap_or_default();
    context.expand(&format!("{scheme}:zzz")).is_ok_and(|name| name.as_str() != format!("{scheme}:zzz"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn compaction_comes_back(local in context(), terms in prop::collection::vec(iri(), 1..12)) {
        if let Ok(context) = Context::build(&local, &NoRemote, &Limits::default()) {
            for term in &terms {
                let Ok(name) = context.expand(term) else { continue };
                prop_assert_eq!(context.expand(term).unwrap(), name);
                prop_assert_eq!(context.expand_known(term).unwrap(), Some(name));
                let short = context.compact(name);
                prop_assert_eq!(context.compact(name), short);
                if !(short == name.as_str() && scheme_is_prefix(&context, short)) {
                    prop_assert_eq!(context.expand(short).unwrap(), name, "{} by way of {}", name, short);
                }
                // Another context's names too.
                let elsewhere = Context::core().compact(name);
                prop_assert_eq!(Context::core().expand(elsewhere).unwrap(), name);
            }
        }
    }

    #[test]
    fn the_core_wins(local in context()) {
        if let Ok(context) = Context::build(&local, &NoRemote, &Limits::default()) {
            for term in CORE {
                prop_assert_eq!(context.expand(term).ok(), Context::core().expand(term).ok());
                if let Ok(name) = context.expand(term) {
                    prop_assert_eq!(context.compact(name), Context::core().compact(name));
                }
            }
        }
    }

    #[test]
    fn nothing_panics(local in anything(), documents in prop::collection::vec(anything(), 0..3), term in "\\PC{0,8}") {
        let resolver = |url: &str| {
            let document = documents.get(url.len() % (documents.len() + 1))?;
            Some(Arc::new(Json::Object(vec![("@context".into(), document.clone())])))
        };
        if let Ok(context) = Context::build(&local, &resolver, &Limits::default()) {
            if let Ok(name) = context.expand(&term) {
                let _ = context.compact(name);
            }
            let _ = context.expand_known(&term);
            let _ = context.keyword(&term);
            let reference = context.reference().json().to_string();
            prop_assert_eq!(context.reference().text(), reference.as_bytes());
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Context::build_from_bytes(&bytes, &NoRemote, &Limits::default());
    }

    #[test]
    fn the_reference_builds_the_same_context(local in context()) {
        if let Ok(context) = Context::build(&local, &NoRemote, &Limits::default()) {
            let again = Context::build(context.reference().json(), &NoRemote, &Limits::default()).unwrap();
            for term in ["a", "b", "c", "p:a", "q:b", "r:c", "location", "a/b"] {
                prop_assert_eq!(context.expand(term).ok(), again.expand(term).ok(), "{}", term);
            }
        }
    }
}

#[test]
fn threads_agree() {
    let local = Json::parse(br#"{"p": "https://threads.example/", "a": "p:a"}"#, 8).unwrap();
    let context = Context::build(&local, &NoRemote, &Limits::default()).unwrap();
    let all: Vec<Vec<(Name, String)>> = std::thread::scope(|scope| {
        let work = || {
            (0..5000)
                .map(|i| {
                    let name = context.expand(&format!("{}{}", ["p:t", "thread"][i % 2], i / 2)).unwrap();
                    (name, context.compact(name).to_owned())
                })
                .collect()
        };
        let handles: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(|h| h.join().unwrap()).collect()
    });
    assert!(all.windows(2).all(|w| w[0] == w[1]));
    assert_eq!(all[0][3].1, "thread1");
    assert_eq!(all[0][2].1, "p:t1");
}
