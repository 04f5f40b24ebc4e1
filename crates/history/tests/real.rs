//! What real series cost at rest: hourly soil moisture and daily weather, as an import brings them and as sensors
//! would have sent them. Reads `$BELFRY_TEST_DATA`, or `../shared/data` beside the workspace.

use std::path::{Path, PathBuf};

use belfry_history::{By, Function, History, Kind, Options, Query, SampleRef, Value, ValueRef};
use belfry_kernel::Time;

/// Column by column: name, observation (microseconds) and value in the order of the file.
struct Table {
    columns: Vec<(String, Vec<(i64, f64)>)>,
}

fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let dir = std::env::var_os("BELFRY_TEST_DATA").map_or(beside, PathBuf::from);
    if dir.join("soil").is_dir() {
        return Some(dir);
    }
    println!("no data at {}: nothing was measured; set BELFRY_TEST_DATA", dir.display());
    None
}

fn table(names: Vec<String>, rows: impl Iterator<Item = (i64, Vec<f64>)>) -> Table {
    let mut columns: Vec<(String, Vec<(i64, f64)>)> = names.into_iter().map(|n| (n, Vec::new())).collect();
    for (observed, values) in rows {
        for (column, value) in columns.iter_mut().zip(values) {
            if !value.is_nan() {
                column.1.push((observed, value));
            }
        }
    }
    columns.retain(|c| !c.1.is_empty());
    Table { columns }
}

fn soil(dir: &Path) -> Table {
    let text = std::fs::read_to_string(dir.join("soil/openagri_soil_moisture_2024.csv")).expect("the soil file");
    let mut lines = text.lines();
    let names = lines.next().expect("a header").split(',').skip(1).map(|n| n.trim().to_owned()).collect();
    let rows = lines.map(|line| {
        let mut fields = line.split(',');
        let date = fields.next().expect("a date").trim().replace(' ', "T") + "Z";
        let observed = Time::parse(&date).expect("an instant").micros();
        (observed, fields.map(|f| f.trim().parse().unwrap_or(f64::NAN)).collect())
    });
    table(names, rows)
}

fn desert(dir: &Path) -> Table {
    let text = std::fs::read_to_string(dir.join("weather/azmet-maricopa-daily-2003-2020.wth")).expect("the file");
    let rows = text.lines().filter_map(|line| {
        let mut fields = line.split_whitespace();
        let (year, day) = fields.next()?.split_once('-')?;
        let start = Time::from_date(year.parse().ok()?, 1, 1)?;
        let observed = start.micros() + (day.parse::<i64>().ok()? - 1) * 86_400_000_000;
        Some((observed, fields.map(|f| f.parse().unwrap_or(f64::NAN)).collect()))
    });
    table((0..10).map(|n| format!("c{n}")).collect(), rows)
}

fn climate(dir: &Path, name: &str) -> Table {
    let text = std::fs::read_to_string(dir.join("weather").join(name)).expect("the file");
    let rows = text.lines().skip(1).filter_map(|line| {
        let f: Vec<&str> = line.split_whitespace().collect();
        let date = Time::from_date(f.get(2)?.parse().ok()?, f.get(1)?.parse().ok()?, f.first()?.parse().ok()?)?;
        Some((date.micros(), f[3..].iter().map(|x| x.parse().unwrap_or(f64::NAN)).collect()))
    });
    table(["min", "max", "rain", "et0"].map(str::to_owned).into(), rows)
}

#[derive(Clone, Copy)]
enum Arrival {
    /// One microsecond after another, in the order of the file.
    Import,
    /// All columns of a row in one message, some hundred milliseconds after the observation.
    Message,
    /// Each value in a message of its own.
    Alone,
}

fn store(table: &Table, arrival: Arrival) -> f64 {
    let dir = tempfile::tempdir().expect("a directory");
    let history = History::open(dir.path(), Options::default()).expect("opens");
    let mut random = 88_172_645_463_325_252_u64;
    let mut jitter = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        60_000 + (random >> 30) as i64 % 400_000
    };
    let mut rows: Vec<(i64, usize, f64)> = Vec::new();
    for (c, column) in table.columns.iter().enumerate() {
        rows.extend(column.1.iter().map(|&(observed, value)| (observed, c, value)));
    }
    let newest_first = table.columns[0].1.first() > table.columns[0].1.last();
    rows.sort_by_key(|r| (if newest_first && matches!(arrival, Arrival::Import) { -r.0 } else { r.0 }, r.1));
    let key = |c: usize| format!("urn:ngsi-ld:Device:1\0https://example.org/{}\0", table.columns[c].0).into_bytes();
    let (mut stamp, mut message, mut seq) = (1_790_000_000_000_000_i64, i64::MIN, 0);
    for &(observed, c, value) in &rows {
        stamp = match arrival {
            Arrival::Import => stamp + 1,
            Arrival::Message if observed == message => stamp + 1,
            Arrival::Message | Arrival::Alone => observed + jitter(),
        };
        message = observed;
        let observed = Some(Time::from_micros(observed));
        let sample = SampleRef { stamp, observed, value: ValueRef::F64(value), rest: b"P1", kind: Kind::Normal };
        seq += 1;
        history.append(seq, &[(&key(c), sample)]).expect("appends");
        if seq % 20_000 == 0 {
            history.flush().expect("flushes");
        }
    }
    history.flush().expect("flushes");
    history.merge_all().expect("merges");
    let (stored, bytes) = history.at_rest();
    assert_eq!(stored, rows.len() as u64);
    for (c, (name, column)) in table.columns.iter().enumerate() {
        let mut expected = column.clone();
        // Some hours are there twice; by which way they arrived, either may come first.
        let by_time_and_value = |a: &(i64, f64), b: &(i64, f64)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1));
        expected.sort_by(by_time_and_value);
        let mut got: Vec<(i64, f64)> = history
            .range(&key(c), &Query::all(By::Observed))
            .expect("reads")
            .map(|s| s.expect("reads"))
            .map(|s| match s.value {
                Value::F64(x) => (s.observed.expect("it has one").micros(), x),
                other => panic!("{other:?} in {name}"),
            })
            .collect();
        assert!(got.is_sorted_by_key(|r| r.0), "{name}");
        got.sort_by(by_time_and_value);
        assert!(got == expected, "{name}: {:?}", got.iter().zip(&expected).find(|(g, e)| g != e));
        let all = history
            .aggregate(&key(c), By::Observed, [Time::MIN, Time::MAX], &[Function::Avg], &[])
            .expect("aggregates");
        let mean = column.iter().map(|r| r.1).sum::<f64>() / column.len() as f64;
        let avg = all[0].get(Function::Avg).expect("numbers");
        assert!((avg - mean).abs() <= 1e-9 * mean.abs().max(1.0), "{name}: {avg} is not {mean}");
    }
    assert!(belfry_history::check(dir.path()).expect("checks").is_sound());
    bytes as f64 / rows.len() as f64
}

#[test]
fn real_series_cost_at_most_three_bytes_a_sample() {
    let Some(dir) = data() else { return };
    let tables = [
        ("soil, hourly, 9 columns", soil(&dir)),
        ("desert weather, daily", desert(&dir)),
        ("cordoba, daily", climate(&dir, "cordoba_climate.txt")),
        ("tunis, daily", climate(&dir, "tunis_climate.txt")),
    ];
    for (name, table) in &tables {
        let samples: usize = table.columns.iter().map(|c| c.1.len()).sum();
        let [import, message, alone] = [Arrival::Import, Arrival::Message, Arrival::Alone].map(|a| store(table, a));
        println!(
            "{name}: {samples} samples; bytes each: import {import:.2}, live {message:.2}, live one by one {alone:.2}"
        );
        assert!(name.starts_with("cordoba") || import <= 3.0 && message <= 3.0, "{name}: {import} {message}");
    }
}
