//! One sensor's year of minute samples, and its hourly means through the temporal API.

use super::{Stage, as_round, ms, quiet};
use crate::load::{self, Answer, Schedule, Traffic, histogram, message};
use crate::machine::cpu_seconds;
use crate::report::Measured;
use crate::seed::expect;
use crate::workload::History;
use anyhow::{Result, bail, ensure};
use belfry_kernel::Time;
use std::io::Write as _;
use std::time::{Duration, Instant};

const START: i64 = 1_735_689_600_000_000; // 2025-01-01T00:00:00Z
const MINUTE: i64 = 60_000_000;
const PATH: &str = "/ngsi-ld/v1/temporal/entities";

/// A value that repeats neither by the hour nor by the day.
fn sample(minute: u64) -> f64 {
    let t = minute as f64;
    ((15.0 + 8.0 * (t / 229.0).sin() + 3.0 * (t / 17.0).cos()) * 100.0).round() / 100.0
}

struct Minutes {
    next: u64,
    to: u64,
    batch: u64,
}

impl Traffic for Minutes {
    fn next(&mut self, _: usize, out: &mut Vec<u8>) -> bool {
        let end = (self.next + self.batch).min(self.to);
        if self.next >= end {
            return false;
        }
        let mut body = Vec::new();
        let first = self.next == 0;
        body.extend_from_slice(if first {
            br#"{"id":"urn:ngsi-ld:Sensor:year","type":"Sensor","temperature":["#
        } else {
            br#"{"temperature":["#
        });
        for minute in self.next..end {
            let comma = if minute == self.next { "" } else { "," };
            let at = Time::from_micros(START + minute as i64 * MINUTE);
            let written =
                write!(body, r#"{comma}{{"type":"Property","value":{},"observedAt":"{at}"}}"#, sample(minute));
            written.expect("writing into memory does not fail");
        }
        body.extend_from_slice(b"]}");
        self.next = end;
        let path = if first { PATH.to_owned() } else { format!("{PATH}/urn:ngsi-ld:Sensor:year/attrs") };
        message::write_head(out, b"POST", path.as_bytes(), body.len());
        out.extend_from_slice(&body);
        true
    }
    fn answer(&mut self, _: usize, answer: &Answer<'_>) -> Result<u64, String> {
        expect(answer, &[201, 204]).map(|()| self.batch)
    }
}

pub fn run(stage: &Stage, work: &History) -> Result<Measured> {
    let (belfry, _data) = stage.belfry(&[])?;
    let samples = (work.samples / stage.shrink).max(6000) / 60 * 60;
    let once = Schedule { connections: 1, warm_up: Duration::ZERO, window: None, pace: None };
    let mut minutes = Minutes { next: 0, to: samples, batch: work.batch };
    let filled = load::drive(belfry.address, &mut minutes, once)?.sound()?;
    quiet(&belfry);
    let end = Time::from_micros(START + samples as i64 * MINUTE);
    let query = format!(
        "{PATH}/urn:ngsi-ld:Sensor:year?attrs=temperature&timerel=between&timeAt={}&endTimeAt={end}&aggrMethods=avg&aggrPeriodDuration=PT1H&options=aggregatedValues",
        Time::from_micros(START)
    );
    let mut latency = histogram();
    let mut bytes = 0;
    let begin = Instant::now();
    let wanted = (stage.seconds * stage.rounds as f64).max(1.0);
    let mut times = 0_u64;
    let cpu_before = cpu_seconds(belfry.pid());
    while begin.elapsed().as_secs_f64() < wanted {
        let mut ask = Ask { path: Some(&query), body: Vec::new(), status: 0 };
        let outcome = load::drive(belfry.address, &mut ask, once)?.sound()?;
        ensure!(
            ask.status == 200,
            "the hourly means gave {}: {}",
            ask.status,
            String::from_utf8_lossy(&ask.body[..ask.body.len().min(600)])
        );
        if times == 0 {
            check(&ask.body, samples)?;
        }
        times += 1;
        bytes = ask.body.len();
        latency.add(&outcome.latency)?;
    }
    let cpu = (cpu_seconds(belfry.pid()) - cpu_before) * 1e6 / times as f64;
    let mut measured = Measured::default();
    measured.figure("median", ms(&latency, 0.5), "ms");
    measured.figure("p99", ms(&latency, 0.99), "ms");
    measured.figure("filling", filled.rate(), "samples/s");
    measured
        .remarks
        .push(format!("{samples} samples, {} means, {bytes} bytes an answer, {times} answers", samples / 60));
    measured.rounds.push(as_round("belfry", times as f64 / begin.elapsed().as_secs_f64(), cpu, &latency));
    belfry.stop()?;
    Ok(measured)
}

struct Ask<'a> {
    path: Option<&'a str>,
    body: Vec<u8>,
    status: u16,
}

impl Traffic for Ask<'_> {
    fn next(&mut self, _: usize, out: &mut Vec<u8>) -> bool {
        let Some(path) = self.path.take() else { return false };
        message::write_head(out, b"GET", path.as_bytes(), 0);
        true
    }
    fn answer(&mut self, _: usize, answer: &Answer<'_>) -> Result<u64, String> {
        self.status = answer.status;
        self.body = answer.body.to_vec();
        Ok(1)
    }
}

/// Every mean against the same mean computed here.
fn check(body: &[u8], samples: u64) -> Result<()> {
    let json: serde_json::Value = serde_json::from_slice(body)?;
    let attribute = match &json["temperature"] {
        serde_json::Value::Array(all) => &all[0],
        one => one,
    };
    let Some(means) = attribute["avg"].as_array() else {
        bail!("no means in {}", String::from_utf8_lossy(&body[..body.len().min(600)]));
    };
    ensure!(means.len() as u64 == samples / 60, "{} means instead of {}", means.len(), samples / 60);
    for (hour, mean) in means.iter().enumerate() {
        let from = hour as u64 * 60;
        let expected = (from..from + 60).map(sample).sum::<f64>() / 60.0;
        let found = mean[0].as_f64().unwrap_or(f64::NAN);
        ensure!((found - expected).abs() < 1e-6, "hour {hour}: {found} instead of {expected}");
    }
    Ok(())
}
