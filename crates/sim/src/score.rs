//! Scoring: which expectations are to be looked at now, what the counts say, and the report at the end. Asks nobody itself.

use crate::scenario::{Expectation, Scenario, Wanted};
use serde::Serialize;
use std::fmt;

/// How an expectation came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "result")]
pub enum Outcome {
    /// It was met, so many seconds after its event, with so many to spare.
    #[serde(rename_all = "camelCase")]
    Met {
        /// Seconds after its event.
        after_s: f64,
        /// Seconds that were left.
        to_spare_s: f64,
    },
    /// It was met too late, by so many seconds.
    #[serde(rename_all = "camelCase")]
    Late {
        /// Seconds after its event.
        after_s: f64,
        /// Seconds beyond the deadline.
        late_by_s: f64,
    },
    /// It was not met before the end; of so many entities there were so many.
    #[serde(rename_all = "camelCase")]
    Missed {
        /// The most that were seen.
        seen: u64,
        /// That were wanted.
        wanted: u64,
    },
    /// What must never be there was there, so many seconds after its event.
    #[serde(rename_all = "camelCase")]
    Broken {
        /// Seconds after its event.
        after_s: f64,
        /// How many.
        seen: u64,
    },
    /// The scenario ended before its deadline, and it could not be decided.
    Undecided,
}

/// One line of a report.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The expectation's name.
    pub name: String,
    /// Seconds that it had.
    pub within_s: u32,
    /// How it came out.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// The report of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The scenario's title.
    pub title: String,
    /// How many expectations were met.
    pub met: usize,
    /// Each of them.
    pub expectations: Vec<Line>,
}

impl Report {
    /// Whether everything was met.
    pub fn is_perfect(&self) -> bool {
        self.met == self.expectations.len()
    }
}

fn minutes(seconds: f64) -> String {
    let whole = seconds.round().max(0.0) as u64;
    format!("{}:{:02}", whole / 60, whole % 60)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} of {} met (minutes and seconds of the scenario)",
            self.title,
            self.met,
            self.expectations.len()
        )?;
        for line in &self.expectations {
            let within = minutes(f64::from(line.within_s));
            let what = match &line.outcome {
                Outcome::Met { after_s, to_spare_s } => {
                    format!("met     after {}, {} to spare", minutes(*after_s), minutes(*to_spare_s))
                }
                Outcome::Late { after_s, late_by_s } => {
                    format!("missed  after {}, late by {}", minutes(*after_s), minutes(*late_by_s))
                }
                Outcome::Missed { seen, wanted } => format!("missed  not within the run: {seen} of {wanted}"),
                Outcome::Broken { after_s, seen } => format!("missed  after {} there were {seen}", minutes(*after_s)),
                Outcome::Undecided => "open    the run ended before its time was up".to_owned(),
            };
            writeln!(f, "  {what:<44} {} (within {within})", line.name)?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
struct State {
    outcome: Option<Outcome>,
    seen: u64,
}

/// A run that is being scored.
#[derive(Clone, Debug)]
pub struct Scoring {
    title: String,
    expect: Vec<Expectation>,
    states: Vec<State>,
}

impl Scoring {
    /// Begins.
    pub fn new(scenario: &Scenario) -> Self {
        let states = vec![State { outcome: None, seen: 0 }; scenario.expect.len()];
        Self { title: scenario.title.clone(), expect: scenario.expect.clone(), states }
    }

    /// The expectations to look at, at a second of the scenario.
    pub fn due(&self, now: f64) -> impl Iterator<Item = (usize, &Expectation)> {
        let open = self.expect.iter().enumerate().zip(&self.states).filter(|(_, state)| state.outcome.is_none());
        open.map(|(expected, _)| expected).filter(move |(_, e)| now >= f64::from(e.from_s))
    }

    /// Takes the counts of an expectation's queries, in their order, as of a second of the scenario.
    pub fn answer(&mut self, expectation: usize, now: f64, counts: &[u64]) {
        let (Some(e), Some(state)) = (self.expect.get(expectation), self.states.get_mut(expectation)) else { return };
        let [first, rest @ ..] = counts else { return };
        let count = first.saturating_sub(rest.iter().sum());
        let after_s = now - f64::from(e.from_s);
        let left = f64::from(e.within_s) - after_s;
        state.seen = state.seen.max(count);
        state.outcome = match e.wanted {
            Wanted::AtLeast(n) if count >= u64::from(n) && left >= 0.0 => {
                Some(Outcome::Met { after_s, to_spare_s: left })
            }
            Wanted::AtLeast(n) if count >= u64::from(n) => Some(Outcome::Late { after_s, late_by_s: -left }),
            Wanted::Never if count > 0 && left >= 0.0 => Some(Outcome::Broken { after_s, seen: count }),
            Wanted::Never if left < 0.0 => Some(Outcome::Met { after_s: f64::from(e.within_s), to_spare_s: 0.0 }),
            _ => None,
        };
    }

    /// Whether there is nothing left to look at.
    pub fn is_decided(&self) -> bool {
        self.states.iter().all(|state| state.outcome.is_some())
    }

    /// The report as of a second of the scenario.
    pub fn report(&self, now: f64) -> Report {
        let line = |(e, state): (&Expectation, &State)| {
            let over = now >= f64::from(e.from_s) + f64::from(e.within_s);
            let outcome = state.outcome.clone().unwrap_or(match e.wanted {
                Wanted::Never if over => Outcome::Met { after_s: f64::from(e.within_s), to_spare_s: 0.0 },
                Wanted::AtLeast(n) if over => Outcome::Missed { seen: state.seen, wanted: u64::from(n) },
                _ => Outcome::Undecided,
            });
            Line { name: e.name.clone(), within_s: e.within_s, outcome }
        };
        let expectations: Vec<Line> = self.expect.iter().zip(&self.states).map(line).collect();
        let met = expectations.iter().filter(|line| matches!(line.outcome, Outcome::Met { .. })).count();
        Report { title: self.title.clone(), met, expectations }
    }
}
