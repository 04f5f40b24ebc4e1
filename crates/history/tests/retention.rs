//! What retention leaves: young samples as they were, old ones as coarser samples or not at all.

use std::sync::Arc;
use std::time::Duration;

use belfry_history::{By, Coarser, Function, History, Kind, Options, Policy, Query, SampleRef, Value, ValueRef};
use belfry_kernel::{Period, Time};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 1440 * MINUTE;

fn values(history: &History, key: &[u8]) -> Vec<(i64, f64)> {
    let samples = history.range(key, &Query::all(By::Observed)).expect("reads");
    let pair = |s: belfry_history::Sample| match s.value {
        Value::F64(x) => (s.observed.expect("it has one").micros(), x),
        other => panic!("{other:?}"),
    };
    samples.map(|s| pair(s.expect("reads"))).collect()
}

#[test]
fn old_samples_become_hourly_means() {
    let dir = tempfile::tempdir().expect("a directory");
    let start = Time::from_date(2026, 3, 1).expect("a date").micros();
    let history = History::open(dir.path(), Options::default()).expect("opens");
    let keys: [&[u8]; 3] = [b"a\0kept\0", b"a\0short\0", b"a\0thin\0"];
    let (mut seq, mut now) = (0, start);
    let advance = |history: &History, now: &mut i64, seq: &mut u64, minutes: i64| {
        for _ in 0..minutes {
            let value = ValueRef::F64(((*now - start) / MINUTE % 60) as f64);
            let observed = Some(Time::from_micros(*now));
            let sample = SampleRef { stamp: *now + 5, observed, value, rest: b"CEL", kind: Kind::Normal };
            *seq += 1;
            history.append(*seq, &keys.map(|k| (k, sample))).expect("appends");
            *now += MINUTE;
        }
        history.flush().expect("flushes");
    };
    let coarser = Coarser {
        every: Period::parse("PT1H").expect("a period"),
        functions: vec![Function::Avg, Function::Max],
        name: Arc::new(|key, function| [key, format!("{function:?}").as_bytes()].concat()),
    };
    let policies = move |key: &[u8]| {
        let keep = Duration::from_secs(86_400);
        match key {
            b"a\0short\0" => Some(Policy { keep, stands: |_| true, then: None }),
            b"a\0thin\0" => Some(Policy { keep, stands: |_| true, then: Some(coarser.clone()) }),
            _ => None,
        }
    };
    for days in [3, 2] {
        advance(&history, &mut now, &mut seq, days * 1440);
        // Twice: the second time nothing is left to do.
        for _ in 0..2 {
            history
                .retain(Time::from_micros(now + 30 * MINUTE), Duration::from_secs(86_400), &policies)
                .expect("retains");
        }
    }
    let all = 5 * 1440;
    assert_eq!(values(&history, keys[0]).len(), all);
    let short = values(&history, keys[1]);
    assert_eq!(short.first().map(|s| s.0), Some(now + 30 * MINUTE - DAY));
    assert_eq!(short.len(), 1440 - 30);
    // Whole hours only: the hour that is half too old stays.
    assert_eq!(values(&history, keys[2]).len(), 1440);
    let expected = |value: f64| -> Vec<(i64, f64)> { (0..4 * 24).map(|h| (start + h * 60 * MINUTE, value)).collect() };
    assert_eq!(values(&history, b"a\0thin\0Avg"), expected(29.5));
    assert_eq!(values(&history, b"a\0thin\0Max"), expected(59.0));
    let coarse = history.latest_at(b"a\0thin\0Avg", i64::MAX).expect("reads").expect("there is one");
    assert_eq!(&*coarse.rest, b"CEL");
    drop(history);
    assert!(belfry_history::check(dir.path()).expect("checks").is_sound());
    let history = History::open(dir.path(), Options::default()).expect("opens");
    assert_eq!(values(&history, b"a\0thin\0Avg").len(), 4 * 24);
}

#[test]
fn periods_start_on_the_calendar() {
    let name: belfry_history::Naming = Arc::new(|key, _| key.to_vec());
    let at = Time::parse("2026-03-17T12:34:56Z").expect("an instant");
    for (every, start) in [
        ("PT1H", "2026-03-17T12:00:00Z"),
        ("P1D", "2026-03-17T00:00:00Z"),
        ("P1M", "2026-03-01T00:00:00Z"),
        ("P3M", "2026-01-01T00:00:00Z"),
        ("P1Y", "2026-01-01T00:00:00Z"),
    ] {
        let every = Period::parse(every).expect("a period");
        let coarser = Coarser { every, functions: Vec::new(), name: Arc::clone(&name) };
        assert_eq!(coarser.start(at).to_string(), start);
    }
}

#[test]
fn the_latest_sample_of_a_series_stays() {
    let dir = tempfile::tempdir().expect("a directory");
    let history = History::open(dir.path(), Options::default()).expect("opens");
    let coarser = Coarser {
        every: Period::parse("PT1H").expect("a period"),
        functions: vec![Function::Avg],
        name: Arc::new(|key, _| [key, b"avg"].concat()),
    };
    let policies = move |key: &[u8]| {
        let then = key.starts_with(b"thin").then(|| coarser.clone());
        (!key.ends_with(b"avg")).then(|| Policy {
            keep: Duration::from_secs(3600),
            stands: |s| &*s.rest != b"aside",
            then,
        })
    };
    let keys: [&[u8]; 4] = [b"plain", b"thin", b"gone", b"odd"];
    // Written later, and to the past alone.
    let aside = |stamp: i64| SampleRef {
        stamp,
        observed: Some(Time::from_micros(stamp)),
        value: ValueRef::F64(-1.0),
        rest: b"aside",
        kind: Kind::Normal,
    };
    let sample = |stamp: i64, observed: i64, kind| SampleRef {
        stamp,
        observed: Some(Time::from_micros(observed)),
        value: if kind == Kind::Normal { ValueRef::F64(stamp as f64) } else { ValueRef::None },
        rest: b"",
        kind,
    };
    for n in 0..10 {
        let at = n * MINUTE;
        let kind = if n == 9 { Kind::Deleted } else { Kind::Normal };
        // The odd one reports from a clock far ahead, and is deleted by one that is right.
        let all = [
            sample(at, at, Kind::Normal),
            sample(at, at, Kind::Normal),
            sample(at, at, kind),
            sample(at, if n == 9 { at } else { at + 1000 * DAY }, kind),
        ];
        let batch: Vec<_> = keys.into_iter().zip(all).collect();
        history.append(n as u64 + 1, &batch).expect("appends");
    }
    history.append(11, &[(b"plain".as_slice(), aside(10 * MINUTE))]).expect("appends");
    history.flush().expect("flushes");
    for _ in 0..2 {
        history.retain(Time::from_micros(10 * DAY), Duration::from_secs(3600), &policies).expect("retains");
        let latest = |key: &[u8]| history.latest_at(key, i64::MAX).expect("reads").map(|s| (s.stamp, s.kind));
        assert_eq!(latest(b"plain"), Some((9 * MINUTE, Kind::Normal)));
        assert_eq!(latest(b"thin"), Some((9 * MINUTE, Kind::Normal)));
        assert_eq!(latest(b"odd"), Some((9 * MINUTE, Kind::Deleted)), "what was deleted does not come back");
        assert_eq!(latest(b"gone"), None, "nothing is left that its end would end");
        assert_eq!(values(&history, b"plain").len(), 1);
        // The mean of the nine that went.
        assert_eq!(values(&history, b"thinavg"), [(0, 4.0 * MINUTE as f64)]);
    }
}

/// Names and lengths of the run files.
fn files(dir: &tempfile::TempDir) -> std::collections::BTreeMap<String, u64> {
    let entries = std::fs::read_dir(dir.path()).expect("a directory");
    let entry =
        |e: std::fs::DirEntry| (e.file_name().into_string().expect("a name"), e.metadata().expect("it is there").len());
    entries.map(|e| entry(e.expect("reads"))).filter(|(name, _)| name.ends_with(".bhr")).collect()
}

/// Writes `days` days of minutes to two series and flushes every seven hours: runs end amid an hour of samples.
fn write_days(history: &History, days: i64) -> i64 {
    let start = Time::from_date(2026, 3, 1).expect("a date").micros();
    for minute in 0..days * 1440 {
        let at = start + minute * MINUTE;
        let sample = SampleRef {
            stamp: at + 5,
            observed: Some(Time::from_micros(at)),
            value: ValueRef::F64((minute % 60) as f64),
            rest: b"CEL",
            kind: Kind::Normal,
        };
        let keys: [&[u8]; 2] = [b"a\0kept\0", b"a\0thin\0"];
        history.append(minute as u64 + 1, &keys.map(|key| (key, sample))).expect("appends");
        if minute % 427 == 426 {
            history.flush().expect("flushes");
        }
    }
    history.flush().expect("flushes");
    start
}

fn thin(key: &[u8]) -> Option<Policy> {
    let then = Some(Coarser {
        every: Period::parse("PT1H").expect("a period"),
        functions: vec![Function::Avg],
        name: Arc::new(|key, _| [key, b"avg"].concat()),
    });
    (key == b"a\0thin\0").then(|| Policy { keep: Duration::from_secs(2 * 86_400), stands: |_| true, then })
}

#[test]
fn young_runs_are_left_alone_and_a_period_across_runs_becomes_one_sample() {
    let dir = tempfile::tempdir().expect("a directory");
    let least = Duration::from_secs(2 * 86_400);
    let history = History::open(dir.path(), Options::default()).expect("opens");
    let start = write_days(&history, 4);
    let before = files(&dir);
    let now = Time::from_micros(start + 4 * DAY);
    history.retain(now, least, &thin).expect("retains");
    let after = files(&dir);
    let same = before.iter().filter(|(name, len)| after.get(*name) == Some(len)).count();
    // Two of four days are old: the runs of the younger two stay as files, seven of fourteen at least but for the one across.
    assert!((6..=7).contains(&same), "{same} of {}", before.len());
    assert_eq!(values(&history, b"a\0kept\0").len(), 4 * 1440);
    assert_eq!(values(&history, b"a\0thin\0").len(), 2 * 1440);
    let hourly: Vec<(i64, f64)> = (0..48).map(|h| (start + h * 60 * MINUTE, 29.5)).collect();
    assert_eq!(values(&history, b"a\0thin\0avg"), hourly, "each hour once, also where two runs share it");
    // Nothing more to do: not a file is written, though the other series has old samples.
    history.retain(now, least, &thin).expect("retains");
    assert_eq!(files(&dir), after);
    assert!(belfry_history::check(dir.path()).expect("checks").is_sound());
}

#[test]
fn merges_keep_young_and_old_apart() {
    let dir = tempfile::tempdir().expect("a directory");
    let least = Duration::from_secs(2 * 86_400);
    let options = Options { keep_apart: Some(least), merge_width: 2, ..Options::default() };
    let history = History::open(dir.path(), options).expect("opens");
    let start = write_days(&history, 4);
    while history.merge().expect("merges") {}
    // A run spans at most six hours while retention still goes through it; two days back and six hours all may be one.
    assert!((5..=14).contains(&history.runs()), "{}", history.runs());
    for hour in 1..=72 {
        history.retain(Time::from_micros(start + 4 * DAY + hour * 60 * MINUTE), least, &thin).expect("retains");
        while history.merge().expect("merges") {}
    }
    assert_eq!(values(&history, b"a\0kept\0").len(), 4 * 1440);
    let thinned: Vec<(i64, f64)> = (0..95).map(|h| (start + h * 60 * MINUTE, 29.5)).collect();
    let coarse = values(&history, b"a\0thin\0avg");
    assert_eq!(coarse[..95], thinned);
    // The very last sample tells how things stand.
    assert_eq!(values(&history, b"a\0thin\0"), [(start + 4 * DAY - MINUTE, 59.0)]);
}

#[test]
fn runs_have_a_bound_that_holds_without_merges() {
    let dir = tempfile::tempdir().expect("a directory");
    let keep_apart = Some(Duration::from_secs(60));
    let options = Options { keep_apart, merge_width: 2, max_runs: 8, ..Options::default() };
    let history = History::open(dir.path(), options).expect("opens");
    for n in 0..40_i64 {
        let sample =
            SampleRef { stamp: n * DAY, observed: None, value: ValueRef::F64(n as f64), rest: b"", kind: Kind::Normal };
        history.append(n as u64 + 1, &[(b"a".as_slice(), sample)]).expect("appends");
        history.flush().expect("flushes");
        assert!(history.runs() <= 8, "{}", history.runs());
    }
    assert_eq!(history.range(b"a", &Query::all(By::Stamp)).expect("reads").count(), 40);
}
