//! A small town of simulated devices, for the demo until the simulated county exists. Each device is a customer of the
//! public doors: half of them publish over MQTT, the others send NGSI-LD over HTTP; files of real measurements can be
//! played back among them. Holds no shortcut into the platform.

mod device;
mod http;
mod replay;

pub use replay::Replay;

use anyhow::Context as _;
use belfry_connect_mqtt::codec::{QoS, Version};
use belfry_connect_mqtt::{Endpoint, Publisher, PublisherConfig, TcpDial};
use belfry_kernel::Clock;
use belfry_runtime::{SystemClock, SystemRng};
use device::{Device, Weather};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often the whole town reports.
const ROUND: Duration = Duration::from_secs(2);
/// The hour at which the simulated day begins.
const MORNING: f64 = 7.0;

/// A running town.
pub struct Town {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Town {
    /// Lets the devices fall silent.
    pub async fn stop(self) {
        // Nobody listening any more is as good as being told.
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

/// How a device speaks MQTT: as a client of the broker at an address.
struct Mqtt {
    publisher: Publisher,
    broker: Endpoint,
}

impl Mqtt {
    fn new(address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self {
            publisher: Publisher::new(PublisherConfig::default(), Arc::new(TcpDial), Arc::new(SystemRng)),
            broker: Endpoint::parse(&format!("mqtt://{address}"))?,
        })
    }

    /// Publishes at QoS 1 and returns when it is acknowledged.
    async fn publish(&self, topic: &str, payload: String) -> anyhow::Result<()> {
        let (broker, version) = (&self.broker, Version::V5);
        Ok(self.publisher.publish(broker, version, topic, payload, QoS::AtLeastOnce, &[]).await?)
    }
}

/// Sets the devices up, lets each report once, and keeps them reporting.
pub async fn start(http: SocketAddr, mqtt: SocketAddr, devices: u32, speed: f64) -> anyhow::Result<Town> {
    let devices: Vec<Device> = (0..devices).map(Device::new).collect();
    let client = http::Client::new(http);
    let began = SystemClock.now();
    // The register first, and a first value of each: where the devices stand and the units of their values do not come
    // over MQTT.
    let morning = Weather::at(MORNING);
    for chunk in devices.chunks(100) {
        client.upsert(chunk.iter().map(Device::registration)).await.context("the devices could not be registered")?;
        let first = chunk.iter().map(|device| device.update(&morning, began));
        client.upsert(first).await.context("the devices could not send their first values")?;
    }
    let publisher = Mqtt::new(mqtt)?;
    let (stop, mut stopped) = watch::channel(false);
    let task = tokio::spawn(async move {
        let mut tick = tokio::time::interval(ROUND);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return,
                _ = tick.tick() => {}
            }
            let now = SystemClock.now();
            // The day passes faster than life; what is reported carries the real instant.
            let hours = (now.micros() - began.micros()) as f64 / 3.6e9 * speed + MORNING;
            let weather = Weather::at(hours);
            for device in devices.iter().filter(|d| d.speaks_mqtt()) {
                let payload = device.report(&weather, now);
                let sent = publisher.publish(&device.topic(), payload).await;
                if let Err(error) = sent {
                    tracing::warn!(%error, "a simulated device could not publish");
                    break;
                }
            }
            let updates = devices.iter().filter(|d| !d.speaks_mqtt()).map(|d| d.update(&weather, now));
            if let Err(error) = client.upsert(updates).await {
                tracing::warn!(error = %format!("{error:#}"), "the simulated devices could not send");
            }
        }
    });
    Ok(Town { stop, task })
}
