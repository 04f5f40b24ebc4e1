//! Resident memory of an empty server and for each entity of a filled one.

use super::Stage;
use crate::report::Measured;
use crate::seed;
use crate::server::Server;
use crate::workload::Memory;
use anyhow::{Result, ensure};
use std::time::{Duration, Instant};

pub fn run(stage: &Stage, work: &Memory) -> Result<Measured> {
    let (belfry, data) = stage.belfry(&[])?;
    let mut measured = Measured::default();
    let (idle, idle_anonymous) = settled(&belfry)?;
    measured.figure("idle", mib(idle), "MiB");
    let mut there = 0;
    for wanted in &work.entities {
        let wanted = stage.size(*wanted);
        if wanted <= there {
            continue;
        }
        let filled = seed::entities(belfry.address, there, wanted)?;
        measured.remarks.push(format!("{there} to {wanted} entities filled at {:.0} a second", filled.rate()));
        there = wanted;
        ensure!(seed::count(belfry.address)? == there, "not all entities are there");
        let (all, anonymous) = settled(&belfry)?;
        let each = |now: u64, before: u64| (now.saturating_sub(before)) as f64 / there as f64 / 1024.0;
        measured.figure(&format!("entity at {there}"), each(all, idle), "KiB");
        measured.figure(&format!("anonymous at {there}"), each(anonymous, idle_anonymous), "KiB");
        measured.remarks.push(format!(
            "{there} entities: {:.0} MiB resident, {:.0} MB on disk",
            mib(all),
            data.bytes() as f64 / 1e6
        ));
    }
    belfry.stop()?;
    Ok(measured)
}

/// Memory once it has not moved by more than a hundredth for a second; at most ten seconds later.
fn settled(server: &Server) -> Result<(u64, u64)> {
    let begin = Instant::now();
    let mut last = server.memory()?;
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let now = server.memory()?;
        if now.0.abs_diff(last.0) < last.0 / 100 || begin.elapsed() > Duration::from_secs(10) {
            return Ok(now);
        }
        last = now;
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
