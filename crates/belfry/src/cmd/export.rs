//! `belfry export`: the work is that of the transfer crate; here is only its end: an exit code.

use super::runtime;
use belfry_transfer::export;
use std::process::ExitCode;

pub fn run(args: export::Args) -> anyhow::Result<ExitCode> {
    match runtime()?.block_on(export::run(args)) {
        Ok(summary) => Ok(ExitCode::from(summary.exit_code())),
        Err(error) => {
            eprintln!("belfry export: {error}");
            Ok(ExitCode::from(2))
        }
    }
}
