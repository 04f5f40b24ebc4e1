//! The checks that read the manifests of our own crates.

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::{Tree, Verdict};

/// The manifests of the workspace's crates with their paths. A manifest that is a workspace of its own (fuzz targets,
/// engines that are only compared with) is none of them.
fn manifests(tree: &Tree) -> Result<Vec<(&str, Table)>> {
    let mut ours = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with("/Cargo.toml")) {
        let manifest: Table = file.text.parse().with_context(|| file.path.clone())?;
        if !manifest.contains_key("workspace") {
            ours.push((file.path.as_str(), manifest));
        }
    }
    Ok(ours)
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
                // The generated list of applications names their folders.
                let is_app =
                    path == "crates/apps/Cargo.toml" && value.get("path").is_some() && value.get("version").is_none();
                if !is_app && value.get("workspace").and_then(Value::as_bool) != Some(true) {
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
            found
                .push(format!("{path}: feature {name}: only belfry has features, and these: postgres, nats, embed-ui"));
        }
    }
    Ok(Verdict::of(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::File;

    const GOOD: &str = "[package]\nversion.workspace = true\nedition.workspace = true\nrust-version.workspace = true\n\
        license.workspace = true\npublish.workspace = true\n[lints]\nworkspace = true\n";

    fn findings(rule: fn(&Tree) -> Result<Verdict>, path: &str, text: &str) -> usize {
        let files = vec![File { path: path.to_owned(), text: text.to_owned() }];
        let tree = Tree { files, rust: Vec::new(), metadata: serde_json::Value::Null };
        match rule(&tree).expect("a manifest") {
            Verdict::Broken(findings) => findings.len(),
            _ => 0,
        }
    }

    #[test]
    fn what_a_manifest_must_inherit() {
        let path = "crates/a/Cargo.toml";
        assert_eq!(findings(inherits, path, GOOD), 0);
        assert_eq!(findings(inherits, path, &GOOD.replace("[lints]\nworkspace = true", "")), 1);
        assert_eq!(findings(inherits, path, &GOOD.replace("license.workspace = true", "license = \"MIT\"")), 1);
        assert_eq!(
            findings(inherits, path, &format!("{GOOD}[dependencies]\nserde = \"1\"\nanyhow.workspace = true\n")),
            1
        );
        assert_eq!(findings(inherits, "fuzz/Cargo.toml", "[workspace]\n[dependencies]\nserde = \"1\"\n"), 0);
    }

    #[test]
    fn which_features_there_may_be() {
        let with = |features: &str| format!("{GOOD}[features]\n{features}\n");
        assert_eq!(findings(features, "crates/belfry/Cargo.toml", &with("embed-ui = []\nnats = []")), 0);
        assert_eq!(findings(features, "crates/belfry/Cargo.toml", &with("fast = []")), 1);
        assert_eq!(findings(features, "crates/ui/Cargo.toml", &with("embed = []")), 0);
        assert_eq!(findings(features, "crates/http/Cargo.toml", &with("embed = []")), 1);
    }
}
