//! `belfry config`: what can be configured, and whether a configuration can be used.

use super::Source;
use belfry_config::document;
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// Show what can be configured, or check a configuration.
///
/// A key may stand in a TOML file, in the environment (BELFRY_SERVER_LISTEN for server.listen) or in a flag (--set
/// server.listen=...); flags go before the environment, the environment before the file.
#[derive(Args)]
#[command(after_help = "Examples:
  belfry config example > belfry.toml
  belfry config check --config belfry.toml
  belfry config schema > belfry.schema.json         for editors that complete TOML")]
pub struct Config {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Print an example file with every key, its meaning and its default.
    Example,
    /// Print the JSON schema of the file.
    Schema,
    /// Check the configuration that `serve` would use with these flags.
    Check {
        #[command(flatten)]
        source: Source,
    },
}

pub fn run(config: &Config) -> anyhow::Result<ExitCode> {
    match &config.what {
        What::Example => print!("{}", document::example_toml()),
        What::Schema => println!("{}", document::schema_json()),
        What::Check { source } => {
            let config = source.load(&[])?;
            println!("good: data in {}, listening on {}", config.store.data_dir.display(), config.server.listen);
        }
    }
    Ok(ExitCode::SUCCESS)
}
