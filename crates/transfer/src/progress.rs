//! Progress on standard error: a bar on a terminal, a line now and then elsewhere. Prints no results.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How often a line is printed where there is no terminal.
const EVERY: Duration = Duration::from_secs(10);

/// The progress of one run.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    last: Instant,
    quiet: bool,
    noun: &'static str,
}

impl Progress {
    /// Progress over so many bytes (none: unknown) or entities.
    pub(crate) fn new(total: Option<u64>, bytes: bool, noun: &'static str, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal() && !quiet;
        let bar = terminal.then(|| {
            let bar = match total {
                Some(total) => ProgressBar::new(total),
                None => ProgressBar::new_spinner(),
            };
            bar.set_draw_target(ProgressDrawTarget::stderr());
            let template = match (total.is_some(), bytes) {
                (true, true) => "{bar:30} {percent:>3}% {bytes}/{total_bytes} {msg} eta {eta}",
                (true, false) => "{bar:30} {percent:>3}% {pos}/{len} {msg} eta {eta}",
                (false, _) => "{spinner} {elapsed} {msg}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, last: Instant::now(), quiet, noun }
    }

    /// How far it is: the position within the total, what was done and what was refused.
    pub(crate) fn at(&mut self, position: u64, done: u64, refused: u64) {
        let text = || {
            let refused = if refused > 0 { format!(", {refused} refused") } else { String::new() };
            format!("{done} {}{refused}", self.noun)
        };
        if let Some(bar) = &self.bar {
            bar.set_message(text());
            bar.set_position(position);
        } else if !self.quiet && self.last.elapsed() >= EVERY {
            eprintln!("{}", text());
            self.last = Instant::now();
        }
    }

    /// A line beside the bar.
    pub(crate) fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
