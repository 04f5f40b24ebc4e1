//! QoS 1 publishes: into Mosquitto with one subscriber, and into Belfry's own listener until they are committed.

use super::{Stage, as_round, ms, quiet};
use crate::load::{ask, histogram};
use crate::machine::cpu_seconds;
use crate::mqtt::{Publishing, message, publish};
use crate::report::{Measured, median};
use crate::server::{Data, Server, free_port};
use crate::workload::Mqtt;
use anyhow::{Context, Result, ensure};
use std::net::SocketAddr;

pub fn run(stage: &Stage, work: &Mqtt) -> Result<Measured> {
    let port = free_port()?;
    let (belfry, _data) = stage.belfry(&[
        ("BELFRY_MQTT_LISTENER_ENABLED", "true".into()),
        ("BELFRY_MQTT_LISTENER_LISTEN", format!("127.0.0.1:{port}")),
        ("BELFRY_MQTT_LISTENER_MAPPING", stage.files.join(&work.mapping).display().to_string()),
        ("BELFRY_MQTT_LISTENER_MAX_IN_FLIGHT", work.in_flight.max(256).to_string()),
    ])?;
    let listener = SocketAddr::from(([127, 0, 0, 1], port));
    let settings = Data::new(&stage.dir)?;
    let mosquitto = Server::mosquitto(settings.path())?;
    let mut how = Publishing {
        connections: work.connections,
        in_flight: work.in_flight,
        devices: work.devices,
        subscriber: true,
        warm_up: stage.warm_up(),
        window: stage.window(),
        first: 1,
    };
    let mut measured = Measured::default();
    let (mut rates, mut yardstick, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut cpu, mut yardstick_cpu) = (Vec::new(), Vec::new());
    let mut latency = histogram();
    for _ in 0..stage.rounds {
        how.subscriber = true;
        quiet(&belfry);
        let before = (cpu_seconds(mosquitto.pid()), cpu_seconds(belfry.pid()));
        let a = publish(mosquitto.address, &how).context("mosquitto")?;
        how.subscriber = false;
        let b = publish(listener, &how).with_context(|| format!("belfry ({})", belfry.said()))?;
        let after = (cpu_seconds(mosquitto.pid()), cpu_seconds(belfry.pid()));
        let a_cpu = (after.0 - before.0) * 1e6 / a.sent as f64;
        let b_cpu = (after.1 - before.1) * 1e6 / b.sent as f64;
        yardstick_cpu.push(a_cpu);
        cpu.push(b_cpu);
        how.first += b.sent;
        check(belfry.address, how.first - 1, work)?;
        let rate = |messages: u64| messages as f64 / stage.seconds;
        ratios.push(rate(b.messages) / rate(a.messages));
        rates.push(rate(b.messages));
        yardstick.push(rate(a.messages));
        latency.add(&b.latency)?;
        measured.rounds.push(as_round("mosquitto", rate(a.messages), a_cpu, &a.latency));
        measured.rounds.push(as_round("belfry", rate(b.messages), b_cpu, &b.latency));
    }
    let samples = count_history(belfry.address, how.first - 1, work)?;
    measured
        .remarks
        .push(format!("{samples} samples of history, one for each of {} messages acknowledged", how.first - 1));
    measured.figure("rate", median(&rates), "committed/s");
    measured.figure("mosquitto", median(&yardstick), "delivered/s");
    measured.figure("ratio", median(&ratios), "of mosquitto");
    measured.figure("p50", ms(&latency, 0.5), "ms");
    measured.figure("p99", ms(&latency, 0.99), "ms");
    measured.figure("cpu", median(&cpu), "µs/message");
    measured.figure("mosquitto cpu", median(&yardstick_cpu), "µs/message");
    belfry.stop()?;
    Ok(measured)
}

/// Whether the entity of the last message's device holds one of its last values: messages of different connections may
/// overtake each other, so any of those under way at the end is right.
fn check(address: SocketAddr, last: u64, work: &Mqtt) -> Result<()> {
    let device = last % work.devices;
    let (status, _, body) = ask(address, "GET", &format!("/ngsi-ld/v1/entities/urn:ngsi-ld:Probe:{device}"), b"")?;
    let text = String::from_utf8_lossy(&body).into_owned();
    ensure!(status == 200, "the entity of device {device}: {status} {text}");
    let entity: serde_json::Value = serde_json::from_slice(&body)?;
    let level = entity["level"]["value"].as_u64().with_context(|| format!("no level in {text}"))?;
    let under_way = (work.connections * work.in_flight) as u64;
    ensure!(
        level % work.devices == device && level + under_way >= last,
        "{} expected, {text} found",
        message(last, work.devices).1
    );
    Ok(())
}

/// Whether each message left one sample of its own in the history of its device, and no other is there: the levels are
/// numbers that come once each. Returns how many there are.
fn count_history(address: SocketAddr, last: u64, work: &Mqtt) -> Result<u64> {
    let mut all = 0;
    for device in 0..work.devices {
        let path = format!(
            "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Probe:{device}?attrs=level&timeproperty=modifiedAt&timerel=before\
             &timeAt=2100-01-01T00:00:00Z&aggrMethods=totalCount,distinctCount&aggrPeriodDuration=PT0S\
             &options=aggregatedValues"
        );
        // Messages are numbered from 1; the first of device 0 is that of a whole round.
        let wanted = if device == 0 { last / work.devices } else { (last + work.devices - device) / work.devices };
        let (status, _, body) = ask(address, "GET", &path, b"")?;
        if wanted == 0 {
            ensure!(status == 404, "device {device} sent nothing and has a history: {status}");
            continue;
        }
        let text = String::from_utf8_lossy(&body).into_owned();
        ensure!(status == 200, "the history of device {device}: {status} {text}");
        let found: serde_json::Value = serde_json::from_slice(&body)?;
        let count = |method: &str| found["level"][method][0][0].as_u64();
        ensure!(
            (count("totalCount"), count("distinctCount")) == (Some(wanted), Some(wanted)),
            "device {device} sent {wanted} messages; its history has {text}"
        );
        all += wanted;
    }
    Ok(all)
}
