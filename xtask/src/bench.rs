//! `cargo xtask bench`: builds in release mode and runs the benchmark runner. Holds no workloads.

use anyhow::Result;
use clap::Args;

use crate::process;

/// Options of `bench`.
#[derive(Args)]
pub struct Options {
    /// Arguments for the runner, after `--`.
    #[arg(last = true)]
    further: Vec<String>,
}

/// Builds the program and the runner, then runs it.
pub fn run(options: &Options) -> Result<()> {
    process::run(&mut process::cargo(["build", "--release", "-p", "belfry", "-p", "belfry-bench"]))?;
    let mut command = process::cargo(["run", "--release", "-p", "belfry-bench", "--"]);
    process::run(command.args(&options.further))
}
