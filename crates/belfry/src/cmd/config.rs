//! `belfry config`: what can be configured, and whether a configuration can be used.

use super::Source;
use belfry_config::document;
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// Show what can be configured, or check a configuration.
#[derive(Args)]
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
