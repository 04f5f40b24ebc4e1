//! Every kind of attribute in every form: what is read, and what is written of it.

use belfry_kernel::{Iri, Time};
use belfry_ngsi_ld::form::write::{
    Aggregate, AggregatedSeries, Languages, TemporalAttribute, TemporalEntity, TemporalForm, TemporalInstance,
    TemporalView, write_feature, write_temporal,
};
use belfry_ngsi_ld::form::{Limits, Mode, Reader, Rendering, Representation, Select, View, read_entity, write_entity};
use belfry_ngsi_ld::{AttributeKind, Context, Entity, Json};

fn read(text: &str) -> Entity {
    read_entity(text.as_bytes(), Context::core(), &Limits::default()).unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

fn with(attribute: &str) -> String {
    format!(r#"{{"id":"urn:x:1","type":"T","a":{attribute}}}"#)
}

fn written(entity: &Entity, view: &View) -> String {
    let mut out = Vec::new();
    write_entity(entity, Context::core(), view, None, &mut out);
    String::from_utf8(out).expect("UTF-8")
}

fn in_form(entity: &Entity, representation: Representation) -> String {
    written(entity, &View { representation, ..View::default() })
}

/// What the client wrote; the three forms of it.
const KINDS: &[(&str, &str, &str, &str)] = &[
    ("5", r#"{"type":"Property","value":5}"#, "5", "5"),
    (r#""x""#, r#"{"type":"Property","value":"x"}"#, r#""x""#, r#""x""#),
    ("true", r#"{"type":"Property","value":true}"#, "true", "true"),
    ("[1,2]", r#"{"type":"Property","value":[1,2]}"#, "[1,2]", "[1,2]"),
    ("[]", r#"{"type":"Property","value":[]}"#, "[]", "[]"),
    (r#"[{"x":1}]"#, r#"{"type":"Property","value":[{"x":1}]}"#, r#"{"value":[{"x":1}]}"#, r#"[{"x":1}]"#),
    (r#"{"street":"x"}"#, r#"{"type":"Property","value":{"street":"x"}}"#, r#"{"street":"x"}"#, r#"{"street":"x"}"#),
    (r#"{"value":5}"#, r#"{"type":"Property","value":5}"#, "5", "5"),
    (
        r#"{"value":{"value":5}}"#,
        r#"{"type":"Property","value":{"value":5}}"#,
        r#"{"value":{"value":5}}"#,
        r#"{"value":5}"#,
    ),
    (
        r#"{"value":{"type":"PostalAddress"}}"#,
        r#"{"type":"Property","value":{"type":"PostalAddress"}}"#,
        r#"{"value":{"type":"PostalAddress"}}"#,
        r#"{"type":"PostalAddress"}"#,
    ),
    (
        r#"{"@type":"Property","value":5.5,"unitCode":"CEL","observedAt":"2026-03-01T12:00:00.5Z","createdAt":"x"}"#,
        r#"{"type":"Property","value":5.5,"unitCode":"CEL","observedAt":"2026-03-01T12:00:00.500Z"}"#,
        r#"{"value":5.5,"unitCode":"CEL","observedAt":"2026-03-01T12:00:00.500Z"}"#,
        "5.5",
    ),
    (
        r#"{"value":5,"observedAt":"2026-03-01T14:00:00+02:00"}"#,
        r#"{"type":"Property","value":5,"observedAt":"2026-03-01T12:00:00Z"}"#,
        r#"{"value":5,"observedAt":"2026-03-01T12:00:00Z"}"#,
        "5",
    ),
    (
        r#"{"value":5,"valueType":"xsd:int"}"#,
        r#"{"type":"Property","value":5,"valueType":"xsd:int"}"#,
        r#"{"value":5,"valueType":"xsd:int"}"#,
        "5",
    ),
    (
        r#"{"value":5,"b":{"object":"urn:x:2"},"c":7}"#,
        r#"{"type":"Property","value":5,"b":{"type":"Relationship","object":"urn:x:2"},"c":{"type":"Property","value":7}}"#,
        r#"{"value":5,"b":{"object":"urn:x:2"},"c":7}"#,
        "5",
    ),
    (
        r#"{"type":"Point","coordinates":[1.5,2]}"#,
        r#"{"type":"GeoProperty","value":{"type":"Point","coordinates":[1.5,2]}}"#,
        r#"{"type":"Point","coordinates":[1.5,2]}"#,
        r#"{"type":"Point","coordinates":[1.5,2]}"#,
    ),
    (
        r#"{"value":{"type":"Point","coordinates":[1,2]},"observedAt":"2026-03-01T12:00:00Z"}"#,
        r#"{"type":"GeoProperty","value":{"type":"Point","coordinates":[1,2]},"observedAt":"2026-03-01T12:00:00Z"}"#,
        r#"{"value":{"type":"Point","coordinates":[1,2]},"observedAt":"2026-03-01T12:00:00Z"}"#,
        r#"{"type":"Point","coordinates":[1,2]}"#,
    ),
    (
        r#"{"type":"Property","value":{"type":"Point","coordinates":[1,2]}}"#,
        r#"{"type":"Property","value":{"type":"Point","coordinates":[1,2]}}"#,
        r#"{"type":"Property","value":{"type":"Point","coordinates":[1,2]}}"#,
        r#"{"type":"Point","coordinates":[1,2]}"#,
    ),
    (
        r#"{"object":"urn:x:2"}"#,
        r#"{"type":"Relationship","object":"urn:x:2"}"#,
        r#"{"object":"urn:x:2"}"#,
        r#""urn:x:2""#,
    ),
    (
        r#"{"object":["urn:x:2","urn:x:3"],"objectType":"U"}"#,
        r#"{"type":"Relationship","object":["urn:x:2","urn:x:3"],"objectType":"U"}"#,
        r#"{"object":["urn:x:2","urn:x:3"],"objectType":"U"}"#,
        r#"["urn:x:2","urn:x:3"]"#,
    ),
    (
        r#"{"languageMap":{"en":"x","fr-CH":["y","z"],"@none":"n"}}"#,
        r#"{"type":"LanguageProperty","languageMap":{"en":"x","fr-CH":["y","z"],"@none":"n"}}"#,
        r#"{"languageMap":{"en":"x","fr-CH":["y","z"],"@none":"n"}}"#,
        r#"{"languageMap":{"en":"x","fr-CH":["y","z"],"@none":"n"}}"#,
    ),
    (r#"{"vocab":"low"}"#, r#"{"type":"VocabProperty","vocab":"low"}"#, r#"{"vocab":"low"}"#, r#"{"vocab":"low"}"#),
    (
        r#"{"vocab":["low","urn:v:high"]}"#,
        r#"{"type":"VocabProperty","vocab":["low","urn:v:high"]}"#,
        r#"{"vocab":["low","urn:v:high"]}"#,
        r#"{"vocab":["low","urn:v:high"]}"#,
    ),
    (
        r#"{"json":{"id":"x","value":null}}"#,
        r#"{"type":"JsonProperty","json":{"id":"x","value":null}}"#,
        r#"{"json":{"id":"x","value":null}}"#,
        r#"{"json":{"id":"x","value":null}}"#,
    ),
    (
        r#"{"valueList":[1,"x"]}"#,
        r#"{"type":"ListProperty","valueList":[1,"x"]}"#,
        r#"{"valueList":[1,"x"]}"#,
        r#"[1,"x"]"#,
    ),
    (
        r#"{"objectList":["urn:x:2",{"object":"urn:x:3"}]}"#,
        r#"{"type":"ListRelationship","objectList":[{"object":"urn:x:2"},{"object":"urn:x:3"}]}"#,
        r#"{"objectList":["urn:x:2","urn:x:3"]}"#,
        r#"["urn:x:2","urn:x:3"]"#,
    ),
    (
        r#"[{"value":1,"datasetId":"urn:d:1"},{"value":2}]"#,
        r#"[{"type":"Property","value":2},{"type":"Property","value":1,"datasetId":"urn:d:1"}]"#,
        r#"[{"value":2},{"value":1,"datasetId":"urn:d:1"}]"#,
        r#"{"dataset":{"@none":2,"urn:d:1":1}}"#,
    ),
    (r#"{"value":1,"datasetId":"@none"}"#, r#"{"type":"Property","value":1}"#, "1", "1"),
];

#[test]
fn every_kind_in_every_form() {
    for (text, normalized, concise, simplified) in KINDS {
        let entity = read(&with(text));
        assert_eq!(in_form(&entity, Representation::Normalized), with(normalized), "{text}");
        assert_eq!(in_form(&entity, Representation::Concise), with(concise), "{text}");
        assert_eq!(in_form(&entity, Representation::Simplified), with(simplified), "{text}");
        assert_eq!(read(&with(normalized)), entity, "normalized, read again: {text}");
        assert_eq!(read(&with(concise)), entity, "concise, read again: {text}");
    }
}

#[test]
fn the_entity_around_them() {
    let text = r#"{"@id":"urn:x:1","@type":["T","U","T"],"scope":["/a","b","/a"],"expiresAt":"2030-01-01T00:00:00Z",
        "createdAt":"nonsense","modifiedAt":1,"@context":"https://example.org/unused"}"#;
    let mut entity = read(text);
    entity.created_at = Time::parse("2026-01-01T00:00:00Z").expect("a time");
    entity.modified_at = Time::parse("2026-01-02T00:00:00Z").expect("a time");
    assert_eq!(written(&entity, &View::default()), r#"{"id":"urn:x:1","type":["T","U"],"scope":["/a","b"]}"#);
    assert_eq!(
        written(&entity, &View { sys_attrs: true, ..View::default() }),
        r#"{"id":"urn:x:1","type":["T","U"],"scope":["/a","b"],"createdAt":"2026-01-01T00:00:00Z","modifiedAt":"2026-01-02T00:00:00Z","expiresAt":"2030-01-01T00:00:00Z"}"#
    );
    let mut out = Vec::new();
    write_entity(&entity, Context::core(), &View::default(), Some(r#""https://example.org/c""#), &mut out);
    assert!(out.ends_with(br#","@context":"https://example.org/c"}"#));
}

#[test]
fn selections_and_datasets() {
    let entity = read(
        r#"{"id":"urn:x:1","type":"T","scope":"/s","a":1,"b":[{"value":2},{"value":3,"datasetId":"urn:d:1"}],
            "c":{"value":4,"datasetId":"urn:d:2"}}"#,
    );
    let name = |term: &str| Context::core().expand(term).expect("a name");
    let simple = |view: View| written(&entity, &View { representation: Representation::Simplified, ..view });
    let dataset = |text: &str| Some(Iri::parse(text).expect("a URI"));
    assert_eq!(
        simple(View { select: Select::only([name("a")]), id: false, scope: false, ..View::default() }),
        r#"{"type":"T","a":1}"#
    );
    assert_eq!(
        simple(View { select: Select::only([name("a")]), id: false, types: false, scope: false, ..View::default() }),
        r#"{"a":1}"#
    );
    assert_eq!(
        simple(View { select: Select::except([name("b"), name("c")]), ..View::default() }),
        r#"{"id":"urn:x:1","type":"T","scope":"/s","a":1}"#
    );
    for (datasets, shown) in [
        (vec![None], r#""a":1,"b":2}"#),
        (vec![dataset("urn:d:1")], r#""scope":"/s","b":3}"#),
        (vec![None, dataset("urn:d:1"), dataset("urn:d:2")], r#""a":1,"b":{"dataset":{"@none":2,"urn:d:1":3}},"c":4}"#),
        (vec![dataset("urn:d:9")], r#""scope":"/s"}"#),
    ] {
        let text = simple(View { datasets: Some(datasets), ..View::default() });
        assert!(text.ends_with(shown), "{text} should end with {shown}");
    }
}

#[test]
fn languages() {
    let entity = read(&with(r#"{"languageMap":{"en":"yes","fr":"oui"}}"#));
    for (lang, representation, shown) in [
        ("fr", Representation::Normalized, r#"{"type":"Property","value":"oui","lang":"fr"}"#),
        ("fr", Representation::Concise, r#"{"value":"oui","lang":"fr"}"#),
        ("fr", Representation::Simplified, r#""oui""#),
        ("de,en;q=0.2", Representation::Normalized, r#"{"type":"Property","value":"yes","lang":"en"}"#),
        ("de", Representation::Simplified, r#""yes""#),
    ] {
        let view = View { representation, languages: Languages::parse(lang).ok(), ..View::default() };
        assert_eq!(written(&entity, &view), with(shown), "{lang}");
    }
}

#[test]
fn geojson() {
    let location = Context::core().expand("location").expect("a name");
    let entity = read(r#"{"id":"urn:x:1","type":"T","location":{"type":"Point","coordinates":[1,2]},"a":5}"#);
    let bare = read(r#"{"id":"urn:x:2","type":"T"}"#);
    let view = View { representation: Representation::Simplified, ..View::default() };
    let mut out = Vec::new();
    write_feature(&entity, Context::core(), &view, location, Some("\"c\""), &mut out);
    let feature = r#"{"id":"urn:x:1","type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},"properties":{"type":"T","location":{"type":"Point","coordinates":[1,2]},"a":5}"#;
    assert_eq!(String::from_utf8(out).expect("UTF-8"), format!("{feature},\"@context\":\"c\"}}"));
    let mut out = Vec::new();
    let context_member = Some("\"c\"");
    let rendering = Rendering { context: Context::core(), view: &view, feature: Some(Some(location)), context_member };
    rendering.open_list(&mut out);
    let Ok(()) = rendering.of_items().write(&(&entity).into(), &mut out);
    out.push(b',');
    let Ok(()) = rendering.of_items().write(&(&bare).into(), &mut out);
    rendering.close_list(&mut out);
    let empty = r#"{"id":"urn:x:2","type":"Feature","geometry":null,"properties":{"type":"T"}}"#;
    assert_eq!(
        String::from_utf8(out).expect("UTF-8"),
        format!(r#"{{"type":"FeatureCollection","features":[{feature}}},{empty}],"@context":"c"}}"#)
    );
}

#[test]
fn simplified_input() {
    let limits = Limits::default();
    let reader = Reader { simplified: true, ..Reader::new(Context::core(), &limits, Mode::Full) };
    let text = r#"{"id":"urn:x:1","type":"T","a":{"type":"PostalAddress","value":1},"b":{"vocab":"low"},
        "c":{"type":"Point","coordinates":[1,2]},"d":{"dataset":{"@none":1,"urn:d:1":2}},"e":[{"value":1}]}"#;
    let entity = reader.entity(Json::parse(text.as_bytes(), 16).expect("JSON")).expect("an entity");
    assert_eq!(
        in_form(&entity, Representation::Normalized),
        r#"{"id":"urn:x:1","type":"T","a":{"type":"Property","value":{"type":"PostalAddress","value":1}},"b":{"type":"VocabProperty","vocab":"low"},"c":{"type":"GeoProperty","value":{"type":"Point","coordinates":[1,2]}},"d":[{"type":"Property","value":1},{"type":"Property","value":2,"datasetId":"urn:d:1"}],"e":{"type":"Property","value":[{"value":1}]}}"#
    );
}

#[test]
fn temporal_forms() {
    let time = |text: &str| Time::parse(text).expect("a time");
    let instance = |text: &str, deleted: Option<&str>| TemporalInstance {
        attribute: read(&with(text)).attributes.remove(0),
        instance_id: Some(Iri::parse("urn:i:1").expect("a URI")),
        deleted_at: deleted.map(time),
    };
    let name = Context::core().expand("a").expect("a name");
    let entity = |instances, aggregates| TemporalEntity {
        id: Iri::parse("urn:x:1").expect("a URI"),
        types: [Context::core().expand("T").expect("a name")].into_iter().collect(),
        scopes: Vec::new(),
        times: None,
        deleted_at: None,
        attributes: vec![TemporalAttribute { name, instances, aggregates }],
    };
    let show = |entity: &TemporalEntity, form| {
        let mut out = Vec::new();
        write_temporal(entity, Context::core(), &TemporalView { form, ..TemporalView::default() }, None, &mut out);
        String::from_utf8(out).expect("UTF-8")
    };
    let t1 = "2026-03-01T12:00:00Z";
    let t2 = "2026-03-01T13:00:00Z";
    for (first, second, full, values) in [
        (
            format!(r#"{{"value":1,"observedAt":"{t1}"}}"#),
            format!(r#"{{"value":2,"observedAt":"{t2}"}}"#),
            format!(
                r#"[{{"type":"Property","value":1,"instanceId":"urn:i:1","observedAt":"{t1}"}},{{"type":"Property","value":2,"instanceId":"urn:i:1","observedAt":"{t2}"}}]"#
            ),
            format!(r#"{{"type":"Property","values":[[1,"{t1}"],[2,"{t2}"]]}}"#),
        ),
        (
            format!(r#"{{"object":"urn:x:2","observedAt":"{t1}"}}"#),
            format!(r#"{{"object":["urn:x:3"],"observedAt":"{t2}"}}"#),
            format!(
                r#"[{{"type":"Relationship","object":"urn:x:2","instanceId":"urn:i:1","observedAt":"{t1}"}},{{"type":"Relationship","object":["urn:x:3"],"instanceId":"urn:i:1","observedAt":"{t2}"}}]"#
            ),
            format!(r#"{{"type":"Relationship","objects":[["urn:x:2","{t1}"],[["urn:x:3"],"{t2}"]]}}"#),
        ),
        (
            format!(r#"{{"languageMap":{{"en":"yes"}},"observedAt":"{t1}"}}"#),
            format!(r#"{{"languageMap":{{"en":"no"}},"observedAt":"{t2}"}}"#),
            format!(
                r#"[{{"type":"LanguageProperty","languageMap":{{"en":"yes"}},"instanceId":"urn:i:1","observedAt":"{t1}"}},{{"type":"LanguageProperty","languageMap":{{"en":"no"}},"instanceId":"urn:i:1","observedAt":"{t2}"}}]"#
            ),
            format!(
                r#"{{"type":"LanguageProperty","languageMaps":[[{{"languageMap":{{"en":"yes"}}}},"{t1}"],[{{"languageMap":{{"en":"no"}}}},"{t2}"]]}}"#
            ),
        ),
        (
            format!(r#"{{"valueList":[1],"observedAt":"{t1}"}}"#),
            format!(r#"{{"objectList":["urn:x:2"],"observedAt":"{t2}"}}"#),
            format!(
                r#"[{{"type":"ListProperty","valueList":[1],"instanceId":"urn:i:1","observedAt":"{t1}"}},{{"type":"ListRelationship","objectList":[{{"object":"urn:x:2"}}],"instanceId":"urn:i:1","observedAt":"{t2}"}}]"#
            ),
            format!(
                r#"[{{"type":"ListProperty","valueLists":[[[1],"{t1}"]]}},{{"type":"ListRelationship","objectLists":[[["urn:x:2"],"{t2}"]]}}]"#
            ),
        ),
    ] {
        let entity = entity(vec![instance(&first, None), instance(&second, None)], Vec::new());
        assert_eq!(show(&entity, TemporalForm::Normalized), with(&full));
        assert_eq!(show(&entity, TemporalForm::Values), with(&values));
    }
    for (text, shown) in [
        (
            "1",
            r#"{"type":"Property","value":"urn:ngsi-ld:null","instanceId":"urn:i:1","deletedAt":"2026-03-01T12:00:00Z"}"#,
        ),
        (
            r#"{"languageMap":{"en":"x"}}"#,
            r#"{"type":"LanguageProperty","languageMap":{"@none":"urn:ngsi-ld:null"},"instanceId":"urn:i:1","deletedAt":"2026-03-01T12:00:00Z"}"#,
        ),
        (
            r#"{"objectList":["urn:x:2"]}"#,
            r#"{"type":"ListRelationship","objectList":[{"object":"urn:ngsi-ld:null"}],"instanceId":"urn:i:1","deletedAt":"2026-03-01T12:00:00Z"}"#,
        ),
    ] {
        let entity = entity(vec![instance(text, Some(t1))], Vec::new());
        assert_eq!(show(&entity, TemporalForm::Normalized), with(&format!("[{shown}]")));
    }
    let aggregate = Aggregate { method: "avg", periods: vec![(Json::Float(1.5), time(t1), time(t2))] };
    let of = |dataset_id: Option<&str>| AggregatedSeries {
        kind: AttributeKind::Property,
        dataset_id: dataset_id.map(|d| Iri::parse(d).expect("a URI")),
        methods: vec![aggregate.clone()],
    };
    let avg = format!(r#""avg":[[1.5,"{t1}","{t2}"]]"#);
    assert_eq!(
        show(&entity(Vec::new(), vec![of(None)]), TemporalForm::Aggregated),
        with(&format!(r#"{{"type":"Property",{avg}}}"#))
    );
    assert_eq!(
        show(&entity(Vec::new(), vec![of(None), of(Some("urn:d:1"))]), TemporalForm::Aggregated),
        with(&format!(r#"[{{"type":"Property",{avg}}},{{"type":"Property","datasetId":"urn:d:1",{avg}}}]"#))
    );
}

#[test]
fn temporal_bodies_may_repeat_a_dataset() {
    let limits = Limits::default();
    let text =
        with(r#"[{"value":1,"observedAt":"2026-03-01T12:00:00Z"},{"value":2,"observedAt":"2026-03-01T13:00:00Z"}]"#);
    let json = || Json::parse(text.as_bytes(), 16).expect("JSON");
    let entity = Reader::new(Context::core(), &limits, Mode::Temporal).entity(json()).expect("an entity");
    assert_eq!(entity.attributes.len(), 2);
    assert!(Reader::new(Context::core(), &limits, Mode::Full).entity(json()).is_err());
}

#[test]
fn proofs_keep_their_seals() {
    let text = r#"{"id":"urn:x:1","type":"T","a":{"type":"Property","value":1,"ngsildproof":{"type":"Property","value":{"proof":1},"entityIdSealed":"urn:x:1","entityTypeSealed":"T"}}}"#;
    assert_eq!(in_form(&read(text), Representation::Normalized), text);
}

#[test]
fn an_attribute_of_the_entity_may_be_named_value() {
    let text = r#"{"id":"urn:x:1","type":"Device","value":{"type":"Property","value":"on"}}"#;
    let entity = read(text);
    assert_eq!(in_form(&entity, Representation::Normalized), text);
    let concise = in_form(&entity, Representation::Concise);
    assert_eq!(concise, r#"{"id":"urn:x:1","type":"Device","value":"on"}"#);
    assert_eq!(read(&concise), entity);
}
