//! `q` (clause 4.9): tables of what holds of the room, and of what is refused.

use crate::room::{entity, iri, name, now, parse, parse_expanding, property, relationship, room};
use belfry_kernel::Kind;
use belfry_ngsi_ld::query::{EntityQuery, Expr};
use std::sync::Arc;

#[test]
fn holds_of_the_room_or_not() {
    let room = room();
    let table: &[(&str, bool)] = &[
        // existence
        ("temperature", true),
        ("humidity", false),
        ("temperature.accuracy", true),
        ("temperature.accuracy.method", true),
        ("temperature.nothing", false),
        ("temperature.observedAt", true),
        ("count.observedAt", false),
        ("temperature.unitCode", true),
        ("temperature.datasetId", true),
        ("count.datasetId", false),
        ("createdAt", true),
        ("expiresAt", false),
        ("lasting.expiresAt", true),
        ("old", false),
        ("address[city]", true),
        ("address[street]", false),
        ("address[geo.zip]", true),
        ("address[city.zip]", false),
        ("label[en]", true),
        ("label[EN]", true),
        ("label[fr]", false),
        ("label[*]", true),
        ("name[*]", false),
        ("inPark", true),
        ("inPark[x]", false),
        ("location", true),
        ("location[type]", true),
        ("raw[none]", true),
        // numbers
        ("temperature==21.5", true),
        ("temperature==21.50", true),
        ("temperature==2.15e1", true),
        ("temperature>21", true),
        ("temperature>=30", true),
        ("temperature>30", false),
        ("temperature<21.5", false),
        ("temperature<=21.5", true),
        ("temperature==30", true),
        ("temperature==29", false),
        ("temperature!=21.5", true),
        ("count==5", true),
        ("count==5.0", true),
        ("count!=5.0", false),
        ("count>4.99", true),
        ("count<5.01", true),
        ("count==-5", false),
        ("count>-5", true),
        ("big==9007199254740993", true),
        ("big==9007199254740992", false),
        ("big>9007199254740992.0", true),
        ("count==5,6", true),
        ("count==6,7", false),
        ("count!=6,7", true),
        ("count!=5,7", false),
        ("count==1..5", true),
        ("count==5..9", true),
        ("count==6..9", false),
        ("count!=6..9", true),
        ("count!=1..9", false),
        ("count==4.5..5.5", true),
        ("count==\"5\"", false),
        ("count!=\"5\"", true),
        ("count>\"4\"", false),
        ("temperature.accuracy==0.5", true),
        ("temperature.accuracy<0.5", false),
        // texts
        ("name==\"Eiffel\"", true),
        ("name==\"eiffel\"", false),
        ("name!=\"eiffel\"", true),
        ("name>\"Eif\"", true),
        ("name<\"F\"", true),
        ("name>\"a\"", false),
        ("name==\"A\"..\"F\"", true),
        ("name==\"F\"..\"Z\"", false),
        ("name==\"\\u0045iffel\"", true),
        ("name==\"x\",\"Eiffel\"", true),
        ("name == \"x\" , \"Eiffel\"", true),
        ("name==5", false),
        ("name!=5", true),
        ("name>5", false),
        ("temperature.accuracy.method==\"gps\"", true),
        ("temperature.unitCode==\"CEL\"", true),
        ("temperature.unitCode!=\"CEL\"", false),
        ("temperature.datasetId==\"urn:ds:2\"", true),
        ("temperature.datasetId==urn:ds:2", true),
        // booleans
        ("open==true", true),
        ("open==false", false),
        ("open!=false", true),
        ("open==\"true\"", false),
        ("count==true", false),
        ("open==true,5", true),
        // arrays
        ("tags==\"red\"", true),
        ("tags==\"green\"", false),
        ("tags!=\"red\"", false),
        ("tags!=\"green\"", true),
        ("tags==\"green\",\"blue\"", true),
        ("tags!=\"green\",\"blue\"", false),
        ("tags==7", true),
        ("tags>6", false),
        ("tags~=red", false),
        ("list==2", true),
        ("list==\"x\"", true),
        ("list==3", false),
        ("list!=3", true),
        ("list!=2", false),
        // compound values
        ("address[city]==\"Berlin\"", true),
        ("address[city]!=\"Berlin\"", false),
        ("address[street]!=\"X\"", false),
        ("address[geo.zip]==10115", true),
        ("address[geo.zip]>20000", false),
        ("address[none]!=\"x\"", true),
        ("address==\"Berlin\"", false),
        ("raw[value]==\"Overstay\"", true),
        ("raw[value]~=\"^Over\"", true),
        ("location[type]==\"Point\"", true),
        // dates and times
        ("when==2026-03-01T12:00:00Z", true),
        ("when==2026-03-01T13:00:00+01:00", true),
        ("when>=2026-03-01T11:59:59,5Z", true),
        ("when<2026-03-01T12:00:00.5Z", true),
        ("when==\"2026-03-01T12:00:00Z\"", true),
        ("when==\"2026-03-01T12:00:00.0Z\"", false),
        ("when==2026-01-01T00:00:00Z..2026-04-01T00:00:00Z", true),
        ("when==2026-01-01T00:00:00Z,2026-03-01T12:00:00Z", true),
        ("when>2026-03-01", false),
        ("typed==2026-03-01T10:00:00Z", true),
        ("typed<2026-03-01T10:00:00Z", false),
        ("day==2026-03-01", true),
        ("day>2026-02-28", true),
        ("day==2026-01-01..2026-12-31", true),
        ("clock>08:30:00Z", true),
        ("clock==08:30:00,500Z", true),
        ("clock==08:30:00.5Z,09:00:00Z", true),
        ("temperature.observedAt==2026-05-01T12:00:00Z", true),
        ("temperature.observedAt>2026-05-01T12:00:00Z", false),
        ("temperature.observedAt>=\"2026-05-01T12:00:00Z\"", true),
        ("temperature.observedAt==2026-05-01T00:00:00Z..2026-05-02T00:00:00Z", true),
        ("modifiedAt>2026-05-01T00:00:00Z", true),
        ("modifiedAt>2026-06-02T00:00:00Z", false),
        ("count.modifiedAt==2026-06-02T00:00:00Z", true),
        ("count.createdAt<2026-01-02T00:00:00Z", false),
        ("temperature.observedAt~=2026", false),
        // relationships
        ("inPark==\"urn:ngsi-ld:Park:1\"", true),
        ("inPark==urn:ngsi-ld:Park:1", true),
        ("inPark==urn:ngsi-ld:Park:2", false),
        ("inPark!=urn:ngsi-ld:Park:2", true),
        ("inPark!=urn:ngsi-ld:Park:1", false),
        ("inPark==urn:x:1,urn:ngsi-ld:Park:1", true),
        ("inPark>\"a\"", false),
        ("inPark~=urn", false),
        ("inPark==5", false),
        ("near==urn:room:3", true),
        ("near!=urn:room:3", false),
        ("near!=urn:room:4", true),
        ("stops==\"urn:stop:2\"", true),
        ("stops==\"urn:stop:3\"", false),
        ("link==https://example.org/a;b", false),
        ("link==\"https://example.org/a;b\"", true),
        // languages
        ("label[en]==\"red\"", true),
        ("label[en]==\"rot\"", false),
        ("label[de]==\"Katze\"", true),
        ("label[de]!=\"Katze\"", false),
        ("label[en]!=\"Katze\"", true),
        ("label[fr]!=\"Katze\"", false),
        ("label[*]==\"Katze\"", true),
        ("label==\"Katze\"", true),
        ("label[*]!=\"red\"", false),
        ("label[*]!=\"blue\"", true),
        ("label[en]==\"blue\",\"red\"", true),
        ("label[de]~=\"^K\"", true),
        ("label[en]!~=\"^K\"", true),
        ("label[de]!~=\"^K\"", false),
        // vocabularies
        ("gender==https://example.org/Male", true),
        ("gender==\"https://example.org/Male\"", true),
        ("gender!=\"https://example.org/Male\"", false),
        ("gender==\"Male\"", false),
        ("gender==https://example.org/Female,https://example.org/Male", true),
        ("gender>\"a\"", false),
        // geometries are equal to nothing
        ("location==5", false),
        ("location!=5", true),
        // expressions
        ("name~=Eif", true),
        ("name~=\"^Eif.*l$\"", true),
        ("name~=^eif", false),
        ("name~=(?i)^eif", true),
        ("name!~=^eif", true),
        ("name!~=Eif", false),
        ("name~=^(Eiffel|Tower)$", true),
        ("name~=[[:upper:]]iffel", true),
        ("name~=\"E\\w{5}\"", true),
        ("name~=E[;|)i]f", true),
        ("count~=5", false),
        ("count!~=6", false),
        ("humidity!~=6", false),
        // logic
        ("count==5;open==true", true),
        ("count==5;open==false", false),
        ("count==6|open==true", true),
        ("count==6;open==true|name", true),
        ("name|count==6;open==false", true),
        ("(name|count==6);open==false", false),
        ("((count>4|count<2);(name==\"Eiffel\"))", true),
        ("(((count)))", true),
        ("humidity|count", true),
        ("humidity;count", false),
        ("name~=x|count==5", true),
        ("( count == 5 ; open == true )", true),
        // names that nothing ever had
        ("neverHeardOf", false),
        ("neverHeardOf==5", false),
        ("neverHeardOf!=5", false),
        ("temperature.neverHeardOf!=5", false),
        ("neverHeardOf!=5|count==5", true),
        // no linked entity is at hand
        ("inPark{size}==5", false),
        ("inPark{Park:size}", false),
    ];
    for (text, expected) in table {
        let expr = parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(expr.matches(&room, now(), None), *expected, "{text} as {expr:?}");
        let printed = expr.to_string();
        assert_eq!(parse(&printed).as_ref().ok(), Some(&expr), "{text} printed as {printed}");
    }
    assert!(table.len() > 150, "{}", table.len());
}

#[test]
fn refused_with_the_place_and_what_was_expected() {
    for (text, place, reason) in [
        ("", 0, "a name"),
        ("5", 0, "a name"),
        ("_a", 0, "a name"),
        ("a;", 2, "a name"),
        ("a||b", 2, "a name"),
        (";a", 0, "a name"),
        ("(a", 2, "`)`"),
        ("a)", 1, "the end"),
        ("()", 1, "a name"),
        ("a=5", 1, "an operator"),
        ("a!5", 1, "an operator"),
        ("a b", 2, "an operator"),
        ("!a", 0, "a name"),
        ("a==", 3, "a value"),
        ("a==;b", 3, "a value"),
        ("a==x", 3, "a value"),
        ("a==Male", 3, "a value"),
        ("a==05", 3, "a value"),
        ("a==.5", 3, "a value"),
        ("a==+5", 3, "a value"),
        ("a==5.", 3, "a value"),
        ("a==1e", 3, "a value"),
        ("a==1e999", 3, "a value"),
        ("a==2026-13-01", 3, "a value"),
        ("a==2026-01-01T00:00:00", 3, "a value"),
        ("a==25:00:00Z", 3, "a value"),
        ("a==\"x", 3, "never closed"),
        ("a==\"\\q\"", 3, "rules of JSON"),
        ("a==\"x\"y", 6, "`;`, `|` or the end"),
        ("a==1,", 5, "a value"),
        ("a==1..", 6, "a value"),
        ("a==1..\"b\"", 6, "one type"),
        ("a==1..2026-01-01", 6, "one type"),
        ("a>true", 2, "a number, a quoted text"),
        ("a<urn:x:1", 2, "a number, a quoted text"),
        ("a>1,2", 3, "`;`, `|` or the end"),
        ("a>1..2", 3, "`;`, `|` or the end"),
        ("a~=", 3, "a regular expression"),
        ("a~=\"\"", 3, "a regular expression"),
        ("a~=\"x", 3, "never closed"),
        ("a~=[", 3, "not a regular expression"),
        ("a~=(?=x)", 3, "not a regular expression"),
        ("a~=\\1", 3, "not a regular expression"),
        ("a~=(x{1000}){1000}", 3, "too large"),
        ("a.", 2, "a name"),
        ("a..b", 2, "a name"),
        ("a[", 2, "a member"),
        ("a[]", 2, "a member"),
        ("a[b", 3, "`]`"),
        ("a[b.]", 4, "a member"),
        ("a[b][c]", 4, "an operator"),
        ("a[*", 3, "`]`"),
        ("a[*.b]", 3, "`]`"),
        ("a[b].c", 4, "an operator"),
        ("a.observedAt.b", 2, "nothing follows"),
        ("a.observedAt[b]", 12, "brackets follow"),
        ("observedAt", 0, "an entity has no observedAt"),
        ("unitCode==\"CEL\"", 0, "an entity has no unitCode"),
        ("id==\"x\"", 0, "id is no attribute"),
        ("type==\"x\"", 0, "type is no attribute"),
        ("a.type", 2, "stands for @type"),
        ("a{", 2, "a name"),
        ("a{}", 2, "a name"),
        ("a{b", 3, "`}`"),
        ("a{B:}", 4, "a name"),
        ("a{B,C}", 3, "`}`"),
        ("жук==", 5, "a value"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.kind(), Kind::BadRequestData, "{text}");
        let message = error.public();
        assert!(message.starts_with(&format!("q: character {place}: ")), "{text}: {message}");
        assert!(message.contains(reason), "{text}: {message}");
    }
}

#[test]
fn quotes_in_patterns_print_so_that_they_parse() {
    for (text, pattern) in [
        (r#"a~=x\"y"#, r#"x"y"#),
        (r#"a~=[\"\]]+\d"#, r#"["\]]+\d"#),
        (r#"a~="x\"y""#, r#"x"y"#),
        (r#"a~=\\"z"#, r#"\\"z"#),
        (r#"a~="\\\"z""#, r#"\\"z"#),
    ] {
        let expr = parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        let Expr::Matches { pattern: read, .. } = &expr else { panic!("{text}") };
        assert_eq!(read.as_str(), pattern, "{text}");
        let printed = expr.to_string();
        assert_eq!(parse(&printed).as_ref().ok(), Some(&expr), "{text} printed as {printed}");
    }
}

#[test]
fn limits() {
    assert!(parse(&format!("{}a{}", "(".repeat(32), ")".repeat(32))).is_ok());
    assert!(parse(&format!("{}a{}", "(".repeat(33), ")".repeat(33))).unwrap_err().public().contains("deeper"));
    assert!(parse(&"(".repeat(10_000)).unwrap_err().public().contains("deeper"));
    assert!(parse(&vec!["a"; 500].join(";")).is_ok());
    assert!(parse(&vec!["a"; 501].join("|")).unwrap_err().public().contains("more conditions"));
    assert!(parse(&format!("a=={}", vec!["1"; 501].join(","))).unwrap_err().public().contains("more conditions"));
    assert!(parse(&format!("{}x{}", "a{".repeat(33), "}".repeat(33))).unwrap_err().public().contains("deeper"));
    assert!(parse(&vec!["a"; 40].join(".")).unwrap_err().public().contains("deeper"));
    assert!(parse(&"a".repeat(20_000)).unwrap_err().public().contains("longer than"));
    assert!(parse(&format!("a~={}", "x".repeat(2000))).unwrap_err().public().contains("longer than"));
}

#[test]
fn values_are_expanded_when_asked() {
    let room = room();
    for (text, names, expected) in [
        ("gender==Male", "gender", false),
        ("gender==\"https://example.org/Male\"", "gender", true),
        ("gender!=Male", "gender", true),
        ("name==Eiffel", "name", true),
        ("name==\"Eiffel\"", "other,name", true),
    ] {
        let expr = parse_expanding(text, names).unwrap();
        assert_eq!(expr.matches(&room, now(), None), expected, "{text}");
    }
    let mut person = room;
    person.attributes.retain(|a| a.name == name("gender"));
    person.attributes[0].value = belfry_ngsi_ld::Value::Vocab(belfry_ngsi_ld::Terms::One(name("Male")));
    assert!(parse_expanding("gender==Male", "gender").unwrap().matches(&person, now(), None));
    assert!(parse_expanding("gender==\"Male\",\"Female\"", "gender").unwrap().matches(&person, now(), None));
    assert!(!parse_expanding("gender!=Male", "gender").unwrap().matches(&person, now(), None));
    assert!(!parse_expanding("gender==Female", "gender").unwrap().matches(&person, now(), None));
    for bad in ["", "a,", ",a", "a b", "5"] {
        assert!(parse_expanding("gender==Male", &format!(" {bad}")).is_err(), "{bad}");
    }
}

#[test]
fn linked_entities_are_followed_through_the_lookup() {
    let park = entity("urn:ngsi-ld:Park:1", "Park", vec![property("size", "5"), relationship("owner", "urn:o:1")]);
    let owner = entity("urn:o:1", "Person", vec![property("label", "\"Ana\"")]);
    let all = [Arc::new(park), Arc::new(owner)];
    let lookup = |id: &str| all.iter().find(|e| e.id == iri(id)).cloned();
    let room = room();
    for (text, expected) in [
        ("inPark{size}", true),
        ("inPark{size}==5", true),
        ("inPark{size}>5", false),
        ("inPark{Park:size}==5", true),
        ("inPark{House:size}==5", false),
        ("inPark{House,Park:size}==5", true),
        ("inPark{owner{label}}==\"Ana\"", true),
        ("inPark{Park:owner{Person:label}}==\"Ana\"", true),
        ("inPark{Park:owner{Park:label}}==\"Ana\"", false),
        ("inPark{createdAt}>2025-01-01T00:00:00Z", true),
        ("near{size}", false),
        ("name{size}", false),
        ("inPark{size}==6|inPark{size}==5;count", true),
    ] {
        let expr = parse(text).unwrap();
        assert_eq!(expr.matches(&room, now(), Some(&lookup)), expected, "{text}");
        assert!(!expr.matches(&room, now(), None), "{text}");
        assert_eq!(parse(&expr.to_string()).unwrap(), expr, "{text}");
        let query = EntityQuery { q: Some(expr), ..EntityQuery::default() };
        assert_eq!(query.matches_linked(&room, now(), &lookup), expected, "{text}");
        assert!(query.link_depth() >= 1);
    }
    assert_eq!(parse("a{b{c}}==1;d").unwrap().link_depth(), 2);
}

#[test]
fn tells_whether_an_attribute_is_named() {
    for (text, expected) in [("createdAt>2020-01-01T00:00:00Z", false), ("createdAt|a", true), ("a.modifiedAt", true)] {
        assert_eq!(parse(text).as_ref().map(Expr::names_attribute).unwrap(), expected, "{text}");
    }
}

#[test]
fn names_that_data_models_have() {
    let mut deep = property("pm2.5", "20");
    deep.sub.push(property("sub-1.a", "true"));
    let attributes =
        vec![property("wind-speed", "12"), deep, property("2ndFloor", "1"), relationship("a-b", "urn:x:2")];
    let e = entity("urn:x:1", "X", attributes);
    let other = Arc::new(entity("urn:x:2", "X", vec![property("pm2.5", "7")]));
    let find = |id: &str| (id == "urn:x:2").then(|| other.clone());
    for (text, holds) in [
        ("wind-speed>10", true),
        ("wind-speed<-10", false),
        ("\"wind-speed\">10;\"pm2.5\"==20", true),
        ("\"pm2.5\"==21", false),
        ("pm2", false),
        ("\"pm2.5\".\"sub-1.a\"==true", true),
        ("\"pm2.5\".modifiedAt>2026-01-01T00:00:00Z", true),
        ("\"2ndFloor\"==1", true),
        ("a-b{\"pm2.5\"}==7", true),
        ("a-b{\"pm2.5\"}==8", false),
    ] {
        let expr = parse(text).unwrap();
        assert_eq!(expr.matches(&e, now(), Some(&find)), holds, "{text}");
        assert_eq!(parse(&expr.to_string()).unwrap(), expr, "{text} prints as {expr}");
    }
    for bad in ["\"pm2.5", "\"\">1", "\"a b\">1", "\"a\u{7}\">1", "2ndFloor>1", "-a>1", "\"type\"==1"] {
        assert_eq!(parse(bad).expect_err(bad).kind(), Kind::BadRequestData, "{bad}");
    }
    let listed =
        belfry_ngsi_ld::query::parse_names("attrs", "wind-speed,pm2.5,2ndFloor", &crate::room::naming()).unwrap();
    assert_eq!(
        listed.iter().map(|t| t.name).collect::<Vec<_>>(),
        e.attributes[..3].iter().map(|a| Some(a.name)).collect::<Vec<_>>()
    );
}
