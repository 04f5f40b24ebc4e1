//! One year of minute samples of one sensor, and their hourly means: how long that takes, and what it costs at rest.
//! Run with `cargo run --release -p belfry-history --example year`.

use std::time::Instant;

use belfry_history::{By, Function, History, Kind, Options, Order, Query, SampleRef, ValueRef};
use belfry_kernel::{Period, Time};

const MINUTES: i64 = 525_600;
const MINUTE: i64 = 60_000_000;

fn main() {
    let jittered = std::env::args().any(|a| a == "--jitter");
    let dir = tempfile::tempdir().expect("a directory");
    let history = History::open(dir.path(), Options::default()).expect("opens");
    let start = Time::from_date(2025, 1, 1).expect("a date").micros();
    let (key, mut state) = (b"urn:ngsi-ld:Device:1\0https://uri.etsi.org/temperature\0".as_slice(), 1_u64);
    let mut level = 200.0_f64;
    let began = Instant::now();
    for i in 0..MINUTES {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        level += (state % 7) as f64 - 3.0;
        let wobble = if jittered { (state >> 20) as i64 % 2_000_000 } else { 0 };
        let observed = start + i * MINUTE + wobble;
        let sample = SampleRef {
            stamp: observed + 150_000 + (state >> 40) as i64 % 100_000,
            observed: Some(Time::from_micros(observed)),
            value: ValueRef::F64(level / 10.0),
            rest: b"CEL",
            kind: Kind::Normal,
        };
        history.append(i as u64 + 1, &[(key, sample)]).expect("appends");
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{MINUTES} appends in {seconds:.2} s: {:.0} a second", MINUTES as f64 / seconds);
    println!("open part: {:.1} bytes a sample", history.open_bytes() as f64 / MINUTES as f64);
    let hours = || {
        let hour = Period { months: 0, micros: 60 * MINUTE };
        (0..=8760).map(move |h| hour.after(Time::from_micros(start), h))
    };
    let measure = |what: &str| {
        let mut times: Vec<f64> = (0..21)
            .map(|_| {
                let began = Instant::now();
                let buckets = history.aggregate(key, By::Observed, hours(), &[Function::Avg], &[]).expect("aggregates");
                assert_eq!(buckets.iter().map(|b| b.count).sum::<u64>(), MINUTES as u64);
                began.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        let first = times[0];
        times.sort_by(f64::total_cmp);
        println!(
            "hourly mean of a year, {what}: median {:.2} ms, first {first:.2} ms, worst {:.2} ms",
            times[10], times[20]
        );
    };
    measure("open part");
    let began = Instant::now();
    history.flush().expect("flushes");
    println!("flush: {:.2} s", began.elapsed().as_secs_f64());
    let (rows, bytes) = history.at_rest();
    println!("at rest: {:.2} bytes a sample", bytes as f64 / rows as f64);
    measure("run");
    let began = Instant::now();
    let all = history.range(key, &Query::all(By::Stamp)).expect("reads").count();
    println!("reading all {all}: {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
    let began = Instant::now();
    let query = Query { order: Order::Descending, limit: 100, ..Query::all(By::Observed) };
    let last = history.range(key, &query).expect("reads").count();
    println!("last {last} by observation: {:.3} ms", began.elapsed().as_secs_f64() * 1e3);
}
