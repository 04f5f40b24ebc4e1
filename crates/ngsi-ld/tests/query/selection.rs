//! Types, scopes, identifiers, temporal queries, projections and orders.

use crate::room::{attribute, entity, iri, naming, now, point, property, room, time};
use belfry_ngsi_ld::Value;
use belfry_ngsi_ld::query::temporal::TemporalTexts;
use belfry_ngsi_ld::query::*;

#[test]
fn types() {
    let room = room();
    for (text, expected) in [
        ("Room", true),
        ("Place", true),
        ("House", false),
        ("House|Room", true),
        ("House,Room", true),
        ("(Room;Place)", true),
        ("(Room;House)", false),
        ("(Room;House)|Place", true),
        ("(Room;House),House", false),
        ("(Room)", true),
        ("https://uri.etsi.org/ngsi-ld/default-context/Room", true),
        ("NeverHeardOf", false),
    ] {
        let types = TypeSelection::parse(text, &naming()).unwrap().unwrap();
        assert_eq!(types.matches(&room.types), expected, "{text}");
        assert_eq!(TypeSelection::parse(&types.to_string(), &naming()).unwrap().unwrap(), types, "{text}");
    }
    assert_eq!(TypeSelection::parse("*", &naming()).unwrap(), None);
    for bad in ["", "Room|", "|Room", "Room;House", "(Room", "Room)", "()", "(A|B)", "((A))", "A B", "A||B", "*|A"] {
        assert!(TypeSelection::parse(bad, &naming()).is_err(), "{bad}");
    }
}

#[test]
fn scopes() {
    let room = room();
    for (text, expected) in [
        ("/Madrid/Gardens/North", true),
        ("/Madrid/Gardens", false),
        ("/Madrid/Gardens/#", true),
        ("/Madrid/Gardens/North/#", true),
        ("/Madrid/#", true),
        ("/#", true),
        ("/Madrid/+/North", true),
        ("/+/+/+", true),
        ("/+/+", false),
        ("/+", true),
        ("/+/Gardens/#", true),
        ("/CompanyA", true),
        ("CompanyA", true),
        ("/Madr/#", false),
        ("(/CompanyA;/Madrid/#)", true),
        ("(/CompanyA;/CompanyB)", false),
        ("(/CompanyA;/CompanyB)|/Madrid/#", true),
        ("/CompanyB,/CompanyA", true),
        ("/madrid/#", false),
    ] {
        let scope = ScopeQuery::parse(text, &naming()).unwrap();
        assert_eq!(scope.matches(&room.scopes), expected, "{text}");
        assert_eq!(ScopeQuery::parse(&scope.to_string(), &naming()).unwrap(), scope, "{text}");
        assert!(!scope.matches(&[]), "{text}");
    }
    for bad in
        ["", "/", "//A", "/A/", "#", "/#/A", "/A#", "/A+", "/5", "/A;/B", "(/A", "/A)", "/A||/B", "/A b", "/A/#/B"]
    {
        let error = ScopeQuery::parse(bad, &naming()).expect_err(bad);
        assert!(error.public().starts_with("scopeQ: character"), "{bad}: {error}");
    }
}

#[test]
fn identifiers_and_attributes() {
    let room = room();
    let selector = |ids: &[&str], pattern: Option<&str>| Selector {
        ids: ids.iter().map(|id| iri(id)).collect(),
        id_pattern: pattern.map(|p| Pattern::parse(p).unwrap()),
        types: None,
    };
    for (ids, pattern, expected) in [
        (&["urn:ngsi-ld:Room:1"][..], None, true),
        (&["urn:x:1", "urn:ngsi-ld:Room:1"], None, true),
        (&["urn:x:1"], None, false),
        (&[], Some("^urn:ngsi-ld:Room:"), true),
        (&[], Some("Room"), true),
        (&[], Some("^Room"), false),
        (&["urn:ngsi-ld:Room:1"], Some(":2$"), false),
    ] {
        let query = EntityQuery { selectors: vec![selector(ids, pattern)], ..EntityQuery::default() };
        assert_eq!(query.matches(&room, now()), expected, "{ids:?} {pattern:?}");
    }
    let both = EntityQuery {
        selectors: vec![selector(&["urn:x:1"], None), selector(&[], Some("Room"))],
        ..EntityQuery::default()
    };
    assert!(both.matches(&room, now()));
    for (attrs, expected) in [("count", true), ("humidity,count", true), ("humidity", false), ("old", false)] {
        let query = EntityQuery { attrs: parse_names("attrs", attrs, &naming()).unwrap(), ..EntityQuery::default() };
        assert_eq!(query.matches(&room, now()), expected, "{attrs}");
    }
    let mut gone = room;
    gone.expires_at = Some(now());
    assert!(!EntityQuery::default().matches(&gone, now()));
}

#[test]
fn temporal() {
    let texts =
        |timerel, time_at, end_time_at| TemporalTexts { timerel, time_at, end_time_at, ..TemporalTexts::default() };
    let (a, b) = (Some("2026-01-01T00:00:00Z"), Some("2026-02-01T00:00:00Z"));
    for (given, at, expected) in [
        (texts(Some("before"), a, None), "2025-12-31T23:59:59.999999Z", true),
        (texts(Some("before"), a, None), "2026-01-01T00:00:00Z", false),
        (texts(Some("after"), a, None), "2026-01-01T00:00:00Z", true),
        (texts(Some("after"), a, None), "2025-12-31T23:59:59Z", false),
        (texts(Some("between"), a, b), "2026-01-01T00:00:00Z", true),
        (texts(Some("between"), a, b), "2026-02-01T00:00:00Z", false),
    ] {
        let query = TemporalQuery::parse(given).unwrap().unwrap();
        assert_eq!(query.contains(time(at)), expected, "{query} {at}");
        let (from, to) = query.range();
        assert_eq!(from <= time(at) && time(at) < to, expected, "{query} {at}");
        assert_eq!(query.property, TimeProperty::ObservedAt);
    }
    for bad in [
        texts(None, a, None),
        texts(Some("during"), a, None),
        texts(Some("before"), None, None),
        texts(Some("before"), a, b),
        texts(Some("between"), a, None),
        texts(Some("between"), b, a),
        texts(Some("after"), Some("yesterday"), None),
        TemporalTexts { last_n: Some("0"), ..TemporalTexts::default() },
        TemporalTexts { last_n: Some("-1"), ..TemporalTexts::default() },
        TemporalTexts { timeproperty: Some("when"), ..TemporalTexts::default() },
    ] {
        assert!(TemporalQuery::parse(bad).is_err(), "{bad:?}");
    }
    assert_eq!(TemporalQuery::parse(TemporalTexts::default()).unwrap(), None);
    let last = TemporalTexts { last_n: Some("5"), timeproperty: Some("modifiedAt"), ..TemporalTexts::default() };
    assert_eq!(TemporalQuery::parse(last).unwrap().unwrap().to_string(), "timeproperty=modifiedAt&lastN=5");
}

#[test]
fn projections() {
    for text in [
        "temperature",
        "id,type,temperature",
        "observation{temperature,humidity}",
        "a{b{c},d},e",
        "ex:name,https://example.org/x",
    ] {
        let projection = Projection::parse("pick", text, &naming()).unwrap();
        assert_eq!(projection.to_string(), text);
    }
    let piped = Projection::parse("omit", "a|b{c|d}", &naming()).unwrap();
    assert_eq!(piped.to_string(), "a,b{c,d}");
    assert_eq!(piped.depth(), 1);
    assert!(piped.get("b").unwrap().linked.as_ref().unwrap().get("d").is_some());
    for bad in ["", "a,", ",a", "a,,b", "a,a", "a{", "a{}", "a{b", "a}", "a{b}}", "{a}", "a b", "a{b}c", "a;b"] {
        let error = Projection::parse("pick", bad, &naming()).expect_err(bad);
        assert!(error.public().starts_with("pick: character"), "{bad}: {error}");
    }
    assert!(Projection::parse("pick", &"a{".repeat(1000), &naming()).is_err());
}

#[test]
fn orders() {
    let of = |n: u8, attributes| entity(&format!("urn:x:{n}"), "Thing", attributes);
    let entities = [
        of(1, vec![property("size", "3"), attribute("location", Value::Geo(point(1.0, 0.0)))]),
        of(2, vec![property("size", "10"), attribute("location", Value::Geo(point(5.0, 0.0)))]),
        of(3, vec![property("size", "\"b\""), property("address", r#"{"city":"A"}"#)]),
        of(4, vec![property("size", r#""2026-01-01""#)]),
        of(5, vec![]),
        of(6, vec![property("size", "true"), attribute("location", Value::Geo(point(0.0, 2.0)))]),
        of(7, vec![property("size", "3"), property("address", r#"{"city":"B"}"#)]),
    ];
    for (text, from, expected) in [
        ("size", None, "1723645"),
        ("size;asc", None, "1723645"),
        ("size;desc", None, "4632175"),
        ("address[city];desc", None, "7312456"),
        ("size,address[city];desc", None, "7123645"),
        ("location;dist-asc", Some("[0,0]"), "1623457"),
        ("location;dist-desc", Some("[0,0]"), "2613457"),
        ("createdAt", None, "1234567"),
    ] {
        let order = OrderBy::parse(text, from, None, &naming()).unwrap();
        let mut sorted: Vec<_> = entities.iter().collect();
        sorted.sort_by(|a, b| order.compare(a, b, now()));
        let got: String = sorted.iter().map(|e| e.id.as_str().chars().last().unwrap()).collect();
        assert_eq!(got, expected, "{text}");
        assert_eq!(OrderBy::parse(&order.to_string(), from, None, &naming()).unwrap(), order);
    }
    for (bad, from) in [
        ("", None),
        ("a;", None),
        ("a;up", None),
        ("a,", None),
        ("a==5", None),
        ("a{b}", None),
        ("location;dist-asc", None),
        ("location;dist-asc", Some("[0]")),
        ("location;dist-asc", Some("here")),
    ] {
        assert!(OrderBy::parse(bad, from, None, &naming()).is_err(), "{bad}");
    }
}
