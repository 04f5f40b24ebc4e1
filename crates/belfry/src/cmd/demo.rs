//! `belfry demo`: a live town with simulated devices.

use super::serve::stop_signal;
use super::{Source, runtime, tell};
use crate::town::{self, Replay};
use crate::{logging, wire};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Run a live town with simulated devices, to look at and try things on.
///
/// The devices are honest customers: they speak MQTT and HTTP through the same doors as real ones. The data lies in its
/// own directory; a second start goes on where the first one stopped.
///
/// With --replay, a file of real measurements is played back among them as sensors that report over MQTT.
#[derive(Args)]
#[command(after_help = "Examples:
  belfry demo                                       then open the address that it prints
  belfry demo --devices 5000 --speed 600            more of them, a day in two and a half minutes
  belfry demo --replay soil.csv --map soil-probe.toml --speed 1000
  belfry demo --data ./other --port 1030 --mqtt-port 0")]
pub struct Demo {
    #[command(flatten)]
    source: Source,
    /// Port of the HTTP server on 127.0.0.1.
    #[arg(long, default_value_t = 1026)]
    port: u16,
    /// Port of the MQTT listener on 127.0.0.1; 0 lets the system choose.
    #[arg(long, default_value_t = 1883)]
    mqtt_port: u16,
    /// How many devices.
    #[arg(long, default_value_t = 200)]
    devices: u32,
    /// How many times faster than life the day passes, and the replayed file with it.
    #[arg(long, default_value_t = 60.0, value_parser = speed)]
    speed: f64,
    /// Play back this table of past measurements, row by row in the order of time, with the instants that it gives.
    #[arg(long, value_name = "FILE", requires = "map")]
    replay: Option<PathBuf>,
    /// What a row of the replayed table becomes: a mapping file as for `belfry import`.
    #[arg(long, short = 'm', value_name = "FILE", requires = "replay")]
    map: Option<PathBuf>,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if (0.001..=1e9).contains(&speed) => Ok(speed),
        _ => Err("this is a number from 0.001 to 1000000000".to_owned()),
    }
}

pub fn run(demo: &Demo) -> anyhow::Result<ExitCode> {
    let mut own = vec![
        ("server.listen".to_owned(), format!("127.0.0.1:{}", demo.port)),
        ("mqtt.listener.enabled".to_owned(), "true".to_owned()),
        ("mqtt.listener.listen".to_owned(), format!("127.0.0.1:{}", demo.mqtt_port)),
    ];
    if demo.source.data.is_none() {
        own.push(("store.data_dir".to_owned(), "./belfry-demo".to_owned()));
    }
    let config = demo.source.load(&own)?;
    // Read first, so that a mistake in it is said before anything starts.
    let replay = match (&demo.replay, &demo.map) {
        (Some(file), Some(map)) => Some(Replay::read(file, map)?),
        _ => None,
    };
    logging::start(&config.log);
    runtime()?.block_on(async {
        let running = wire::start(&config).await?;
        let http = running.address();
        let mqtt = running.mqtt_address().ok_or_else(|| anyhow::anyhow!("the demo needs the MQTT listener"))?;
        let town = town::start(http, mqtt, demo.devices, demo.speed).await?;
        tell(format_args!("The town is live: http://{http}"));
        let replay = match replay {
            Some(replay) => {
                tell(format_args!("Replaying {}.", replay.summary(demo.speed)));
                tell(format_args!("Watch it: http://{http}/#{}", replay.first_sensor()));
                Some(replay.start(http, mqtt, demo.speed).await?)
            }
            None => None,
        };
        tell("");
        tell("Three things to try:");
        tell(format_args!("  1. Open http://{http} and watch its sensors on the map."));
        tell("  2. Ask which car parks are nearly full:");
        tell(format_args!("       curl -G http://{http}/ngsi-ld/v1/entities -d type=OffStreetParking --data-urlencode 'q=availableSpotNumber<20' -d options=keyValues"));
        tell("  3. Be a sensor yourself, over MQTT:");
        tell(format_args!("       mosquitto_pub -p {} -q 1 -t belfry/WaterObserved/mill-bridge/height -m 2.35", mqtt.port()));
        tell("");
        tell("Stop with Ctrl-C.");
        stop_signal().await;
        tell("stopping");
        if let Some(replay) = replay {
            replay.stop().await;
        }
        town.stop().await;
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}
