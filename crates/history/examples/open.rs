//! Memory of the open part by how long its series are.
//! Run with `cargo run --release -p belfry-history --example open`.

use belfry_history::{History, Kind, Options, SampleRef, ValueRef};
use belfry_kernel::Time;

fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) * 4096.0
}

fn main() {
    for (series, rows) in [(300_000, 1), (300_000, 2), (300_000, 3), (100_000, 10), (10_000, 100), (2_000, 1000)] {
        let dir = tempfile::tempdir().expect("a directory");
        let options = Options { open_bytes_max: 2 << 30, ..Options::default() };
        let history = History::open(dir.path(), options).expect("opens");
        let (before, mut seq, mut key_bytes) = (resident(), 0, 0);
        for row in 0..rows {
            for n in 0..series {
                let key = format!("urn:ngsi-ld:Device:{n:07}\0temperature").into_bytes();
                key_bytes += if row == 0 { key.len() } else { 0 };
                // Each entity was created at an instant of its own, and its remainder says when.
                let rest = [b"CEL".as_slice(), &(n as u64 / 7).to_le_bytes()].concat();
                seq += 1;
                let sample = SampleRef {
                    stamp: 1_700_000_000_000_000 + seq,
                    observed: Some(Time::from_micros(1_700_000_000_000_000 + seq - 200_000)),
                    value: ValueRef::F64((n % 300) as f64 / 10.0),
                    rest: &rest,
                    kind: Kind::Normal,
                };
                history.append(seq as u64, &[(key.as_slice(), sample)]).expect("appends");
            }
        }
        let each = |bytes: f64| (bytes - key_bytes as f64) / series as f64;
        let (counted, real) = (each(history.open_bytes() as f64), each(resident() - before));
        println!("{rows} rows: {counted:.0} bytes a series beside its key counted, {real:.0} resident");
    }
}
