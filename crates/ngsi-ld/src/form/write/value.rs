//! The values of the eight kinds, and what stands for a deleted one. Holds no member around them.

use super::{Writer, write_list};
use crate::entity::{Objects, Terms};
use crate::form::NULL;
use crate::geojson::write_geometry;
use crate::json::write_str;
use crate::lent::ValueSource;
use crate::{AttributeKind, Json, Value};
use compact_str::CompactString;

impl Writer<'_> {
    /// The value alone.
    pub(super) fn value<'a, V: ValueSource<'a>>(&mut self, value: V) -> Result<(), V::Fault> {
        if !value.write_json(self.out)? {
            self.made(&*value.get()?, false);
        }
        Ok(())
    }

    /// The value, and the types of a relationship's targets. `full` writes the targets of a ListRelationship as objects
    /// (clause 4.5.22.2), else as URIs.
    pub(super) fn lossless<'a, V: ValueSource<'a>>(&mut self, value: V, full: bool) -> Result<(), V::Fault> {
        if value.write_json(self.out)? {
            return Ok(());
        }
        let value = value.get()?;
        self.made(&value, full);
        if let Value::Relationship { object_types, .. } | Value::ListRelationship { object_types, .. } = &*value
            && !object_types.is_empty()
        {
            self.out.extend_from_slice(b",\"objectType\":");
            self.terms(object_types);
        }
        Ok(())
    }

    fn made(&mut self, value: &Value, full: bool) {
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
    pub(super) fn simplified<'a, V: ValueSource<'a>>(&mut self, value: V) -> Result<(), V::Fault> {
        let kind = value.kind();
        if self.view.languages.is_some() && kind == AttributeKind::LanguageProperty {
            return self.in_language(value, false);
        }
        let wrapped = matches!(
            kind,
            AttributeKind::LanguageProperty | AttributeKind::VocabProperty | AttributeKind::JsonProperty
        );
        if wrapped {
            self.out.extend_from_slice(b"{\"");
            self.out.extend_from_slice(kind.value_member().as_bytes());
            self.out.extend_from_slice(b"\":");
        }
        self.value(value)?;
        if wrapped {
            self.out.push(b'}');
        }
        Ok(())
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

    /// The text of a LanguageProperty in the language that the client likes best, and its tag as the member `lang`
    /// (clause 4.15).
    pub(super) fn in_language<'a, V: ValueSource<'a>>(&mut self, value: V, with_tag: bool) -> Result<(), V::Fault> {
        let value = value.get()?;
        let Value::Language(map) = &*value else { return Ok(()) };
        let Some((tag, text)) = self.view.languages.as_ref().and_then(|wanted| wanted.choose(map)) else {
            self.language_map(map);
            return Ok(());
        };
        text.write(self.out);
        if with_tag {
            self.out.extend_from_slice(b",\"lang\":");
            write_str(tag, self.out);
        }
        Ok(())
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
