//! The mapping file as it is written: typed, unknown keys refused with line and suggestion. Holds no compiled form.

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

/// Why a mapping file was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct MappingError {
    /// The line, from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// What is wrong, and what was probably meant.
    pub why: String,
}

impl MappingError {
    pub(crate) fn new(text: &str, at: Option<usize>, why: impl Into<String>) -> Self {
        let line = at.map_or(0, |at| text.as_bytes()[..at.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1);
        Self { line, why: why.into() }
    }
}

/// The whole file.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(default)]
    pub rule: Vec<Spanned<RuleText>>,
    #[serde(default)]
    pub test: Vec<Test>,
}

/// `[[rule]]`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleText {
    pub name: Option<String>,
    pub topic: Spanned<String>,
    pub format: Spanned<String>,
    pub device: Option<Spanned<String>>,
    pub entity: Option<Spanned<String>>,
    #[serde(rename = "type")]
    pub types: Option<Spanned<OneOrMany>>,
    pub observed_at: Option<Spanned<String>>,
    pub each: Option<Spanned<String>>,
    pub status: Option<Spanned<String>>,
    pub attributes: Option<BTreeMap<Spanned<String>, Spanned<AttributeText>>>,
}

/// One text or several.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// An attribute: a path alone, or a table.
#[derive(Debug, Default, Clone)]
pub(crate) struct AttributeText {
    pub path: Option<Spanned<String>>,
    pub lat: Option<Spanned<String>>,
    pub lon: Option<Spanned<String>>,
    pub unit: Option<String>,
    pub kind: Option<Spanned<String>>,
    pub scale: Option<f64>,
    pub offset: Option<f64>,
    pub required: bool,
    pub map: BTreeMap<String, toml::Value>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct AttributeTable {
    path: Option<Spanned<String>>,
    lat: Option<Spanned<String>>,
    lon: Option<Spanned<String>>,
    unit: Option<String>,
    kind: Option<Spanned<String>>,
    scale: Option<f64>,
    offset: Option<f64>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    map: BTreeMap<String, toml::Value>,
}

impl<'de> Deserialize<'de> for AttributeText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct TextOrTable;
        impl<'de> Visitor<'de> for TextOrTable {
            type Value = AttributeText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path such as \"$.temperature\" or a table such as { path = \"$.t\", unit = \"CEL\" }")
            }

            fn visit_str<E: de::Error>(self, path: &str) -> Result<AttributeText, E> {
                // The span of the attribute as a whole is kept around this value; the path needs none of its own.
                Ok(AttributeText { path: Some(Spanned::new(0..0, path.to_owned())), ..AttributeText::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AttributeText, A::Error> {
                let t = AttributeTable::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let AttributeTable { path, lat, lon, unit, kind, scale, offset, required, map } = t;
                Ok(AttributeText { path, lat, lon, unit, kind, scale, offset, required, map })
            }
        }
        from.deserialize_any(TextOrTable)
    }
}

/// `[[test]]`: a message and the readings that it must give.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Test {
    pub name: Option<String>,
    pub topic: String,
    pub payload: Option<String>,
    pub payload_hex: Option<String>,
    /// The instant of arrival.
    pub now: Option<String>,
    /// Messages that come first (births, discovery).
    #[serde(default)]
    pub before: Vec<Before>,
    pub expect: Option<Vec<Expected>>,
    /// A part of the error's sentence.
    pub error: Option<String>,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Before {
    pub topic: String,
    pub payload: Option<String>,
    pub payload_hex: Option<String>,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub attribute: String,
    pub value: toml::Value,
    pub unit: Option<String>,
    pub entity: Option<String>,
    pub device: Option<String>,
    pub observed_at: Option<String>,
}

pub(crate) fn parse(text: &str) -> Result<File, MappingError> {
    toml::from_str(text).map_err(|e| {
        let why = e.message();
        MappingError::new(text, e.span().map(|s| s.start), suggest(why).unwrap_or_else(|| why.trim().to_owned()))
    })
}

/// Serde's sentence about an unknown field, with the nearest of the fields that it lists.
fn suggest(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field `")?;
    let (unknown, expected) = rest.split_once('`')?;
    let known = expected.split('`').skip(1).step_by(2);
    let near = known.map(|k| (strsim::jaro_winkler(unknown, k), k)).max_by(|a, b| a.0.total_cmp(&b.0));
    Some(match near {
        Some((likeness, known)) if likeness > 0.7 => format!("unknown key {unknown:?}; did you mean {known:?}?"),
        _ => format!(
            "unknown key {unknown:?}; keys here are{}",
            expected.trim_start_matches(", expected").trim_start_matches(" one of")
        ),
    })
}
