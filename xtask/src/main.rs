//! The project's own commands: `demo`, `test`, `check`, `setup`, `codegen`, `fuzz`, `bench`. Holds nothing that the
//! product needs when it runs.

mod bench;
mod check;
mod codegen;
mod demo;
mod fuzz;
mod process;
mod setup;
mod suite;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, checks and shows Belfry. Newcomers want `demo`; contributors want `check` often and `test` before they push.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds Belfry, starts it with a live town and prints the address and three things to try.
    Demo(demo::Options),
    /// Sets up, then runs every check and every test; ends with a summary. What CI runs.
    Test(suite::Options),
    /// Runs the checks: format, lints, the invariants of the house, generated files, dependencies, the web page.
    Check(check::Options),
    /// Installs what the build and the tests need (Debian and Ubuntu); quick when nothing is to do.
    Setup(setup::Options),
    /// Writes the generated files anew.
    Codegen(codegen::Options),
    /// Feeds every parser that sees the network with broken input for a while.
    Fuzz(fuzz::Options),
    /// Runs the benchmarks in release mode.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Test(options) => suite::run(&options),
        Command::Check(options) => check::run(&options),
        Command::Setup(options) => setup::run(&options),
        Command::Codegen(options) => codegen::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Bench(options) => bench::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}
