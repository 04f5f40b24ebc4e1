//! `belfry backup`: copies a data directory.

use super::Source;
use crate::wire;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Copy a data directory whose server is stopped.
///
/// Of a running server take the backup through its door, which costs it no pause:
/// It goes into store.backup_dir:
///   curl http://127.0.0.1:1026/backups -H 'Content-Type: application/json' -d '{"name":"monday"}'
#[derive(Args)]
#[command(verbatim_doc_comment)]
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
