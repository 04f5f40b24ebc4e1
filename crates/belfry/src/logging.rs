//! What the program writes about its own work: to standard error, as text for people or JSON for machines.

use belfry_config::{Log, LogFormat};
use tracing_subscriber::EnvFilter;

/// Starts logging; a level that cannot be read becomes `info`.
pub fn start(log: &Log) {
    let filter = EnvFilter::try_new(&log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_target(false).try_init(),
    };
    if let Err(error) = started {
        eprintln!("belfry: logging could not be started: {error}");
    }
}
