//! Group commit for any engine: clients hand a value over and wait, one thread takes all that wait and commits them at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::engines::Engine;
use crate::value;

/// What a run measured.
pub struct Measured {
    pub rate: f64,
    pub p50: Duration,
    pub p99: Duration,
}

struct Request {
    key: u64,
    value: Vec<u8>,
    done: Arc<AtomicBool>,
    client: Thread,
}

/// Runs clients against an engine for a time. Every count is of values that were durable before their client went on.
pub fn measure<E: Engine + 'static>(mut engine: E, clients: u64, time: Duration, keys: u64) -> (E, Measured) {
    let (sender, receiver) = channel::<Request>();
    let committer = std::thread::spawn(move || {
        while let Ok(first) = receiver.recv() {
            let mut requests = vec![first];
            requests.extend(receiver.try_iter().take(1023));
            let mut batch = Vec::with_capacity(requests.len());
            let mut waiting = Vec::with_capacity(requests.len());
            for request in requests {
                batch.push((request.key, request.value));
                waiting.push((request.done, request.client));
            }
            engine.commit(&batch);
            for (done, client) in waiting {
                done.store(true, Ordering::Release);
                client.unpark();
            }
        }
        engine
    });
    let until = Instant::now() + time;
    let threads: Vec<_> = (0..clients)
        .map(|number| {
            let sender = sender.clone();
            std::thread::spawn(move || client(number, &sender, until, keys))
        })
        .collect();
    drop(sender);
    let mut latencies: Vec<u32> = Vec::new();
    for thread in threads {
        latencies.extend(thread.join().expect("a client does not panic"));
    }
    let engine = committer.join().expect("the committer does not panic");
    latencies.sort_unstable();
    let at = |part: usize| Duration::from_micros(latencies[latencies.len() * part / 100].into());
    let measured = Measured { rate: latencies.len() as f64 / time.as_secs_f64(), p50: at(50), p99: at(99) };
    (engine, measured)
}

fn client(number: u64, sender: &Sender<Request>, until: Instant, keys: u64) -> Vec<u32> {
    let mut state = number * 7919 + 1;
    let mut latencies = Vec::new();
    while Instant::now() < until {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let key = (state >> 20) % keys;
        let done = Arc::new(AtomicBool::new(false));
        let value = value(key, state);
        let started = Instant::now();
        let request = Request { key, value, done: Arc::clone(&done), client: std::thread::current() };
        sender.send(request).expect("the committer lives as long as its clients");
        while !done.load(Ordering::Acquire) {
            std::thread::park();
        }
        latencies.push(started.elapsed().as_micros().try_into().unwrap_or(u32::MAX));
    }
    latencies
}
