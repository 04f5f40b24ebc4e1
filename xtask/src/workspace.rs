//! Where things are: the root, the source files, what cargo knows of the packages. Holds no rules.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process;

/// The workspace's root directory.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// What `cargo metadata` says for the machine that this runs on.
pub fn metadata() -> Result<Value> {
    let version = process::capture(process::command("rustc", ["-vV"], &root()).env_remove("RUSTC_WRAPPER"))?;
    let host = version.stdout.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let arguments = ["metadata", "--format-version", "1", "--filter-platform", host];
    let told = process::capture(&mut process::cargo(arguments))?;
    if !told.success {
        bail!("cargo metadata failed: {}", told.stderr.trim());
    }
    Ok(serde_json::from_str(&told.stdout)?)
}

/// Where cargo puts what it builds.
pub fn target_directory() -> Result<PathBuf> {
    let told = process::capture(&mut process::cargo(["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: Value = serde_json::from_str(&told.stdout).with_context(|| told.stderr.trim().to_owned())?;
    let directory = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    Ok(PathBuf::from(directory))
}

/// A text file of the tree.
pub struct File {
    /// Path from the root, with `/`.
    pub path: String,
    /// Its text as it stands.
    pub text: String,
}

/// Directories that hold no source of ours.
const NOT_OURS: [&str; 8] =
    ["node_modules", "target", "dist", ".git", "corpus", "artifacts", ".svelte-kit", "test-results"];

/// Every file of ours whose name ends with one of these, sorted by path.
pub fn files(endings: &[&str]) -> Result<Vec<File>> {
    let root = root();
    let mut found = Vec::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).with_context(|| directory.display().to_string())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type()?;
            if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) && !name.starts_with('.') {
                directories.push(entry.path());
            } else if kind.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
                let path = entry.path();
                let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
                let path = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                found.push(File { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}
