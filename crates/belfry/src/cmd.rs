//! The commands, one file each. Holds their list and what they share: where the configuration comes from.

mod backup;
mod check;
mod config;
mod demo;
mod export;
mod import;
mod migrate;
mod restore;
mod serve;
mod token;

use anyhow::Context;
use belfry_config::Config;
use clap::{Args, Subcommand};
use std::fmt::Display;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// What can be done. What each says of itself stands at its own type.
#[derive(Subcommand)]
pub enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    Import(Box<belfry_transfer::import::Args>),
    Export(Box<belfry_transfer::export::Args>),
    Check(check::Check),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Migrate(migrate::Migrate),
    Token(token::Token),
    Config(config::Config),
}

/// Runs one.
pub fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(c) => serve::run(&c),
        Command::Demo(c) => demo::run(&c),
        Command::Import(args) => import::run(*args),
        Command::Export(args) => export::run(*args),
        Command::Check(c) => check::run(&c),
        Command::Backup(c) => backup::run(&c),
        Command::Restore(c) => restore::run(&c),
        Command::Migrate(c) => migrate::run(&c),
        Command::Token(c) => token::run(&c),
        Command::Config(c) => config::run(&c),
    }
}

/// Where the configuration comes from: a file, then the environment (BELFRY_SECTION_KEY), then these flags.
#[derive(Args, Clone, Default)]
pub struct Source {
    /// Configuration file (TOML). `belfry config example` prints one with every default.
    #[arg(long, short, env = "BELFRY_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data directory (store.data_dir).
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Set one key: --set history.enabled=false. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("this is KEY=VALUE, such as history.enabled=false".to_owned()),
    }
}

impl Source {
    /// Reads it, with what the command itself sets last.
    pub fn load(&self, own: &[(String, String)]) -> anyhow::Result<Config> {
        let mut flags = self.set.clone();
        if let Some(data) = &self.data {
            flags.push(("store.data_dir".to_owned(), data.display().to_string()));
        }
        flags.extend_from_slice(own);
        Config::load(self.config.as_deref(), std::env::vars(), &flags).context("the configuration cannot be used")
    }
}

/// Tells whoever started the program. A terminal or pipe that is gone is no reason to stop what runs.
pub fn tell(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The multi-threaded runtime that a command's asynchronous part runs on.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot start")
}
