//! A device's turn: whether it says something, and how wrong, how late, how often. Faults are drawn from the hash of seed,
//! device and report, so that they do not depend on what else happens.

use super::{Event, Next, Reading, SECOND, Simulation};
use crate::device::{Device, Kind, Spec, VALUES, Way};
use crate::draw::{bell, hash, share};
use crate::fault::{Broken, battery};
use crate::truth::{Asset, Truth, TruthKind};
use std::ops::ControlFlow;

/// The longest silence, seconds.
const LONGEST: f64 = 7.0 * 86_400.0;
/// The latest delivery, seconds.
const LATEST: f64 = 3_600.0;
/// Days since a device was calibrated, at most, at the start.
const CALIBRATED: f64 = 120.0;

impl Simulation {
    fn device_truth(&mut self, kind: TruthKind, device: u32, second: u32, seconds: u32, size: f32) -> Truth {
        let begin = self.setup.start.plus_micros(i64::from(second) * SECOND);
        self.truths.begin(Truth {
            id: 0,
            kind,
            begin,
            end: Some(begin.plus_micros(i64::from(seconds) * SECOND)),
            at: Some(self.place(device)),
            assets: vec![Asset::Device(device)],
            size,
            cause: None,
        })
    }

    /// A device is due.
    pub(super) fn report(
        &mut self,
        number: u32,
        second: u32,
        to: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut device = self.devices[number as usize];
        let spec = device.kind.spec();
        let seed = self.county.seed;
        let turn = hash(seed, u64::from(number) << 32 | u64::from(device.count), u64::from(second));
        let part = |what: u64| share(hash(turn, what, 0));
        if let (_, Some(seconds)) = battery(spec, seed, number, self.unix(second)) {
            self.wheel.wait(number, second.saturating_add(seconds));
            let truth = self.device_truth(TruthKind::BatteryDead, number, second, seconds, 0.0);
            return to(Event::Began(&truth));
        }
        let failure = self.failures.get(&number).copied().filter(|f| (f.from..f.until).contains(&second));
        if failure.is_some_and(|f| f.mode == Broken::Silent) {
            self.wheel.wait(number, second + spec.period);
            return ControlFlow::Continue(());
        }
        let faults = self.setup.faults;
        if part(1) < faults.silences_a_day * f64::from(spec.period) / 86_400.0 {
            let long = (-(1.0 - part(2)).ln() * faults.silence_s).clamp(f64::from(spec.period), LONGEST) as u32;
            self.wheel.wait(number, second.saturating_add(long));
            self.counts.silences += 1;
            let truth = self.device_truth(TruthKind::Silence, number, second, long, 0.0);
            return to(Event::Began(&truth));
        }
        let mut lift = None;
        if device.kind == Kind::Lift
            && device.state <= second as f32
            && part(3) < faults.lifts_a_day * f64::from(spec.period) / 86_400.0
        {
            let long = (600.0 - (1.0 - part(4)).ln() * 10_800.0) as u32;
            device.state = (second + long) as f32;
            lift = Some(self.device_truth(TruthKind::LiftStopped, number, second, long, 0.0));
        }
        let truth = self.measure(number, &mut device, second);
        let mut values = self.say(number, &device, spec, &truth, turn, second);
        if let Some(failure) = failure {
            self.spoil(number, spec, failure, &mut values, turn, second);
        }
        let at = self.setup.start.plus_micros(i64::from(second) * SECOND);
        let stamp = at.plus_micros(faults.skew(seed, number));
        let (kind, count) = (device.kind, device.count);
        let mut reading = Reading { device: number, kind, count, at, stamp, sent: at, values, truth, copy: false };
        device.count = device.count.wrapping_add(1);
        self.devices[number as usize] = device;
        self.wheel.wait(number, second + spec.period);
        self.counts.readings += 1;
        if let Some(truth) = lift {
            to(Event::Began(&truth))?;
        }
        // A Sparkplug node speaks over one connection, in order: nothing of it comes twice or late.
        let unordered = spec.way != Way::Sparkplug;
        if unordered && part(5) < faults.late {
            let late = (-(1.0 - part(6)).ln() * faults.late_s).clamp(1.0, LATEST);
            reading.sent = at.plus_micros((late * 1e6) as i64);
            self.counts.late += 1;
            self.later((i64::from(second) * SECOND) + (late * 1e6) as i64, Next::Late(Box::new(reading)));
            return ControlFlow::Continue(());
        }
        let twice = unordered && part(7) < faults.duplicates;
        if twice {
            self.counts.copies += 1;
            let copy = Reading { copy: true, sent: at.plus_micros(SECOND / 2), ..reading };
            self.later(i64::from(second) * SECOND + SECOND / 2, Next::Late(Box::new(copy)));
        }
        to(Event::Reading(&reading))
    }

    /// What a sound device says: noise, drift, and what it can show.
    fn say(
        &self,
        number: u32,
        device: &Device,
        spec: &Spec,
        truth: &[f32; VALUES],
        turn: u64,
        second: u32,
    ) -> [f32; VALUES] {
        let mut values = *truth;
        for (i, attribute) in spec.attributes.iter().enumerate() {
            let deviation = attribute.noise.0 + attribute.noise.1 * truth[i].abs();
            let mut value = truth[i];
            if deviation > 0.0 {
                value += deviation * bell(hash(turn, 20 + i as u64, 0));
            }
            if attribute.drift > 0.0 {
                value += self.drift_of(number, i, attribute.drift, second);
            }
            values[i] = value.clamp(attribute.range.0, attribute.range.1);
        }
        match device.kind {
            Kind::Parking => values[1] = values[1].min(values[0]),
            Kind::Weather => values[4] = values[4].rem_euclid(360.0),
            _ => {}
        }
        values
    }

    /// By how much a value of a device has drifted.
    pub fn drift_of(&self, number: u32, value: usize, a_day: f32, second: u32) -> f32 {
        let size = self.setup.faults.drift(self.county.seed, number, value);
        if size == 0.0 {
            return 0.0;
        }
        let age = share(hash(self.county.seed, u64::from(number), 98)) * CALIBRATED + f64::from(second) / 86_400.0;
        a_day * size * age as f32
    }

    fn spoil(
        &mut self,
        number: u32,
        spec: &Spec,
        failure: super::Failure,
        values: &mut [f32; VALUES],
        turn: u64,
        second: u32,
    ) {
        match failure.mode {
            Broken::Silent => {}
            Broken::Stuck => match failure.held {
                Some(held) => *values = held,
                None => {
                    if let Some(failure) = self.failures.get_mut(&number) {
                        failure.held = Some(*values);
                    }
                }
            },
            Broken::Drift | Broken::Noisy => {
                let hours = (second - failure.from) as f32 / 3_600.0;
                for (i, attribute) in spec.attributes.iter().enumerate().filter(|(_, a)| a.words.is_empty()) {
                    let size = attribute.noise.0 + attribute.noise.1 * values[i].abs();
                    let wrong = match failure.mode {
                        Broken::Drift => hours * (4.0 * size + 0.03 * values[i].abs()),
                        _ => 20.0 * size * bell(hash(turn, 40 + i as u64, 0)),
                    };
                    values[i] = (values[i] + wrong).clamp(attribute.range.0, attribute.range.1);
                }
            }
        }
    }

    /// What a device would say now without any fault: what a register is filled with when devices are set up.
    pub fn first_reading(&self, number: u32) -> Reading {
        let mut device = self.devices[number as usize];
        let second = (self.now / SECOND) as u32;
        let truth = self.measure(number, &mut device, second);
        let at = self.setup.start.plus_micros(i64::from(second) * SECOND);
        let (kind, count) = (device.kind, device.count);
        Reading { device: number, kind, count, at, stamp: at, sent: at, values: truth, truth, copy: false }
    }
}
