//! Runs workloads. Holds what every kind of work needs; one submodule a kind.

mod growth;
mod history;
mod http;
mod memory;
mod mqtt;
mod notify;
mod start;

use crate::load::{self, Outcome, Schedule, Traffic};
use crate::machine::cpu_seconds;
use crate::report::{Measured, Round};
use crate::server::{Data, Server};
use crate::workload::{Setup, Work, Workload};
use anyhow::Result;
use hdrhistogram::Histogram;
use std::path::PathBuf;
use std::time::Duration;

/// Where and how long to measure.
pub struct Stage {
    /// The program to measure.
    pub bin: PathBuf,
    /// Where data directories are made.
    pub dir: PathBuf,
    /// Folder of the workload files.
    pub files: PathBuf,
    /// Seconds of one round.
    pub seconds: f64,
    /// Rounds of each server.
    pub rounds: usize,
    /// Divisor of sizes.
    pub shrink: u64,
}

impl Stage {
    /// Belfry over a new data directory.
    fn belfry(&self, settings: &[(&str, String)]) -> Result<(Server, Data)> {
        let data = Data::new(&self.dir)?;
        let server = Server::belfry(&self.bin, data.path(), settings)?;
        Ok((server, data))
    }

    /// The setup in the size of this run.
    fn sized(&self, setup: Setup) -> Setup {
        Setup { entities: self.size(setup.entities), subscriptions: setup.subscriptions / self.shrink }
    }

    fn size(&self, entities: u64) -> u64 {
        match entities {
            0 => 0,
            n => (n / self.shrink).max(2000),
        }
    }

    fn warm_up(&self) -> Duration {
        Duration::from_secs_f64((self.seconds / 5.0).min(0.5))
    }

    fn window(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// One measured round; with it the microseconds of processor time that the server used for each unit.
    fn round(&self, server: &Server, traffic: &mut dyn Traffic, connections: usize) -> Result<(Outcome, f64)> {
        let schedule = Schedule { connections, warm_up: self.warm_up(), window: Some(self.window()), pace: None };
        let before = cpu_seconds(server.pid());
        let outcome = load::drive(server.address, traffic, schedule)?.sound()?;
        let cpu = (cpu_seconds(server.pid()) - before) * 1e6 / outcome.all_units.max(1) as f64;
        Ok((outcome, cpu))
    }
}

/// Runs one workload.
pub fn run(stage: &Stage, workload: &Workload) -> Result<Measured> {
    match &workload.work {
        Work::Http(work) => http::run(stage, work),
        Work::Mqtt(work) => mqtt::run(stage, work),
        Work::Notify(work) => notify::run(stage, work),
        Work::History(work) => history::run(stage, work),
        Work::Memory(work) => memory::run(stage, work),
        Work::Start(work) => start::run(stage, work),
        Work::Growth(work) => growth::run(stage, work),
    }
}

fn as_round(of: &str, rate: f64, cpu_us: f64, latency: &Histogram<u64>) -> Round {
    Round { of: of.into(), rate, cpu_us, latency_ms: [ms(latency, 0.5), ms(latency, 0.99), ms(latency, 1.0)] }
}

fn ms(latency: &Histogram<u64>, quantile: f64) -> f64 {
    latency.value_at_quantile(quantile) as f64 / 1e6
}
