//! `cargo xtask test`: set-up, checks, tests, the built program in a real browser, a bounded fuzz run, and a summary.
//! Holds no tests.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::workspace::{root, target_directory};
use crate::{check, demo, fuzz, process, setup};

/// Options of `test`.
#[derive(Args)]
pub struct Options {
    /// Install what is missing without asking; meant in CI.
    #[arg(long, short)]
    yes: bool,
    /// Only the checks and the Rust and web unit tests: no set-up, no browser, no fuzzing.
    #[arg(long)]
    fast: bool,
}

/// One step of the suite.
struct Step {
    name: &'static str,
    /// Steps without which it makes no sense.
    after: &'static [&'static str],
    fast: bool,
    run: fn(&Options) -> Result<()>,
}

const STEPS: [Step; 8] = [
    Step { name: "set-up", after: &[], fast: false, run: |options| setup::prepare(setup::Purpose::Test, options.yes) },
    Step { name: "checks", after: &[], fast: true, run: |_| check::run(&check::Options::default()) },
    Step { name: "web-tests", after: &["set-up"], fast: true, run: |_| web_tests() },
    Step { name: "web-build", after: &["set-up"], fast: false, run: |_| demo::build_web() },
    Step { name: "build", after: &["web-build"], fast: false, run: |_| build() },
    Step { name: "tests", after: &["build"], fast: true, run: rust_tests },
    Step { name: "browser", after: &["build"], fast: false, run: |_| browser_tests() },
    Step { name: "fuzz", after: &[], fast: false, run: |_| fuzz::run(&fuzz::Options { seconds: 2 }) },
];

/// How a step ended.
enum Outcome {
    Passed(Duration),
    Failed(Duration, String),
    Skipped(String),
}

/// Runs every step, whatever became of those before, and fails when one did.
pub fn run(options: &Options) -> Result<()> {
    let start = Instant::now();
    let mut outcomes: Vec<(&str, Outcome)> = Vec::new();
    for step in STEPS.iter().filter(|step| step.fast || !options.fast) {
        println!("\n== {} ==", step.name);
        let broken = outcomes
            .iter()
            .find(|(name, outcome)| step.after.contains(name) && !matches!(outcome, Outcome::Passed(_)))
            .map(|(name, _)| format!("needs {name}"));
        let outcome = match broken {
            Some(reason) => Outcome::Skipped(reason),
            None => timed(step, options),
        };
        outcomes.push((step.name, outcome));
    }
    summary(&outcomes, start.elapsed())
}

fn timed(step: &Step, options: &Options) -> Outcome {
    let start = Instant::now();
    match (step.run)(options) {
        Ok(()) => Outcome::Passed(start.elapsed()),
        Err(error) => {
            println!("{}: {error:#}", step.name);
            Outcome::Failed(start.elapsed(), format!("{error:#}"))
        }
    }
}

fn summary(outcomes: &[(&str, Outcome)], total: Duration) -> Result<()> {
    println!("\n== summary ==");
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (name, outcome) in outcomes {
        match outcome {
            Outcome::Passed(time) => {
                passed += 1;
                println!("{name:<10} ok      {:>7.1} s", time.as_secs_f64());
            }
            Outcome::Failed(time, reason) => {
                failed += 1;
                println!("{name:<10} FAILED  {:>7.1} s  {reason}", time.as_secs_f64());
            }
            Outcome::Skipped(reason) => {
                skipped += 1;
                println!("{name:<10} skipped            {reason}");
            }
        }
    }
    println!("total {:.1} s", total.as_secs_f64());
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed > 0 || skipped > 0 {
        bail!("not every step of the tests passed");
    }
    Ok(())
}

/// Runs under nextest where it is installed, which is faster and isolates the tests; doc tests need cargo itself. In the
/// whole suite the program is built and every service is there: a test that finds one missing is to fail, as with `CI`.
fn rust_tests(options: &Options) -> Result<()> {
    let prepared = |mut tests: Command| -> Result<Command> {
        if !options.fast {
            tests.env("CI", "1").env("BELFRY_TEST_SERVICES", "1").env("BELFRY_BIN", built_binary()?);
        }
        Ok(tests)
    };
    if process::find("cargo-nextest").is_none() {
        return process::run(&mut prepared(process::cargo(["test", "--workspace", "--no-fail-fast"]))?);
    }
    let tests = process::cargo(["nextest", "run", "--workspace", "--no-fail-fast", "--no-tests=fail"]);
    process::run(&mut prepared(tests)?)?;
    process::run(&mut process::cargo(["test", "--workspace", "--doc", "--quiet"]))
}

fn web_tests() -> Result<()> {
    process::run(&mut process::command("npm", ["test", "--silent"], &root().join("web")))
}

/// The tests of the page learn from `BELFRY_BIN` where the built program is, and from `CHROMIUM` where the browser is.
fn browser_tests() -> Result<()> {
    let mut tests = process::command("npm", ["test", "--silent"], &root().join("e2e"));
    tests.env("BELFRY_BIN", built_binary()?);
    if let Some(browser) = setup::browser() {
        tests.env("CHROMIUM", browser);
    }
    process::run(&mut tests)
}

/// Builds the program with its page and puts it aside: the Rust tests build it again at the same place, without.
fn build() -> Result<()> {
    process::run(&mut demo::build_binary(&[]))?;
    let (made, aside) = (target_directory()?.join("debug/belfry"), built_binary()?);
    let copied = std::fs::create_dir_all(aside.with_file_name("")).and_then(|()| std::fs::copy(&made, &aside));
    copied.with_context(|| format!("{} could not be copied to {}", made.display(), aside.display()))?;
    Ok(())
}

fn built_binary() -> Result<PathBuf> {
    Ok(target_directory()?.join("with-page/belfry"))
}
