//! What of an entity counts when an import asks whether it changed: the attributes that the import makes, whatever order and
//! number form they are written in. Not `edition`, which says when that content came in.

use super::table::Table;
use crate::history_body::is_attribute;
use belfry_ngsi_ld::Json;
use xxhash_rust::xxh3::Xxh3;

/// A number for the content of an entity: equal contents have equal numbers.
pub(super) fn print(entity: &Json, table: &Table) -> u64 {
    let mut parts: Vec<(&str, &Json)> = own(entity, table).collect();
    parts.sort_unstable_by_key(|(name, _)| *name);
    let mut hash = Xxh3::new();
    for (name, instance) in parts {
        text(name, &mut hash);
        value(instance, &mut hash);
    }
    hash.digest()
}

/// The attributes of an entity that an import makes, each with its instance without a dataset: one with a dataset is
/// somebody else's.
pub(super) fn own<'e>(entity: &'e Json, table: &'e Table) -> impl Iterator<Item = (&'e str, &'e Json)> {
    attributes(entity).filter(|(name, _)| *name != "edition" && table.owns(name)).filter_map(|(name, attribute)| {
        let instance = match attribute {
            Json::Array(instances) => instances.iter().find(|instance| instance.get("datasetId").is_none()),
            one => Some(one).filter(|one| one.get("datasetId").is_none()),
        };
        Some((name, instance?))
    })
}

/// Whether an entity has attributes that no import made.
pub(super) fn has_foreign(entity: &Json, table: &Table) -> bool {
    attributes(entity).any(|(name, attribute)| {
        let dataset = match attribute {
            Json::Array(instances) => instances.iter().any(|instance| instance.get("datasetId").is_some()),
            one => one.get("datasetId").is_some(),
        };
        dataset || !table.owns(name)
    })
}

fn attributes(entity: &Json) -> impl Iterator<Item = (&str, &Json)> {
    let members = if let Json::Object(members) = entity { members.as_slice() } else { &[] };
    members.iter().map(|(name, value)| (name.as_str(), value)).filter(|(name, _)| is_attribute(name))
}

fn text(text: &str, hash: &mut Xxh3) {
    hash.update(&(text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}

fn value(json: &Json, hash: &mut Xxh3) {
    match json {
        Json::Null => hash.update(b"n"),
        Json::Bool(truth) => hash.update(if *truth { b"t" } else { b"f" }),
        Json::Int(_) | Json::Float(_) => {
            hash.update(b"d");
            hash.update(&json.as_f64().unwrap_or_default().to_bits().to_le_bytes());
        }
        Json::Str(found) => {
            hash.update(b"s");
            text(found, hash);
        }
        Json::Array(items) => {
            hash.update(b"[");
            hash.update(&(items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| value(item, hash));
        }
        Json::Object(members) => {
            hash.update(b"{");
            hash.update(&(members.len() as u64).to_le_bytes());
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by(|a, b| a.0.cmp(&b.0));
            for (name, member) in members {
                text(name, hash);
                value(member, hash);
            }
        }
    }
}

/// What must be written to make an entity that is there into the one that is wanted: attributes to write, and names of
/// attributes to take away.
pub(super) fn difference<'e>(
    there: &'e Json,
    wanted: &'e Json,
    table: &'e Table,
) -> (Vec<(&'e str, &'e Json)>, Vec<&'e str>) {
    let number = |instance: &Json| {
        let mut hash = Xxh3::new();
        value(instance, &mut hash);
        hash.digest()
    };
    let old: Vec<(&str, u64)> = own(there, table).map(|(name, instance)| (name, number(instance))).collect();
    let new: Vec<(&str, &Json)> = own(wanted, table).collect();
    let gone = old.iter().map(|(name, _)| *name).filter(|name| !new.iter().any(|(n, _)| n == name)).collect();
    let changed = new.into_iter().filter(|(name, instance)| !old.contains(&(name, number(instance)))).collect();
    (changed, gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text.as_bytes(), 32).unwrap()
    }

    #[test]
    fn content_is_compared_whatever_its_form() {
        let table = Table::standard();
        let a = json(
            r#"{"id":"urn:x","type":"T","name":{"type":"Property","value":"A"},"width":{"type":"Property","value":3,"unitCode":"MTR"},"edition":{"type":"Property","value":"1"}}"#,
        );
        let same = json(
            r#"{"type":"T","id":"urn:x","edition":{"value":"2","type":"Property"},"width":{"unitCode":"MTR","value":3.0,"type":"Property"},"name":[{"type":"Property","value":"Z","datasetId":"urn:d"},{"value":"A","type":"Property"}],"inspected":{"type":"Property","value":1}}"#,
        );
        let other = json(
            r#"{"id":"urn:x","type":"T","name":{"type":"Property","value":"B"},"lit":{"type":"Property","value":true}}"#,
        );
        assert_eq!(print(&a, &table), print(&same, &table));
        assert_ne!(print(&a, &table), print(&other, &table));
        assert!(has_foreign(&same, &table) && !has_foreign(&a, &table));
        let (changed, gone) = difference(&same, &other, &table);
        assert_eq!(changed.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["name", "lit"]);
        assert_eq!(gone, ["width"]);
        assert_eq!(difference(&a, &same, &table), (vec![], vec![]));
    }
}
