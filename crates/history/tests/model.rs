//! Random histories against a plain model in memory: the same changes, the same answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use belfry_history::{
    By, Coarser, Error, Function, History, Kind, Op, Options, Order, Policy, Query, Sample, SampleRef, Value, ValueRef,
};
use belfry_kernel::{Period, Time};
use proptest::prelude::*;

type Model = BTreeMap<Vec<u8>, BTreeMap<i64, Sample>>;

const KEYS: [&[u8]; 6] = [b"a\0p\0", b"a\0p\0d1", b"a\0q\0", b"b\0p\0", b"ba\0p\0", b"c\0p\0"];
/// Takes the counts of what leaves the last of them; written by nothing else.
const COARSE: &[u8] = b"c\0p\0#";
const PREFIXES: [&[u8]; 4] = [b"a\0", b"a\0p\0", b"b", b"c\0p\0"];

#[derive(Clone, Debug)]
enum Step {
    /// New samples at the end of a series.
    Live {
        key: usize,
        count: usize,
        value: Value,
        lag: i64,
        rest: usize,
    },
    /// A sample at any stamp at all, as an import with old stamps brings it.
    At {
        key: usize,
        stamp: i64,
        value: Value,
    },
    Replace {
        key: usize,
        pick: usize,
        value: Value,
    },
    Remove {
        key: usize,
        pick: usize,
    },
    RemoveSeries {
        key: usize,
    },
    RemovePrefix {
        prefix: usize,
    },
    Tombstone {
        key: usize,
    },
    Flush,
    /// The disk is full for one flush: what it would have written stays in memory, frozen, beside a fresh open part.
    FullDisk,
    /// A series so long that its numbers stand side by side, a flush that fails, and corrections of its newest samples, each
    /// so many from the end: with a value, or taken away.
    Frozen {
        key: usize,
        count: usize,
        corrections: Vec<(usize, Option<Value>)>,
    },
    Merge,
    MergeAll,
    /// Everything is flushed, and then what is too old leaves.
    Retain,
    Reopen,
}

/// How long samples of a series are kept, microseconds.
fn keep(key: &[u8]) -> Option<i64> {
    match key {
        b"a\0q\0" => Some(400),
        b"b\0p\0" => Some(150),
        b"c\0p\0" => Some(200),
        _ => None,
    }
}

const PERIOD: i64 = 50;

/// Whether a sample tells how things stand.
fn stands(sample: &Sample) -> bool {
    !sample.rest.starts_with(b"unit")
}

fn policy(key: &[u8]) -> Option<Policy> {
    let then = (key == b"c\0p\0").then(|| Coarser {
        every: Period { months: 0, micros: PERIOD },
        functions: vec![Function::TotalCount],
        name: Arc::new(|_, _| COARSE.to_vec()),
    });
    Some(Policy { keep: Duration::from_micros(keep(key)? as u64), stands, then })
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (-1000_i64..1000).prop_map(|n| Value::F64(n as f64 / 100.0)),
        1 => any::<f64>().prop_filter("equal to itself", |x| !x.is_nan()).prop_map(Value::F64),
        1 => any::<i64>().prop_map(Value::I64),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => "[a-c]{0,3}".prop_map(|s| Value::Text(s.into())),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(|b| Value::Bytes(b.into())),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..KEYS.len();
    let corrections = prop::collection::vec((0_usize..8, prop::option::weighted(0.2, value())), 1..8);
    prop_oneof![
        8 => (key.clone(), 1_usize..100, value(), -5_i64..5, 0_usize..3)
            .prop_map(|(key, count, value, lag, rest)| Step::Live { key, count, value, lag: lag * 10, rest }),
        3 => (key.clone(), 100_usize..700, -1000_i64..1000)
            .prop_map(|(key, count, n)| Step::Live { key, count, value: Value::F64(n as f64), lag: 0, rest: 2 }),
        3 => (key.clone(), 0_i64..3000, value()).prop_map(|(key, stamp, value)| Step::At { key, stamp, value }),
        3 => (key.clone(), any::<usize>(), value()).prop_map(|(key, pick, value)| Step::Replace { key, pick, value }),
        3 => (key.clone(), any::<usize>()).prop_map(|(key, pick)| Step::Remove { key, pick }),
        1 => key.clone().prop_map(|key| Step::RemoveSeries { key }),
        1 => (0..PREFIXES.len()).prop_map(|prefix| Step::RemovePrefix { prefix }),
        1 => key.prop_map(|key| Step::Tombstone { key }),
        3 => Just(Step::Flush),
        2 => Just(Step::FullDisk),
        2 => (0..KEYS.len(), 270_usize..700, corrections)
            .prop_map(|(key, count, corrections)| Step::Frozen { key, count, corrections }),
        1 => Just(Step::Merge),
        1 => Just(Step::MergeAll),
        2 => Just(Step::Retain),
        1 => Just(Step::Reopen),
    ]
}

fn sample(stamp: i64, value: &Value, rest: usize) -> Sample {
    let rests: [&[u8]; 3] = [b"", b"unit:CEL", b"{\"accuracy\":1}"];
    // Some say when they were observed, some late, some do not say; with the last remainder all do, so that many alike come
    // one after another.
    let observed =
        (stamp % 7 != 0 || rest == 2).then(|| Time::from_micros(stamp - if stamp % 11 == 0 { 500 } else { 3 }));
    Sample { stamp, observed, value: value.clone(), rest: rests[rest].into(), kind: Kind::Normal }
}

struct Run {
    dir: tempfile::TempDir,
    history: Option<History>,
    model: Model,
    log: Vec<Vec<Owned>>,
    clock: i64,
}

#[derive(Clone)]
enum Owned {
    Append(Vec<u8>, Sample),
    Replace(Vec<u8>, Sample),
    Remove(Vec<u8>, i64),
    RemoveSeries(Vec<u8>),
    RemovePrefix(Vec<u8>),
}

fn borrowed(op: &Owned) -> Op<'_> {
    match op {
        Owned::Append(key, s) => Op::Append { key, sample: s.as_ref() },
        Owned::Replace(key, s) => Op::Replace { key, sample: s.as_ref() },
        Owned::Remove(key, stamp) => Op::Remove { key, stamp: *stamp },
        Owned::RemoveSeries(key) => Op::RemoveSeries { key },
        Owned::RemovePrefix(prefix) => Op::RemovePrefix { prefix },
    }
}

fn options() -> Options {
    Options {
        cache_bytes: 64 << 10,
        merge_width: 2,
        max_runs: 8,
        keep_apart: Some(Duration::from_micros(150)),
        ..Options::default()
    }
}

impl Run {
    fn history(&self) -> &History {
        self.history.as_ref().expect("open between steps")
    }

    fn write(&mut self, ops: Vec<Owned>) {
        for op in &ops {
            match op.clone() {
                Owned::Append(key, s) => {
                    self.model.entry(key).or_default().entry(s.stamp).or_insert(s);
                }
                Owned::Replace(key, s) => {
                    self.model.entry(key).or_default().insert(s.stamp, s);
                }
                Owned::Remove(key, stamp) => {
                    self.model.entry(key).or_default().remove(&stamp);
                }
                Owned::RemoveSeries(key) => {
                    self.model.remove(&key);
                }
                Owned::RemovePrefix(prefix) => self.model.retain(|k, _| !k.starts_with(&prefix)),
            }
        }
        self.log.push(ops);
        let seq = self.log.len() as u64;
        self.replay(seq);
    }

    fn replay(&self, seq: u64) -> bool {
        let ops: Vec<_> = self.log[seq as usize - 1].iter().map(borrowed).collect();
        self.history().apply(seq, &ops).expect("applies")
    }

    fn pick(&self, key: usize, pick: usize) -> Option<i64> {
        let series = self.model.get(KEYS[key])?;
        series.keys().nth(pick % series.len().max(1)).copied()
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Live { key, count, value, lag, rest } => {
                let ops = (0..*count).map(|i| {
                    let mut s = sample(self.clock + 1 + i as i64, value, *rest);
                    s.observed = s.observed.map(|t| t.plus_micros(*lag));
                    Owned::Append(KEYS[*key].to_vec(), s)
                });
                let ops = ops.collect();
                self.clock += *count as i64;
                self.write(ops);
            }
            Step::At { key, stamp, value } => {
                self.write(vec![Owned::Append(KEYS[*key].to_vec(), sample(*stamp, value, 1))]);
            }
            Step::Replace { key, pick, value } => {
                let stamp = self.pick(*key, *pick).unwrap_or(*pick as i64 % 1000);
                self.write(vec![Owned::Replace(KEYS[*key].to_vec(), sample(stamp, value, 2))]);
            }
            Step::Remove { key, pick } => {
                let stamp = self.pick(*key, *pick).unwrap_or(*pick as i64 % 1000);
                self.write(vec![Owned::Remove(KEYS[*key].to_vec(), stamp)]);
            }
            Step::RemoveSeries { key } => self.write(vec![Owned::RemoveSeries(KEYS[*key].to_vec())]),
            Step::RemovePrefix { prefix } => self.write(vec![Owned::RemovePrefix(PREFIXES[*prefix].to_vec())]),
            Step::Tombstone { key } => {
                self.clock += 1;
                let s = SampleRef {
                    stamp: self.clock,
                    observed: None,
                    value: ValueRef::None,
                    rest: b"",
                    kind: Kind::Deleted,
                };
                self.write(vec![Owned::Append(KEYS[*key].to_vec(), s.to_owned())]);
            }
            Step::Flush => while self.history().flush().expect("flushes") < self.log.len() as u64 {},
            Step::FullDisk => {
                let temporary = |id: u64| self.dir.path().join(format!("run-{id:010}.bhr.tmp"));
                for id in 1..60 {
                    std::os::unix::fs::symlink("/dev/full", temporary(id)).expect("links");
                }
                let flushed = self.history().flush();
                assert!(matches!(flushed, Ok(_) | Err(Error::DiskFull { .. })), "{flushed:?}");
                for id in 1..60 {
                    let _ = std::fs::remove_file(temporary(id));
                }
            }
            Step::Frozen { key, count, corrections } => {
                self.take(&Step::Live { key: *key, count: *count, value: Value::F64(*count as f64), lag: 0, rest: 2 });
                self.take(&Step::FullDisk);
                let newest: Vec<i64> = self.model[KEYS[*key]].keys().rev().take(8).copied().collect();
                for (from_end, value) in corrections {
                    let (key, stamp) = (KEYS[*key].to_vec(), newest[*from_end]);
                    self.write(vec![match value {
                        Some(value) => Owned::Replace(key, sample(stamp, value, 2)),
                        None => Owned::Remove(key, stamp),
                    }]);
                }
                self.compare_newest(KEYS[*key]);
            }
            Step::Merge => {
                self.history().merge().expect("merges");
            }
            Step::MergeAll => self.history().merge_all().expect("merges"),
            Step::Retain => {
                self.take(&Step::Flush);
                let now = Time::from_micros(self.clock);
                self.history().retain(now, Duration::from_micros(150), &policy).expect("retains");
                KEYS.iter().for_each(|key| self.retain(key));
            }
            Step::Reopen => {
                drop(self.history.take());
                self.history = Some(History::open(self.dir.path(), options()).expect("opens"));
                let flushed = self.history().flushed_seq();
                // A caller may begin earlier than it must.
                for seq in flushed.saturating_sub(3).max(1)..=self.log.len() as u64 {
                    assert_eq!(self.replay(seq), seq > flushed);
                }
            }
        }
    }

    /// What retention leaves of a series in the model.
    fn retain(&mut self, key: &[u8]) {
        let (Some(keep), Some(series)) = (keep(key), self.model.get_mut(key)) else { return };
        let then = key == b"c\0p\0";
        let age = |s: &Sample| s.observed.map_or(s.stamp, Time::micros);
        let cutoff = self.clock - keep;
        let cutoff = if then { cutoff - cutoff.rem_euclid(PERIOD) } else { cutoff };
        let last = series.values().rev().find(|s| stands(s)).map(|s| (s.stamp, s.kind));
        let any = last.is_some_and(|(last, _)| series.range(..last).any(|(_, s)| age(s) >= cutoff));
        let last = last.filter(|(_, kind)| any || *kind == Kind::Normal).map(|(stamp, _)| stamp);
        let mut periods: BTreeMap<i64, (i64, Sample)> = BTreeMap::new();
        series.retain(|stamp, s| {
            let stays = age(s) >= cutoff || last == Some(*stamp);
            if !stays && s.kind == Kind::Normal {
                let start = age(s) - age(s).rem_euclid(PERIOD);
                let (count, newest) = periods.entry(start).or_insert_with(|| (0, s.clone()));
                (*count, *newest) = (*count + 1, s.clone());
            }
            stays
        });
        for (start, (count, newest)) in periods.into_iter().filter(|_| then) {
            let (observed, value) = (Some(Time::from_micros(start)), Value::F64(count as f64));
            let coarse = Sample { observed, value, ..newest };
            self.model.entry(COARSE.to_vec()).or_default().entry(coarse.stamp).or_insert(coarse);
        }
    }

    /// The newest few of a series, which are asked for most often, and its last as of now.
    fn compare_newest(&self, key: &[u8]) {
        let series = &self.model[key];
        for limit in [1, 2, 5, 20, 300] {
            let got: Vec<Sample> =
                self.history().range(key, &Query::last(By::Stamp, limit)).and_then(Iterator::collect).expect("reads");
            let expected: Vec<&Sample> = series.values().rev().take(limit).collect();
            assert_eq!(got.iter().collect::<Vec<_>>(), expected, "{key:?}, the newest {limit}");
        }
        let last = self.history().latest_at(key, i64::MAX).expect("reads");
        assert_eq!(last.as_ref(), series.values().next_back(), "{key:?}");
    }

    fn compare_buckets(&self, key: &[u8], series: &BTreeMap<i64, Sample>, by: By, bounds: &[i64]) {
        let times = || bounds.iter().map(|&b| Time::from_micros(b));
        let plain = self.history().aggregate(key, by, times(), &[], &[]).expect("aggregates");
        let counted = self.history().aggregate(key, by, times(), &[Function::DistinctCount], &[]).expect("aggregates");
        assert_eq!(plain.len(), bounds.len() - 1);
        for (i, w) in bounds.windows(2).enumerate() {
            let within: Vec<&Sample> = series
                .values()
                .filter(|s| s.kind == Kind::Normal && s.time(by).is_some_and(|t| t >= w[0] && t < w[1]))
                .collect();
            let xs: Vec<f64> = within
                .iter()
                .filter_map(|s| match s.value {
                    Value::F64(x) => Some(x),
                    Value::I64(x) => Some(x as f64),
                    Value::Bool(x) => Some(f64::from(x)),
                    _ => None,
                })
                .collect();
            for got in [&plain[i], &counted[i]] {
                assert_eq!((got.count, got.numbers()), (within.len() as u64, xs.len() as u64), "{key:?} {by:?} {w:?}");
                if xs.is_empty() {
                    assert_eq!(got.get(Function::Avg), None);
                    continue;
                }
                let fold = |f: fn(f64, f64) -> f64| xs.iter().copied().reduce(f);
                assert_eq!(got.get(Function::Min), fold(f64::min));
                assert_eq!(got.get(Function::Max), fold(f64::max));
                let size: f64 = xs.iter().map(|x| x.abs()).sum();
                if size < 1e100 {
                    let sum = got.get(Function::Sum).expect("there are numbers");
                    assert!((sum - xs.iter().sum::<f64>()).abs() <= 1e-9 * size + f64::MIN_POSITIVE, "{sum} of {xs:?}");
                    let squares: f64 = xs.iter().map(|x| x * x).sum();
                    let sumsq = got.get(Function::Sumsq).expect("there are numbers");
                    assert!((sumsq - squares).abs() <= 1e-9 * squares + f64::MIN_POSITIVE, "{sumsq} of {xs:?}");
                }
            }
            let mut distinct: Vec<String> = within
                .iter()
                .map(|s| match &s.value {
                    Value::I64(x) => format!("{:?}", Value::F64(*x as f64)),
                    Value::F64(x) => format!("{:?}", Value::F64(x + 0.0)),
                    other => format!("{other:?}"),
                })
                .collect();
            distinct.sort();
            distinct.dedup();
            assert_eq!(counted[i].distinct, Some(distinct.len() as u64));
        }
    }

    fn compare(&self) {
        let none = BTreeMap::new();
        for key in KEYS.into_iter().chain([COARSE]) {
            let series = self.model.get(key).unwrap_or(&none);
            for by in [By::Stamp, By::Observed] {
                for (from, to) in [(i64::MIN, i64::MAX), (100, 700), (self.clock - 50, self.clock)] {
                    let mut all: Vec<&Sample> = series.values().filter(|s| s.time(by).is_some()).collect();
                    all.retain(|s| s.time(by).is_some_and(|t| t >= from && t <= to));
                    all.sort_by_key(|s| (s.time(by), s.stamp));
                    for order in [Order::Ascending, Order::Descending] {
                        for limit in [usize::MAX, 3] {
                            let query = Query { by, from, to, order, limit };
                            let got: Vec<Sample> =
                                self.history().range(key, &query).and_then(Iterator::collect).expect("reads");
                            let expected: Vec<&Sample> = match order {
                                Order::Ascending => all.iter().take(limit).copied().collect(),
                                Order::Descending => all.iter().rev().take(limit).copied().collect(),
                            };
                            assert_eq!(got.iter().collect::<Vec<_>>(), expected, "{key:?} {query:?}");
                        }
                    }
                }
            }
        }
        for key in KEYS.into_iter().chain([COARSE]) {
            let series = self.model.get(key).unwrap_or(&none);
            for by in [By::Stamp, By::Observed] {
                let bounds = [-600, 0, 90, 91, 400, self.clock.max(401), self.clock.max(401) + 5000];
                self.compare_buckets(key, series, by, &bounds);
            }
        }
        for at in [0, 250, self.clock, i64::MAX] {
            for prefix in [b"".as_slice(), b"a\0", b"b"] {
                let got: Vec<(Box<[u8]>, Sample)> =
                    self.history().scan_at(prefix, at).collect::<Result<_, _>>().expect("scans");
                let expected: Vec<(Box<[u8]>, Sample)> = self
                    .model
                    .iter()
                    .filter(|(key, _)| key.starts_with(prefix))
                    .filter_map(|(key, s)| {
                        s.range(..=at).next_back().map(|(_, s)| (key.clone().into_boxed_slice(), s.clone()))
                    })
                    .collect();
                assert_eq!(got, expected, "as of {at}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn answers_as_a_plain_map_does(steps in prop::collection::vec(step(), 1..40)) {
        let dir = tempfile::tempdir().expect("a directory");
        let history = Some(History::open(dir.path(), options()).expect("opens"));
        let mut run = Run { dir, history, model: Model::new(), log: Vec::new(), clock: 0 };
        for step in &steps {
            run.take(step);
        }
        run.compare();
        run.take(&Step::Flush);
        run.take(&Step::Reopen);
        run.compare();
    }
}
