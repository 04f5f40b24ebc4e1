//! From `exec` to the first answer, after a stop in order and after `kill -9`.

use super::Stage;
use crate::load::ask;
use crate::report::{Measured, median};
use crate::seed;
use crate::server::Server;
use crate::workload::{Setup, Start};
use anyhow::{Context, Result, ensure};

pub fn run(stage: &Stage, work: &Start) -> Result<Measured> {
    let entities = stage.size(work.entities);
    let (mut belfry, data) = stage.belfry(&[])?;
    seed::fill(belfry.address, Setup { entities, subscriptions: 0 })?;
    let mut measured = Measured::default();
    let (mut clean, mut killed, mut stops) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..work.times {
        for kill in [true, false] {
            // Something new each time, so that a start after a kill has a log to read.
            let from = entities + (round as u64 * 2 + u64::from(kill)) * 10_000;
            seed::entities(belfry.address, from, from + 10_000)?;
            let before = seed::count(belfry.address)?;
            if kill {
                belfry.kill()?;
            } else {
                stops.push(belfry.stop()?.as_secs_f64());
            }
            belfry = Server::belfry(&stage.bin, data.path(), &[]).context("starting again")?;
            if kill { &mut killed } else { &mut clean }.push(belfry.started_in.as_secs_f64());
            ensure!(seed::count(belfry.address)? == before, "not as many entities after the start as before");
            let last = format!("/ngsi-ld/v1/entities/urn:ngsi-ld:Sensor:{}", from + 9_999);
            ensure!(ask(belfry.address, "GET", &last, b"")?.0 == 200, "the last entity is not there after the start");
        }
    }
    measured.figure("after kill -9", median(&killed), "s");
    measured.figure("after a stop", median(&clean), "s");
    measured.figure("stop", median(&stops), "s");
    measured.remarks.push(format!("{:.0} MB on disk", data.bytes() as f64 / 1e6));
    belfry.stop()?;
    Ok(measured)
}
