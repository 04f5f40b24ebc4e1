//! Attributes and sub-attributes in the normalized, concise and simplified forms. Holds no value syntax.

use super::{Representation, Writer};
use crate::form::plain_member;
use crate::json::write_str;
use crate::lent::{AttributeRef, Source, ValueSource};
use crate::{AttributeKind, Json, Name, Value};
use smallvec::{SmallVec, smallvec};

impl Writer<'_> {
    /// Every attribute that the view shows, as members of the object that is open. `own` tells that they are the
    /// entity's own, to which selection and dataset filter apply.
    pub(super) fn attributes<'a, S: Source<'a>>(&mut self, attributes: S, own: bool) -> Result<(), S::Fault> {
        let mut all = attributes.attributes();
        let mut next = all.next().transpose()?;
        while let Some(first) = next {
            let name = first.name;
            if let Some(member) = plain_member(name) {
                self.plain(member, first.value)?;
                next = after(&mut all, name)?;
                continue;
            }
            if own && !self.view.select.shows(name) {
                next = after(&mut all, name)?;
                continue;
            }
            let shown = |a: &AttributeRef<'a, S>| !own || self.view.shows_dataset(a.dataset_id);
            let mut run: SmallVec<[AttributeRef<'a, S>; 1]> =
                if shown(&first) { smallvec![first] } else { smallvec![] };
            next = loop {
                match all.next().transpose()? {
                    Some(instance) if instance.name == name => {
                        if shown(&instance) {
                            run.push(instance);
                        }
                    }
                    other => break other,
                }
            };
            if run.is_empty() {
                continue;
            }
            self.comma();
            write_str(self.context.compact(name), self.out);
            self.out.push(b':');
            self.run(&run)?;
        }
        Ok(())
    }

    /// The instances of one attribute.
    fn run<'a, S: Source<'a>>(&mut self, run: &[AttributeRef<'a, S>]) -> Result<(), S::Fault> {
        let simplified = self.view.representation == Representation::Simplified;
        let several = run.len() > 1;
        if several {
            self.out.extend_from_slice(if simplified { b"{\"dataset\":{" } else { b"[" });
        }
        for (at, instance) in run.iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            if several && simplified {
                write_str(instance.dataset_id.unwrap_or("@none"), self.out);
                self.out.push(b':');
            }
            match self.view.representation {
                Representation::Normalized => self.normalized(instance)?,
                Representation::Concise => self.concise(instance, !several)?,
                Representation::Simplified => self.simplified(instance.value)?,
            }
        }
        if several {
            self.out.extend_from_slice(if simplified { b"}}" } else { b"]" });
        }
        Ok(())
    }

    fn normalized<'a, S: Source<'a>>(&mut self, attribute: &AttributeRef<'a, S>) -> Result<(), S::Fault> {
        self.open_normalized(attribute.value)?;
        self.members(attribute)?;
        self.out.push(b'}');
        Ok(())
    }

    /// `{"type":…,` and the value member, and for relationships the types of their targets.
    pub(super) fn open_normalized<'a, V: ValueSource<'a>>(&mut self, value: V) -> Result<(), V::Fault> {
        let kind = value.kind();
        if self.view.languages.is_some() && kind == AttributeKind::LanguageProperty {
            self.out.extend_from_slice(b"{\"type\":\"Property\",\"value\":");
            return self.in_language(value, true);
        }
        self.out.extend_from_slice(match kind {
            AttributeKind::Property => b"{\"type\":\"Property\",\"value\":",
            AttributeKind::GeoProperty => b"{\"type\":\"GeoProperty\",\"value\":",
            AttributeKind::Relationship => b"{\"type\":\"Relationship\",\"object\":",
            AttributeKind::LanguageProperty => b"{\"type\":\"LanguageProperty\",\"languageMap\":",
            AttributeKind::VocabProperty => b"{\"type\":\"VocabProperty\",\"vocab\":",
            AttributeKind::JsonProperty => b"{\"type\":\"JsonProperty\",\"json\":",
            AttributeKind::ListProperty => b"{\"type\":\"ListProperty\",\"valueList\":",
            AttributeKind::ListRelationship => b"{\"type\":\"ListRelationship\",\"objectList\":".as_slice(),
        });
        self.lossless(value, true)
    }

    /// `only` tells that it is the only instance: among several, a bare value would not be read as one.
    fn concise<'a, S: Source<'a>>(&mut self, attribute: &AttributeRef<'a, S>, only: bool) -> Result<(), S::Fault> {
        let value = attribute.value;
        let kind = value.kind();
        let alone = only
            && attribute.dataset_id.is_none()
            && attribute.observed_at.is_none()
            && attribute.unit_code.is_none()
            && attribute.sub.is_none()
            && !self.view.sys_attrs;
        if self.view.languages.is_some() && kind == AttributeKind::LanguageProperty {
            self.out.extend_from_slice(b"{\"value\":");
            self.in_language(value, true)?;
        } else {
            match kind {
                AttributeKind::GeoProperty if alone => return self.value(value),
                AttributeKind::Property => match &*value.get()? {
                    Value::Property(json) if alone && stands_alone(json) => {
                        json.write(self.out);
                        return Ok(());
                    }
                    Value::Property(json) if looks_like_geometry(json) => {
                        self.out.extend_from_slice(b"{\"type\":\"Property\",\"value\":");
                    }
                    _ => self.out.extend_from_slice(b"{\"value\":"),
                },
                _ => {
                    self.out.extend_from_slice(b"{\"");
                    self.out.extend_from_slice(kind.value_member().as_bytes());
                    self.out.extend_from_slice(b"\":");
                }
            }
            self.lossless(value, false)?;
        }
        self.members(attribute)?;
        self.out.push(b'}');
        Ok(())
    }

    /// What follows the value: the same in both lossless forms.
    pub(super) fn members<'a, S: Source<'a>>(&mut self, attribute: &AttributeRef<'a, S>) -> Result<(), S::Fault> {
        if let Some(unit) = attribute.unit_code {
            self.out.extend_from_slice(b",\"unitCode\":");
            write_str(unit, self.out);
        }
        if let Some(at) = attribute.observed_at {
            self.time(b"\"observedAt\":", at);
        }
        if let Some(id) = attribute.dataset_id {
            self.out.extend_from_slice(b",\"datasetId\":");
            write_str(id, self.out);
        }
        if self.view.sys_attrs {
            self.time(b"\"createdAt\":", attribute.created_at);
            self.time(b"\"modifiedAt\":", attribute.modified_at);
            if let Some(at) = attribute.expires_at {
                self.time(b"\"expiresAt\":", at);
            }
        }
        match attribute.sub {
            Some(sub) => self.attributes(sub, false),
            None => Ok(()),
        }
    }

    fn plain<'a, V: ValueSource<'a>>(&mut self, member: &str, value: V) -> Result<(), V::Fault> {
        if value.kind() == AttributeKind::Property {
            self.comma();
            write_str(member, self.out);
            self.out.push(b':');
            value.write_json(self.out)?;
        }
        Ok(())
    }
}

/// The first attribute of another name.
fn after<'a, S: Source<'a>>(
    all: &mut impl Iterator<Item = Result<AttributeRef<'a, S>, S::Fault>>,
    name: Name,
) -> Result<Option<AttributeRef<'a, S>>, S::Fault> {
    all.find(|next| next.as_ref().map_or(true, |a| a.name != name)).transpose()
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
