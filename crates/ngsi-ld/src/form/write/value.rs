//! The values of the eight kinds, and what stands for a deleted one. Holds no member around them.

use super::{Writer, write_list};
use crate::entity::{Objects, Terms};
use crate::form::NULL;
use crate::geojson::write_geometry;
use crate::json::write_str;
use crate::{AttributeKind, Json, Value};
use compact_str::CompactString;

impl Writer<'_> {
    /// The value alone. `full` writes the targets of a ListRelationship as objects (clause 4.5.22.2), else as URIs.
    pub(super) fn value(&mut self, value: &Value, full: bool) {
        match value {
            Value::Property(json) | Value::Json(json) => json.write(self.out),
            Value::Geo(geometry) => write_geometry(geometry, self.out),
            Value::Relationship { objects: Objects::One(one), .. } => write_str(one.as_str(), self.out),
            Value::Relationship { objects: Objects::Many(many), .. } => {
                write_list(self.out, many.iter(), |out, id| write_str(id.as_str(), out));
            }
            Value::Language(map) => self.language_map(map),
            Value::Vocab(Terms::One(one)) => write_str(self.context.compact(*one), self.out),
            Value::Vocab(Terms::Many(many)) => {
                let context = self.context;
                write_list(self.out, many.iter(), |out, name| write_str(context.compact(*name), out));
            }
            Value::List(items) => write_list(self.out, items.iter(), |out, item| item.write(out)),
            Value::ListRelationship { objects, .. } => write_list(self.out, objects.iter(), |out, id| {
                if full {
                    out.extend_from_slice(b"{\"object\":");
                }
                write_str(id.as_str(), out);
                if full {
                    out.push(b'}');
                }
            }),
        }
    }

    /// The simplified form (clause 4.5.4): three kinds keep their member so that they can be told apart.
    pub(super) fn simplified(&mut self, value: &Value) {
        if self.view.languages.is_some()
            && let Value::Language(map) = value
        {
            return self.in_language(map, false);
        }
        let wrapped = matches!(value, Value::Language(_) | Value::Vocab(_) | Value::Json(_));
        if wrapped {
            self.out.extend_from_slice(b"{\"");
            self.out.extend_from_slice(value.kind().value_member().as_bytes());
            self.out.extend_from_slice(b"\":");
        }
        self.value(value, false);
        if wrapped {
            self.out.push(b'}');
        }
    }

    fn language_map(&mut self, map: &[(CompactString, Json)]) {
        self.out.push(b'{');
        for (tag, text) in map {
            self.comma();
            write_str(tag, self.out);
            self.out.push(b':');
            text.write(self.out);
        }
        self.out.push(b'}');
    }

    /// The text in the language that the client likes best, and its tag as the member `lang` (clause 4.15).
    pub(super) fn in_language(&mut self, map: &[(CompactString, Json)], with_tag: bool) {
        let Some((tag, text)) = self.view.languages.as_ref().and_then(|wanted| wanted.choose(map)) else {
            return self.language_map(map);
        };
        text.write(self.out);
        if with_tag {
            self.out.extend_from_slice(b",\"lang\":");
            write_str(tag, self.out);
        }
    }

    /// What stands for the value of a deleted attribute (clauses 4.5.0, 4.5.7).
    pub(super) fn deleted(&mut self, kind: AttributeKind) {
        let around: (&[u8], &[u8]) = match kind {
            AttributeKind::LanguageProperty => (b"{\"@none\":", b"}"),
            AttributeKind::ListProperty => (b"[", b"]"),
            AttributeKind::ListRelationship => (b"[{\"object\":", b"}]"),
            _ => (b"", b""),
        };
        self.out.extend_from_slice(around.0);
        write_str(NULL, self.out);
        self.out.extend_from_slice(around.1);
    }
}
