//! The simulated county of the demo, driven: a customer from outside that speaks through the public doors alone, MQTT and
//! NGSI-LD over HTTP, as devices, services and agencies do. What happens in it is `belfry-sim`'s; here are its connections and its
//! pace. Files of real measurements can be played back beside it. Holds no shortcut into the platform.

mod clock;
mod county;
mod ground;
mod http;
mod live;
mod publication;
mod replay;
mod score;

pub use clock::Pace;
pub use county::{Land, county};
pub use replay::Replay;
pub use score::Scored;

use anyhow::Context as _;
use belfry_connect_mqtt::codec::{QoS, Version};
use belfry_connect_mqtt::{Endpoint, PublishError, Publisher, PublisherConfig, TcpDial};
use belfry_kernel::{Clock, Time};
use belfry_runtime::{SystemClock, SystemRng};
use belfry_sim::scenario::Scenario;
use belfry_sim::wire::register::Extent;
use belfry_sim::{Setup, Simulation};
use clock::Stamps;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A running town.
pub struct Town {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    scored: Option<JoinHandle<Scored>>,
}

impl Town {
    /// Lets the devices fall silent.
    pub async fn stop(self) {
        // Nobody listening any more is as good as being told.
        let _ = self.stop.send(true);
        let _ = self.task.await;
        if let Some(scored) = self.scored {
            scored.abort();
        }
    }

    /// The score of the scenario once it has ended; never when there is none.
    pub async fn scored(&mut self) -> anyhow::Result<Scored> {
        match self.scored.take() {
            Some(task) => task.await.context("the scoring broke off"),
            None => std::future::pending().await,
        }
    }
}

/// How a device speaks MQTT: as a client of the broker at an address.
#[derive(Clone)]
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
    async fn publish(&self, topic: &str, payload: impl Into<Vec<u8>>) -> Result<(), PublishError> {
        let (broker, version) = (&self.broker, Version::V5);
        self.publisher.publish(broker, version, topic, payload.into(), QoS::AtLeastOnce, &[]).await
    }
}

/// What is to be driven, and how.
pub struct Plan {
    /// The county, set up.
    pub simulation: Simulation,
    /// How fast.
    pub pace: Pace,
    /// Whether reports carry the simulated instants, and not those of the clock.
    pub simulated_time: bool,
    /// How much of the county is registered.
    pub extent: Extent,
    /// What happens, and what is expected.
    pub scenario: Option<Scenario>,
    /// Where feeds, warnings, map and truth are written.
    pub out: Option<PathBuf>,
    /// The map that the county was read from; without one, it is drawn as it was made up.
    pub map: Option<PathBuf>,
}

/// When a county's life begins: today at a local second of the day, or on a scenario's date.
pub fn beginning(second: u32, date: Option<Time>, ahead_s: i32) -> Time {
    const DAY: i64 = 86_400_000_000;
    let ahead = i64::from(ahead_s) * 1_000_000;
    let midnight =
        date.unwrap_or_else(|| Time::from_micros((SystemClock.now().micros() + ahead).div_euclid(DAY) * DAY));
    midnight.plus_micros(i64::from(second) * 1_000_000 - ahead)
}

/// Registers the county, lets its first devices report, and keeps it alive. `setup` of the simulation says when it begins.
pub async fn start(http: SocketAddr, mqtt: SocketAddr, plan: Plan) -> anyhow::Result<Town> {
    let Plan { mut simulation, pace, simulated_time, extent, scenario, out, map } = plan;
    if let Some(scenario) = &scenario {
        simulation.play(scenario).map_err(|error| anyhow::anyhow!("the scenario does not fit the county: {error}"))?;
    }
    let client = http::Client::new(http);
    let publication = out.map(|folder| publication::Publication::begin(folder, &simulation)).transpose()?;
    register(&client, &simulation, extent).await?;
    if let Err(error) = ground::put(&client, simulation.county(), map).await {
        // A county can be watched without its ground.
        tracing::warn!("the county has no basemap: {error:#}");
    }
    let connections = if simulation.devices() > 5_000 { 4 } else { 1 };
    let publishers = (0..connections).map(|_| Mqtt::new(mqtt)).collect::<anyhow::Result<Vec<_>>>()?;
    let Setup { start, .. } = *simulation.setup();
    let stamps = Stamps::new(start, SystemClock.now(), pace, simulated_time);
    let reached = Arc::new(AtomicI64::new(start.micros()));
    let (stop, stopped) = watch::channel(false);
    let scored = scenario.map(|scenario| {
        let (county, reached) = (simulation.county().clone(), reached.clone());
        tokio::spawn(score::run(http::Client::new(http), scenario, county, start, reached))
    });
    let mut life = live::Life::new(simulation, client, publishers, stamps, publication);
    life.register_first().await.context("the devices could not be registered")?;
    let task = tokio::spawn(async move {
        life.live(stopped, |now| reached.store(now.micros(), Ordering::Relaxed)).await;
    });
    Ok(Town { stop, task, scored })
}

/// Sends the county's register: roads, places, farms, stops.
async fn register(client: &http::Client, simulation: &Simulation, extent: Extent) -> anyhow::Result<()> {
    let mut all = Vec::new();
    belfry_sim::wire::register::county(simulation.county(), extent, &mut |entity| all.push(entity));
    for part in all.chunks(live::BATCH) {
        client.upsert(part.iter().map(String::as_str)).await.context("the county could not be registered")?;
    }
    Ok(())
}
