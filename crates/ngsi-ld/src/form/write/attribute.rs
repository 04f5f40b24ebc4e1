//! Attributes and sub-attributes in the normalized, concise and simplified forms. Holds no value syntax.

use super::{Representation, Writer};
use crate::json::write_str;
use crate::{Attribute, Json, Value};

impl Writer<'_> {
    /// Every attribute that the view shows, as members of the object that is open. `own` tells that they are the
    /// entity's own, to which selection and dataset filter apply.
    pub(super) fn attributes(&mut self, attributes: &[Attribute], own: bool) {
        let mut rest = attributes;
        while let Some(first) = rest.first() {
            let name = first.name;
            let run = rest.iter().position(|a| a.name != name).unwrap_or(rest.len());
            let (instances, after) = rest.split_at(run);
            rest = after;
            if let Some(member) = first.plain_member() {
                self.plain(member, &first.value);
                continue;
            }
            if own && !self.view.select.shows(name) {
                continue;
            }
            let shown = if own && self.view.datasets.is_some() {
                instances.iter().filter(|a| self.view.shows_dataset(a.dataset_id.as_ref())).count()
            } else {
                run
            };
            if shown == 0 {
                continue;
            }
            self.comma();
            write_str(self.context.compact(name), self.out);
            self.out.push(b':');
            self.run(instances, shown, own);
        }
    }

    fn run(&mut self, instances: &[Attribute], shown: usize, own: bool) {
        let simplified = self.view.representation == Representation::Simplified;
        if shown > 1 {
            self.out.extend_from_slice(if simplified { b"{\"dataset\":{" } else { b"[" });
        }
        let mut first = true;
        for instance in instances {
            if own && !self.view.shows_dataset(instance.dataset_id.as_ref()) {
                continue;
            }
            if !std::mem::take(&mut first) {
                self.out.push(b',');
            }
            if shown > 1 && simplified {
                write_str(instance.dataset_id.as_ref().map_or("@none", |id| id.as_str()), self.out);
                self.out.push(b':');
            }
            match self.view.representation {
                Representation::Normalized => self.normalized(instance),
                Representation::Concise => self.concise(instance, shown == 1),
                Representation::Simplified => self.simplified(&instance.value),
            }
        }
        if shown > 1 {
            self.out.extend_from_slice(if simplified { b"}}" } else { b"]" });
        }
    }

    fn normalized(&mut self, attribute: &Attribute) {
        self.open_normalized(&attribute.value);
        self.members(attribute);
        self.out.push(b'}');
    }

    /// `{"type":…,` and the value member.
    pub(super) fn open_normalized(&mut self, value: &Value) {
        if self.view.languages.is_some()
            && let Value::Language(map) = value
        {
            self.out.extend_from_slice(b"{\"type\":\"Property\",\"value\":");
            self.in_language(map, true);
            return;
        }
        self.out.extend_from_slice(match value {
            Value::Property(_) => b"{\"type\":\"Property\",\"value\":",
            Value::Geo(_) => b"{\"type\":\"GeoProperty\",\"value\":",
            Value::Relationship { .. } => b"{\"type\":\"Relationship\",\"object\":",
            Value::Language(_) => b"{\"type\":\"LanguageProperty\",\"languageMap\":",
            Value::Vocab(_) => b"{\"type\":\"VocabProperty\",\"vocab\":",
            Value::Json(_) => b"{\"type\":\"JsonProperty\",\"json\":",
            Value::List(_) => b"{\"type\":\"ListProperty\",\"valueList\":",
            Value::ListRelationship { .. } => b"{\"type\":\"ListRelationship\",\"objectList\":".as_slice(),
        });
        self.value(value, true);
    }

    /// `only` tells that it is the only instance: among several, a bare value would not be read as one.
    fn concise(&mut self, attribute: &Attribute, only: bool) {
        let value = &attribute.value;
        let alone = only
            && attribute.dataset_id.is_none()
            && attribute.observed_at.is_none()
            && attribute.unit_code.is_none()
            && attribute.sub.is_empty()
            && !self.view.sys_attrs;
        if self.view.languages.is_some()
            && let Value::Language(map) = value
        {
            self.out.extend_from_slice(b"{\"value\":");
            self.in_language(map, true);
        } else {
            match value {
                Value::Geo(_) if alone => return self.value(value, false),
                Value::Property(json) if alone && stands_alone(json) => return self.value(value, false),
                Value::Property(json) if looks_like_geometry(json) => {
                    self.out.extend_from_slice(b"{\"type\":\"Property\",\"value\":");
                }
                _ => {
                    self.out.extend_from_slice(b"{\"");
                    self.out.extend_from_slice(value.kind().value_member().as_bytes());
                    self.out.extend_from_slice(b"\":");
                }
            }
            self.value(value, false);
        }
        self.members(attribute);
        self.out.push(b'}');
    }

    /// What follows the value: the same in both lossless forms.
    pub(super) fn members(&mut self, attribute: &Attribute) {
        let object_types = match &attribute.value {
            Value::Relationship { object_types, .. } | Value::ListRelationship { object_types, .. } => {
                object_types.as_slice()
            }
            _ => &[],
        };
        if !object_types.is_empty() {
            self.out.extend_from_slice(b",\"objectType\":");
            self.terms(object_types);
        }
        if let Some(unit) = &attribute.unit_code {
            self.out.extend_from_slice(b",\"unitCode\":");
            write_str(unit, self.out);
        }
        if let Some(at) = attribute.observed_at {
            self.time(b"\"observedAt\":", at);
        }
        if let Some(id) = &attribute.dataset_id {
            self.out.extend_from_slice(b",\"datasetId\":");
            write_str(id.as_str(), self.out);
        }
        if self.view.sys_attrs {
            self.time(b"\"createdAt\":", attribute.created_at);
            self.time(b"\"modifiedAt\":", attribute.modified_at);
            if let Some(at) = attribute.expires_at {
                self.time(b"\"expiresAt\":", at);
            }
        }
        if !attribute.sub.is_empty() {
            self.attributes(&attribute.sub, false);
        }
    }

    fn plain(&mut self, member: &str, value: &Value) {
        if let Value::Property(json) = value {
            self.comma();
            write_str(member, self.out);
            self.out.push(b':');
            json.write(self.out);
        }
    }
}

/// Whether a Property's value is read back as the same value when it stands without an attribute around it.
fn stands_alone(json: &Json) -> bool {
    match json {
        Json::Object(members) => !members.iter().any(|(key, _)| {
            matches!(
                key.as_str(),
                "type"
                    | "@type"
                    | "value"
                    | "object"
                    | "languageMap"
                    | "vocab"
                    | "json"
                    | "valueList"
                    | "objectList"
                    | "observedAt"
                    | "unitCode"
                    | "datasetId"
                    | "expiresAt"
                    | "valueType"
                    | "objectType"
                    | "dataset"
            )
        }),
        Json::Array(items) => !items.iter().any(|item| matches!(item, Json::Object(_))),
        _ => true,
    }
}

fn looks_like_geometry(json: &Json) -> bool {
    matches!(json, Json::Object(_)) && json.get("coordinates").is_some()
}
