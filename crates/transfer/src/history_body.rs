//! Bodies of temporal writes: entities at several instants, merged into one with arrays of instances (ETSI GS CIM 009
//! clause 4.5.6). Sends nothing.

use belfry_ngsi_ld::Json;
use compact_str::CompactString;
use std::collections::HashMap;

/// The history of one entity, put together from its states.
#[derive(Debug, Default)]
pub(crate) struct Evolution {
    head: Vec<(CompactString, Json)>,
    attributes: Vec<(CompactString, Vec<Json>)>,
    at: HashMap<CompactString, usize>,
    context: Option<Json>,
}

/// Whether a member of an entity is an attribute.
pub(crate) fn is_attribute(name: &str) -> bool {
    !matches!(
        name,
        "id" | "@id" | "type" | "@type" | "scope" | "@context" | "expiresAt" | "createdAt" | "modifiedAt" | "deletedAt"
    )
}

/// How many attribute instances an entity has, and the most of one attribute.
pub(crate) fn weight(entity: &Json) -> (usize, usize) {
    let Json::Object(members) = entity else { return (0, 0) };
    members.iter().filter(|(name, _)| is_attribute(name)).fold((0, 0), |(all, most), (_, value)| {
        let n = match value {
            Json::Array(instances) => instances.len(),
            _ => 1,
        };
        (all + n, most.max(n))
    })
}

impl Evolution {
    /// Adds the instances of an entity.
    pub(crate) fn add(&mut self, entity: &Json) {
        let Json::Object(members) = entity else { return };
        for (name, value) in members {
            match name.as_str() {
                "@context" => self.context = Some(value.clone()),
                name if !is_attribute(name) => {
                    if !self.head.iter().any(|(known, _)| known == name) {
                        self.head.push((name.into(), value.clone()));
                    }
                }
                _ => {
                    let at = *self.at.entry(name.clone()).or_insert_with(|| {
                        self.attributes.push((name.clone(), Vec::new()));
                        self.attributes.len() - 1
                    });
                    match value {
                        Json::Array(instances) => self.attributes[at].1.extend(instances.iter().cloned()),
                        one => self.attributes[at].1.push(one.clone()),
                    }
                }
            }
        }
    }

    /// The temporal entity.
    pub(crate) fn into_json(self) -> Json {
        let mut members = self.head;
        members.extend(self.attributes.into_iter().map(|(name, instances)| (name, Json::Array(instances))));
        members.extend(self.context.map(|context| ("@context".into(), context)));
        Json::Object(members)
    }
}
