//! `belfry demo`: a live county with simulated devices.

use super::serve::stop_signal;
use super::{Source, runtime, tell};
use crate::town::{self, Land, Pace, Plan, Replay, Scored};
use crate::{logging, wire};
use anyhow::Context as _;
use belfry_kernel::{Position, Time};
use belfry_sim::scenario::Scenario;
use belfry_sim::wire::register::Extent;
use belfry_sim::{Faults, Setup, Simulation, wire as spoken};
use clap::Args;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The second of the day at which the simulated day begins: late enough in the morning that car parks fill.
const MORNING: u32 = 10 * 3_600;
/// Devices when nothing says how many.
const DEVICES: u32 = 200;
/// How the program ends when a scored scenario was not met in full.
const NOT_MET: u8 = 3;

/// Run a live county with simulated devices, to look at and try things on.
///
/// Weather, rivers, fields, roads, buses, pipes and the devices that measure them are simulated from a seed; the devices are honest
/// customers, with noise and faults, and speak MQTT and HTTP through the same doors as real ones. The data lies in its own directory.
///
/// With --osm, they stand in a real town; with --gtfs its buses drive their timetable. With --scenario, a file says what happens and
/// what a good response must contain, and the run is scored. With --replay, a file of real measurements is played back among
/// them as sensors that report over MQTT.
#[derive(Args)]
#[command(after_help = "Examples:
  belfry demo                                       then open the address that it prints
  belfry demo --devices 5000 --speed 600            more of them, a day in two and a half minutes
  belfry demo --osm liechtenstein.osm.pbf           on the streets of a real place
  belfry demo --scenario cloudburst.toml            what happens when, and a score at the end
  belfry demo --replay soil.csv --map soil-probe.toml --speed 1000
  belfry demo --devices 100000 --from 2026-06-01T00:00:00Z --speed max
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
    /// How many devices; vehicles come on top. The county grows with them. Default 200, or what the scenario says.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    devices: Option<u32>,
    /// How many times faster than life the day passes, and the replayed file with it; or max, with --from.
    #[arg(long, default_value = "60", value_parser = clap::value_parser!(Pace))]
    speed: Pace,
    /// What the county, its weather and its faults are drawn from. Default 1, or what the scenario says.
    #[arg(long)]
    seed: Option<u64>,
    /// Where the county lies: longitude and latitude of its town.
    #[arg(long, value_name = "LON,LAT", default_value = "9.5,46.8", value_parser = position, allow_hyphen_values = true)]
    origin: Position,
    /// Begin at this instant, and let reports carry the simulated instants; without it they carry those of the clock.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    from: Option<Time>,
    /// How often devices fail, as a multiple of what is usual; 0 for never.
    #[arg(long, default_value_t = 1.0, value_parser = factor)]
    faults: f64,
    /// What happens when, and what a good response must contain (TOML). The run is scored.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Write the score as JSON and end with the scenario: with 0 when everything was met, with 3 when not.
    #[arg(long, value_name = "FILE", requires = "scenario")]
    score: Option<PathBuf>,
    /// Put the devices into a real town: a map of OpenStreetMap (.osm.pbf, .osm, packed or not).
    #[arg(long, value_name = "FILE")]
    osm: Option<PathBuf>,
    /// Let buses drive this timetable: a GTFS feed as a zip file or folder.
    #[arg(long, value_name = "FILE", requires = "osm")]
    gtfs: Option<PathBuf>,
    /// Write what agencies publish into this folder: timetable, realtime feed, warnings, map; and the truth of what happened.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Register every street and house, and not only what leads through or has a use.
    #[arg(long)]
    register_all: bool,
    /// Play back this table of past measurements, row by row in the order of time, with the instants that it gives.
    #[arg(long, value_name = "FILE", requires = "map")]
    replay: Option<PathBuf>,
    /// What a row of the replayed table becomes: a mapping file as for `belfry import`.
    #[arg(long, short = 'm', value_name = "FILE", requires = "replay")]
    map: Option<PathBuf>,
}

fn position(text: &str) -> Result<Position, String> {
    let parts = text.split_once(',').and_then(|(lon, lat)| lon.trim().parse::<f64>().ok().zip(lat.trim().parse().ok()));
    match parts {
        Some((lon, lat)) if lon.abs() <= 180.0 && (-80.0..=80.0).contains(&lat) => Ok(Position { lon, lat, alt: None }),
        _ => Err("this is a longitude and a latitude between 80 degrees south and north, such as 9.5,46.8".to_owned()),
    }
}

fn instant(text: &str) -> Result<Time, String> {
    Time::parse(text).map_err(|error| error.to_string())
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if (0.0..=1_000.0).contains(&factor) => Ok(factor),
        _ => Err("this is a number from 0 to 1000".to_owned()),
    }
}

fn scenario(path: &Path) -> anyhow::Result<Scenario> {
    let text = std::fs::read_to_string(path).with_context(|| format!("the scenario {}", path.display()))?;
    Scenario::parse(&text).map_err(|error| anyhow::anyhow!("{}:{}: {}", path.display(), error.line, error.why))
}

impl Demo {
    /// The county, set up, and the scenario that is to be played in it.
    fn plan(&self) -> anyhow::Result<Plan> {
        anyhow::ensure!(
            self.speed != Pace::Fastest || (self.from.is_some() && self.replay.is_none()),
            "--speed max has no clock to keep to: say --from when the simulated time begins, and leave out --replay"
        );
        let scenario = self.scenario.as_deref().map(scenario).transpose()?;
        let told = scenario.as_ref();
        let devices = self.devices.or(told.and_then(|s| s.devices)).unwrap_or(DEVICES);
        let seed = self.seed.or(told.and_then(|s| s.seed)).unwrap_or(1);
        let (second, date) = (told.map_or(MORNING, |s| s.start), told.and_then(|s| s.date));
        let land = Land {
            seed,
            origin: self.origin,
            devices,
            osm: self.osm.clone(),
            gtfs: self.gtfs.clone(),
            at: self.from.or(date).unwrap_or_else(|| town::beginning(second, None, 0)),
        };
        let county = town::county(&land)?;
        if let (Some(scenario), Some(path)) = (told, &self.scenario) {
            // Said before anything starts.
            let fits = scenario.check_places(&county);
            fits.map_err(|error| anyhow::anyhow!("{}:{}: {}", path.display(), error.line, error.why))?;
        }
        let start = self.from.unwrap_or_else(|| town::beginning(second, date, county.ahead_s));
        let faults = if self.faults == 0.0 { Faults::NONE } else { Faults::USUAL.times(self.faults) };
        let setup = Setup { start, devices, faults, chance: told.is_none_or(|s| s.chance) };
        Ok(Plan {
            simulation: Simulation::new(county, setup),
            pace: self.speed,
            simulated_time: self.from.is_some(),
            extent: if self.register_all { Extent::All } else { Extent::Public },
            scenario,
            out: self.out.clone(),
            map: self.osm.clone(),
        })
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
    let plan = demo.plan()?;
    runtime()?.block_on(async {
        let running = wire::start_with(&config, spoken::MAPPING).await?;
        let http = running.address();
        let mqtt = running.mqtt_address().ok_or_else(|| anyhow::anyhow!("the demo needs the MQTT listener"))?;
        let title = plan.scenario.as_ref().map(|scenario| (scenario.title.clone(), scenario.length / 60));
        let mut town = town::start(http, mqtt, plan).await?;
        tell(format_args!("The town is live: http://{http}"));
        if let Some((title, minutes)) = title {
            tell(format_args!("Scenario: {title}, {minutes} minutes of its time; the score follows."));
        }
        let replay = match (replay, demo.speed) {
            (Some(replay), Pace::Times(speed)) => {
                tell(format_args!("Replaying {}.", replay.summary(speed)));
                tell(format_args!("Watch it: http://{http}/#{}", replay.first_sensor()));
                Some(replay.start(http, mqtt, speed).await?)
            }
            _ => None,
        };
        invite(http, mqtt);
        let mut code = ExitCode::SUCCESS;
        let mut stop = std::pin::pin!(stop_signal());
        tokio::select! {
            () = &mut stop => {}
            scored = town.scored() => {
                let ends = demo.score.is_some();
                code = told(&scored?, demo.score.as_deref())?;
                if !ends {
                    stop.await;
                }
            }
        }
        tell("stopping");
        if let Some(replay) = replay {
            replay.stop().await;
        }
        town.stop().await;
        running.stop().await;
        Ok(code)
    })
}

/// Prints a score and writes it, if it is to be written.
fn told(scored: &Scored, to: Option<&Path>) -> anyhow::Result<ExitCode> {
    tell("");
    tell(scored.report.to_string().trim_end());
    if let Some(trouble) = &scored.trouble {
        tell(format_args!("  not every question was answered: {trouble}"));
    }
    let Some(to) = to else { return Ok(ExitCode::SUCCESS) };
    let text = serde_json::to_string_pretty(&scored.report)?;
    std::fs::write(to, text + "\n").with_context(|| format!("{}: the score cannot be written", to.display()))?;
    Ok(if scored.report.is_perfect() { ExitCode::SUCCESS } else { ExitCode::from(NOT_MET) })
}

fn invite(http: SocketAddr, mqtt: SocketAddr) {
    tell("");
    tell("Three things to try:");
    tell(format_args!("  1. Open http://{http} and watch its sensors on the map."));
    tell("  2. Ask which car parks are nearly full:");
    tell(format_args!(
        "       curl -G http://{http}/ngsi-ld/v1/entities -d type=OffStreetParking --data-urlencode 'q=availableSpotNumber<20' -d options=keyValues"
    ));
    tell("  3. Be a sensor yourself, over MQTT:");
    tell(format_args!(
        "       mosquitto_pub -p {} -q 1 -t belfry/WaterObserved/mill-bridge/height -m 2.35",
        mqtt.port()
    ));
    tell("");
    tell("Stop with Ctrl-C.");
}
