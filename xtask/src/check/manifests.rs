//! The checks that read the manifests of our own crates.

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::{Tree, Verdict};

/// The manifests of the workspace's crates with their paths.
fn manifests(tree: &Tree) -> Result<Vec<(&str, Table)>> {
    let ours = tree
        .files
        .iter()
        .filter(|file| file.path.ends_with("/Cargo.toml") && !file.path.starts_with("fuzz/"));
    ours.map(|file| {
        Ok((
            file.path.as_str(),
            file.text.parse().with_context(|| file.path.clone())?,
        ))
    })
    .collect()
}

pub fn inherits(tree: &Tree) -> Result<Verdict> {
    let mut found = Vec::new();
    for (path, manifest) in manifests(tree)? {
        let inherited = |section: &str, key: Option<&str>| {
            let section = manifest.get(section);
            let value = key.map_or(section, |key| section.and_then(|section| section.get(key)));
            value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
        };
        if !inherited("lints", None) {
            found.push(format!("{path}: needs [lints] workspace = true"));
        }
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            if !inherited("package", Some(key)) {
                found.push(format!("{path}: needs {key}.workspace = true"));
            }
        }
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in manifest.get(section).and_then(Value::as_table).into_iter().flatten() {
                if value.get("workspace").and_then(Value::as_bool) != Some(true) {
                    found.push(format!(
                        "{path}: {name}: versions stand in the workspace's Cargo.toml; write {name}.workspace = true"
                    ));
                }
            }
        }
    }
    Ok(Verdict::of(found))
}

pub fn features(tree: &Tree) -> Result<Verdict> {
    let mut found = Vec::new();
    for (path, manifest) in manifests(tree)? {
        let features: Vec<_> = manifest
            .get("features")
            .and_then(Value::as_table)
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        let allowed: &[&str] = match path {
            "crates/belfry/Cargo.toml" => &["default", "postgres", "nats", "embed-ui"],
            "crates/ui/Cargo.toml" => &["default", "embed"],
            _ => &[],
        };
        for name in features.iter().filter(|name| !allowed.contains(name)) {
            found.push(format!(
                "{path}: feature {name}: only belfry has features, and these: postgres, nats, embed-ui"
            ));
        }
    }
    Ok(Verdict::of(found))
}
