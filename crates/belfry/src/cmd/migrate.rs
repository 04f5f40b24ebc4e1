//! `belfry migrate`: brings a data directory to the format of this program.

use super::Source;
use crate::wire;
use clap::Args;
use std::process::ExitCode;

/// Bring a data directory to the format of this program.
///
/// There has been one format so far, so there is nothing to change: this says whether the directory is of it.
#[derive(Args)]
#[command(after_help = "Example:
  belfry migrate --data /var/lib/belfry")]
pub struct Migrate {
    #[command(flatten)]
    source: Source,
}

pub fn run(migrate: &Migrate) -> anyhow::Result<ExitCode> {
    let config = migrate.source.load(&[])?;
    for (_, dir) in wire::store_dirs(&config)? {
        println!("{}: {}, which is the newest", dir.display(), wire::format_of(&dir)?);
    }
    Ok(ExitCode::SUCCESS)
}
