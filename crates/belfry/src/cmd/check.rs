//! `belfry check`: proves a data directory sound.

use super::Source;
use crate::wire;
use clap::Args;
use std::process::ExitCode;

/// Prove that a data directory is sound.
///
/// Every checksum of log, checkpoints and history is computed, every record is read, and state and history are compared,
/// for each tenant. Nothing is changed. The server must be stopped; to check one that runs, take a backup and check that.
/// Exit code 0: sound; 1: something is wrong, named with file and place.
#[derive(Args)]
#[command(after_help = "Examples:
  belfry check --data /var/lib/belfry
  belfry check --data /backups/monday")]
pub struct Check {
    #[command(flatten)]
    source: Source,
}

pub fn run(check: &Check) -> anyhow::Result<ExitCode> {
    let config = check.source.load(&[])?;
    let mut sound = true;
    for (tenant, dir) in wire::store_dirs(&config)? {
        let label = if tenant.is_empty() { "the default tenant".to_owned() } else { format!("tenant {tenant}") };
        let found = wire::check(&config, &dir)?;
        println!(
            "{label}: {} commits in the log, {} checkpoints, {} entities, {} rows of history, {} instances compared",
            found.commits, found.checkpoints, found.entities, found.rows, found.instances
        );
        if found.edited > 0 {
            println!(
                "  note: the past of {} entities was changed by hand and does not end in their present",
                found.edited
            );
        }
        for finding in &found.findings {
            println!("  wrong: {finding}");
        }
        sound &= found.is_sound();
    }
    println!(
        "{}",
        if sound { "sound" } else { "not sound: keep the directory as it is and restore a backup elsewhere" }
    );
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
