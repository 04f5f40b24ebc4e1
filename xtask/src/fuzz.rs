//! `cargo xtask fuzz`: a bounded run of every fuzz target where cargo-fuzz is installed, else the same parsers on their
//! corpora through plain tests. Holds no targets.

use anyhow::{Result, bail};
use clap::Args;

use crate::process;
use crate::workspace::root;

/// Options of `fuzz`.
#[derive(Args)]
pub struct Options {
    /// Seconds for each target.
    #[arg(long, default_value_t = 5)]
    pub seconds: u32,
}

/// Runs every target for a while.
pub fn run(options: &Options) -> Result<()> {
    if !root().join("fuzz/Cargo.toml").is_file() {
        bail!("there is no fuzz/Cargo.toml");
    }
    let targets = process::capture(&mut nightly(&["list"]))?;
    if !targets.success {
        println!(
            "cargo-fuzz or the nightly toolchain is not installed; the corpora are replayed through plain tests instead"
        );
        return process::run(
            process::cargo(["test", "--lib", "--manifest-path", "fuzz/Cargo.toml"])
                .env("CARGO_TARGET_DIR", root().join("target"))
                .env("BELFRY_TEST_FUZZ_SECONDS", options.seconds.to_string()),
        );
    }
    for target in targets.stdout.split_whitespace() {
        process::run(&mut nightly(&["run", target, "--", &format!("-max_total_time={}", options.seconds)]))?;
    }
    Ok(())
}

/// `cargo +nightly fuzz …`; the toolchain of this program must not be forced upon it.
fn nightly(arguments: &[&str]) -> std::process::Command {
    let mut command = process::command("cargo", ["+nightly", "fuzz"].iter().chain(arguments), &root());
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    command
}
