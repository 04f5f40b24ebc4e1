//! `cargo xtask demo`: builds the program with its page and hands over to its own `demo` command.

use std::os::unix::process::CommandExt;
use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;

use crate::workspace::{root, target_directory};
use crate::{process, setup};

/// Options of `demo`.
#[derive(Args)]
pub struct Options {
    /// Install what is missing without asking.
    #[arg(long, short)]
    yes: bool,
    /// Port of the page and the API on 127.0.0.1.
    #[arg(long)]
    port: Option<u16>,
    /// Further arguments for `belfry demo`, after `--`.
    #[arg(last = true)]
    further: Vec<String>,
}

/// Does not return when all goes well: the program takes this one's place, so that Ctrl-C reaches it.
pub fn run(options: &Options) -> Result<()> {
    setup::prepare(setup::Purpose::Build, options.yes)?;
    build_web()?;
    process::run(&mut build_binary(&["--release"]))?;
    let binary = target_directory()?.join("release/belfry");
    let mut command = process::command(&binary.to_string_lossy(), ["demo"], &std::env::current_dir()?);
    if let Some(port) = options.port {
        command.args(["--port", &port.to_string()]);
    }
    command.args(&options.further);
    Err(command.exec()).with_context(|| format!("{} cannot be run", binary.display()))
}

/// Builds the page into `web/dist`, unless it is newer than everything that it is made from.
pub fn build_web() -> Result<()> {
    let web = root().join("web");
    if let (Some(built), Some(source)) = (newest(&web.join("dist")), newest_source(&web))
        && built > source
    {
        println!("the web page is up to date");
        return Ok(());
    }
    process::run(&mut process::command("npm", ["run", "--silent", "build"], &web))
}

/// The command that builds the program with the page in it.
pub fn build_binary(profile: &[&str]) -> std::process::Command {
    process::cargo(["build", "-p", "belfry", "--features", "embed-ui"].iter().chain(profile))
}

fn newest_source(web: &Path) -> Option<std::time::SystemTime> {
    let entries = std::fs::read_dir(web).ok()?.flatten();
    let sources = entries.filter(|entry| !["dist", "node_modules"].iter().any(|name| entry.file_name() == *name));
    sources.filter_map(|entry| newest(&entry.path())).max()
}

/// When the newest file at or below a path was last written.
fn newest(path: &Path) -> Option<std::time::SystemTime> {
    if !path.is_dir() {
        return path.metadata().ok()?.modified().ok();
    }
    std::fs::read_dir(path).ok()?.flatten().filter_map(|entry| newest(&entry.path())).max()
}
