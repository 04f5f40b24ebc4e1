//! Configuration files: what is accepted keeps the rules; what is refused says why.

use crate::text;
use belfry_config::Config;
use std::path::Path;

/// Runs the target.
pub fn run(data: &[u8]) {
    let Some(text) = text::of(data) else { return };
    match Config::parse(text, Path::new("belfry.toml"), [], &[]) {
        Ok(config) => assert!(config.validate().is_ok(), "an accepted configuration breaks a rule"),
        Err(error) => {
            assert!(!error.problems.is_empty());
            assert!(!error.to_string().is_empty());
        }
    }
    // The same words as values of the environment and of flags.
    for line in text.lines().take(8) {
        let Some((key, value)) = line.split_once('=') else { continue };
        let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
        let _ = Config::parse("", Path::new(""), [(belfry_config::env_name(&key), value.clone())], &[]);
        let _ = Config::parse("", Path::new(""), [], &[(key, value)]);
    }
}
