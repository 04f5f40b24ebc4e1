//! `cargo run -p belfry-transfer --example import -- FILE …`: the import command alone, without the rest of Belfry.

use clap::Parser;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: belfry_transfer::import::Args,
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    match belfry_transfer::import::run(Line::parse().args).await {
        Ok(summary) => summary.exit_code().into(),
        Err(error) => {
            eprintln!("{error}");
            2.into()
        }
    }
}
