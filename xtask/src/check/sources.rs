//! The checks that read source text: purity, borders, style, vocabulary. Holds no knowledge of cargo.

use anyhow::Result;

use super::code::{Rust, is_test_file, lines_with};
use super::{Tree, Verdict};
use crate::workspace::File;

/// Directories of the pure crates: decisions only, the world is handed in. Those that do not exist yet are held to it
/// from their first line.
pub const PURE: [&str; 13] = [
    "crates/kernel/",
    "crates/ngsi-ld/",
    "crates/ports/",
    "crates/linkage/",
    "crates/response/",
    "crates/connect/payload/",
    "crates/roads/",
    "crates/tiles/",
    "crates/connect/gtfs/",
    "crates/transit/",
    "crates/kit/",
    "crates/connect/osm/",
    "crates/sim/",
];

/// What takes something from the world instead of being handed it.
const IMPURE: [&str; 15] = [
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "thread::spawn",
    "SystemTime",
    "Instant::now",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "stdin()",
    "getrandom",
    "thread_rng",
    "rand::rng",
];

pub fn pure(tree: &Tree) -> Result<Verdict> {
    let rust = tree.rust.iter().filter(|file| PURE.iter().any(|directory| file.path.starts_with(directory)));
    let mut found = name_hits(rust, &IMPURE, "hand it in: this crate is pure");
    let apps = tree.rust.iter().filter(|file| file.path.starts_with("apps/"));
    found.extend(name_hits(apps, &IMPURE, "an application acts through belfry_kit::Ctx alone"));
    Ok(Verdict::of(found))
}

pub fn wire_only(tree: &Tree) -> Result<Verdict> {
    // The payload formats are pure, and the lake writes files for whoever calls it: neither is an adapter of a port.
    const ADAPTERS: [&str; 3] = ["belfry_store_", "belfry_bus_", "belfry_connect_mqtt"];
    let inside = |path: &str| {
        path == "crates/belfry/src/wire.rs"
            || path.starts_with("crates/belfry/src/wire/")
            // The demo's town is a customer from outside, which speaks MQTT with the client of the connector.
            || path == "crates/belfry/src/town.rs"
            || ["crates/store-", "crates/bus-", "crates/connect/", "bench/", "xtask/"]
                .iter()
                .any(|own| path.starts_with(own))
    };
    let rust = tree.rust.iter().filter(|file| !inside(&file.path));
    Ok(Verdict::of(name_hits(rust, &ADAPTERS, "only crates/belfry/src/wire.rs names an adapter")))
}

pub fn no_json_value(tree: &Tree) -> Result<Verdict> {
    let domain =
        ["crates/kernel/", "crates/ngsi-ld/", "crates/ports/", "crates/linkage/", "crates/response/", "crates/kit/"];
    let rust = tree.rust.iter().filter(|file| domain.iter().any(|directory| file.path.starts_with(directory)));
    let forbidden = ["serde_json::Value", "serde_json::Map", "serde_json::json", "sonic_rs::Value"];
    Ok(Verdict::of(name_hits(rust, &forbidden, "parse into the domain's own types")))
}

pub fn status_codes(tree: &Tree) -> Result<Verdict> {
    const PROBLEM: &str = "crates/http/src/problem.rs";
    let product = tree.rust.iter().filter(|file| file.path.starts_with("crates/") || file.path.starts_with("apps/"));
    let mut found = name_hits(
        // A client of the API reads status codes, and the page's files have their own few; neither maps an error to one.
        product.filter(|file| {
            file.path != PROBLEM && !["crates/transfer/", "crates/ui/"].iter().any(|c| file.path.starts_with(c))
        }),
        &["StatusCode"],
        "only crates/http/src/problem.rs knows status codes",
    );
    match tree.rust.iter().find(|file| file.path == PROBLEM) {
        Some(problem) => {
            for (index, line) in problem.product.lines().enumerate() {
                let arm = line.trim_start();
                let arm = arm.strip_prefix('|').unwrap_or(arm).trim_start();
                if arm.starts_with("_ =>") || arm.starts_with("_ if ") || arm.contains("| _ ") {
                    found.push(format!(
                        "{PROBLEM}:{}: a `_` arm; name every kind, so that a new one is decided on",
                        index + 1
                    ));
                }
            }
        }
        None => found.push(format!("{PROBLEM} does not exist")),
    }
    Ok(Verdict::of(found))
}

pub fn no_allow(tree: &Tree) -> Result<Verdict> {
    let mut found = Vec::new();
    for file in &tree.rust {
        for (line, _) in lines_with(&file.code, &["#[allow(", "#![allow("]) {
            found.push(format!("{}:{line}: write #[expect(.., reason = \"..\")]", file.path));
        }
    }
    Ok(Verdict::of(found))
}

pub fn no_unwrap(tree: &Tree) -> Result<Verdict> {
    Ok(Verdict::of(name_hits(tree.rust.iter(), &[".unwrap()"], "return the error, or expect(\"why it cannot fail\")")))
}

pub fn no_leftovers(tree: &Tree) -> Result<Verdict> {
    let mut found = name_hits(tree.rust.iter(), &["todo!", "unimplemented!", "dbg!"], "finish it");
    // Spelled apart, so that this line is not a finding itself.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
    for file in tree.files.iter().filter(|file| file.path != "xtask/src/check.rs") {
        for (line, mark) in lines_with(&file.text, &marks) {
            found.push(format!("{}:{line}: {mark}; finish it or file an issue", file.path));
        }
    }
    Ok(Verdict::of(found))
}

pub fn module_docs(tree: &Tree) -> Result<Verdict> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with(".rs")) {
        let first =
            file.text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!")).unwrap_or_default();
        let words = first.strip_prefix("//!").map_or(0, |doc| doc.split_whitespace().count());
        if words < 3 {
            found.push(format!(
                "{}:1: the first line must be a `//!` that says what the file holds and what not",
                file.path
            ));
        }
    }
    Ok(Verdict::of(found))
}

/// Longest source file in lines.
const MAX_LINES: usize = 800;

pub fn file_length(tree: &Tree) -> Result<Verdict> {
    let ours = tree.files.iter().filter(|file| !file.path.ends_with(".toml") && !is_generated(file));
    let long = ours.map(|file| (file, file.text.lines().count())).filter(|(_, lines)| *lines > MAX_LINES);
    Ok(Verdict::of(
        long.map(|(file, lines)| format!("{}: {lines} lines; it holds two nouns, part them", file.path)).collect(),
    ))
}

fn is_generated(file: &File) -> bool {
    file.text
        .lines()
        .take(5)
        .any(|line| line.contains("Generated from ") || line.contains("@generated") || line.contains("auto-generated"))
}

pub fn file_names(tree: &Tree) -> Result<Verdict> {
    const VAGUE: [&str; 7] = ["util", "utils", "common", "helper", "helpers", "manager", "misc"];
    let vague = |path: &str| path.split('/').any(|part| VAGUE.contains(&part.split('.').next().unwrap_or(part)));
    let found = tree.files.iter().filter(|file| vague(&file.path));
    Ok(Verdict::of(found.map(|file| format!("{}: name it by the noun that it holds", file.path)).collect()))
}

/// Names that would identify or track a person (product.md, invariant 9), as they read without `_`, `-` and case.
const PERSON: [&str; 14] = [
    "facerecognition",
    "facialrecognition",
    "faceembedding",
    "gaitrecognition",
    "voiceprint",
    "licenseplate",
    "licenceplate",
    "numberplate",
    "platenumber",
    "watchlist",
    "personid",
    "ethnicity",
    "religion",
    "reidentif",
];

/// Files that hold the vocabulary itself, to refuse it.
fn is_vocabulary(path: &str) -> bool {
    path == "xtask/src/check/sources.rs" || path.rsplit('/').next().is_some_and(|name| name.starts_with("deny"))
}

pub fn no_person(tree: &Tree) -> Result<Verdict> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| !is_vocabulary(&file.path) && !is_any_test(&file.path)) {
        let code = tree.rust.iter().find(|rust| rust.path == file.path).map_or(&file.text, |rust| &rust.product);
        for (index, line) in code.lines().enumerate() {
            let plain: String = line.chars().filter(|c| !"_- ".contains(*c)).flat_map(char::to_lowercase).collect();
            if let Some(name) = PERSON.iter().find(|name| plain.contains(**name)) {
                found.push(format!("{}:{}: {name}: Belfry watches for fires, not for people", file.path, index + 1));
            }
        }
    }
    Ok(Verdict::of(found))
}

fn is_any_test(path: &str) -> bool {
    is_test_file(path) || path.starts_with("e2e/") || path.contains(".test.")
}

pub fn deny_list(tree: &Tree) -> Result<Verdict> {
    let lists: Vec<_> =
        tree.files.iter().filter(|file| is_platform(&file.path) && file.path.ends_with("/deny.rs")).collect();
    let Some(list) = lists.iter().max_by_key(|file| file.text.matches('"').count()) else {
        return Ok(Verdict::Broken(vec!["there is no crates/*/src/deny.rs with the built-in vocabulary".to_owned()]));
    };
    let words = list.text.matches('"').count() / 2;
    let mut found = Vec::new();
    if words < 20 {
        found.push(format!("{}: only {words} words", list.path));
    }
    let product = tree.rust.iter().filter(|file| is_platform(&file.path) && !is_vocabulary(&file.path));
    if !product.into_iter().any(|file| uses_deny(&file.product)) {
        found.push(format!("{}: no product code uses it", list.path));
    }
    Ok(Verdict::of(found))
}

/// The configuration only adds words to the list; it is not the door.
fn is_platform(path: &str) -> bool {
    path.starts_with("crates/") && !path.starts_with("crates/config/")
}

/// Whether code does more with the list than to pass its name on.
fn uses_deny(code: &str) -> bool {
    let named = lines_with(code, &["deny::", "Deny"]).map(|(line, _)| line);
    let lines: Vec<_> = code.lines().collect();
    named.into_iter().any(|line| !lines[line - 1].trim_start().trim_start_matches("pub ").starts_with("use "))
}

pub fn build_scripts(tree: &Tree) -> Result<Verdict> {
    let scripts = tree.rust.iter().filter(|file| file.path.ends_with("/build.rs"));
    let forbidden = ["Command", "TcpStream", "reqwest", "ureq", "std::net", "hyper"];
    Ok(Verdict::of(name_hits(scripts, &forbidden, "a build script only reads files of this tree")))
}

/// One finding for every line of product code that names one of these.
fn name_hits<'a>(files: impl Iterator<Item = &'a Rust>, names: &[&str], advice: &str) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let mut last = 0;
        for (line, name) in file.lines_with(names) {
            if line != last {
                found.push(format!("{}:{line}: {name}; {advice}", file.path));
            }
            last = line;
        }
    }
    found
}

#[cfg(test)]
mod tests;
