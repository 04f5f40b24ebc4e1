//! `cargo xtask check`: the invariants of the house, each under a name, with what it found and where. Each rule is
//! one function in a submodule; this file only lists and runs them.

mod audit;
mod code;
mod dependencies;
mod licence;
mod manifests;
mod sources;
mod toolchain;

use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::Value;

use crate::workspace::{self, File};
use crate::{codegen, process};

/// Options of `check`.
#[derive(Args, Default)]
pub struct Options {
    /// Only the checks of these names.
    names: Vec<String>,
    /// Print the names and what each one guards, and run nothing.
    #[arg(long)]
    list: bool,
}

/// What the checks look at, read once.
struct Tree {
    /// Source files of ours: Rust, TypeScript, JavaScript, Svelte, TOML.
    files: Vec<File>,
    /// Rust files with comments, texts and tests blanked out.
    rust: Vec<code::Rust>,
    /// What `cargo metadata` says.
    metadata: Value,
}

/// How a check ended.
enum Verdict {
    /// All well; with a remark, if there is something to know.
    Fine(String),
    /// Not run, and why.
    Skipped(String),
    /// What is wrong, one finding each.
    Broken(Vec<String>),
}

impl Verdict {
    fn of(findings: Vec<String>) -> Self {
        if findings.is_empty() { Self::Fine(String::new()) } else { Self::Broken(findings) }
    }
}

/// One named rule.
struct Check {
    name: &'static str,
    guards: &'static str,
    run: fn(&Tree) -> Result<Verdict>,
}

const CHECKS: [Check; 25] = [
    Check {
        name: "pure-source",
        guards: "pure crates touch no files, network, clock, threads, environment",
        run: sources::pure,
    },
    Check { name: "pure-deps", guards: "pure crates do not reach tokio, axum or a database", run: dependencies::pure },
    Check { name: "adapters-apart", guards: "adapters do not depend on each other", run: dependencies::adapters_apart },
    Check {
        name: "apps-apart",
        guards: "applications depend on kit and pure crates alone",
        run: dependencies::apps_apart,
    },
    Check { name: "wire-only", guards: "only crates/belfry/src/wire.rs names an adapter", run: sources::wire_only },
    Check { name: "no-json-value", guards: "domain crates have no serde_json::Value", run: sources::no_json_value },
    Check {
        name: "status-codes",
        guards: "only crates/http/src/problem.rs names StatusCode, and its matches are complete",
        run: sources::status_codes,
    },
    Check { name: "no-bare-allow", guards: "#[expect(.., reason)], never #[allow]", run: sources::no_allow },
    Check { name: "no-unwrap", guards: "no unwrap() outside tests", run: sources::no_unwrap },
    Check { name: "no-leftovers", guards: "no todo!, unimplemented!, dbg!, TODO, FIXME", run: sources::no_leftovers },
    Check {
        name: "module-docs",
        guards: "the first line of every module says what it holds",
        run: sources::module_docs,
    },
    Check { name: "file-length", guards: "no source file over 800 lines", run: sources::file_length },
    Check { name: "file-names", guards: "no utils, common, helper, manager, misc", run: sources::file_names },
    Check {
        name: "no-person",
        guards: "no code or configuration names what identifies or tracks a person",
        run: sources::no_person,
    },
    Check {
        name: "deny-list",
        guards: "the deny vocabulary exists and the ingest path uses it",
        run: sources::deny_list,
    },
    Check {
        name: "build-scripts",
        guards: "no build.rs of ours reaches the network or npm",
        run: sources::build_scripts,
    },
    Check {
        name: "crate-lints",
        guards: "every crate inherits the workspace's lints, version and licence",
        run: manifests::inherits,
    },
    Check { name: "features", guards: "three cargo features at most, and only in belfry", run: manifests::features },
    Check { name: "generated", guards: "generated files are fresh", run: |_| Ok(generated()) },
    Check {
        name: "refused-crates",
        guards: "no crate that deny.toml refuses (advisories, abandoned)",
        run: audit::refused,
    },
    Check { name: "licences", guards: "every dependency has a licence that deny.toml allows", run: audit::licences },
    Check {
        name: "audit-tools",
        guards: "cargo-deny and cargo-audit agree, where they are installed",
        run: audit::tools,
    },
    Check { name: "fmt", guards: "rustfmt", run: |_| toolchain::fmt() },
    Check { name: "clippy", guards: "clippy on all targets, warnings refused", run: |_| toolchain::clippy() },
    Check { name: "web", guards: "lint and types of the web page", run: |_| toolchain::web() },
];

/// Runs the checks and fails when one does. In CI a check that could not run counts as failed.
pub fn run(options: &Options) -> Result<()> {
    if options.list {
        for check in &CHECKS {
            println!("{:<16} {}", check.name, check.guards);
        }
        return Ok(());
    }
    if let Some(name) = options.names.iter().find(|name| CHECKS.iter().all(|check| check.name != **name)) {
        bail!("there is no check {name:?}; `cargo xtask check --list` shows them");
    }
    let tree = Tree::read()?;
    let mut broken = Vec::new();
    for check in CHECKS.iter().filter(|check| options.names.is_empty() || options.names.iter().any(|n| n == check.name))
    {
        if !one(check, &tree) {
            broken.push(check.name);
        }
    }
    if !broken.is_empty() {
        bail!("{} of the checks failed: {}", broken.len(), broken.join(", "));
    }
    Ok(())
}

/// Runs one check and prints how it went. Returns whether all is well.
fn one(check: &Check, tree: &Tree) -> bool {
    let start = Instant::now();
    let verdict = (check.run)(tree).unwrap_or_else(|error| Verdict::Broken(vec![format!("{error:#}")]));
    let (name, time) = (check.name, start.elapsed().as_secs_f64());
    match verdict {
        Verdict::Fine(remark) if remark.is_empty() => println!("{name:<16} ok      {time:>6.2} s"),
        Verdict::Fine(remark) => println!("{name:<16} ok      {time:>6.2} s  {remark}"),
        Verdict::Skipped(reason) => {
            println!("{name:<16} skipped {time:>6.2} s  {reason}");
            return !process::in_ci();
        }
        Verdict::Broken(findings) => {
            println!("{name:<16} FAILED  {time:>6.2} s  {}", check.guards);
            for finding in findings.iter().take(60) {
                println!("    {}", finding.replace('\n', "\n    "));
            }
            if findings.len() > 60 {
                println!("    and {} more", findings.len() - 60);
            }
            return false;
        }
    }
    true
}

impl Tree {
    fn read() -> Result<Self> {
        let files = workspace::files(&[".rs", ".ts", ".js", ".svelte", "Cargo.toml"])?;
        let rust = files.iter().filter(|file| file.path.ends_with(".rs")).map(code::Rust::read).collect();
        Ok(Self { files, rust, metadata: workspace::metadata()? })
    }
}

fn generated() -> Verdict {
    let stale = codegen::stale();
    Verdict::of(stale.iter().map(|path| format!("{path} is stale; run `cargo xtask codegen` and commit it")).collect())
}
