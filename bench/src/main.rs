//! The benchmark of the served program: starts servers, drives the workloads of `bench/workloads`, prints a table and
//! writes JSON. Holds no workload itself; what each figure means stands in docs/ref/speed.md.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is its purpose")]

mod clock;
mod endpoint;
mod entity;
mod load;
mod machine;
mod mqtt;
mod report;
mod run;
mod script;
mod seed;
mod server;
mod stop;
mod trivial;
mod workload;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures Belfry against a trivial server on the same cores, in one run.
#[derive(Parser)]
#[command(bin_name = "bench", args_conflicts_with_subcommands = true, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand)]
enum Command {
    /// The trivial server alone: GET answers 1 KB of JSON, POST reads its body and answers 201, PATCH likewise 204.
    Trivial,
    /// The names and titles of the workloads.
    List,
}

/// Options of a run.
#[derive(clap::Args)]
struct Options {
    /// Workloads by name; all of them when none is named.
    workloads: Vec<String>,
    /// Seconds of one measured round, after half a second (or a fifth of it) of warming up.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Rounds of each server, taken in turns.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The program to measure.
    #[arg(long, default_value = "target/release/belfry")]
    bin: PathBuf,
    /// Where to write the results as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Folder of the workload files.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/workloads"))]
    files: PathBuf,
    /// Where the data directories are made (and removed again); it should be on a real disk.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench-data"))]
    dir: PathBuf,
    /// Divides the numbers of entities, subscriptions and samples: a quick trial whose figures do not count.
    #[arg(long, default_value_t = 1)]
    shrink: u64,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::Trivial) => trivial::serve().map(|()| ExitCode::SUCCESS),
        Some(Command::List) => {
            for (name, workload) in workload::read_all(&arguments.options.files)? {
                println!("{name:16} {}", workload.title);
            }
            Ok(ExitCode::SUCCESS)
        }
        None => measure(&arguments.options),
    }
}

fn measure(options: &Options) -> Result<ExitCode> {
    let mut chosen = workload::read_all(&options.files)?;
    for name in &options.workloads {
        anyhow::ensure!(
            chosen.iter().any(|(known, _)| known == name),
            "no workload is called {name}; see `bench list`"
        );
    }
    if !options.workloads.is_empty() {
        chosen.retain(|(name, _)| options.workloads.contains(name));
    }
    std::fs::create_dir_all(&options.dir).with_context(|| format!("cannot make {}", options.dir.display()))?;
    stop::on_signal()?;
    let stage = run::Stage {
        bin: options.bin.clone(),
        dir: options.dir.clone(),
        files: options.files.clone(),
        seconds: options.seconds,
        rounds: options.rounds.max(1),
        shrink: options.shrink.max(1),
    };
    let mut report = report::Report::begin(&stage)?;
    for (name, workload) in &chosen {
        eprintln!("{name}: {}", workload.title);
        let started = std::time::Instant::now();
        let measured = run::run(&stage, workload);
        report.add(name, workload, started.elapsed(), measured);
        // After each workload, so that a run that is broken off leaves what it has measured.
        if let Some(path) = &options.json {
            std::fs::write(path, report.json()?).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    println!("{}", report.table());
    Ok(if report.complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
