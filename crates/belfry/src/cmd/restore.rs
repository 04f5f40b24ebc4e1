//! `belfry restore`: makes a data directory from a backup.

use super::Source;
use crate::wire;
use anyhow::Context;
use belfry_kernel::Time;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Make a data directory from a backup, as it stood at the backup or at any later instant.
///
/// Without more it is the town as it stood at the backup. With --log, the log of the directory that was backed up (its
/// server stopped), it goes on to the log's end, or to the instant given by --until. Every tenant is brought to the same
/// place, those made after the backup included. What comes out is checked before it is called done.
#[derive(Args)]
#[command(after_help = "Examples:
  belfry restore --from /backups/monday --to /var/lib/belfry-new
  belfry restore --from /backups/monday --to /var/lib/belfry-new \\
    --log /var/lib/belfry/log --until 2026-03-01T12:00:00Z")]
pub struct Restore {
    /// The backup.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The directory to make; it must not exist or be empty.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Log to go on with: DATA/log of the directory that was backed up.
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    /// Go no further than this instant (2026-03-01T12:00:00Z).
    #[arg(long, value_name = "INSTANT", requires = "log")]
    until: Option<String>,
    /// Configuration file (TOML), for the limits of the new directory.
    #[arg(long, short, env = "BELFRY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

pub fn run(restore: &Restore) -> anyhow::Result<ExitCode> {
    let until = restore
        .until
        .as_deref()
        .map(|text| Time::parse(text).with_context(|| format!("--until {text}")))
        .transpose()?;
    let config = Source { config: restore.config.clone(), ..Source::default() }.load(&[])?;
    for done in wire::restore(&config, &restore.from, restore.log.as_deref(), until, &restore.to)? {
        let found = wire::check(&config, &done.dir)?;
        anyhow::ensure!(found.is_sound(), "{} is not sound: {}", done.dir.display(), found.findings.join("; "));
        let tenant = if done.tenant.is_empty() { String::new() } else { format!(" (tenant {})", done.tenant) };
        println!(
            "{}{tenant}: up to commit {} of {}, {} entities, checked and sound",
            done.dir.display(),
            done.copied.seq,
            done.copied.at,
            found.entities
        );
    }
    Ok(ExitCode::SUCCESS)
}
