//! @context: expansion, compaction, precedence of the core, references. Cases by table.

use belfry_kernel::Kind;
use belfry_ngsi_ld::context::{BuildError, Context, CoreVersion, Limits, NoRemote};
use belfry_ngsi_ld::{Json, Name};
use std::sync::Arc;

const DEFAULT: &str = "https://uri.etsi.org/ngsi-ld/default-context/";

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes(), 64).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn build(text: &str) -> Result<Arc<Context>, BuildError> {
    Context::build(&json(text), &NoRemote, &Limits::default())
}

/// A context with most of what contexts have.
const TOWN: &str = r#"[{
    "@version": 1.1,
    "@base": "https://ignored.example/",
    "@language": "fr",
    "town": "https://town.example/ns#",
    "slashed": "https://slash.example/v/",
    "bare": "https://bare.example/ns",
    "forced": {"@id": "https://forced.example/x", "@prefix": true},
    "unforced": {"@id": "https://unforced.example/x/"},
    "speed": "town:speed",
    "WasteBin": {"@id": "town:WasteBin", "@type": "@id"},
    "fill": {"@id": "https://town.example/ns#fillLevel", "@type": "http://www.w3.org/2001/XMLSchema#double"},
    "fillLevel": "https://town.example/ns#fillLevel",
    "zz": "https://town.example/ns#fillLevel",
    "names": {"@id": "town:names", "@container": "@language"},
    "list": {"@id": "town:list", "@container": ["@list"]},
    "set": {"@id": "town:set", "@container": "@set"},
    "alias": "speed",
    "kind": "@type",
    "gone": null,
    "gone2": {"@id": null},
    "back": {"@reverse": "town:back"},
    "shy": {},
    "typed": {"@type": "@vocab"},
    "town:explicit": {"@type": "@id"},
    "https://whole.example/iri": {"@type": "@id"},
    "location": "https://town.example/ns#myLocation",
    "coreish": "ngsi-ld:coreish",
    "inner": {"@id": "town:inner", "@context": {"x": "town:x"}},
    "nested": {"@id": "town:nested", "@nest": "@nest"},
    "ünï": "town:ünï",
    "@later": "town:later",
    "later": "@later"
}]"#;

#[test]
fn expands() {
    let context = build(TOWN).unwrap();
    let default = |term: &str| format!("{DEFAULT}{term}");
    for (term, expected) in [
        ("speed", "https://town.example/ns#speed".to_owned()),
        ("WasteBin", "https://town.example/ns#WasteBin".into()),
        ("fill", "https://town.example/ns#fillLevel".into()),
        ("zz", "https://town.example/ns#fillLevel".into()),
        ("names", "https://town.example/ns#names".into()),
        ("list", "https://town.example/ns#list".into()),
        ("set", "https://town.example/ns#set".into()),
        ("alias", "https://town.example/ns#speed".into()),
        ("shy", default("shy")),
        ("typed", default("typed")),
        ("town:explicit", "https://town.example/ns#explicit".into()),
        ("town:anything", "https://town.example/ns#anything".into()),
        ("town:a:b", "https://town.example/ns#a:b".into()),
        ("town:", "https://town.example/ns#".into()),
        ("slashed:x/y", "https://slash.example/v/x/y".into()),
        ("bare:x", "bare:x".into()),
        ("forced:y", "https://forced.example/xy".into()),
        ("unforced:y", "unforced:y".into()),
        ("https://whole.example/iri", "https://whole.example/iri".into()),
        ("https://other.example/iri", "https://other.example/iri".into()),
        ("urn:ngsi-ld:x", "urn:ngsi-ld:x".into()),
        ("unknown:x", "unknown:x".into()),
        ("town://x", "town://x".into()),
        ("location", "https://uri.etsi.org/ngsi-ld/location".into()),
        ("coreish", "https://uri.etsi.org/ngsi-ld/coreish".into()),
        ("ngsi-ld:foo", "https://uri.etsi.org/ngsi-ld/foo".into()),
        ("geojson:Point", "https://purl.org/geojson/vocab#Point".into()),
        ("inner", "https://town.example/ns#inner".into()),
        ("nested", "https://town.example/ns#nested".into()),
        ("x", default("x")),
        ("ünï", "https://town.example/ns#ünï".into()),
        ("temperature", default("temperature")),
        ("température", default("température")),
        ("a/b", default("a/b")),
        ("a.b-c_d", default("a.b-c_d")),
        ("1a:b", default("1a:b")),
        (":b", default(":b")),
        ("later", default("later")),
        ("title", "http://purl.org/dc/terms/title".into()),
        ("observedAt", "https://uri.etsi.org/ngsi-ld/observedAt".into()),
        ("value", "https://uri.etsi.org/ngsi-ld/hasValue".into()),
    ] {
        let first = context.expand(term).unwrap_or_else(|e| panic!("{term}: {e}"));
        assert_eq!(first.as_str(), expected, "{term}");
        assert_eq!(context.expand(term).unwrap(), first, "{term} again");
        assert_eq!(context.expand_known(term).unwrap(), Some(first), "{term} known");
        let short = context.compact(first);
        assert_eq!(context.expand(short).unwrap(), first, "{term} by way of {short}");
    }
}

#[test]
fn refuses_names() {
    let context = build(TOWN).unwrap();
    for bad in [
        "",
        " ",
        "a b",
        "a\tb",
        "a<b",
        "a>b",
        "a\"b",
        "a'b",
        "a`b",
        "a{b",
        "a|b",
        "a\\b",
        "a^b",
        "a\u{0}",
        "a\u{85}",
        "a\u{2028}b",
        "@type",
        "@foo",
        "@id",
        "id",
        "type",
        "kind",
        "gone",
        "gone2",
        "back",
        "_:b0",
        "town:a b",
        "https://a b",
        "urn:\n",
    ] {
        for _ in 0..2 {
            assert_eq!(context.expand(bad).map_err(|e| e.kind()), Err(Kind::BadRequestData), "{bad:?}");
            assert_eq!(context.expand_known(bad).map_err(|e| e.kind()), Err(Kind::BadRequestData), "{bad:?}");
        }
    }
    assert!(context.expand(&"x".repeat(4000)).is_err());
    // What only looks like a keyword is a name.
    assert_eq!(context.expand("@foo1").unwrap().as_str(), format!("{DEFAULT}@foo1"));
}

#[test]
fn compacts() {
    let town = build(TOWN).unwrap();
    let core = Context::core();
    let masked =
        build(r#"{"almostFull": "https://town.example/other", "ex": "https://uri.etsi.org/ngsi-ld/default-"}"#)
            .unwrap();
    for (context, iri, expected) in [
        (&town, "https://town.example/ns#speed", "alias"),
        (&town, "https://town.example/ns#fillLevel", "zz"),
        (&town, "https://town.example/ns#other", "town:other"),
        (&town, "https://town.example/ns#", "town"),
        (&town, "https://slash.example/v/a/b", "slashed:a/b"),
        (&town, "https://bare.example/nsx", "https://bare.example/nsx"),
        (&town, "https://forced.example/xy", "forced:y"),
        (&town, "https://unforced.example/x/y", "https://unforced.example/x/y"),
        (&town, "https://uri.etsi.org/ngsi-ld/location", "location"),
        (&town, "https://town.example/ns#myLocation", "town:myLocation"),
        (&town, "https://uri.etsi.org/ngsi-ld/default-context/whatever", "whatever"),
        // These terms of the default vocabulary mean something else here.
        (&town, "https://uri.etsi.org/ngsi-ld/default-context/gone", "ngsi-ld:default-context/gone"),
        (&town, "https://uri.etsi.org/ngsi-ld/default-context/type", "ngsi-ld:default-context/type"),
        (&town, "https://uri.etsi.org/ngsi-ld/default-context/", "ngsi-ld:default-context/"),
        (&town, "https://uri.etsi.org/ngsi-ld/default-context/town:x", "ngsi-ld:default-context/town:x"),
        (&town, "https://uri.etsi.org/ngsi-ld/default-context/@type", "ngsi-ld:default-context/@type"),
        (&town, "https://uri.etsi.org/ngsi-ld/default-context/a:b", "ngsi-ld:default-context/a:b"),
        (&masked, "https://uri.etsi.org/ngsi-ld/default-context/almostFull", "ngsi-ld:default-context/almostFull"),
        (&town, "https://uri.etsi.org/ngsi-ld/hasValue", "value"),
        (&town, "urn:x:y", "urn:x:y"),
        (&town, "https://else.example/x", "https://else.example/x"),
        (core, "https://town.example/ns#speed", "https://town.example/ns#speed"),
        (core, "https://uri.etsi.org/ngsi-ld/default-context/speed", "speed"),
        (core, "https://uri.etsi.org/ngsi-ld/nothing", "ngsi-ld:nothing"),
        (core, "https://purl.org/geojson/vocab#Point", "Point"),
        (core, "http://purl.org/dc/terms/title", "title"),
    ] {
        let name = Name::intern(iri).unwrap();
        assert_eq!(context.compact(name), expected, "{iri}");
        assert_eq!(context.compact(name), expected, "{iri} again");
        assert_eq!(context.expand(expected).unwrap(), name, "{expected}");
    }
}

#[test]
fn malformed_contexts_are_refused() {
    for bad in [
        "1",
        "true",
        r#""not a url""#,
        r#""relative.jsonld""#,
        r#""ftp://example.org/c""#,
        r#""urn:x:y""#,
        r#""""#,
        "[1]",
        "[[[[[[[[[[[{}]]]]]]]]]]]",
        r#"{"": "urn:a"}"#,
        r#"{"a": 1}"#,
        r#"{"a": true}"#,
        r#"{"a": []}"#,
        r#"{"a": {"@id": 1}}"#,
        r#"{"a": {"@id": []}}"#,
        r#"{"a": {"@id": "urn:a", "id": "b"}}"#,
        r#"{"a": {"@id": "urn:a", "@foo": "b"}}"#,
        r#"{"a": {"@id": "urn:a", "@type": 1}}"#,
        r#"{"a": {"@id": "urn:a", "@type": "@set"}}"#,
        r#"{"a": {"@id": "urn:a", "@type": "has space"}}"#,
        r#"{"a": {"@id": "urn:a", "@container": "@foo"}}"#,
        r#"{"a": {"@id": "urn:a", "@container": 1}}"#,
        r#"{"a": {"@id": "urn:a", "@language": 1}}"#,
        r#"{"a": {"@id": "urn:a", "@direction": "up"}}"#,
        r#"{"a": {"@id": "urn:a", "@prefix": "yes"}}"#,
        r#"{"a": {"@id": "urn:a", "@protected": 1}}"#,
        r#"{"a": {"@id": "urn:a", "@reverse": "urn:b"}}"#,
        r#"{"a": {"@reverse": 1}}"#,
        r#"{"a": {"@id": "@type", "@prefix": true}}"#,
        r#"{"a": "has space"}"#,
        r#"{"a": "urn:x<y"}"#,
        r#"{"a": "@context"}"#,
        r#"{"a": "b:c", "b": "a:c"}"#,
        r#"{"a": "b", "b": "a"}"#,
        r#"{"a": "a:x"}"#,
        r#"{"p": "urn:p:", "p:x": "urn:q:x"}"#,
        r#"{"https://a.example/": "urn:x"}"#,
        r#"{"x/y": "urn:x"}"#,
        r#"{"a": "b", "b": null}"#,
        r#"{"a": "_:b"}"#,
        r#"{"@id": "urn:a"}"#,
        r#"{"@type": "urn:a"}"#,
        r#"{"@type": {"@container": "@list"}}"#,
        r#"{"@context": {}}"#,
        r#"{"@value": {}}"#,
        r#"{"@version": 1.0}"#,
        r#"{"@version": "1.1"}"#,
        r#"{"@vocab": 1}"#,
        r#"{"@vocab": "has space"}"#,
        r#"{"@vocab": "@type"}"#,
        r#"{"@base": 1}"#,
        r#"{"@language": 1}"#,
        r#"{"@direction": "x"}"#,
        r#"{"@propagate": "x"}"#,
        r#"{"@protected": "x"}"#,
        r#"{"@import": 1}"#,
        r#"{"@import": "relative"}"#,
        r#"{"@vocab": null, "a": {}}"#,
        r#"[{"@protected": true, "a": "urn:a"}, {"a": "urn:b"}]"#,
        r#"[{"@protected": true, "a": "urn:a"}, {"a": null}]"#,
        r#"[{"@protected": true, "a": "urn:a"}, null]"#,
        r#"[{"a": {"@id": "urn:a", "@protected": true}}, {"a": "urn:b"}]"#,
    ] {
        match build(bad) {
            Err(BuildError::Refused(e)) => assert_eq!(e.kind(), Kind::BadRequestData, "{bad}: {e}"),
            other => panic!("{bad}: {other:?}"),
        }
    }
}

#[test]
fn odd_but_right_contexts_are_taken() {
    for (text, term, expected) in [
        ("null", "a", "https://uri.etsi.org/ngsi-ld/default-context/a"),
        ("[]", "a", "https://uri.etsi.org/ngsi-ld/default-context/a"),
        ("{}", "a", "https://uri.etsi.org/ngsi-ld/default-context/a"),
        (r#"[{"a": "urn:1"}, {"a": "urn:2"}]"#, "a", "urn:2"),
        (r#"[{"a": "urn:1"}, null]"#, "a", "https://uri.etsi.org/ngsi-ld/default-context/a"),
        (r#"[{"a": "urn:1"}, null, {"b": "urn:2"}]"#, "b", "urn:2"),
        (r#"{"a": "urn:1", "a": "urn:2"}"#, "a", "urn:2"),
        (r#"[{"p": "urn:p:"}, {"a": "p:x"}]"#, "a", "urn:p:x"),
        (r#"{"a": "p:x", "p": "q:", "q": "urn:p:"}"#, "a", "urn:p:x"),
        (r#"{"a": "p:x", "p": "q:y:", "q": "urn:q:"}"#, "a", "urn:q:y:x"),
        (r#"{"@vocab": "urn:v:", "a": {}}"#, "a", "urn:v:a"),
        (r#"{"@vocab": "urn:v:", "a": "b"}"#, "a", "urn:v:b"),
        (r#"{"@vocab": "urn:v:"}"#, "a", "https://uri.etsi.org/ngsi-ld/default-context/a"),
        (r#"{"@vocab": null}"#, "a", "https://uri.etsi.org/ngsi-ld/default-context/a"),
        (r#"{"@vocab": "ngsi-ld:mine/", "a": {}}"#, "a", "https://uri.etsi.org/ngsi-ld/mine/a"),
        (r#"{"a": {"@id": "a"}}"#, "a", "https://uri.etsi.org/ngsi-ld/default-context/a"),
        (r#"{"a": "status"}"#, "a", "https://uri.etsi.org/ngsi-ld/status"),
        (r#"{"status": "urn:mine", "a": "status"}"#, "a", "urn:mine"),
        (r#"{"status": "urn:mine"}"#, "status", "https://uri.etsi.org/ngsi-ld/status"),
        (r#"{"status": null}"#, "status", "https://uri.etsi.org/ngsi-ld/status"),
        (r#"{"id": "@id", "type": "@type"}"#, "a", "https://uri.etsi.org/ngsi-ld/default-context/a"),
        (r#"{"geojson": "urn:mine:", "a": "geojson:x"}"#, "a", "urn:mine:x"),
        (r#"{"geojson": "urn:mine:"}"#, "geojson:x", "https://purl.org/geojson/vocab#x"),
        (r#"[{"@protected": true, "a": "urn:a"}, {"a": "urn:a"}]"#, "a", "urn:a"),
        (r#"{"@protected": true, "a": {"@id": "urn:a", "@protected": false}}"#, "a", "urn:a"),
        (r#"{"@type": {"@container": "@set"}}"#, "a", "https://uri.etsi.org/ngsi-ld/default-context/a"),
        (r#"["https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.7.jsonld", {"a": "urn:a"}]"#, "a", "urn:a"),
        (r#"[{"@import": "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld", "a": "urn:a"}]"#, "a", "urn:a"),
        (r#"[[{"a": "urn:a"}]]"#, "a", "urn:a"),
        (r#"{"a": "https://x.example/#"}"#, "a:b", "https://x.example/#b"),
    ] {
        let context = build(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(context.expand(term).unwrap().as_str(), expected, "{text}");
    }
}

#[test]
fn references() {
    let core = CoreVersion::V1_8.url();
    for (given, text, link) in [
        ("null", format!("\"{core}\""), Some(core)),
        ("[]", format!("\"{core}\""), Some(core)),
        (r#""https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.6.jsonld""#, format!("\"{core}\""), Some(core)),
        (r#"{"a":"urn:a"}"#, format!(r#"[{{"a":"urn:a"}},"{core}"]"#), None),
        (
            r#"[{"a":"urn:a"},"https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"]"#,
            format!(r#"[{{"a":"urn:a"}},"{core}"]"#),
            None,
        ),
    ] {
        let context = build(given).unwrap();
        assert_eq!(String::from_utf8_lossy(context.reference().text()), text, "{given}");
        assert_eq!(context.reference().json().to_string(), text, "{given}");
        assert_eq!(context.link_url(), link, "{given}");
    }
    assert!(Arc::ptr_eq(&build("null").unwrap(), Context::core()));
}

#[test]
fn core_versions() {
    for (version, term, expected) in [
        ("1.6", "jsonKeys", "https://uri.etsi.org/ngsi-ld/default-context/jsonKeys"),
        ("1.8", "jsonKeys", "https://uri.etsi.org/ngsi-ld/jsonKeys"),
        ("1.7", "VocabularyProperty", "https://uri.etsi.org/ngsi-ld/VocabularyProperty"),
        ("1.8", "VocabularyProperty", "https://uri.etsi.org/ngsi-ld/default-context/VocabularyProperty"),
        ("1.9", "snapshotId", "https://uri.etsi.org/ngsi-ld/snapshotId"),
        ("1.8", "snapshotId", "https://uri.etsi.org/ngsi-ld/default-context/snapshotId"),
        ("v1.9", "langString", "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"),
        ("1.6", "attributeCount", "https://uri.etsi.org/ngsi-ld/default-context/attributeCount"),
        ("1.9", "attributeCount", "https://uri.etsi.org/ngsi-ld/attributeCount"),
    ] {
        let context = Context::core_version(version).unwrap();
        assert_eq!(context.expand(term).unwrap().as_str(), expected, "{version}");
    }
    for unknown in ["", "1", "1.5", "2.0", "1.80"] {
        assert!(Context::core_version(unknown).is_none(), "{unknown}");
    }
    let newer = Context::build_on(CoreVersion::V1_9, &json("{}"), &NoRemote, &Limits::default()).unwrap();
    assert_eq!(newer.link_url(), None);
    assert_eq!(newer.expand("snapshotId").unwrap().as_str(), "https://uri.etsi.org/ngsi-ld/snapshotId");
}

#[test]
fn keywords() {
    let context = build(TOWN).unwrap();
    for (term, expected) in [
        ("id", Some("@id")),
        ("type", Some("@type")),
        ("kind", Some("@type")),
        ("@type", Some("@type")),
        ("@foo", None),
        ("speed", None),
        ("gone", None),
    ] {
        assert_eq!(context.keyword(term), expected, "{term}");
    }
}

#[test]
fn queries_make_no_names() {
    let context = build(TOWN).unwrap();
    let unheard = ["neverHeardOf", "town:neverHeardOf", "urn:never:heard:of"];
    for term in unheard {
        assert_eq!(context.expand_known(term).unwrap(), None, "{term}");
        assert_eq!(context.expand_known(term).unwrap(), None, "{term}");
        let name = context.expand(term).unwrap();
        assert_eq!(context.expand_known(term).unwrap(), Some(name), "{term}");
    }
    assert_eq!(
        context.expand_known("nested").unwrap().map(Name::as_str),
        Name::lookup("https://town.example/ns#nested").map(Name::as_str)
    );
}
