//! The dependency tree against deny.toml: refused crates, licences, sources. Fetches nothing: the list of advisories in
//! deny.toml is kept by hand, and says so; the tools with their own databases are run where they are installed.

use anyhow::{Context, Result};
use semver::{Version, VersionReq};
use toml::{Table, Value};

use super::{Tree, Verdict, licence};
use crate::process;
use crate::workspace::root;

/// A package of Cargo.lock.
struct Locked {
    name: String,
    version: Version,
    source: Option<String>,
    dependencies: Vec<String>,
}

/// A crate that deny.toml refuses.
struct Refused {
    name: String,
    versions: VersionReq,
    reason: String,
    wrappers: Vec<String>,
}

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub fn refused(_: &Tree) -> Result<Verdict> {
    let (locked, refused) = (locked()?, refusals(&rules()?)?);
    let mut found = findings(&locked, &refused);
    for package in &locked {
        if package.source.as_deref().is_some_and(|source| source != CRATES_IO) {
            found.push(format!(
                "{} comes from {}; only crates.io is allowed",
                package.name,
                package.source.as_deref().unwrap_or_default()
            ));
        }
    }
    if found.is_empty() {
        return Ok(Verdict::Fine(format!(
            "{} packages against the {} entries of deny.toml, kept by hand",
            locked.len(),
            refused.len()
        )));
    }
    Ok(Verdict::Broken(found))
}

fn findings(locked: &[Locked], refused: &[Refused]) -> Vec<String> {
    let mut found = Vec::new();
    for package in locked {
        for rule in refused.iter().filter(|rule| rule.name == package.name && rule.versions.matches(&package.version)) {
            let users = locked
                .iter()
                .filter(|user| user.dependencies.iter().any(|d| d.split(' ').next() == Some(&package.name)));
            let users: Vec<_> =
                users.map(|user| user.name.as_str()).filter(|user| !rule.wrappers.iter().any(|w| w == user)).collect();
            if rule.wrappers.is_empty() || !users.is_empty() {
                let users = if users.is_empty() { "nobody".to_owned() } else { users.join(", ") };
                found.push(format!(
                    "{} {} is refused: {} (used by {users})",
                    package.name, package.version, rule.reason
                ));
            }
        }
    }
    found
}

fn locked() -> Result<Vec<Locked>> {
    let text = std::fs::read_to_string(root().join("Cargo.lock")).context("Cargo.lock")?;
    let lock: Table = text.parse().context("Cargo.lock")?;
    let packages = lock.get("package").and_then(Value::as_array).context("Cargo.lock lists no packages")?;
    packages.iter().map(locked_package).collect()
}

fn locked_package(package: &Value) -> Result<Locked> {
    let text = |key: &str| package.get(key).and_then(Value::as_str);
    let name = text("name").context("a package without a name")?.to_owned();
    let version = text("version").with_context(|| format!("{name} has no version"))?;
    let dependencies = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    Ok(Locked {
        version: Version::parse(version).with_context(|| format!("{name} {version}"))?,
        source: text("source").map(str::to_owned),
        dependencies: dependencies.filter_map(Value::as_str).map(str::to_owned).collect(),
        name,
    })
}

fn rules() -> Result<Table> {
    std::fs::read_to_string(root().join("deny.toml")).context("deny.toml")?.parse().context("deny.toml")
}

fn refusals(rules: &Table) -> Result<Vec<Refused>> {
    let list = rules.get("bans").and_then(|bans| bans.get("deny")).and_then(Value::as_array);
    list.context("deny.toml has no bans.deny")?.iter().map(refusal).collect()
}

fn refusal(rule: &Value) -> Result<Refused> {
    let spec = rule.get("crate").and_then(Value::as_str).context("an entry of bans.deny without `crate`")?;
    let (name, versions) = spec.split_once('@').unwrap_or((spec, "*"));
    let wrappers = rule.get("wrappers").and_then(Value::as_array).into_iter().flatten();
    Ok(Refused {
        name: name.to_owned(),
        versions: VersionReq::parse(versions).with_context(|| format!("the version of {spec}"))?,
        reason: rule.get("reason").and_then(Value::as_str).with_context(|| format!("{spec} has no reason"))?.to_owned(),
        wrappers: wrappers.filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

pub fn licences(tree: &Tree) -> Result<Verdict> {
    let rules = rules()?;
    let allowed = rules.get("licenses").and_then(|licences| licences.get("allow")).and_then(Value::as_array);
    let allowed: Vec<_> =
        allowed.context("deny.toml has no licenses.allow")?.iter().filter_map(Value::as_str).collect();
    let packages = tree.metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let mut found = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        match package["license"].as_str().map(|expression| (expression, licence::allows(expression, &allowed))) {
            Some((_, Ok(true))) => {}
            Some((expression, Ok(false))) => {
                found.push(format!("{name}: {expression} is not among licenses.allow of deny.toml"));
            }
            Some((expression, Err(error))) => found.push(format!("{name}: {expression}: {error}")),
            None => found.push(format!("{name} {} names no licence", package["version"].as_str().unwrap_or_default())),
        }
    }
    Ok(Verdict::of(found))
}

/// Needs neither to be there: what it prints says what was really run.
pub fn tools(_: &Tree) -> Result<Verdict> {
    let (mut found, mut ran, mut absent) = (Vec::new(), Vec::new(), Vec::new());
    if process::find("cargo-deny").is_some() {
        ran.push("cargo-deny (bans, licences, sources)");
        let told =
            process::capture(&mut process::cargo(["deny", "--offline", "check", "bans", "licenses", "sources"]))?;
        if !told.success {
            found.push(told.stderr.trim().to_owned());
        }
    } else {
        absent.push("cargo-deny is not installed");
    }
    let home = std::env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| std::path::Path::new(&home).join(".cargo")));
    let database = home.is_some_and(|home| home.join("advisory-db").is_dir());
    match (process::find("cargo-audit").is_some(), database) {
        (true, true) => {
            ran.push("cargo-audit on its last fetched database");
            let told = process::capture(&mut process::cargo(["audit", "--no-fetch", "--deny", "warnings"]))?;
            if !told.success {
                found.push(format!("{}{}", told.stdout.trim(), told.stderr.trim()));
            }
        }
        (true, false) => absent.push("cargo-audit has no advisory database here"),
        (false, _) => absent.push("cargo-audit is not installed"),
    }
    if !found.is_empty() {
        return Ok(Verdict::Broken(found));
    }
    let ran = if ran.is_empty() { "no tool was run".to_owned() } else { ran.join(", ") };
    let absent = if absent.is_empty() { String::new() } else { format!(" ({})", absent.join("; ")) };
    Ok(Verdict::Fine(format!("{ran}{absent}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, dependencies: &[&str]) -> Locked {
        Locked {
            name: name.to_owned(),
            version: Version::parse(version).expect("a version"),
            source: None,
            dependencies: dependencies.iter().map(|d| (*d).to_owned()).collect(),
        }
    }

    #[test]
    fn refused_crates_are_found_by_version_and_user() {
        let rules = r#"[bans]
            deny = [
                { crate = "old@<2", reason = "old" },
                { crate = "gone", reason = "gone" },
                { crate = "inner", reason = "not directly", wrappers = ["outer"] },
            ]"#;
        let refused = refusals(&rules.parse().expect("TOML")).expect("rules");
        let cases = [
            (vec![package("old", "1.9.9", &[])], 1),
            (vec![package("old", "2.0.0", &[])], 0),
            (vec![package("gone", "9.0.0", &[]), package("user", "1.0.0", &["gone"])], 1),
            (vec![package("inner", "1.0.0", &[]), package("outer", "1.0.0", &["inner"])], 0),
            (vec![package("inner", "1.0.0", &[]), package("other", "1.0.0", &["inner 1.0.0"])], 1),
        ];
        for (locked, count) in cases {
            assert_eq!(findings(&locked, &refused).len(), count, "{}", locked[0].name);
        }
    }

    #[test]
    fn the_rules_of_the_tree_can_be_read() {
        assert!(refusals(&rules().expect("deny.toml")).expect("entries").len() > 10);
        assert!(locked().expect("Cargo.lock").len() > 50);
    }
}
