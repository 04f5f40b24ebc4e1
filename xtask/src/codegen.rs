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
    vec![
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

fn full_path(file: &Generated) -> PathBuf {
    root().join(file.path)
}
