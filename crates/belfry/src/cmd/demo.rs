//! `belfry demo`: a live town with simulated devices.

use super::serve::stop_signal;
use super::{Source, runtime};
use crate::{logging, wire};
use clap::Args;
use std::process::ExitCode;

/// Run a live town with simulated devices, to look at and try things on.
///
/// The devices are honest customers: they speak MQTT and HTTP through the same doors as real ones. The data lies in its
/// own directory; a second start goes on where the first one stopped.
#[derive(Args)]
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
    /// How many times faster than life the day passes.
    #[arg(long, default_value_t = 60.0)]
    speed: f64,
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
    logging::start(&config.log);
    runtime()?.block_on(async {
        let running = wire::start(&config).await?;
        let http = running.address();
        let mqtt = running.mqtt_address().ok_or_else(|| anyhow::anyhow!("the demo needs the MQTT listener"))?;
        let town = crate::town::start(http, mqtt, demo.devices, demo.speed).await?;
        println!("The town is live: http://{http}");
        println!();
        println!("Three things to try:");
        println!("  1. Open http://{http} and watch its sensors on the map.");
        println!("  2. Ask which car parks are nearly full:");
        println!("       curl -G http://{http}/ngsi-ld/v1/entities -d type=OffStreetParking --data-urlencode 'q=availableSpotNumber<20' -d options=keyValues");
        println!("  3. Be a sensor yourself, over MQTT:");
        println!("       mosquitto_pub -p {} -q 1 -t belfry/WaterObserved/mill-bridge/height -m 2.35", mqtt.port());
        println!();
        println!("Stop with Ctrl-C.");
        stop_signal().await;
        println!("stopping");
        town.stop().await;
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}
