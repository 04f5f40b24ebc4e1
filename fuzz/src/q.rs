//! `q` conditions: what is accepted prints to a text that means the same, and is evaluated without harm.

use crate::{query, text};
use belfry_kernel::Time;
use belfry_ngsi_ld::form::{Limits, read_entity};
use belfry_ngsi_ld::query::filter::{self, Expansion};
use belfry_ngsi_ld::query::{EntityQuery, parse_names};
use belfry_ngsi_ld::{Context, Entity};
use std::sync::LazyLock;

static ENTITY: LazyLock<Entity> = LazyLock::new(|| {
    let text = br#"{"id":"urn:e:1","type":"Room","temperature":{"type":"Property","value":21.5,"unitCode":"CEL",
        "observedAt":"2026-01-01T00:00:00Z"},"name":{"type":"Property","value":"Eiffel"},"tags":{"type":"Property",
        "value":["red","blue",{"a":[1,2]}]},"inPark":{"type":"Relationship","object":"urn:ngsi-ld:Park:1"},
        "label":{"type":"LanguageProperty","languageMap":{"de":"Katze","en":"cat"}}}"#;
    read_entity(text, Context::core(), &Limits::default()).expect("it is an entity")
});

/// Runs the target: a first line with `expandValues`, then the condition.
pub fn run(data: &[u8]) {
    let Some(text) = text::of(data) else { return };
    let [expand, condition] = text::parts(text);
    let naming = query::naming();
    let expand = expand.and_then(|names| parse_names("expandValues", names, &naming).ok()).unwrap_or_default();
    let parse = |text: &str| filter::parse(text, &naming, Expansion(&expand));
    let Ok(tree) = parse(condition.unwrap_or_default()) else { return };
    // A pattern without quotes around it that holds `\"` has no spelling with quotes around it.
    if !(text.contains("~=") && text.contains("\\\"")) {
        query::prints_to_itself(&tree, parse);
    }
    let _ = tree.matches(&ENTITY, Time::from_micros(0), None);
    let known = |_: &str| Some(std::sync::Arc::new(ENTITY.clone()));
    let _ = tree.matches(&ENTITY, Time::from_micros(0), Some(&known));
    assert!(tree.link_depth() <= naming.limits.depth);
    let query = EntityQuery { q: Some(tree), ..EntityQuery::default() };
    let _ = query.conjuncts();
}
