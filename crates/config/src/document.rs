//! What is generated from the struct: the JSON schema, the commented example and the reference page. Writes no files.

mod example;
mod reference;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::model::Config;

pub use example::example_toml;
pub use reference::reference_markdown;

/// The JSON schema (draft 2020-12) of the configuration file, for editors.
pub fn schema_json() -> String {
    let mut schema = inlined_schema();
    if let Value::Object(root) = &mut schema {
        root.insert("title".to_owned(), "Belfry configuration".into());
        root.insert(
            "$comment".to_owned(),
            "Generated from crates/config by `cargo xtask codegen`; do not edit.".into(),
        );
    }
    format!("{schema:#}\n")
}

/// The schema with every part in its place and no references.
pub(crate) fn inlined_schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Config>().to_value()
}

/// A size in bytes as people say it, when it comes out even: 8388608 is `8 MiB`.
fn size_in_words(bytes: i64) -> Option<String> {
    let units = [(1_i64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let (unit, name) = units.into_iter().find(|(unit, _)| bytes >= *unit && bytes % unit == 0)?;
    Some(format!("{} {name}", bytes / unit))
}

/// A JSON value as TOML writes it; `None` for null, which TOML does not have.
fn toml_literal(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(toml::Value::String(text.clone()).to_string()),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(toml_literal).collect();
            Some(format!("[{}]", items.join(", ")))
        }
        Value::Object(fields) => {
            let fields: Vec<_> =
                fields.iter().filter_map(|(name, value)| Some(format!("{name} = {}", toml_literal(value)?))).collect();
            Some(format!("{{ {} }}", fields.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_example_is_the_default() {
        let config = Config::parse(&example_toml(), Path::new("example"), [], &[]).expect("a valid file");
        assert_eq!(config, Config::default());
    }

    #[test]
    fn the_example_with_every_comment_taken_off_is_valid_too() {
        let text: String =
            example_toml().lines().map(|line| format!("{}\n", line.strip_prefix("#: ").unwrap_or(line))).collect();
        let config =
            Config::parse(&text, Path::new("example"), [], &[]).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!((config.history.retention.len(), config.mqtt.brokers.len()), (1, 1));
        assert!(config.server.public_url.is_some());
    }

    #[test]
    fn every_key_is_in_every_document() {
        let (example, reference) = (example_toml(), reference_markdown());
        for leaf in crate::keys::root().leaves() {
            assert!(reference.contains(&format!("`{}`", leaf.path)), "{} is not in the reference", leaf.path);
            assert!(reference.contains(&crate::env_name(&leaf.path)), "{} has no variable in the reference", leaf.path);
            assert!(example.contains(leaf.name.as_str()), "{} is not in the example", leaf.path);
        }
    }

    #[test]
    fn the_schema_is_json_and_closed() {
        let schema: Value = serde_json::from_str(&schema_json()).expect("JSON");
        assert_eq!(schema["additionalProperties"], Value::Bool(false));
        assert_eq!(schema["properties"]["server"]["properties"]["limits"]["properties"]["max_batch"]["default"], 2000);
    }

    #[test]
    fn sizes_in_words() {
        for (bytes, words) in [(8_388_608, Some("8 MiB")), (16_384, Some("16 KiB")), (1500, None), (10, None)] {
            assert_eq!(size_in_words(bytes).as_deref(), words, "{bytes}");
        }
    }
}
