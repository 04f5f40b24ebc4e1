//! `belfry backup`: copies a data directory.

use super::Source;
use crate::wire;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Copy a data directory whose server is stopped (of a running one: POST /backups).
///
/// A running server takes the backup itself, into store.backup_dir, while it goes on working. A backup is a data directory:
/// it can be checked, served and restored from.
#[derive(Args)]
#[command(after_help = "Examples:
  belfry backup --data /var/lib/belfry --to /backups/monday
  belfry check --data /backups/monday

Of a running server:
  curl http://127.0.0.1:1026/backups -H 'Content-Type: application/json' -d '{\"name\":\"monday\"}'")]
pub struct Backup {
    #[command(flatten)]
    source: Source,
    /// The directory to make; it must not exist or be empty.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

pub fn run(backup: &Backup) -> anyhow::Result<ExitCode> {
    let config = backup.source.load(&[])?;
    for (tenant, dir) in wire::store_dirs(&config)? {
        let into = if tenant.is_empty() { backup.to.clone() } else { backup.to.join("tenants").join(&tenant) };
        let copied = wire::backup(&config, &dir, &into)?;
        println!("{}: up to commit {} of {}, {} bytes", into.display(), copied.seq, copied.at, copied.bytes);
    }
    Ok(ExitCode::SUCCESS)
}
