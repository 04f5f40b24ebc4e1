//! `cargo run -p belfry-transfer --example export -- history …`: the export command alone.

use clap::Parser;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: belfry_transfer::export::Args,
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    match belfry_transfer::export::run(Line::parse().args).await {
        Ok(summary) => summary.exit_code().into(),
        Err(error) => {
            eprintln!("{error}");
            2.into()
        }
    }
}
