//! The checks that follow dependencies between packages: what pure crates reach, who may know whom.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use super::sources::PURE;
use super::{Tree, Verdict};

/// What a pure crate must not reach: runtimes, sockets, servers, databases.
const IMPURE: [&str; 24] = [
    "tokio",
    "async-std",
    "smol",
    "mio",
    "socket2",
    "hyper",
    "axum",
    "tower",
    "reqwest",
    "ureq",
    "rustls",
    "rusqlite",
    "libsqlite3-sys",
    "redb",
    "fjall",
    "heed",
    "rocksdb",
    "sqlx",
    "tokio-postgres",
    "async-nats",
    "rumqttc",
    "parquet",
    "arrow",
    "memmap2",
];

/// The graph of normal and build dependencies, by package id.
struct Graph<'a> {
    names: BTreeMap<&'a str, &'a str>,
    /// Directory of the manifest from the root, for packages of the workspace.
    directories: BTreeMap<&'a str, String>,
    edges: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Graph<'a> {
    fn read(metadata: &'a Value) -> Result<Self> {
        let root = metadata["workspace_root"].as_str().context("no workspace root")?;
        let members: BTreeSet<_> = list(&metadata["workspace_members"]).iter().filter_map(Value::as_str).collect();
        let mut graph = Self { names: BTreeMap::new(), directories: BTreeMap::new(), edges: BTreeMap::new() };
        for package in list(&metadata["packages"]) {
            let (Some(id), Some(name)) = (package["id"].as_str(), package["name"].as_str()) else {
                continue;
            };
            graph.names.insert(id, name);
            if members.contains(id) {
                let manifest = package["manifest_path"].as_str().unwrap_or_default();
                let directory = manifest.strip_prefix(root).unwrap_or(manifest).trim_start_matches('/');
                graph.directories.insert(id, directory.trim_end_matches("Cargo.toml").to_owned());
            }
        }
        for node in list(&metadata["resolve"]["nodes"]) {
            let Some(id) = node["id"].as_str() else { continue };
            let in_product =
                |dependency: &&Value| list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"] != "dev");
            let edges =
                list(&node["deps"]).iter().filter(in_product).filter_map(|dependency| dependency["pkg"].as_str());
            graph.edges.insert(id, edges.collect());
        }
        Ok(graph)
    }

    fn below(&self, id: &'a str) -> &[&'a str] {
        self.edges.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// The shortest way from a package to one whose name is among these, as names.
    fn way(&self, from: &'a str, to: &[&str]) -> Option<Vec<&'a str>> {
        let mut ways = std::collections::VecDeque::from([vec![from]]);
        let mut seen = BTreeSet::from([from]);
        while let Some(way) = ways.pop_front() {
            for next in self.below(way[way.len() - 1]) {
                if !seen.insert(next) {
                    continue;
                }
                let way = [way.as_slice(), &[*next]].concat();
                if to.contains(&self.names[next]) {
                    return Some(way.into_iter().map(|id| self.names[id]).collect());
                }
                ways.push_back(way);
            }
        }
        None
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub fn pure(tree: &Tree) -> Result<Verdict> {
    let graph = Graph::read(&tree.metadata)?;
    let pure = graph.directories.iter().filter(|(_, directory)| PURE.contains(&directory.as_str()));
    let ways = pure.filter_map(|(id, _)| graph.way(id, &IMPURE));
    Ok(Verdict::of(ways.map(|way| format!("{}: a pure crate must not reach it", way.join(" -> "))).collect()))
}

/// Packages of the kinds of adapters. The pure decoders are what connectors share, no adapters.
fn is_adapter(name: &str) -> bool {
    let kinds = ["belfry-store-", "belfry-bus-", "belfry-connect-", "belfry-lake"];
    let pure = ["belfry-connect-payload", "belfry-connect-gtfs", "belfry-connect-osm"];
    kinds.iter().any(|kind| name.starts_with(kind)) && !pure.contains(&name)
}

pub fn adapters_apart(tree: &Tree) -> Result<Verdict> {
    let graph = Graph::read(&tree.metadata)?;
    let all: Vec<_> = graph.directories.keys().map(|id| graph.names[id]).filter(|name| is_adapter(name)).collect();
    let mut found = Vec::new();
    for id in graph.directories.keys().filter(|id| is_adapter(graph.names[*id])) {
        if let Some(way) = graph.way(id, &all) {
            found.push(format!("{}: adapters meet only through ports", way.join(" -> ")));
        }
    }
    Ok(Verdict::of(found))
}

/// The generated list of applications: the one crate of the platform that names them, for the binary.
const LIST: &str = "belfry-apps";

pub fn apps_apart(tree: &Tree) -> Result<Verdict> {
    let graph = Graph::read(&tree.metadata)?;
    // Ports are what the kit hands on; an application that named them would go around it.
    let is_pure = |directory: &str| PURE.contains(&directory) && directory != "crates/ports/";
    let is_app = |id: &str| graph.directories.get(id).is_some_and(|directory| directory.starts_with("apps/"));
    let mut found = Vec::new();
    for (id, directory) in &graph.directories {
        let name = graph.names[id];
        for next in graph.below(id) {
            let (of, Some(to)) = (graph.names[next], graph.directories.get(next)) else { continue };
            if is_app(id) && !is_pure(to) {
                found.push(format!("{name} -> {of}: an application sees belfry-kit and pure crates alone"));
            } else if !is_app(id) && is_app(next) && name != LIST {
                found.push(format!("{name} -> {of}: the platform names no application"));
            } else if of == LIST && name != "belfry" {
                found.push(format!("{name} -> {of}: only the binary knows the list of applications"));
            }
        }
        if directory.starts_with("apps/")
            && let Some(way) = graph.way(id, &IMPURE)
        {
            found.push(format!("{}: an application acts through belfry-kit alone", way.join(" -> ")));
        }
    }
    Ok(Verdict::of(found))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A tree of packages `name: [dependency, (dev) …]`; names that begin with `belfry` or `app` are of the workspace.
    fn tree(packages: &[(&str, &[&str], &[&str])]) -> Tree {
        let directory = |name: &str| match name.strip_prefix("belfry-") {
            Some(short) => format!("/w/crates/{}/Cargo.toml", short.replace("connect-", "connect/")),
            None if name.starts_with("app") => format!("/w/apps/{name}/Cargo.toml"),
            None => format!("/w/crates/{name}/Cargo.toml"),
        };
        let ours = |name: &str| name.starts_with("belfry") || name.starts_with("app");
        let edges = |kind: Option<&str>, names: &[&str]| -> Vec<Value> {
            names.iter().map(|name| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] })).collect()
        };
        let nodes: Vec<_> = packages
            .iter()
            .map(|(id, normal, dev)| (id, [edges(None, normal), edges(Some("dev"), dev)].concat()))
            .map(|(id, deps)| json!({ "id": id, "deps": deps }))
            .collect();
        let members: Vec<_> = packages.iter().map(|(name, ..)| *name).filter(|name| ours(name)).collect();
        let listed: Vec<_> = packages
            .iter()
            .map(|(name, ..)| json!({ "id": name, "name": name, "manifest_path": directory(name) }))
            .collect();
        let metadata = json!({
            "workspace_root": "/w", "workspace_members": members, "packages": listed, "resolve": { "nodes": nodes }
        });
        Tree { files: Vec::new(), rust: Vec::new(), metadata }
    }

    fn findings(check: fn(&Tree) -> Result<Verdict>, packages: &[(&str, &[&str], &[&str])]) -> Vec<String> {
        match check(&tree(packages)).expect("metadata") {
            Verdict::Broken(findings) => findings,
            _ => Vec::new(),
        }
    }

    #[test]
    fn a_pure_crate_must_not_reach_a_runtime_by_any_way() {
        let direct = findings(pure, &[("belfry-kernel", &["tokio"], &[]), ("tokio", &[], &[])]);
        assert_eq!(direct, ["belfry-kernel -> tokio: a pure crate must not reach it"]);
        let far = [
            ("belfry-ngsi-ld", ["x"].as_slice(), [].as_slice()),
            ("x", &["y"], &[]),
            ("y", &["mio"], &[]),
            ("mio", &[], &[]),
        ];
        assert_eq!(findings(pure, &far), ["belfry-ngsi-ld -> x -> y -> mio: a pure crate must not reach it"]);
        let in_tests: [(&str, &[&str], &[&str]); 2] = [("belfry-kernel", &[], &["tokio"]), ("tokio", &[], &[])];
        assert!(findings(pure, &in_tests).is_empty());
        let elsewhere: [(&str, &[&str], &[&str]); 2] = [("belfry-runtime", &["tokio"], &[]), ("tokio", &[], &[])];
        assert!(findings(pure, &elsewhere).is_empty());
    }

    #[test]
    fn adapters_meet_only_through_ports() {
        let through = [
            ("belfry-connect-mqtt", ["belfry-runtime", "belfry-connect-payload"].as_slice(), [].as_slice()),
            ("belfry-runtime", &["belfry-ports"], &[]),
            ("belfry-ports", &[], &[]),
            ("belfry-connect-payload", &[], &[]),
            ("belfry-store-embedded", &["belfry-ports"], &[]),
        ];
        assert!(findings(adapters_apart, &through).is_empty());
        let across = [
            ("belfry-connect-mqtt", ["belfry-runtime"].as_slice(), [].as_slice()),
            ("belfry-runtime", &["belfry-store-embedded"], &[]),
            ("belfry-store-embedded", &[], &[]),
        ];
        assert_eq!(findings(adapters_apart, &across).len(), 1);
    }

    #[test]
    fn applications_see_the_kit_alone_and_nobody_sees_them() {
        let good: [(&str, &[&str], &[&str]); 5] = [
            ("app-a", &["belfry-kit", "belfry-roads"], &[]),
            ("belfry-kit", &[], &[]),
            ("belfry-roads", &[], &[]),
            ("belfry-apps", &["app-a", "belfry-kit"], &[]),
            ("belfry", &["belfry-apps"], &[]),
        ];
        assert_eq!(findings(apps_apart, &good), Vec::<String>::new());
        for other in ["app-b", "belfry-ports", "belfry-http", "belfry-store-embedded", "tokio"] {
            let bad: [(&str, &[&str], &[&str]); 2] = [("app-a", &[other], &[]), (other, &[], &[])];
            assert_eq!(findings(apps_apart, &bad).len(), 1, "{other}");
        }
        for platform in ["belfry-http", "belfry"] {
            let bad: [(&str, &[&str], &[&str]); 2] = [(platform, &["app-a"], &[]), ("app-a", &[], &[])];
            assert_eq!(findings(apps_apart, &bad).len(), 1, "{platform}");
        }
        let listed: [(&str, &[&str], &[&str]); 2] = [("belfry-http", &["belfry-apps"], &[]), ("belfry-apps", &[], &[])];
        assert_eq!(findings(apps_apart, &listed).len(), 1);
        let in_tests: [(&str, &[&str], &[&str]); 2] =
            [("belfry-http", &[], &["belfry-apps"]), ("belfry-apps", &[], &[])];
        assert!(findings(apps_apart, &in_tests).is_empty());
    }
}
