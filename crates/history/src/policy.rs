//! Retention: how long samples are kept, and what coarser samples take their place. Decides nothing about when.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use belfry_kernel::{Period, Time};

use crate::aggregate::{Function, Running, compute};
use crate::sample::{Kind, Sample, Value};

/// Names the series that takes the values of a function over another series.
pub type Naming = Arc<dyn Fn(&[u8], Function) -> Vec<u8> + Send + Sync>;

/// What becomes of the samples of a series with age. The age of a sample counts from its observation, or from its
/// arrival when it does not say when it was observed.
#[derive(Clone)]
pub struct Policy {
    /// How long samples stay as they are.
    pub keep: Duration,
    /// Whether a sample tells how things stand until the next such one: the last of them stays, however old. (A tombstone
    /// stays only while something before it does.)
    pub stands: fn(&Sample) -> bool,
    /// What is kept of them then; nothing when absent.
    pub then: Option<Coarser>,
}

/// Coarser samples in place of those that go. Each is observed at the start of its period, carries the stamp and the
/// remainder of the newest sample it was computed of, and is appended to the series that `name` gives; that series is
/// written by nobody else. A sample that arrives for a period that is gone already makes a second coarse sample.
#[derive(Clone)]
pub struct Coarser {
    /// The length of the periods, counted from 1970 (calendar months from January of year 1). One with months is
    /// counted in months alone.
    pub every: Period,
    /// What is computed, one series each.
    pub functions: Vec<Function>,
    /// Their series.
    pub name: Naming,
}

impl Coarser {
    /// The start of the period that holds `time`.
    pub fn start(&self, time: Time) -> Time {
        if self.every.months > 0 {
            let (year, month, _) = time.date();
            let months = (year - 1) * 12 + i64::from(month) - 1;
            let months = months - months.rem_euclid(i64::from(self.every.months));
            let month = months.rem_euclid(12) as u32 + 1;
            return Time::from_date(months.div_euclid(12) + 1, month, 1).unwrap_or(Time::MIN);
        }
        let every = self.every.micros.max(1);
        Time::from_micros(time.micros() - time.micros().rem_euclid(every))
    }
}

impl Policy {
    /// The instant before which samples go: whole periods only.
    pub(crate) fn cutoff(&self, now: Time) -> Time {
        let cutoff = now.plus_micros(-i64::try_from(self.keep.as_micros()).unwrap_or(i64::MAX));
        self.then.as_ref().map_or(cutoff, |c| c.start(cutoff))
    }
}

/// When a sample was observed or else arrived.
pub(crate) fn age_of(sample: &Sample) -> Time {
    sample.observed.unwrap_or(Time::from_micros(sample.stamp))
}

/// Gathers what leaves one series.
#[derive(Default)]
pub(crate) struct Leaving {
    periods: BTreeMap<Time, (Running, i64, Arc<[u8]>)>,
}

impl Leaving {
    pub(crate) fn add(&mut self, coarser: &Coarser, sample: &Sample) {
        if sample.kind == Kind::Deleted {
            return;
        }
        let start = coarser.start(age_of(sample));
        let (running, stamp, rest) =
            self.periods.entry(start).or_insert_with(|| (Running::default(), i64::MIN, Arc::default()));
        running.add(&sample.as_ref(), coarser.functions.contains(&Function::DistinctCount));
        if sample.stamp > *stamp {
            (*stamp, *rest) = (sample.stamp, Arc::clone(&sample.rest));
        }
    }

    /// The coarse samples of one function.
    pub(crate) fn samples(&self, function: Function) -> Vec<Sample> {
        let mut out: Vec<Sample> = self
            .periods
            .iter()
            .filter_map(|(start, (running, stamp, rest))| {
                let distinct = Some(running.distinct.len() as u64);
                Some(Sample {
                    stamp: *stamp,
                    observed: Some(*start),
                    value: Value::F64(compute(function, running.count, distinct, &running.numbers)?),
                    rest: Arc::clone(rest),
                    kind: Kind::Normal,
                })
            })
            .collect();
        out.sort_by_key(|s| s.stamp);
        out
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.periods.is_empty()
    }
}
