//! The operations, each a table of: the entity before, the request, the entity after and what changed.

use belfry_kernel::{Iri, Kind, Time};
use belfry_ngsi_ld::form::{Limits, Mode, Reader, View, read_attribute, read_entity, read_fragment, write_entity};
use belfry_ngsi_ld::operation::{
    BatchKind, Change, MergeOptions, Outcome, append_attributes, apply_batch_item, create_entity, delete_attribute,
    delete_entity, delete_scope, merge_entity, patch_attribute, replace_attribute, replace_entity, update_attributes,
};
use belfry_ngsi_ld::{Context, Entity, Json};

const BEFORE: Time = Time::from_micros(1_700_000_000_000_000);
const NOW: Time = Time::from_micros(1_800_000_000_000_000);

fn entity(members: &str) -> Entity {
    let text = format!(r#"{{"id":"urn:x:1","type":"T",{members}}}"#);
    let entity =
        read_entity(text.as_bytes(), Context::core(), &Limits::default()).unwrap_or_else(|e| panic!("{text}: {e:?}"));
    create_entity(None, entity, BEFORE).expect("it is new").entity.expect("it is there")
}

fn fragment(members: &str, mode: Mode) -> belfry_ngsi_ld::form::EntityFragment {
    let text = format!("{{{members}}}");
    read_fragment(text.as_bytes(), Context::core(), &Limits::default(), mode)
        .unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

/// The entity in the normalized form, without id and type T.
fn shown(entity: &Entity) -> String {
    let mut out = Vec::new();
    write_entity(entity, Context::core(), &View { id: false, ..View::default() }, None, &mut out);
    let text = String::from_utf8(out).expect("UTF-8");
    text.trim_start_matches('{')
        .trim_end_matches('}')
        .trim_start_matches("\"type\":\"T\"")
        .trim_start_matches(',')
        .to_owned()
        + "}"
}

fn normalized(members: &str) -> String {
    shown(&entity(members))
}

/// `+a -b@urn:d:1 *c`: created, deleted, updated; `=d`: written again as it was.
fn changes(outcome: &Outcome) -> String {
    let mut text = String::new();
    for changed in &outcome.changes {
        text.push(match changed.change {
            Change::Created => '+',
            Change::Updated => '*',
            Change::Repeated => '=',
            Change::Deleted => '-',
        });
        text.push_str(Context::core().compact(changed.name));
        if let Some(id) = &changed.dataset_id {
            text.push('@');
            text.push_str(id.as_str());
        }
        text.push(' ');
    }
    text.trim_end().to_owned()
}

/// Times: what was written is modified now, what is new is created now, the rest is as it was.
fn check_times(before: &Entity, outcome: &Outcome) {
    let after = outcome.entity.as_ref().expect("it is there");
    assert_eq!(after.created_at, before.created_at);
    assert_eq!(after.modified_at, if outcome.is_change() { NOW } else { before.modified_at });
    for attribute in &after.attributes {
        let old = before.instance(attribute.name, attribute.dataset_id.as_ref());
        assert_eq!(attribute.created_at, old.map_or(NOW, |o| o.created_at), "{}", attribute.name);
        let written = outcome.changes.iter().any(|c| c.name == attribute.name && c.dataset_id == attribute.dataset_id);
        assert_eq!(attribute.modified_at, if written { NOW } else { BEFORE }, "{}", attribute.name);
    }
    // Instances of one name stand together, the default one first, no instance twice.
    for (at, attribute) in after.attributes.iter().enumerate() {
        let first = after.attributes.iter().position(|a| a.name == attribute.name).expect("itself");
        assert!(after.attributes[first..=at].iter().all(|a| a.name == attribute.name));
        assert!(attribute.dataset_id.is_some() || first == at);
        assert!(
            !after.attributes[..at].iter().any(|a| a.name == attribute.name && a.dataset_id == attribute.dataset_id)
        );
    }
}

type Operation = fn(Entity, &str) -> Result<Outcome, belfry_kernel::Error>;

fn run(operation: Operation, rows: &[(&str, &str, &str, &str)]) {
    for (before, request, after, changed) in rows {
        let before = entity(before);
        let outcome = operation(before.clone(), request).unwrap_or_else(|e| panic!("{request}: {e:?}"));
        assert_eq!(shown(outcome.entity.as_ref().expect("it is there")), normalized(after), "{request}");
        assert_eq!(changes(&outcome), *changed, "{request}");
        check_times(&before, &outcome);
    }
}

#[test]
fn create() {
    let new = entity(r#""a":1,"b":[{"value":1},{"value":2,"datasetId":"urn:d:1"}]"#);
    let outcome = create_entity(None, new.clone(), NOW).expect("it is new");
    assert!(outcome.created);
    assert_eq!(changes(&outcome), "+a +b +b@urn:d:1");
    assert_eq!(outcome.entity.as_ref().map(|e| (e.created_at, e.attributes[0].modified_at)), Some((NOW, NOW)));
    let error = create_entity(Some(&new), new.clone(), NOW).expect_err("it exists");
    assert_eq!(error.kind(), Kind::AlreadyExists);
    let mut expired = new.clone();
    expired.expires_at = Some(BEFORE);
    assert!(create_entity(Some(&expired), new, NOW).is_ok(), "an expired one is not there");
}

#[test]
fn replace() {
    let before = entity(r#""a":{"value":1,"s":1},"b":1,"c":{"value":1,"datasetId":"urn:d:1"}"#);
    let new = entity(r#""a":{"value":2,"s":2,"t":3},"c":5,"d":1"#);
    let outcome = replace_entity(Some(&before), new.clone(), NOW).expect("it is there");
    assert_eq!(changes(&outcome), "*a +c +d -b -c@urn:d:1");
    check_times(&before, &outcome);
    let a = &outcome.entity.as_ref().expect("it is there").attributes[0];
    assert_eq!((a.sub[0].created_at, a.sub[0].modified_at, a.sub[1].created_at), (BEFORE, NOW, NOW));
    assert_eq!(replace_entity(None, new, NOW).expect_err("none").kind(), Kind::ResourceNotFound);
}

#[test]
fn append() {
    run(
        |e, f| append_attributes(e, fragment(f, Mode::Full), true, NOW),
        &[
            (r#""a":1"#, r#""b":2"#, r#""a":1,"b":2"#, "+b"),
            (r#""a":{"value":1,"unitCode":"CEL"},"c":1"#, r#""a":2"#, r#""a":2,"c":1"#, "*a"),
            (
                r#""a":1,"c":1"#,
                r#""a":{"value":2,"datasetId":"urn:d:1"}"#,
                r#""a":[{"value":1},{"value":2,"datasetId":"urn:d:1"}],"c":1"#,
                "+a@urn:d:1",
            ),
            (
                r#""a":{"value":2,"datasetId":"urn:d:1"}"#,
                r#""a":1"#,
                r#""a":[{"value":1},{"value":2,"datasetId":"urn:d:1"}]"#,
                "+a",
            ),
            (r#""a":1,"scope":"/x""#, r#""scope":"/y""#, r#""a":1,"scope":"/y""#, ""),
            (r#""a":1"#, "", r#""a":1"#, ""),
        ],
    );
    let before = entity(r#""a":1,"scope":"/x""#);
    let request = fragment(r#""type":["U","T"],"a":2,"b":3,"scope":["/x","/y"]"#, Mode::Full);
    let outcome = append_attributes(before.clone(), request, false, NOW).expect("appended");
    assert_eq!(changes(&outcome), "+b");
    assert_eq!(outcome.not_updated.len(), 1);
    assert_eq!(Context::core().compact(outcome.not_updated[0].name), "a");
    let after = outcome.entity.as_ref().expect("it is there");
    assert_eq!(after.scopes, ["/x", "/y"]);
    assert_eq!(after.types.iter().map(|t| Context::core().compact(*t)).collect::<Vec<_>>(), ["T", "U"]);
    assert_eq!(outcome.updated().len(), 1);
    check_times(&before, &outcome);
}

#[test]
fn update() {
    run(
        |e, f| update_attributes(e, fragment(f, Mode::Update), NOW),
        &[
            // Whole instances are replaced (5.5.8, example 2), deleted (example 3) or added.
            (
                r#""a":{"value":25,"unitCode":"CEL","s":1}"#,
                r#""a":{"type":"Property","value":100}"#,
                r#""a":100"#,
                "*a",
            ),
            (r#""a":1,"b":2"#, r#""a":{"type":"Property","value":"urn:ngsi-ld:null"}"#, r#""b":2"#, "-a"),
            (r#""a":1,"b":2"#, r#""a":"urn:ngsi-ld:null","b":3"#, r#""b":3"#, "-a *b"),
            (
                r#""a":{"object":"urn:x:2"},"b":2"#,
                r#""a":{"type":"Relationship","object":"urn:ngsi-ld:null"}"#,
                r#""b":2"#,
                "-a",
            ),
            (
                r#""a":{"languageMap":{"en":"x"}},"b":2"#,
                r#""a":{"languageMap":{"@none":"urn:ngsi-ld:null"}}"#,
                r#""b":2"#,
                "-a",
            ),
            (r#""a":{"valueList":[1]},"b":2"#, r#""a":{"valueList":["urn:ngsi-ld:null"]}"#, r#""b":2"#, "-a"),
            (
                r#""a":{"objectList":["urn:x:2"]},"b":2"#,
                r#""a":{"objectList":[{"object":"urn:ngsi-ld:null"}]}"#,
                r#""b":2"#,
                "-a",
            ),
            (r#""a":1"#, r#""z":"urn:ngsi-ld:null""#, r#""a":1"#, ""),
            (r#""a":1"#, r#""b":{"object":"urn:x:2"}"#, r#""a":1,"b":{"object":"urn:x:2"}"#, "+b"),
            (
                r#""a":[{"value":1},{"value":2,"datasetId":"urn:d:1"}]"#,
                r#""a":{"value":"urn:ngsi-ld:null","datasetId":"urn:d:1"}"#,
                r#""a":1"#,
                "-a@urn:d:1",
            ),
            (
                r#""a":[{"value":1},{"value":2,"datasetId":"urn:d:1"}]"#,
                r#""a":"urn:ngsi-ld:null""#,
                r#""a":{"value":2,"datasetId":"urn:d:1"}"#,
                "-a",
            ),
            (r#""a":1,"scope":"/x""#, r#""scope":"/y""#, r#""a":1,"scope":"/y""#, ""),
            (r#""a":1,"scope":"/x""#, r#""scope":"urn:ngsi-ld:null""#, r#""a":1"#, ""),
            (r#""a":1"#, r#""scope":"/y""#, r#""a":1"#, ""),
        ],
    );
}

#[test]
fn merge() {
    run(
        |e, f| merge_entity(e, fragment(f, Mode::Merge), &MergeOptions::default(), NOW),
        &[
            // 5.5.12, example 1.
            (
                r#""a":{"value":25,"unitCode":"CEL","observedAt":"2022-03-14T01:59:26.535Z"}"#,
                r#""a":{"type":"Property","value":100,"observedAt":"2022-03-14T13:00:00.000Z"}"#,
                r#""a":{"value":100,"unitCode":"CEL","observedAt":"2022-03-14T13:00:00Z"}"#,
                "*a",
            ),
            // Example 2.
            (
                r#""a":{"value":{"street":"x","city":"B","country":"G"}}"#,
                r#""a":{"type":"Property","value":{"street":"y","country":"urn:ngsi-ld:null"}}"#,
                r#""a":{"value":{"street":"y","city":"B"}}"#,
                "*a",
            ),
            (
                r#""a":{"value":{"x":{"y":1,"z":2}}}"#,
                r#""a":{"x":{"y":"urn:ngsi-ld:null","w":[1]}}"#,
                r#""a":{"value":{"x":{"z":2,"w":[1]}}}"#,
                "*a",
            ),
            (r#""a":{"value":{"x":1}}"#, r#""a":[2]"#, r#""a":[2]"#, "*a"),
            (r#""a":1"#, r#""b":{"x":1,"y":"urn:ngsi-ld:null"}"#, r#""a":1,"b":{"x":1}"#, "+b"),
            (r#""a":1,"b":2"#, r#""a":"urn:ngsi-ld:null""#, r#""b":2"#, "-a"),
            (r#""a":1"#, r#""z":"urn:ngsi-ld:null""#, r#""a":1"#, ""),
            (
                r#""a":{"value":1,"unitCode":"CEL","s":1,"t":2}"#,
                r#""a":{"unitCode":"urn:ngsi-ld:null","s":"urn:ngsi-ld:null","type":"Property"}"#,
                r#""a":{"value":1,"t":2}"#,
                "*a",
            ),
            (
                r#""a":{"value":1,"observedAt":"2022-03-14T13:00:00Z"}"#,
                r#""a":{"observedAt":"urn:ngsi-ld:null"}"#,
                r#""a":1"#,
                "*a",
            ),
            (
                r#""a":{"value":1,"s":{"value":{"x":1}}}"#,
                r#""a":{"type":"Property","s":{"value":{"y":2}}}"#,
                r#""a":{"value":1,"s":{"value":{"x":1,"y":2}}}"#,
                "*a",
            ),
            (
                r#""a":{"languageMap":{"en":"x","de":"y"}}"#,
                r#""a":{"languageMap":{"en":"z","de":"urn:ngsi-ld:null","fr":"w"}}"#,
                r#""a":{"languageMap":{"en":"z","fr":"w"}}"#,
                "*a",
            ),
            (
                r#""a":{"object":"urn:x:2","objectType":"U"}"#,
                r#""a":{"object":"urn:x:3"}"#,
                r#""a":{"object":"urn:x:3","objectType":"U"}"#,
                "*a",
            ),
            // The kind of what is there stays when a bare value comes.
            (r#""a":{"object":"urn:x:2"}"#, r#""a":"urn:x:3""#, r#""a":{"object":"urn:x:3"}"#, "*a"),
            (r#""a":{"valueList":[1]}"#, r#""a":[2,3]"#, r#""a":{"valueList":[2,3]}"#, "*a"),
            (r#""a":{"json":{"x":1}}"#, r#""a":{"y":2}"#, r#""a":{"json":{"y":2}}"#, "*a"),
            // So does that of a geometry of which parts come.
            (
                r#""a":{"type":"Point","coordinates":[1,2]}"#,
                r#""a":{"value":{"coordinates":[3,4]}}"#,
                r#""a":{"type":"Point","coordinates":[3,4]}"#,
                "*a",
            ),
            (
                r#""a":{"value":{"type":"Point","coordinates":[1,2]},"s":1}"#,
                r#""a":{"type":"LineString","coordinates":[[1,2],[3,4]]}"#,
                r#""a":{"value":{"type":"LineString","coordinates":[[1,2],[3,4]]},"s":1}"#,
                "*a",
            ),
            // What says its kind changes it.
            (r#""a":1"#, r#""a":{"type":"Relationship","object":"urn:x:3"}"#, r#""a":{"object":"urn:x:3"}"#, "*a"),
            (r#""a":{"value":1,"unitCode":"CEL"}"#, r#""a":{"object":"urn:x:3"}"#, r#""a":{"object":"urn:x:3"}"#, "*a"),
            (
                r#""a":1"#,
                r#""a":{"value":2,"datasetId":"urn:d:1"}"#,
                r#""a":[{"value":1},{"value":2,"datasetId":"urn:d:1"}]"#,
                "+a@urn:d:1",
            ),
            (r#""a":1"#, r#""scope":"/y""#, r#""a":1,"scope":"/y""#, ""),
        ],
    );
    let refused = merge_entity(
        entity(r#""a":{"object":"urn:x:2"}"#),
        fragment(r#""a":5"#, Mode::Merge),
        &MergeOptions::default(),
        NOW,
    );
    assert!(refused.expect_err("5 is no target").public().contains("the value must be a URI"));
    let refused = merge_entity(
        entity(r#""a":{"type":"Point","coordinates":[1,2]}"#),
        fragment(r#""a":{"value":{"coordinates":[300,4]}}"#, Mode::Merge),
        &MergeOptions::default(),
        NOW,
    );
    assert!(refused.expect_err("no longitude").public().contains("/a': value: "));
    let incomplete = merge_entity(
        entity(r#""a":1"#),
        fragment(r#""b":{"observedAt":"2026-01-01T00:00:00Z"}"#, Mode::Merge),
        &MergeOptions::default(),
        NOW,
    );
    assert!(incomplete.expect_err("no value").public().ends_with("it has no value"));
}

#[test]
fn merge_options() {
    let options = MergeOptions {
        observed_at: Some(Time::parse("2026-05-01T00:00:00Z").expect("a time")),
        lang: Some("de".into()),
        context: Some(Context::core()),
    };
    let before = entity(
        r#""a":{"value":1,"observedAt":"2026-01-01T00:00:00Z"},"b":1,"c":{"value":1,"observedAt":"2026-01-01T00:00:00Z"},
        "d":{"languageMap":{"en":"x"}},"e":{"vocab":"low"}"#,
    );
    let request =
        fragment(r#""a":2,"b":2,"c":{"value":2,"observedAt":"2026-02-01T00:00:00Z"},"d":"y","e":"high""#, Mode::Merge);
    let outcome = merge_entity(before, request, &options, NOW).expect("merged");
    assert_eq!(
        shown(outcome.entity.as_ref().expect("it is there")),
        normalized(
            r#""a":{"value":2,"observedAt":"2026-05-01T00:00:00Z"},"b":2,"c":{"value":2,"observedAt":"2026-02-01T00:00:00Z"},
            "d":{"languageMap":{"en":"x","de":"y"}},"e":{"vocab":"high"}"#
        )
    );
}

#[test]
fn partial_update() {
    let patch = |e, f: &str| {
        let fragment = read_attribute(f.as_bytes(), "a", Context::core(), &Limits::default(), Mode::Partial)?;
        patch_attribute(e, fragment, NOW)
    };
    run(
        patch,
        &[
            // 5.5.8, example 1.
            (
                r#""a":{"value":25,"unitCode":"CEL"},"b":1"#,
                r#"{"type":"Property","value":100,"observedAt":"2022-03-14T13:00:00Z"}"#,
                r#""a":{"value":100,"unitCode":"CEL","observedAt":"2022-03-14T13:00:00Z"},"b":1"#,
                "*a",
            ),
            (
                r#""a":{"value":25,"unitCode":"CEL"}"#,
                r#"{"unitCode":"FAH"}"#,
                r#""a":{"value":25,"unitCode":"FAH"}"#,
                "*a",
            ),
            (r#""a":{"value":25,"unitCode":"CEL"}"#, r#"{"unitCode":"urn:ngsi-ld:null"}"#, r#""a":25"#, "*a"),
            (r#""a":{"value":{"x":1}}"#, r#"{"value":{"y":1}}"#, r#""a":{"value":{"y":1}}"#, "*a"),
            (
                r#""a":{"value":1,"s":{"value":1,"unitCode":"CEL"}}"#,
                r#"{"s":2,"t":3}"#,
                r#""a":{"value":1,"s":2,"t":3}"#,
                "*a",
            ),
            (r#""a":{"value":1,"s":1}"#, r#"{"s":"urn:ngsi-ld:null"}"#, r#""a":1"#, "*a"),
            (
                r#""a":[{"value":1},{"value":2,"datasetId":"urn:d:1"}]"#,
                r#"{"value":3,"datasetId":"urn:d:1"}"#,
                r#""a":[{"value":1},{"value":3,"datasetId":"urn:d:1"}]"#,
                "*a@urn:d:1",
            ),
            (r#""a":1,"b":1"#, r#"{"value":"urn:ngsi-ld:null"}"#, r#""b":1"#, "-a"),
            (r#""a":1"#, "7", r#""a":7"#, "*a"),
            // 5.8.6: only a value that differs is a change.
            (
                r#""a":{"value":7,"s":{"value":{"x":1,"y":[2]}}}"#,
                r#"{"value":7.0,"s":{"value":{"y":[2],"x":1}}}"#,
                r#""a":{"value":7,"s":{"value":{"y":[2],"x":1}}}"#,
                "=a",
            ),
            (
                r#""a":{"value":7,"observedAt":"2022-03-14T13:00:00Z"}"#,
                r#"{"value":7,"observedAt":"2022-03-14T13:00:01Z"}"#,
                r#""a":{"value":7,"observedAt":"2022-03-14T13:00:01Z"}"#,
                "*a",
            ),
            (r#""a":{"object":"urn:x:2"}"#, r#"{"object":"urn:x:3"}"#, r#""a":{"object":"urn:x:3"}"#, "*a"),
        ],
    );
    for (before, request, kind) in [
        (r#""b":1"#, r#"{"value":2}"#, Kind::ResourceNotFound),
        (r#""a":1"#, r#"{"value":2,"datasetId":"urn:d:1"}"#, Kind::ResourceNotFound),
        (r#""a":1"#, r#"{"type":"Relationship","object":"urn:x:2"}"#, Kind::BadRequestData),
        (r#""a":{"object":"urn:x:2"}"#, r#"{"value":2}"#, Kind::BadRequestData),
        (r#""a":1"#, r#"{"s":{"observedAt":"2026-01-01T00:00:00Z"}}"#, Kind::BadRequestData),
    ] {
        assert_eq!(patch(entity(before), request).expect_err(request).kind(), kind, "{request}");
    }
}

#[test]
fn replace_and_delete_attribute() {
    let put = |e, f: &str| {
        let fragment = read_attribute(f.as_bytes(), "a", Context::core(), &Limits::default(), Mode::Full)?;
        replace_attribute(e, fragment, NOW)
    };
    run(
        put,
        &[
            (r#""a":{"value":25,"unitCode":"CEL","s":1}"#, r#"{"value":100}"#, r#""a":100"#, "*a"),
            (r#""a":1"#, r#"{"type":"Relationship","object":"urn:x:2"}"#, r#""a":{"object":"urn:x:2"}"#, "*a"),
            (r#""a":1"#, r#"{"street":"x"}"#, r#""a":{"street":"x"}"#, "*a"),
            (r#""a":{"street":"x","no":1}"#, r#"{"no":1,"street":"x"}"#, r#""a":{"no":1,"street":"x"}"#, "=a"),
            (r#""a":{"value":1,"s":1}"#, r#"{"value":1,"s":2}"#, r#""a":{"value":1,"s":2}"#, "*a"),
        ],
    );
    assert_eq!(put(entity(r#""b":1"#), r#"{"value":2}"#).expect_err("absent").kind(), Kind::ResourceNotFound);
    let a = Context::core().expand("a").expect("a name");
    let z = Context::core().expand("z").expect("a name");
    let d1 = Iri::parse("urn:d:1").expect("a URI");
    let before = entity(r#""a":[{"value":1},{"value":2,"datasetId":"urn:d:1"}],"b":1,"scope":"/x""#);
    for (name, dataset, all, changed) in [
        (a, None, false, Some("-a")),
        (a, Some(&d1), false, Some("-a@urn:d:1")),
        (a, None, true, Some("-a -a@urn:d:1")),
        (z, None, false, None),
        (z, None, true, None),
    ] {
        match (delete_attribute(before.clone(), name, dataset, all, NOW), changed) {
            (Ok(outcome), Some(changed)) => {
                assert_eq!(changes(&outcome), changed);
                check_times(&before, &outcome);
            }
            (Err(error), None) => assert_eq!(error.kind(), Kind::ResourceNotFound),
            (result, _) => panic!("{name}: {result:?}"),
        }
    }
    let outcome = delete_scope(before.clone(), NOW).expect("it has one");
    assert!(outcome.entity_changed && outcome.entity.as_ref().is_some_and(|e| e.scopes.is_empty()));
    assert_eq!(delete_scope(entity(r#""a":1"#), NOW).expect_err("none").kind(), Kind::ResourceNotFound);
    let outcome = delete_entity(&before.id, Some(&before)).expect("it is there");
    assert_eq!((outcome.entity.is_none(), changes(&outcome).as_str()), (true, "-a -a@urn:d:1 -b"));
    assert_eq!(delete_entity(&before.id, None).expect_err("none").kind(), Kind::ResourceNotFound);
}

#[test]
fn batch_items() {
    let there = || Some(entity(r#""a":1,"b":1"#));
    for (kind, current, request, result) in [
        (BatchKind::Create, None, r#""a":2"#, Ok("+a")),
        (BatchKind::Create, there(), r#""a":2"#, Err(Kind::AlreadyExists)),
        (BatchKind::UpsertReplace, None, r#""a":2"#, Ok("+a")),
        (BatchKind::UpsertReplace, there(), r#""a":2"#, Ok("*a -b")),
        (BatchKind::UpsertUpdate, None, r#""a":2"#, Ok("+a")),
        (BatchKind::UpsertUpdate, None, r#""a":"urn:ngsi-ld:null""#, Err(Kind::BadRequestData)),
        (BatchKind::UpsertUpdate, there(), r#""a":2,"b":"urn:ngsi-ld:null""#, Ok("*a -b")),
        (BatchKind::Update, None, r#""a":2"#, Err(Kind::ResourceNotFound)),
        (BatchKind::Update, there(), r#""a":2,"c":3"#, Ok("*a +c")),
        (BatchKind::UpdateNoOverwrite, there(), r#""a":2,"c":3"#, Ok("+c")),
        (BatchKind::Merge, None, r#""a":2"#, Err(Kind::ResourceNotFound)),
        (BatchKind::Merge, there(), r#""a":2,"b":"urn:ngsi-ld:null""#, Ok("*a -b")),
    ] {
        let request = fragment(&format!(r#""id":"urn:x:1","type":"T",{request}"#), kind.mode());
        let existed = current.is_some();
        match (apply_batch_item(kind, current, request, NOW), result) {
            (Ok(outcome), Ok(changed)) => {
                assert_eq!(changes(&outcome), changed, "{kind:?}");
                assert_eq!(outcome.created, !existed, "{kind:?}");
            }
            (Err(error), Err(expected)) => assert_eq!(error.kind(), expected, "{kind:?}"),
            (got, wanted) => panic!("{kind:?}: {got:?}, not {wanted:?}"),
        }
    }
}

#[test]
fn simplified_merge_keeps_kinds() {
    let limits = Limits::default();
    let reader = Reader { simplified: true, ..Reader::new(Context::core(), &limits, Mode::Merge) };
    let body = br#"{"a":"urn:x:3","b":{"type":"Street","value":2},"c":{"json":{"y":1}}}"#;
    let request = reader.fragment(Json::parse(body, 16).expect("JSON")).expect("a fragment");
    let before = entity(r#""a":{"object":"urn:x:2"},"b":{"value":{"x":1}},"c":{"json":{"x":1}}"#);
    let outcome = merge_entity(before, request, &MergeOptions::default(), NOW).expect("merged");
    assert_eq!(
        shown(outcome.entity.as_ref().expect("it is there")),
        normalized(r#""a":{"object":"urn:x:3"},"b":{"value":{"x":1,"type":"Street","value":2}},"c":{"json":{"y":1}}"#)
    );
}

#[test]
fn merging_large_objects_is_not_quadratic() {
    let object = |from: usize, to: usize, value: &dyn Fn(usize) -> String| {
        let members: Vec<String> = (from..to).map(|i| format!("\"k{i}\":{}", value(i))).collect();
        format!(r#""a":{{"value":{{{}}}}}"#, members.join(","))
    };
    let n = 30_000_usize;
    let before = entity(&object(0, n, &|i| i.to_string()));
    let half = |i: usize| if i.is_multiple_of(2) { "\"urn:ngsi-ld:null\"".to_owned() } else { "7".to_owned() };
    let request = fragment(&object(n / 2, n + n / 2, &half), Mode::Merge);
    let start = std::time::Instant::now();
    let outcome = merge_entity(before, request, &MergeOptions::default(), NOW).expect("merged");
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    let after = outcome.entity.expect("it is there");
    let belfry_ngsi_ld::Value::Property(json) = &after.attributes[0].value else { panic!("a Property") };
    let Json::Object(members) = json else { panic!("an object") };
    assert_eq!(members.len(), n);
    assert_eq!(
        (json.get("k1"), json.get("k16000"), json.get("k16001")),
        (Some(&Json::Int(1)), None, Some(&Json::Int(7)))
    );
}
