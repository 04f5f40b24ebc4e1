//! The tree of keys, read from the schema: names, kinds, docs, defaults, ranges. Holds no values.

use serde_json::Value;

/// What every environment variable of the configuration begins with.
pub const ENV_PREFIX: &str = "BELFRY_";

/// The environment variable of a dotted key: `server.limits.max_batch` is `BELFRY_SERVER_LIMITS_MAX_BATCH`.
pub fn env_name(key: &str) -> String {
    format!("{ENV_PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// Every dotted key that can be set, in the order of the reference page.
pub fn key_names() -> Vec<String> {
    root().leaves().into_iter().map(|leaf| leaf.path.clone()).collect()
}

/// One key of the configuration.
#[derive(Debug)]
pub(crate) struct Key {
    /// Last part of the path.
    pub name: String,
    /// Dotted path from the root; keys inside a list of tables carry `[]` after the list's name.
    pub path: String,
    /// The manual: the doc comment of the field.
    pub doc: String,
    /// What a value must be.
    pub kind: Kind,
    /// Value when nothing sets it; null when it is absent then.
    pub default: Value,
    /// A value that shows the form, where the default cannot.
    pub example: Option<Value>,
    /// Whether a table that may hold the key must hold it.
    pub required: bool,
}

/// What a value must be.
#[derive(Debug)]
pub(crate) enum Kind {
    Table(Vec<Key>),
    /// A list, with what its items must be.
    List(Box<Key>),
    Text,
    /// A whole number within the range, both ends included.
    Integer {
        min: i64,
        max: i64,
    },
    Flag,
    /// One of some words, or a table of one key for those that carry a number.
    Choice {
        words: Vec<String>,
        tables: Vec<Key>,
    },
}

/// The tree of all keys.
pub(crate) fn root() -> Key {
    let schema = crate::document::inlined_schema();
    Key::from_schema("", "", &schema, true)
}

impl Key {
    fn from_schema(name: &str, path: &str, schema: &Value, required: bool) -> Self {
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
            doc: schema["description"].as_str().unwrap_or_default().to_owned(),
            kind: Kind::from_schema(path, schema),
            default: schema["default"].clone(),
            example: schema["examples"].get(0).cloned(),
            required,
        }
    }

    /// The keys directly below, for a table.
    pub fn children(&self) -> &[Self] {
        match &self.kind {
            Kind::Table(children) => children,
            _ => &[],
        }
    }

    /// The key directly below that has this name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children().iter().find(|child| child.name == name)
    }

    /// The key at a dotted path.
    pub fn find(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |key, name| key.child(name))
    }

    /// Every key below that holds a value and not a table; a list of tables counts as one.
    pub fn leaves(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Table(children) => children.iter().flat_map(Self::leaves).collect(),
            _ => vec![self],
        }
    }

    /// Whether the value may be left out altogether, meaning "none".
    pub fn is_optional(&self) -> bool {
        !self.required && self.default.is_null()
    }
}

impl Kind {
    fn from_schema(path: &str, schema: &Value) -> Self {
        if let Some(variants) = schema["oneOf"].as_array().or_else(|| schema["enum"].as_array()) {
            return Self::choice(path, variants);
        }
        match type_name(schema) {
            "object" => Self::Table(children(path, schema)),
            "array" => Self::List(Box::new(Key::from_schema("", &format!("{path}[]"), &schema["items"], true))),
            "integer" => Self::Integer {
                min: schema["minimum"].as_i64().unwrap_or(i64::MIN),
                max: schema["maximum"].as_i64().unwrap_or(i64::MAX),
            },
            "boolean" => Self::Flag,
            _ => Self::Text,
        }
    }

    fn choice(path: &str, variants: &[Value]) -> Self {
        let (mut words, mut tables) = (Vec::new(), Vec::new());
        for variant in variants {
            if let Some(word) = variant["const"].as_str().or_else(|| variant.as_str()) {
                words.push(word.to_owned());
            }
            words
                .extend(variant["enum"].as_array().into_iter().flatten().filter_map(|w| w.as_str().map(str::to_owned)));
            tables.extend(children(path, variant));
        }
        Self::Choice { words, tables }
    }

    /// The kind in words, for messages and the reference page.
    pub fn describe(&self) -> String {
        match self {
            Self::Table(_) => "a table".to_owned(),
            Self::List(item) if matches!(item.kind, Self::Table(_)) => "a list of tables".to_owned(),
            Self::List(_) => "a list of texts".to_owned(),
            Self::Text => "a text".to_owned(),
            Self::Integer { .. } => "a whole number".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Choice { words, tables } => {
                let words = words.iter().map(|word| format!("{word:?}"));
                let tables = tables.iter().map(|key| format!("{{ {} = … }}", key.name));
                words.chain(tables).collect::<Vec<_>>().join(" or ")
            }
        }
    }
}

/// The one type of a schema beside null.
fn type_name(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or_default(),
        other => other.as_str().unwrap_or_default(),
    }
}

fn children(path: &str, schema: &Value) -> Vec<Key> {
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, property)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            Key::from_schema(name, &path, property, required.iter().any(|r| r == name.as_str()))
        })
        .collect()
}

/// The name most like `wanted`, when one is like enough to be what was meant.
pub(crate) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_lowercase().replace('-', "_");
    names
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(&wanted, name), name))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_manual_and_a_default_or_is_optional() {
        fn visit(key: &Key) {
            assert!(!key.doc.is_empty() || key.path.is_empty() || key.path.ends_with("[]"), "{} has no doc", key.path);
            match &key.kind {
                Kind::Table(children) => children.iter().for_each(visit),
                Kind::List(item) => visit(item),
                _ if key.path.contains("[]") => {}
                _ => assert!(!key.default.is_null() || key.example.is_some(), "{} shows no value", key.path),
            }
        }
        visit(&root());
    }

    #[test]
    fn every_number_is_bounded_and_names_its_unit_or_counts() {
        for leaf in root().leaves() {
            if let Kind::Integer { min, max } = leaf.kind {
                assert!(min >= 0 && max < i64::MAX, "{} is not bounded", leaf.path);
                let default = leaf.default.as_i64().expect("an integer");
                assert!((min..=max).contains(&default), "the default of {} is out of its range", leaf.path);
            }
        }
    }

    #[test]
    fn environment_names_are_unique() {
        let mut names: Vec<_> = key_names().iter().map(|key| env_name(key)).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.contains(&"BELFRY_SERVER_LIMITS_MAX_BATCH".to_owned()));
    }

    #[test]
    fn the_nearest_name_is_like_it_or_none() {
        let names = ["listen", "public_url", "limits"];
        for (wanted, expected) in [
            ("lisen", Some("listen")),
            ("public-url", Some("public_url")),
            ("Limits", Some("limits")),
            ("colour", None),
        ] {
            assert_eq!(nearest(wanted, names), expected, "{wanted}");
        }
    }
}
