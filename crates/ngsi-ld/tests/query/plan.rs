//! What a planner sees: necessary conditions, never more than the query asks.

use crate::room::{name, naming, parse, property, room};
use belfry_ngsi_ld::query::*;
use smallvec::smallvec;

fn of(q: &str) -> EntityQuery {
    EntityQuery { q: Some(parse(q).unwrap()), ..EntityQuery::default() }
}

#[test]
fn of_conditions() {
    room(); // makes the names
    property("size", "1");
    let (count, label, size) = (name("count"), name("label"), name("size"));
    let (one, five) = (Literal::Int(1), Literal::Int(5));
    let value = |name, test| Conjunct::Value { place: Place::of(name), test };
    let count_above = || value(count, ValueTest::Compare(Op::Gt, &five));
    let label_red = |literal| Conjunct::Value {
        place: Place { members: smallvec!["en".into()], ..Place::of(label) },
        test: ValueTest::Compare(Op::Eq, literal),
    };
    let (red, size_between) = (Literal::Text("red".into()), || value(size, ValueTest::Between(&one, &five)));
    let mut names = vec![count, size];
    names.sort();
    assert_eq!(
        of("count>5;label[en]==\"red\"").conjuncts(),
        [Conjunct::Has(count), count_above(), Conjunct::Has(label), label_red(&red)]
    );
    assert_eq!(
        of("count>5;label[en]==\"red\";size==1..5|size").conjuncts(),
        [
            Conjunct::AnyAttribute(names.clone()),
            Conjunct::AnyOf(vec![
                vec![
                    Conjunct::Has(count),
                    count_above(),
                    Conjunct::Has(label),
                    label_red(&red),
                    Conjunct::Has(size),
                    size_between()
                ],
                vec![Conjunct::Has(size)]
            ])
        ]
    );
    assert_eq!(of("count|size").conjuncts(), [Conjunct::AnyAttribute(names)]);
    assert_eq!(of("size==1..5").conjuncts(), [Conjunct::Has(size), size_between()]);
    assert_eq!(
        of("size==1,5").conjuncts(),
        [Conjunct::Has(size), value(size, ValueTest::OneOf(&[Literal::Int(1), Literal::Int(5)]))]
    );
    assert_eq!(of("size!=5").conjuncts(), [Conjunct::Has(size)]);
    let below = Place { names: smallvec![size, count], members: smallvec![] };
    assert_eq!(
        of("size.count==5").conjuncts(),
        [Conjunct::Has(size), Conjunct::Value { place: below, test: ValueTest::Compare(Op::Eq, &five) }]
    );
    assert_eq!(of("size{count}==5").conjuncts(), [Conjunct::Has(size)]);
    assert_eq!(of("size.unitCode==\"CEL\"").conjuncts(), [Conjunct::Has(size)]);
    assert_eq!(of("label~=\"^re\"").conjuncts(), [Conjunct::Has(label), value(label, ValueTest::Prefix("re"))]);
    assert_eq!(of("label[*]~=\"^re\"").conjuncts(), [Conjunct::Has(label), value(label, ValueTest::Prefix("re"))]);
    assert_eq!(of("label~=\"^red$\"").conjuncts(), [Conjunct::Has(label), value(label, ValueTest::Text("red"))]);
    assert_eq!(of("label!~=\"^re\"").conjuncts(), [Conjunct::Has(label)]);
    assert_eq!(of("label~=\"re\"").conjuncts(), [Conjunct::Has(label)]);
    assert_eq!(of("size|modifiedAt>2026-01-01T00:00:00Z").conjuncts(), []);
    assert_eq!(of("size==5|modifiedAt>2026-01-01T00:00:00Z").conjuncts(), []);
    assert_eq!(of("unheardOfByPlan!=5").conjuncts(), [Conjunct::Nothing]);
    assert_eq!(of("size.unheardOfByPlan").conjuncts(), [Conjunct::Nothing]);
    assert_eq!(of("size|unheardOfByPlan").conjuncts(), [Conjunct::Has(size)]);
    assert_eq!(of("unheardOfByPlan|unheardOfByPlan2").conjuncts(), [Conjunct::Nothing]);
    assert_eq!(of("(size;unheardOfByPlan)|count").conjuncts(), [Conjunct::Has(count)]);
}

#[test]
fn of_selectors_scopes_and_places() {
    room();
    let types = |text| TypeSelection::parse(text, &naming()).unwrap();
    let selector = |text, pattern: Option<&str>| Selector {
        types: types(text),
        id_pattern: pattern.map(|p| Pattern::parse(p).unwrap()),
        ids: Vec::new(),
    };
    let of = |selectors| EntityQuery { selectors, ..EntityQuery::default() };
    let (room, place) = (name("Room"), name("Place"));
    let mut both = vec![room, place];
    both.sort();
    assert_eq!(of(vec![selector("Room,(Place;Room)", None)]).conjuncts(), [Conjunct::Types(both.clone())]);
    assert_eq!(of(vec![selector("Room", None), selector("Place", None)]).conjuncts(), [Conjunct::Types(both)]);
    assert_eq!(of(vec![selector("Room", None), selector("*", None)]).conjuncts(), []);
    assert_eq!(of(vec![selector("(Room;UnheardOfByPlan)", None)]).conjuncts(), [Conjunct::Nothing]);
    let pattern = of(vec![selector("*", Some("^urn:x:.*"))]);
    assert_eq!(pattern.conjuncts(), [Conjunct::IdPrefix("urn:x:")]);
    let whole = of(vec![selector("*", Some("^urn:x:1$"))]);
    assert_eq!(whole.conjuncts(), [Conjunct::Id("urn:x:1")]);
    for (text, literal) in
        [("^a$", Some("a")), ("^$", Some("")), ("^a", None), ("a$", None), ("^a.$", None), ("^a\\$", None)]
    {
        assert_eq!(Pattern::parse(text).unwrap().literal(), literal, "{text}");
    }
    for (text, prefix) in [
        ("urn:x", ""),
        ("^urn:x:a?b", "urn:x:"),
        ("^urn:x:a*", "urn:x:"),
        ("^urn:x|^a", ""),
        ("^urn\\.x", "urn"),
        ("^(?i)urn", ""),
        ("(?i)^urn", ""),
        ("^é*", ""),
        ("^a{0}", ""),
    ] {
        assert_eq!(Pattern::parse(text).unwrap().literal_prefix(), prefix, "{text}");
    }
    let scope =
        |text| EntityQuery { scope: Some(ScopeQuery::parse(text, &naming()).unwrap()), ..EntityQuery::default() };
    assert_eq!(scope("/A/B/#|(/C;/D/E/+)").conjuncts(), [Conjunct::ScopePrefixes(vec!["/A/B".into(), "/D/E".into()])]);
    assert_eq!(scope("/A|/+/B").conjuncts(), []);
    assert_eq!(scope("/#").conjuncts(), []);
    let geo = GeoQuery::parse("near;maxDistance==5", "Point", "[1,1]", None, &naming()).unwrap();
    let geo = EntityQuery { geo: Some(geo), ..EntityQuery::default() };
    let conjuncts = geo.conjuncts();
    assert!(matches!(conjuncts.as_slice(), [Conjunct::Within { boxes, .. }] if boxes.len() == 1));
    let far = GeoQuery::parse("disjoint", "Point", "[1,1]", None, &naming()).unwrap();
    let far = EntityQuery { geo: Some(far), ..EntityQuery::default() };
    assert_eq!(far.conjuncts(), [Conjunct::Has(name("location"))]);
}
