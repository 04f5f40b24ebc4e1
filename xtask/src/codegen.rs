//! The generated files: what they hold is made by the crates that own it, here only written and compared.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use crate::workspace::root;

/// Options of `codegen`.
#[derive(Args)]
pub struct Options {}

/// A generated file.
pub struct Generated {
    /// Path from the root.
    pub path: &'static str,
    /// What it must hold.
    pub text: String,
}

/// Every generated file, made in memory.
pub fn generated() -> Vec<Generated> {
    use belfry_config::document;
    let apps = applications();
    vec![
        Generated { path: "crates/apps/Cargo.toml", text: apps_manifest(&apps) },
        Generated { path: "crates/apps/src/lib.rs", text: apps_list(&apps) },
        Generated { path: "docs/ref/config.schema.json", text: document::schema_json() },
        Generated { path: "docs/ref/belfry.example.toml", text: document::example_toml() },
        Generated { path: "docs/ref/config.md", text: document::reference_markdown() },
    ]
}

/// The generated files that do not hold what they must.
pub fn stale() -> Vec<&'static str> {
    let fresh = |file: &Generated| std::fs::read_to_string(full_path(file)).is_ok_and(|text| text == file.text);
    generated().into_iter().filter(|file| !fresh(file)).map(|file| file.path).collect()
}

/// Writes those that are stale.
pub fn run(_: &Options) -> Result<()> {
    let stale = stale();
    for file in generated().into_iter().filter(|file| stale.contains(&file.path)) {
        let path = full_path(&file);
        let directory = path.parent().context("a generated file lies in a directory")?;
        std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        std::fs::write(&path, file.text).with_context(|| path.display().to_string())?;
        println!("wrote {}", file.path);
    }
    println!("{} generated files, {} were stale", generated().len(), stale.len());
    Ok(())
}

/// The folders under `apps/` that hold an application, sorted.
fn applications() -> Vec<String> {
    let entries = std::fs::read_dir(root().join("apps")).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.path().join("app.toml").is_file());
    let mut names: Vec<String> = named.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

fn apps_manifest(apps: &[String]) -> String {
    let inherited = ["version", "edition", "rust-version", "license", "publish"];
    let inherited: String = inherited.iter().map(|key| format!("{key}.workspace = true\n")).collect();
    let path = |name: &String| format!("belfry-app-{name} = {{ path = \"../../apps/{name}\" }}\n");
    let paths: String = apps.iter().map(path).collect();
    format!(
        "# Generated from the folders under `apps/` by `cargo xtask codegen`.\n[package]\nname = \"belfry-apps\"\n{inherited}\n\
         [lints]\nworkspace = true\n\n[dependencies]\n{paths}belfry-kit.workspace = true\n"
    )
}

fn apps_list(apps: &[String]) -> String {
    let call = |name: &String| format!("        belfry_app_{}::app(),\n", name.replace('-', "_"));
    let calls: String = apps.iter().map(call).collect();
    format!(
        "//! Every application of the product, by name. Generated from the folders under `apps/` by `cargo xtask codegen`.\n\
         #![forbid(unsafe_code)]\n\nuse belfry_kit::Hosted;\n\n/// The applications.\n#[rustfmt::skip]\n\
         pub fn all() -> Vec<Hosted> {{\n    vec![\n{calls}    ]\n}}\n"
    )
}

fn full_path(file: &Generated) -> PathBuf {
    root().join(file.path)
}
