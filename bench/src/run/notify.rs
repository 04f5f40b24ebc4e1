//! Patches with one matching subscription: how many are delivered to an endpoint in this process, and how long each
//! takes from the sending of the patch to the complete notification.

use super::{Stage, as_round, ms, quiet};
use crate::endpoint::Endpoint;
use crate::load::{self, Outcome, Schedule, histogram};
use crate::machine::cpu_seconds;
use crate::report::{Measured, median};
use crate::script::{Script, Sent};
use crate::seed;
use crate::server::Server;
use crate::workload::Notify;
use anyhow::{Result, ensure};
use hdrhistogram::Histogram;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

struct Delivered {
    /// Notified values in this round, within the window and over all.
    in_window: u64,
    all: u64,
    from: Instant,
    end: Instant,
    latency: Histogram<u64>,
    unreadable: u64,
}

pub fn run(stage: &Stage, work: &Notify) -> Result<Measured> {
    let setup = stage.sized(work.setup);
    let (belfry, _data) = stage.belfry(&[
        ("BELFRY_NOTIFY_ALLOW_LOOPBACK", "true".into()),
        ("BELFRY_NOTIFY_MAX_PENDING_PER_SUBSCRIPTION", "10000000".into()),
    ])?;
    seed::fill(belfry.address, setup)?;
    let sent = Sent::new();
    let now = Instant::now();
    let delivered = Arc::new(Mutex::new(Delivered {
        in_window: 0,
        all: 0,
        from: now,
        end: now,
        latency: histogram(),
        unreadable: 0,
    }));
    let endpoint = Endpoint::start({
        let (sent, delivered) = (Arc::clone(&sent), Arc::clone(&delivered));
        move |body, at| {
            if let Ok(mut delivered) = delivered.lock() {
                take(&mut delivered, &sent, body, at);
            }
        }
    })?;
    subscribe(belfry.address, endpoint.address)?;
    let mut script = Script::new(std::slice::from_ref(&work.request), setup.entities, work.connections)?;
    script.note_sent(Arc::clone(&sent));
    let mut measured = Measured::default();
    let mut rates = [const { Vec::new() }; 4];
    let (mut free, mut paced) = (histogram(), histogram());
    for _ in 0..stage.rounds {
        for pace in [None, Some(work.pace)] {
            let (outcome, delivery, cpu) = round(stage, work, &belfry, &mut script, &delivered, pace)?;
            let rate = delivery.in_window as f64 / stage.seconds;
            let name = if pace.is_some() { "paced" } else { "flat out" };
            measured.rounds.push(as_round(&format!("{name}, patches"), outcome.rate(), cpu, &outcome.latency));
            measured.rounds.push(as_round(&format!("{name}, notifications"), rate, cpu, &delivery.latency));
            if pace.is_some() {
                paced.add(&delivery.latency)?;
                rates[2].push(rate);
            } else {
                free.add(&delivery.latency)?;
                rates[0].push(outcome.rate());
                rates[3].push(cpu);
                rates[1].push(rate);
            }
        }
        script.verify(belfry.address)?;
    }
    measured.figure("patches", median(&rates[0]), "requests/s");
    measured.figure("rate", median(&rates[1]), "delivered/s");
    measured.figure("p50", ms(&free, 0.5), "ms");
    measured.figure("p99", ms(&free, 0.99), "ms");
    measured.figure("cpu", median(&rates[3]), "µs/patch with its notification");
    measured.figure("paced rate", median(&rates[2]), "delivered/s");
    measured.figure("paced p50", ms(&paced, 0.5), "ms");
    measured.figure("paced p99", ms(&paced, 0.99), "ms");
    belfry.stop()?;
    Ok(measured)
}

/// One round; it ends when every patch has been notified, or fails.
fn round(
    stage: &Stage,
    work: &Notify,
    belfry: &Server,
    script: &mut Script,
    delivered: &Mutex<Delivered>,
    pace: Option<f64>,
) -> Result<(Outcome, Delivered, f64)> {
    let lock = || delivered.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    quiet(belfry);
    let begin = Instant::now() + stage.warm_up();
    let first = script.values_sent();
    *lock() = Delivered {
        in_window: 0,
        all: 0,
        from: begin,
        end: begin + stage.window(),
        latency: histogram(),
        unreadable: 0,
    };
    let schedule =
        Schedule { connections: work.connections, warm_up: stage.warm_up(), window: Some(stage.window()), pace };
    let cpu_before = cpu_seconds(belfry.pid());
    let outcome = load::drive(belfry.address, script, schedule)?.sound()?;
    let patched = script.values_sent() - first;
    let waiting = Instant::now();
    loop {
        let mut now = lock();
        if now.all >= patched || waiting.elapsed() > Duration::from_secs(20) {
            ensure!(now.unreadable == 0, "{} notifications without a level", now.unreadable);
            ensure!(now.all == patched, "{} patches, but {} notified values", patched, now.all);
            let empty = Delivered { latency: histogram(), ..*now };
            let cpu = (cpu_seconds(belfry.pid()) - cpu_before) * 1e6 / patched.max(1) as f64;
            return Ok((outcome, std::mem::replace(&mut *now, empty), cpu));
        }
        drop(now);
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn subscribe(belfry: SocketAddr, endpoint: SocketAddr) -> Result<()> {
    let body = format!(
        r#"{{"id":"urn:ngsi-ld:Subscription:bench","type":"Subscription","entities":[{{"type":"Sensor"}}],"watchedAttributes":["level"],"notification":{{"attributes":["level"],"endpoint":{{"uri":"http://{endpoint}/notify","accept":"application/json"}}}}}}"#
    );
    let (status, _, answer) = load::ask(belfry, "POST", "/ngsi-ld/v1/subscriptions", body.as_bytes())?;
    ensure!(status == 201, "subscribing gave {status}: {}", String::from_utf8_lossy(&answer));
    Ok(())
}

/// Takes every value of `level` in a notification.
fn take(delivered: &mut Delivered, sent: &Sent, body: &[u8], at: Instant) {
    let since = (at - sent.base).as_nanos() as u64;
    let mut found = 0;
    for start in memchr::memmem::find_iter(body, br#""level":"#) {
        let attribute = &body[start..body.len().min(start + 400)];
        let Some(value) = memchr::memmem::find(attribute, br#""value":"#).and_then(|at| number(&attribute[at + 8..]))
        else {
            continue;
        };
        found += 1;
        delivered.all += 1;
        let then = sent.slot(value).load(Ordering::Relaxed);
        if at >= delivered.from && at < delivered.end {
            delivered.in_window += 1;
            delivered.latency.saturating_record(since.saturating_sub(then).max(1));
        }
    }
    delivered.unreadable += u64::from(found == 0);
}

fn number(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii_start();
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    std::str::from_utf8(&text[..end]).ok()?.parse().ok()
}
