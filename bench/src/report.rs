//! Results: figures of each workload beside their targets, as a table and as JSON. Holds no measuring.

use crate::machine::{self, Machine};
use crate::run::Stage;
use crate::workload::Workload;
use anyhow::Result;
use serde::Serialize;
use std::fmt::Write as _;
use std::time::Duration;

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// What it is, as targets name it.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// In what.
    pub unit: String,
}

/// What one round gave.
#[derive(Clone, Debug, Serialize)]
pub struct Round {
    /// Which server or store.
    pub of: String,
    /// Units a second.
    pub rate: f64,
    /// Microseconds of processor time of the server for each unit; 0 where it was not looked at.
    pub cpu_us: f64,
    /// Milliseconds of the median, the 99th percentile and the slowest.
    pub latency_ms: [f64; 3],
}

/// What a workload gave.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Measured {
    /// Its figures.
    pub figures: Vec<Figure>,
    /// The rounds they come from.
    pub rounds: Vec<Round>,
    /// What else there is to know.
    pub remarks: Vec<String>,
}

impl Measured {
    /// Adds a figure.
    pub fn figure(&mut self, name: &str, value: f64, unit: &str) {
        self.figures.push(Figure { name: name.into(), value, unit: unit.into() });
    }
}

#[derive(Debug, Serialize)]
struct Row {
    figure: Figure,
    at_least: Option<f64>,
    at_most: Option<f64>,
    met: Option<bool>,
}

#[derive(Debug, Serialize)]
struct Part {
    name: String,
    title: String,
    seconds: f64,
    figures: Vec<Row>,
    rounds: Vec<Round>,
    remarks: Vec<String>,
    error: Option<String>,
}

/// The results of one run.
#[derive(Debug, Serialize)]
pub struct Report {
    started: String,
    machine: Machine,
    load_before: String,
    load_after: String,
    seconds_per_round: f64,
    rounds: usize,
    shrunk_by: u64,
    workloads: Vec<Part>,
}

impl Report {
    /// An empty one.
    pub fn begin(stage: &Stage) -> Result<Self> {
        Ok(Self {
            started: crate::clock::now().to_string(),
            machine: Machine::look(&stage.dir),
            load_before: machine::load(),
            load_after: String::new(),
            seconds_per_round: stage.seconds,
            rounds: stage.rounds,
            shrunk_by: stage.shrink,
            workloads: Vec::new(),
        })
    }

    /// Adds what a workload gave, or why it gave nothing.
    pub fn add(&mut self, name: &str, workload: &Workload, took: Duration, measured: Result<Measured>) {
        let error = measured.as_ref().err().map(|e| format!("{e:#}"));
        let measured = measured.unwrap_or_default();
        let figures = measured.figures.into_iter().map(|figure| {
            let target = workload.target.iter().find(|t| t.figure == figure.name);
            let (at_least, at_most) = target.map_or((None, None), |t| (t.at_least, t.at_most));
            let met = target.map(|_| {
                at_least.is_none_or(|least| figure.value >= least) && at_most.is_none_or(|most| figure.value <= most)
            });
            Row { figure, at_least, at_most, met }
        });
        let part = Part {
            name: name.into(),
            title: workload.title.clone(),
            seconds: took.as_secs_f64(),
            figures: figures.collect(),
            rounds: measured.rounds,
            remarks: measured.remarks,
            error,
        };
        eprintln!("{}", part.lines());
        self.workloads.push(part);
        self.load_after = machine::load();
    }

    /// Whether every workload ran to its end. Missed targets are no failure: figures of a busy machine miss them.
    pub fn complete(&self) -> bool {
        self.workloads.iter().all(|part| part.error.is_none())
    }

    /// The table, in Markdown.
    pub fn table(&self) -> String {
        let m = &self.machine;
        let mut out = format!(
            "{} x {}, Linux {}, {}; commit {}{}; {} rounds of {} s; load before {}, after {}{}\n\n",
            m.cores,
            m.cpu,
            m.kernel,
            m.file_system,
            m.commit,
            if m.modified { " with changes" } else { "" },
            self.rounds,
            self.seconds_per_round,
            self.load_before,
            self.load_after,
            if self.shrunk_by > 1 { "; SHRUNK, the figures do not count" } else { "" },
        );
        out.push_str("| workload | figure | value | target | met |\n|---|---|--:|--:|---|\n");
        for part in &self.workloads {
            out.push_str(&part.lines());
        }
        out
    }

    /// The results as JSON.
    pub fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

impl Part {
    fn lines(&self) -> String {
        let mut out = String::new();
        for row in &self.figures {
            let target = match (row.at_least, row.at_most) {
                (Some(least), _) => format!("≥ {}", number(least)),
                (None, Some(most)) => format!("≤ {}", number(most)),
                (None, None) => String::new(),
            };
            let met = row.met.map_or("", |met| if met { "yes" } else { "no" });
            let Figure { name, value, unit } = &row.figure;
            let written = writeln!(out, "| {} | {name} | {} {unit} | {target} | {met} |", self.name, number(*value));
            written.expect("writing into memory does not fail");
        }
        for remark in &self.remarks {
            writeln!(out, "| {} | remark | {remark} | | |", self.name).expect("writing into memory does not fail");
        }
        if let Some(error) = &self.error {
            let error = error.replace('\n', " ");
            writeln!(out, "| {} | failed | {error} | | no |", self.name).expect("writing into memory does not fail");
        }
        out
    }
}

/// A number with three digits or, from a thousand on, whole with commas.
fn number(value: f64) -> String {
    if value.abs() < 1000.0 {
        let digits = if value.abs() >= 100.0 {
            0
        } else if value.abs() >= 10.0 {
            1
        } else {
            2
        };
        return format!("{value:.digits$}");
    }
    let whole = format!("{value:.0}");
    let mut out = String::new();
    for (n, digit) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n).is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The middle value; 0 of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_medians_in_the_middle() {
        for (value, text) in
            [(0.754, "0.75"), (12.34, "12.3"), (999.4, "999"), (1000.0, "1,000"), (1_234_567.0, "1,234,567")]
        {
            assert_eq!(number(value), text);
        }
        assert_eq!((median(&[]), median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0])), (0.0, 2.0, 2.5));
    }
}
