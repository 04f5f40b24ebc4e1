//! The program: reads the command line, hands over to one command. Holds no logic of its own.

mod cmd;
mod logging;
mod town;
mod wire;

use clap::Parser;
use std::process::ExitCode;

/// Small blocks by the million are what a town's state is: this allocator keeps them dense and quick.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The open operations platform of a small city or county.
///
/// One program takes in what sensors, vehicles, services and citizens report, keeps one standards-based picture of the
/// town (an NGSI-LD context broker with history), and answers over HTTP and MQTT.
#[derive(Parser)]
#[command(
    name = "belfry",
    version,
    max_term_width = 110,
    after_help = "A first minute:
  belfry demo                  a live town with simulated devices; open the address it prints
  belfry serve                 your own, in ./belfry-data, on http://127.0.0.1:1026
  belfry import --help         bring CSV, GeoJSON or NGSI-LD files in
  belfry serve --help          each command tells more, with examples"
)]
struct Cli {
    #[command(subcommand)]
    command: cmd::Command,
}

fn main() -> ExitCode {
    match cmd::run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            // Every cause, one a line: what was wanted, then why it could not be.
            eprintln!("belfry: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("  because: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}
