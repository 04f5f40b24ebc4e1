//! Many series with few rows each: memory of the open part, time of appends, flush, and the state of all as of an
//! instant. Run with `cargo run --release -p belfry-history --example town -- [entities]`.

use std::time::Instant;

use belfry_history::{History, Kind, Options, SampleRef, ValueRef};
use belfry_kernel::Time;

const ATTRIBUTES: usize = 7;

fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) * 4096.0
}

fn main() {
    let entities: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(50_000);
    let dir = tempfile::tempdir().expect("a directory");
    let options = Options { open_bytes_max: 2 << 30, ..Options::default() };
    let history = History::open(dir.path(), options).expect("opens");
    let names: Vec<String> =
        (0..ATTRIBUTES).map(|a| format!("https://uri.etsi.org/ngsi-ld/default-context/p{a}")).collect();
    let before = resident();
    let mut seq = 0;
    let mut clock = 1_700_000_000_000_000_i64;
    let mut key_bytes = 0;
    for round in 0..3 {
        let began = Instant::now();
        for e in 0..entities {
            let keys: Vec<Vec<u8>> =
                names.iter().map(|a| format!("urn:ngsi-ld:Device:{e:07}\0{a}\0").into_bytes()).collect();
            if round == 0 {
                key_bytes += keys.iter().map(Vec::len).sum::<usize>();
            }
            let batch: Vec<(&[u8], SampleRef<'_>)> = keys
                .iter()
                .enumerate()
                .map(|(a, key)| {
                    clock += 1;
                    let sample = SampleRef {
                        stamp: clock,
                        observed: Some(Time::from_micros(clock - 200_000)),
                        value: ValueRef::F64((e % 300) as f64 / 10.0 + a as f64),
                        rest: b"CEL",
                        kind: Kind::Normal,
                    };
                    (key.as_slice(), sample)
                })
                .collect();
            seq += 1;
            history.append(seq, &batch).expect("appends");
        }
        let rate = (entities * ATTRIBUTES) as f64 / began.elapsed().as_secs_f64();
        println!("round {round}: {rate:.0} appends a second");
    }
    let series = (entities * ATTRIBUTES) as f64;
    let counted = (history.open_bytes() - key_bytes) as f64 / series;
    let real = (resident() - before - key_bytes as f64) / series;
    println!("{series} series of 3 rows: {counted:.0} bytes each counted beside the key, {real:.0} resident");
    let began = Instant::now();
    let latest = history.scan_at(b"", clock).filter(Result::is_ok).count();
    println!("state of all {latest} from the open part: {:.0} ms", began.elapsed().as_secs_f64() * 1e3);
    let began = Instant::now();
    history.flush().expect("flushes");
    let (rows, bytes) = history.at_rest();
    println!("flush: {:.2} s, {:.1} bytes a row with keys", began.elapsed().as_secs_f64(), bytes as f64 / rows as f64);
    for _ in 0..2 {
        let began = Instant::now();
        let latest = history.scan_at(b"", clock).filter(Result::is_ok).count();
        println!("state of all {latest} from a run: {:.0} ms", began.elapsed().as_secs_f64() * 1e3);
    }
    let began = Instant::now();
    for e in 0..1000 {
        let prefix = format!("urn:ngsi-ld:Device:{:07}\0", e * 37 % entities);
        assert_eq!(history.scan_at(prefix.as_bytes(), clock).count(), ATTRIBUTES);
    }
    println!("state of one entity from a run: {:.0} us", began.elapsed().as_secs_f64() * 1e3);
    for _ in 0..3 {
        for e in 0..entities {
            let keys: Vec<Vec<u8>> =
                names.iter().map(|a| format!("urn:ngsi-ld:Device:{e:07}\0{a}\0").into_bytes()).collect();
            let batch: Vec<(&[u8], SampleRef<'_>)> = keys
                .iter()
                .map(|key| {
                    clock += 1;
                    let observed = Some(Time::from_micros(clock - 200_000));
                    let value = ValueRef::F64((clock % 300) as f64 / 10.0);
                    (key.as_slice(), SampleRef { stamp: clock, observed, value, rest: b"CEL", kind: Kind::Normal })
                })
                .collect();
            seq += 1;
            history.append(seq, &batch).expect("appends");
        }
        let began = Instant::now();
        history.flush().expect("flushes");
        println!("flush of a row a series: {:.2} s", began.elapsed().as_secs_f64());
    }
    let began = Instant::now();
    assert!(history.merge().expect("merges"));
    let (rows, bytes) = history.at_rest();
    println!("merge of four: {:.2} s, {:.2} bytes a row", began.elapsed().as_secs_f64(), bytes as f64 / rows as f64);
}
