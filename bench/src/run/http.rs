//! Requests in closed loop against the trivial server and Belfry in turns.

use super::{PREPARED, Stage, as_round, ms};
use crate::load::histogram;
use crate::report::{Measured, median};
use crate::script::Script;
use crate::server::Server;
use crate::workload::Http;
use anyhow::{Context, Result};

pub fn run(stage: &Stage, work: &Http) -> Result<Measured> {
    let setup = stage.sized(work.setup);
    let (belfry, data) = stage.belfry(&[])?;
    let trivial = Server::trivial()?;
    let mut measured = Measured::default();
    stage.prepare(&belfry, setup, &work.request, &mut measured)?;
    let mut script = Script::new(&work.request, setup.entities, work.connections)?;
    script.leave_new(PREPARED);
    let mut plain = Script::new(&work.trivial, setup.entities, work.connections)?;
    let (mut rates, mut trivial_rates, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut cpu, mut trivial_cpu) = (Vec::new(), Vec::new());
    let mut latency = histogram();
    for _ in 0..stage.rounds {
        let (a, a_cpu) = stage.round(&trivial, &mut plain, work.connections).context("the trivial server")?;
        let (b, b_cpu) = stage
            .round(&belfry, &mut script, work.connections)
            .with_context(|| format!("belfry ({})", belfry.said()))?;
        script.verify(belfry.address)?;
        ratios.push(b.rate() / a.rate());
        rates.push(b.rate());
        trivial_rates.push(a.rate());
        cpu.push(b_cpu);
        trivial_cpu.push(a_cpu);
        latency.add(&b.latency)?;
        measured.rounds.push(as_round("trivial", a.rate(), a_cpu, &a.latency));
        measured.rounds.push(as_round("belfry", b.rate(), b_cpu, &b.latency));
    }
    measured.figure("rate", median(&rates), &format!("{}/s", work.unit));
    measured.figure("trivial", median(&trivial_rates), "requests/s");
    if work.unit == "requests" {
        measured.figure("ratio", median(&ratios), "of trivial");
    }
    measured.figure("p50", ms(&latency, 0.5), "ms");
    measured.figure("p99", ms(&latency, 0.99), "ms");
    measured.figure("cpu", median(&cpu), &format!("µs/{}", work.unit));
    measured.figure("trivial cpu", median(&trivial_cpu), "µs/requests");
    measured.figure("disk", data.bytes() as f64 / 1e6, "MB in the end");
    belfry.stop()?;
    Ok(measured)
}
