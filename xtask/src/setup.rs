//! What a machine needs beside Rust and Node, and its installing. Installs nothing unasked.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

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

/// A program that the tests run, from the packages of Debian and Ubuntu.
struct Tool {
    programs: &'static [&'static str],
    package: fn(Distribution) -> &'static str,
    why: &'static str,
}

/// Whose packages they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Distribution {
    Debian,
    Ubuntu,
}

impl Distribution {
    /// From the text of `/etc/os-release`; what is like Ubuntu is Ubuntu, all else Debian.
    fn of(os_release: &str) -> Self {
        let says = |key: &str| {
            let value = os_release.lines().find_map(|line| line.strip_prefix(key));
            value.is_some_and(|value| value.trim_matches('"').split_whitespace().any(|word| word == "ubuntu"))
        };
        if says("ID=") || says("ID_LIKE=") { Self::Ubuntu } else { Self::Debian }
    }
}

/// What a browser may be called, the best known first.
const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const TOOLS: [Tool; 4] = [
    Tool { programs: &["mosquitto"], package: |_| "mosquitto", why: "the broker in the MQTT tests" },
    Tool { programs: &["mosquitto_pub"], package: |_| "mosquitto-clients", why: "MQTT tests" },
    Tool { programs: &["ogrinfo"], package: |_| "gdal-bin", why: "GDAL opens what Belfry serves" },
    Tool {
        programs: BROWSERS,
        // Ubuntu has no package `chromium`; this one of its brings the snap.
        package: |distribution| match distribution {
            Distribution::Debian => "chromium",
            Distribution::Ubuntu => "chromium-browser",
        },
        why: "tests of the page in a real browser",
    },
];

/// The browser that the tests of the page run: what `CHROMIUM` names, or else the first that is installed.
pub fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").filter(|name| !name.is_empty()).map(PathBuf::from);
    named.or_else(|| BROWSERS.iter().find_map(|name| process::find(name)))
}

/// Oldest Node that the web page's tools run on.
const NODE_MAJOR: u32 = 20;

/// Makes the machine ready for everything.
pub fn run(options: &Options) -> Result<()> {
    prepare(Purpose::Test, options.yes)
}

/// Makes the machine ready; returns at once when it is.
pub fn prepare(purpose: Purpose, yes: bool) -> Result<()> {
    require_node()?;
    let missing: Vec<_> = TOOLS.iter().filter(|_| purpose == Purpose::Test).filter(|tool| !is_there(tool)).collect();
    let directories: &[&str] = if purpose == Purpose::Test { &["web", "e2e"] } else { &["web"] };
    let stale: Vec<_> = directories.iter().filter(|directory| npm_is_stale(&root().join(directory))).collect();
    if missing.is_empty() && stale.is_empty() {
        println!("set-up: nothing is missing");
        return Ok(());
    }
    let distribution = Distribution::of(&std::fs::read_to_string("/etc/os-release").unwrap_or_default());
    println!("set-up: this is missing and would be installed:");
    for tool in &missing {
        println!("  {} with apt-get ({})", (tool.package)(distribution), tool.why);
    }
    for directory in &stale {
        println!("  the packages of {directory}/package-lock.json with npm ci, into {directory}/node_modules");
    }
    if !yes && !process::in_ci() && !ask("Install it?")? {
        bail!("nothing was installed; `--yes` installs without asking");
    }
    let installed = if missing.is_empty() { Ok(()) } else { install(&missing, distribution) };
    for directory in stale {
        npm_ci(&root().join(directory))?;
    }
    installed
}

fn is_there(tool: &Tool) -> bool {
    let named = tool.programs == BROWSERS && browser().is_some();
    named || tool.programs.iter().any(|program| process::find(program).is_some())
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

/// Installs each by itself, so that one which cannot be had takes no other with it.
fn install(missing: &[&Tool], distribution: Distribution) -> Result<()> {
    let packages: Vec<_> = missing.iter().map(|tool| (tool.package)(distribution)).collect();
    if process::find("apt-get").is_none() {
        bail!("this is no Debian or Ubuntu; install these yourself: {}", packages.join(", "));
    }
    apt_get(&["update", "-qq"]).or_else(|error| {
        // An old package list often still serves; installing tells for sure.
        println!("the package list could not be renewed: {error:#}");
        anyhow::Ok(())
    })?;
    let mut failed = Vec::new();
    for (tool, package) in missing.iter().zip(packages) {
        let arguments = ["install", "-y", "-qq", "--no-install-recommends", package];
        let done = apt_get(&arguments);
        // A package may be there and bring nothing, as one that needs snap does where snap cannot run.
        if let Err(error) = &done {
            println!("{package}: {error:#}");
        }
        if !is_there(tool) {
            failed.push(format!("{} ({})", tool.programs.join(" or "), tool.why));
        }
    }
    if !failed.is_empty() {
        bail!(
            "install these yourself and have them on the PATH (a browser elsewhere: name it in CHROMIUM): {}",
            failed.join("; ")
        );
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_is_a_package_of_the_distribution() {
        let browser = TOOLS.iter().find(|tool| tool.programs == BROWSERS).expect("a browser is installed");
        let package = |os_release: &str| (browser.package)(Distribution::of(os_release));
        assert_eq!(package("PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n"), "chromium");
        assert_eq!(package("NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n"), "chromium-browser");
        assert_eq!(package("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), "chromium-browser");
        assert_eq!(package(""), "chromium");
    }

    #[test]
    fn every_browser_that_counts_as_there_is_handed_on() {
        for name in BROWSERS {
            let found = process::find(name);
            assert!(found.is_none() || browser().is_some(), "{name}");
        }
    }
}
