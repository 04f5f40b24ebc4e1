//! Runs workloads. Holds what every kind of work needs; one submodule a kind.

mod growth;
mod history;
mod http;
mod memory;
mod mqtt;
mod notify;
mod roads;
mod start;

use crate::load::{self, Answer, Outcome, Schedule, Traffic};
use crate::machine::cpu_seconds;
use crate::report::{Measured, Round};
use crate::script::Script;
use crate::seed;
use crate::server::{Data, Server};
use crate::workload::{Request, Setup, Work, Workload};
use anyhow::Result;
use hdrhistogram::Histogram;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Numbers of new entities that the requests before the measuring may use.
const PREPARED: u64 = 1000;

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
        // What the server puts off (flushing, merging, building an index) is counted too, and does not disturb whoever
        // is measured next.
        quiet(server);
        let cpu = (cpu_seconds(server.pid()) - before) * 1e6 / outcome.all_units.max(1) as f64;
        Ok((outcome, cpu))
    }

    /// Fills a server and asks it once for each kind of request, so that what it makes ready for them is ready.
    fn prepare(&self, server: &Server, setup: Setup, requests: &[Request], measured: &mut Measured) -> Result<()> {
        seed::fill(server.address, setup)?;
        quiet(server);
        for request in requests {
            let mut first = Once(Script::new(std::slice::from_ref(request), setup.entities, 1)?, false);
            let schedule = Schedule { connections: 1, warm_up: Duration::ZERO, window: None, pace: None };
            let outcome = load::drive(server.address, &mut first, schedule)?.sound()?;
            let after = quiet(server).as_secs_f64();
            if after > 1.0 {
                let (path, first) = (&request.path, ms(&outcome.latency, 1.0));
                let size = format!("{} entities, {} subscriptions", setup.entities, setup.subscriptions);
                measured.remarks.push(format!(
                    "{size}: the first {path} took {first:.1} ms, the server was quiet after {after:.1} s"
                ));
            }
        }
        Ok(())
    }
}

/// Waits until a server uses no more than a twentieth of a core for four seconds, at most a minute; how long it took until then.
fn quiet(server: &Server) -> Duration {
    const LOOK: Duration = Duration::from_millis(200);
    // Longer than the server waits with what it puts off while much is written.
    const STILL: u32 = 20;
    let begin = Instant::now();
    let mut before = cpu_seconds(server.pid());
    let mut still = 0;
    while still < STILL && begin.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(LOOK);
        let now = cpu_seconds(server.pid());
        still = if now - before <= LOOK.as_secs_f64() / 20.0 { still + 1 } else { 0 };
        before = now;
    }
    begin.elapsed().saturating_sub(LOOK * still)
}

/// One request of a script.
struct Once(Script, bool);

impl Traffic for Once {
    fn next(&mut self, connection: usize, out: &mut Vec<u8>) -> bool {
        !std::mem::replace(&mut self.1, true) && self.0.next(connection, out)
    }

    fn answer(&mut self, connection: usize, answer: &Answer<'_>) -> Result<u64, String> {
        self.0.answer(connection, answer)
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
        Work::Roads(work) => roads::run(stage, work),
    }
}

fn as_round(of: &str, rate: f64, cpu_us: f64, latency: &Histogram<u64>) -> Round {
    Round { of: of.into(), rate, cpu_us, latency_ms: [ms(latency, 0.5), ms(latency, 0.99), ms(latency, 1.0)] }
}

fn ms(latency: &Histogram<u64>, quantile: f64) -> f64 {
    latency.value_at_quantile(quantile) as f64 / 1e6
}
