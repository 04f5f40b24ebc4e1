//! `belfry serve`: runs the platform until it is told to stop.

use super::{Source, runtime, tell};
use crate::{logging, wire};
use clap::Args;
use std::process::ExitCode;

/// Run the platform.
///
/// Stops on SIGINT or SIGTERM: requests under way are finished, the state is written to a checkpoint. A second signal
/// stops at once; nothing that was acknowledged is lost either way.
#[derive(Args)]
#[command(after_help = "Examples:
  belfry serve                                      in ./belfry-data, on http://127.0.0.1:1026
  belfry serve --data /var/lib/belfry --mqtt 127.0.0.1:1883
  belfry config example > belfry.toml               every key with its default; then:
  belfry serve --config belfry.toml
  BELFRY_STORE_DATA_DIR=/srv/town belfry serve      the environment goes before the file

Other machines are let in with security.mode = \"tokens\" (`belfry token --help`) and server.listen = \"0.0.0.0:1026\".")]
pub struct Serve {
    #[command(flatten)]
    source: Source,
    /// Address and port of the HTTP server (server.listen); port 0 lets the system choose.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Also accept MQTT at this address (mqtt.listener).
    #[arg(long, value_name = "ADDRESS")]
    mqtt: Option<String>,
}

pub fn run(serve: &Serve) -> anyhow::Result<ExitCode> {
    let mut own = Vec::new();
    if let Some(listen) = &serve.listen {
        own.push(("server.listen".to_owned(), listen.clone()));
    }
    if let Some(mqtt) = &serve.mqtt {
        own.push(("mqtt.listener.enabled".to_owned(), "true".to_owned()));
        own.push(("mqtt.listener.listen".to_owned(), mqtt.clone()));
    }
    let config = serve.source.load(&own)?;
    logging::start(&config.log);
    runtime()?.block_on(async {
        let running = wire::start(&config).await?;
        tell(format_args!("listening on http://{}", running.address()));
        if let Some(mqtt) = running.mqtt_address() {
            tell(format_args!("listening on mqtt://{mqtt}"));
        }
        stop_signal().await;
        tell("stopping");
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Resolves at SIGINT or SIGTERM; from then on a second one ends the process at once.
pub async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::error!("signals cannot be watched; the process ends when it is killed");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        std::process::exit(130);
    });
}
