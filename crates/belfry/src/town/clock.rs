//! The pace of a run, and how its instants are written. A county that lives faster than clocks is told in the clocks' time, pressed
//! together: what happened first is told first, and nothing lies in the future. Reads no clock.

use belfry_kernel::Time;
use std::str::FromStr;
use std::time::Duration;

/// How many times faster than life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// So many times.
    Times(f64),
    /// As fast as the doors take it.
    Fastest,
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            _ if text == "max" => Ok(Self::Fastest),
            Ok(speed) if (0.001..=1e9).contains(&speed) => Ok(Self::Times(speed)),
            _ => Err("this is a number from 0.001 to 1000000000, or max".to_owned()),
        }
    }
}

/// How instants of the simulation become instants on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Stamps {
    start: Time,
    began: Time,
    pace: Pace,
    simulated: bool,
}

impl Stamps {
    /// A simulation that starts at `start` and was begun at `began` by the clock.
    pub fn new(start: Time, began: Time, pace: Pace, simulated: bool) -> Self {
        Self { start, began, pace, simulated }
    }

    /// What is written for a simulated instant.
    pub fn written(&self, at: Time) -> Time {
        match self.pace {
            Pace::Times(speed) if !self.simulated => {
                let after = (at.micros() - self.start.micros()) as f64 / speed;
                self.began.plus_micros(after as i64)
            }
            _ => at,
        }
    }

    /// The simulated instant that is due when so much time has passed; none when nothing waits for clocks.
    pub fn due(&self, passed: Duration) -> Option<Time> {
        match self.pace {
            Pace::Times(speed) => Some(self.start.plus_micros((passed.as_secs_f64() * speed * 1e6) as i64)),
            Pace::Fastest => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_run_is_told_in_the_time_of_clocks() {
        let (start, began) = (Time::from_micros(1_000_000_000), Time::from_micros(7_000_000_000));
        let stamps = Stamps::new(start, began, Pace::Times(60.0), false);
        let minute = start.plus_micros(60_000_000);
        assert_eq!(stamps.written(minute), began.plus_micros(1_000_000));
        assert_eq!(stamps.due(Duration::from_secs(1)), Some(minute));
        assert_eq!(Stamps::new(start, began, Pace::Times(60.0), true).written(minute), minute);
        assert_eq!(Stamps::new(start, began, Pace::Fastest, true).due(Duration::from_secs(1)), None);
    }

    #[test]
    fn paces_are_numbers_or_max() {
        assert_eq!(Pace::from_str("60"), Ok(Pace::Times(60.0)));
        assert_eq!(Pace::from_str("max"), Ok(Pace::Fastest));
        for wrong in ["0", "-1", "nan", "inf", "fast", ""] {
            assert!(Pace::from_str(wrong).is_err(), "{wrong}");
        }
    }
}
