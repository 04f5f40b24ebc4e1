//! What a machine needs beside Rust and Node, and its installing. Installs nothing unasked.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::Value;

use crate::process;
use crate::workspace::root;

/// Options of `setup`.
#[derive(Args)]
pub struct Options {
    /// Install without asking; meant in CI.
    #[arg(long, short)]
    pub yes: bool,
}

/// What the machine is to be ready for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Building Belfry with its web page and running it.
    Build,
    /// That, and every test.
    Test,
}

/// A program from Debian's packages.
struct Tool {
    programs: &'static [&'static str],
    package: &'static str,
    why: &'static str,
    purpose: Purpose,
}

const TOOLS: [Tool; 4] = [
    Tool { programs: &["cc"], package: "gcc", why: "compiles zstd", purpose: Purpose::Build },
    Tool {
        programs: &["mosquitto"],
        package: "mosquitto",
        why: "the broker in the MQTT tests",
        purpose: Purpose::Test,
    },
    Tool { programs: &["mosquitto_pub"], package: "mosquitto-clients", why: "MQTT tests", purpose: Purpose::Test },
    Tool {
        programs: &["chromium", "chromium-browser", "google-chrome"],
        package: "chromium",
        why: "tests of the page in a real browser",
        purpose: Purpose::Test,
    },
];

/// Oldest Node that the web page's tools run on.
const NODE_MAJOR: u32 = 20;

/// Makes the machine ready for everything.
pub fn run(options: &Options) -> Result<()> {
    prepare(Purpose::Test, options.yes)
}

/// Makes the machine ready; returns at once when it is.
pub fn prepare(purpose: Purpose, yes: bool) -> Result<()> {
    require_node()?;
    let missing: Vec<_> = TOOLS
        .iter()
        .filter(|tool| tool.purpose == Purpose::Build || purpose == Purpose::Test)
        .filter(|tool| !tool.programs.iter().any(|program| process::find(program).is_some()))
        .collect();
    let directories: &[&str] = if purpose == Purpose::Test { &["web", "e2e"] } else { &["web"] };
    let stale: Vec<_> = directories.iter().filter(|directory| npm_is_stale(&root().join(directory))).collect();
    if missing.is_empty() && stale.is_empty() {
        println!("set-up: nothing is missing");
        return Ok(());
    }
    println!("set-up: this is missing and would be installed:");
    for tool in &missing {
        println!("  {} with apt-get ({})", tool.package, tool.why);
    }
    for directory in &stale {
        println!("  the packages of {directory}/package-lock.json with npm ci, into {directory}/node_modules");
    }
    if !yes && !process::in_ci() && !ask("Install it?")? {
        bail!("nothing was installed; `--yes` installs without asking");
    }
    if !missing.is_empty() {
        install(&missing)?;
    }
    for directory in stale {
        npm_ci(&root().join(directory))?;
    }
    Ok(())
}

/// Node is not installed for anyone: which one, and from where, is a choice of the machine's owner.
fn require_node() -> Result<()> {
    let wanted = format!("Node {NODE_MAJOR} or newer with npm");
    let Some(_) = process::find("node") else {
        bail!("{wanted} is needed to build the web page, and there is no `node` on the PATH");
    };
    let version = process::capture(&mut process::command("node", ["--version"], &root()))?.stdout;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        bail!("{wanted} is needed to build the web page; this is Node {}", version.trim());
    }
    if process::find("npm").is_none() {
        bail!("{wanted} is needed to build the web page, and there is no `npm` on the PATH");
    }
    Ok(())
}

fn ask(question: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    print!("{question} [Y/n] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(["", "y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

fn install(missing: &[&Tool]) -> Result<()> {
    let packages: Vec<_> = missing.iter().map(|tool| tool.package).collect();
    if process::find("apt-get").is_none() {
        bail!("this is no Debian or Ubuntu; install these yourself: {}", packages.join(", "));
    }
    apt_get(&["update", "-qq"]).or_else(|error| {
        // An old package list often still serves; installing tells for sure.
        println!("the package list could not be renewed: {error:#}");
        anyhow::Ok(())
    })?;
    let arguments = ["install", "-y", "-qq", "--no-install-recommends"];
    apt_get(&[arguments.as_slice(), packages.as_slice()].concat())
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let id = process::capture(&mut process::command("id", ["-u"], &root()))?;
    let root_user = id.stdout.trim() == "0";
    if !root_user && process::find("sudo").is_none() {
        bail!("`apt-get {}` needs root, and there is no sudo", arguments.join(" "));
    }
    // RUNLEVEL=1 asks Debian's scripts not to start the services that they install: a broker of the system's own would
    // hold the port that the tests and the demo use.
    let mut words = if root_user { Vec::new() } else { vec!["sudo"] };
    words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get"]);
    words.extend(arguments);
    process::run(&mut process::command(words[0], &words[1..], &root()))
}

/// Whether a package that the lock file names is not installed, or in another version. npm notes what it installed in a
/// hidden lock file of the same form.
fn npm_is_stale(directory: &Path) -> bool {
    let Some(wanted) = locked_packages(&directory.join("package-lock.json")) else {
        return false;
    };
    let Some(installed) = locked_packages(&directory.join("node_modules/.package-lock.json")) else {
        return true;
    };
    wanted.iter().any(|(path, package)| {
        // Optional packages are for other platforms as well; the empty path is the project itself.
        let needed = !path.is_empty() && package["optional"] != true && package["devOptional"] != true;
        needed && installed.get(path).is_none_or(|found| found["version"] != package["version"])
    })
}

fn locked_packages(lock: &Path) -> Option<serde_json::Map<String, Value>> {
    let lock: Value = serde_json::from_slice(&std::fs::read(lock).ok()?).ok()?;
    lock["packages"].as_object().cloned()
}

fn npm_ci(directory: &Path) -> Result<()> {
    process::run(&mut process::command("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], directory))
}
