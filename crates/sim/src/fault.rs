//! How devices fail: chances, lengths and sizes, and what a scenario breaks on purpose. Which device fails when is drawn by
//! the simulation.

use crate::device::Spec;
use crate::draw::{bell, hash, share};

/// Chances of faults; each is a number that tests count against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Faults {
    /// Times a day that a device falls silent, in the mean.
    pub silences_a_day: f64,
    /// Seconds that a silence lasts, in the mean (exponential).
    pub silence_s: f64,
    /// Share of reports that are sent twice.
    pub duplicates: f64,
    /// Share of reports that are delivered late, after later ones.
    pub late: f64,
    /// Seconds by which they are late, in the mean (exponential, at most an hour).
    pub late_s: f64,
    /// Share of devices whose clock is wrong.
    pub skewed: f64,
    /// Seconds by which such a clock is wrong at most, either way.
    pub skew_s: f64,
    /// Share of devices that drift.
    pub drifting: f64,
    /// Times a day that a lift stops working.
    pub lifts_a_day: f64,
}

impl Faults {
    /// What towns with some care see.
    pub const USUAL: Self = Self {
        silences_a_day: 0.04,
        silence_s: 5_400.0,
        duplicates: 0.004,
        late: 0.006,
        late_s: 240.0,
        skewed: 0.03,
        skew_s: 90.0,
        drifting: 0.08,
        lifts_a_day: 0.03,
    };

    /// None at all; noise stays, since it is no fault.
    pub const NONE: Self = Self {
        silences_a_day: 0.0,
        silence_s: 1.0,
        duplicates: 0.0,
        late: 0.0,
        late_s: 1.0,
        skewed: 0.0,
        skew_s: 0.0,
        drifting: 0.0,
        lifts_a_day: 0.0,
    };

    /// The same, so many times as often.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        let share = |s: f64| (s * factor).clamp(0.0, 1.0);
        Self {
            silences_a_day: self.silences_a_day * factor,
            duplicates: share(self.duplicates),
            late: share(self.late),
            skewed: share(self.skewed),
            drifting: share(self.drifting),
            lifts_a_day: self.lifts_a_day * factor,
            ..self
        }
    }

    /// Microseconds by which the clock of a device is ahead.
    pub fn skew(&self, seed: u64, device: u32) -> i64 {
        let drawn = hash(seed, u64::from(device), 101);
        if share(drawn) >= self.skewed {
            return 0;
        }
        ((share(hash(seed, u64::from(device), 102)) * 2.0 - 1.0) * self.skew_s * 1e6) as i64
    }

    /// Drift a day of a value of a device, in deviations of its kind.
    pub fn drift(&self, seed: u64, device: u32, value: usize) -> f32 {
        if share(hash(seed, u64::from(device), 103)) >= self.drifting {
            return 0.0;
        }
        bell(hash(seed, u64::from(device), 104 + value as u64))
    }
}

/// Below this level a battery gives up.
const DEAD: f64 = 0.015;

/// The level of a device's battery, 0 to 1, at so many seconds since 1970, and the seconds until it is replaced when it is
/// dead. Batteries run down evenly, each from a phase of its own; a dead one is found and replaced in time.
pub fn battery(spec: &Spec, seed: u64, device: u32, unix_s: i64) -> (f64, Option<u32>) {
    if spec.battery == 0 {
        return (1.0, None);
    }
    let life = i64::from(spec.battery) * 86_400;
    let phase = (share(hash(seed, u64::from(device), 100)) * life as f64) as i64;
    let age = (unix_s + phase).rem_euclid(life);
    let level = 1.0 - age as f64 / life as f64;
    (level, (level < DEAD).then_some((life - age) as u32))
}

/// What a scenario does to devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// They say nothing.
    Silent,
    /// They say what they said last.
    Stuck,
    /// What they say is wrong by more and more.
    Drift,
    /// They say anything.
    Noisy,
}

impl Broken {
    /// The words of scenario files.
    pub const WORDS: [(&'static str, Self); 4] =
        [("silent", Self::Silent), ("stuck", Self::Stuck), ("drift", Self::Drift), ("noisy", Self::Noisy)];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Stuck => "stuck",
            Self::Drift => "drift",
            Self::Noisy => "noisy",
        }
    }
}
