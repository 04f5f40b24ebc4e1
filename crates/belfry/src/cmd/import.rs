//! `belfry import`: the work is that of the transfer crate; here is only its end: an exit code.

use super::runtime;
use belfry_transfer::import;
use std::process::ExitCode;

pub fn run(args: import::Args) -> anyhow::Result<ExitCode> {
    match runtime()?.block_on(import::run(args)) {
        Ok(summary) => Ok(ExitCode::from(summary.exit_code())),
        Err(error) => {
            eprintln!("belfry import: {error}");
            Ok(ExitCode::from(2))
        }
    }
}
