//! How many events a second the county makes, and how many bytes a device takes:
//! `cargo run --release -p belfry-sim --example county -- 1000000 [SECONDS]`

use belfry_kernel::Time;
use belfry_sim::county::{County, Outline};
use belfry_sim::wire::messages;
use belfry_sim::{Event, Faults, Setup, Simulation};
use std::ops::ControlFlow;
use std::time::Instant;

/// Bytes that this process holds in memory.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|n| n.parse::<usize>().ok()).unwrap_or(0) * 4_096
}

/// Seconds of processor that this process has used, in hundredths: what counts on a machine that is shared.
fn used() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn main() {
    let number = |n: usize, default: u32| std::env::args().nth(n).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (devices, seconds) = (number(1, 1_000_000), number(2, 600));
    let start = Time::parse("2026-06-17T06:00:00Z").expect("an instant");
    let begun = Instant::now();
    let county = County::generate(&Outline { devices, ..Outline::default() });
    println!(
        "county: {:.2} s, {} segments, {} houses, {} trips, {:.0} MB",
        begun.elapsed().as_secs_f64(),
        county.roads.segments.len(),
        county.houses.len(),
        county.service.runs.len(),
        resident() as f64 / 1e6
    );
    let (begun, before) = (Instant::now(), resident());
    let setup = Setup { start, devices, faults: Faults::USUAL, chance: true };
    let mut simulation = Simulation::new(county, setup);
    let grown = resident().saturating_sub(before);
    println!("set-up: {:.2} s, {:.1} bytes a device", begun.elapsed().as_secs_f64(), grown as f64 / f64::from(devices));
    let until = start.plus_micros(i64::from(seconds) * 1_000_000);
    let (begun, cpu, mut n, mut sum) = (Instant::now(), used(), 0_u64, 0.0_f64);
    simulation.advance(until, &mut |event| {
        if let Event::Reading(reading) = event {
            n += 1;
            sum += f64::from(reading.values[0]);
        }
        ControlFlow::Continue(())
    });
    let (took, cpu) = (begun.elapsed().as_secs_f64(), (used() - cpu).max(0.01));
    println!(
        "events: {n} reports of {seconds} s in {took:.2} s, {cpu:.2} s of processor: {:.2} million a second ({sum:.0})",
        n as f64 / cpu / 1e6
    );
    println!("resident: {:.0} MB; {:?}", resident() as f64 / 1e6, simulation.counts());
    let mut readings = Vec::new();
    simulation.advance(until.plus_micros(60_000_000), &mut |event| {
        if let Event::Reading(reading) = event {
            readings.push(*reading);
        }
        if readings.len() < 500_000 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let (cpu, mut count, mut bytes) = (used(), 0_u64, 0_usize);
    for reading in &readings {
        messages(&simulation, reading, &|at| at, &mut |message| {
            count += 1;
            bytes += match message {
                belfry_sim::wire::Message::Publish { topic, payload } => topic.len() + payload.len(),
                belfry_sim::wire::Message::Entity { body, .. } => body.len(),
            };
        });
    }
    let cpu = (used() - cpu).max(0.01);
    println!(
        "messages: {count} of {} reports, {:.0} bytes each, {:.2} million a second",
        readings.len(),
        bytes as f64 / count.max(1) as f64,
        count as f64 / cpu / 1e6
    );
}
