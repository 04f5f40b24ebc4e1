//! Texts with placeholders: `urn:ngsi-ld:SoilSensor:{sensor}`. Holds the compiled form and how it is filled in.

use crate::error::PayloadError;
use crate::json;
use crate::path::Path;
use crate::reading::Value;
use crate::topic::Filter;
use compact_str::CompactString;

/// A compiled template.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(CompactString),
    Level(CompactString, u8),
    Named(CompactString),
    At(Path),
}

/// Where placeholders find their values.
pub(crate) struct Scope<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The device, once it is known.
    pub device: &'a str,
    /// The attribute or record that the format names, once it is known.
    pub name: &'a str,
    /// The decoded payload and the message around it, when they are JSON.
    pub document: Option<(&'a sonic_rs::Value, &'a sonic_rs::Value)>,
}

impl Template {
    /// Compiles: `{x}` is a capture of the topic, `{topic}`, `{device}`, `{name}`, or a path `{$.a}`; `{{` is a brace. The
    /// error is a sentence.
    pub fn parse(text: &str, filter: &Filter) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        let mut plain = String::new();
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            if rest[at..].starts_with("{{") || rest[at..].starts_with("}}") {
                plain.push_str(&rest[at..=at]);
                rest = &rest[at + 2..];
                continue;
            }
            let inner = rest[at..].strip_prefix('{').and_then(|r| r.split_once('}'));
            let Some((name, tail)) = inner else {
                return Err(format!("{text:?} has a brace without its partner"));
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain).into()));
            }
            parts.push(if name.starts_with('$') {
                Part::At(Path::parse(name).map_err(|e| e.to_string())?)
            } else if let Some(level) = filter.capture(name) {
                Part::Level(name.into(), level)
            } else if matches!(name, "topic" | "device" | "name") {
                Part::Named(name.into())
            } else {
                return Err(format!("the topic has no level {{{name}}}; other placeholders are {{topic}}, {{device}}, {{name}} and paths such as {{$.id}}"));
            });
            rest = tail;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain.into()));
        }
        if parts.is_empty() {
            return Err("the text is empty".to_owned());
        }
        Ok(Self { parts })
    }

    /// The text, when there is no placeholder in it.
    pub fn constant(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text(t)] => Some(t),
            _ => None,
        }
    }

    /// Fills in the placeholders and appends to `into`; what may not stand in an IRI is percent-encoded when `iri` is set.
    pub fn fill(&self, scope: &Scope<'_>, iri: bool, into: &mut CompactString) -> Result<(), PayloadError> {
        for part in &self.parts {
            match part {
                Part::Text(t) => into.push_str(t),
                Part::Level(name, level) => {
                    let text = scope.topic.split('/').nth(usize::from(*level)).filter(|l| !l.is_empty());
                    put(into, text.ok_or_else(|| PayloadError::NoValue(name.clone()))?, iri);
                }
                Part::Named(name) => {
                    let text = match name.as_str() {
                        "topic" => scope.topic,
                        "device" => scope.device,
                        _ => scope.name,
                    };
                    if text.is_empty() {
                        return Err(PayloadError::NoValue(name.clone()));
                    }
                    put(into, text, iri);
                }
                Part::At(path) => {
                    let found = scope.document.and_then(|(payload, message)| path.find(payload, message));
                    match found.and_then(json::value) {
                        Some(Value::Text(t)) if !t.is_empty() => put(into, &t, iri),
                        Some(Value::Number(n)) => put(into, &n.to_string(), iri),
                        Some(Value::Bool(b)) => put(into, if b { "true" } else { "false" }, iri),
                        _ => return Err(PayloadError::NoValue(path.to_string().into())),
                    }
                }
            }
        }
        Ok(())
    }
}

fn put(into: &mut CompactString, text: &str, iri: bool) {
    let bad = |b: u8| {
        b <= b' ' || b == 0x7f || matches!(b, b'<' | b'>' | b'"' | b'{' | b'}' | b'|' | b'\\' | b'^' | b'`' | b'%')
    };
    if !iri || !text.bytes().any(bad) {
        into.push_str(text);
        return;
    }
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for c in text.chars() {
        if c.is_ascii() && bad(c as u8) {
            into.push('%');
            into.push(char::from(HEX[usize::from(c as u8 >> 4)]));
            into.push(char::from(HEX[usize::from(c as u8 & 15)]));
        } else {
            into.push(c);
        }
    }
}

/// An attribute name out of whatever a device calls it: letters, digits, `_` and `-`, a letter first; an absolute IRI stays.
pub(crate) fn attribute_name(text: &str) -> CompactString {
    if text.contains("://") && belfry_kernel::Iri::check(text).is_ok() {
        return text.into();
    }
    let mut name = CompactString::with_capacity(text.len());
    for c in text.chars().take(256) {
        let fits = c.is_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() && !c.is_alphabetic() {
            name.push('x');
        }
        name.push(if fits { c } else { '_' });
    }
    if name.is_empty() { "value".into() } else { name }
}
