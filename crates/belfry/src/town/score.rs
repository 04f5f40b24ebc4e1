//! Scoring of a run: asks through the public API, as anybody could, whether what is expected is there yet.

use super::http::Client;
use belfry_kernel::Time;
use belfry_sim::county::County;
use belfry_sim::scenario::Scenario;
use belfry_sim::score::{Report, Scoring};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// How often is asked, by the clock.
const EVERY: Duration = Duration::from_millis(250);

/// The report of a run, and questions that could not be answered.
pub struct Scored {
    /// The report.
    pub report: Report,
    /// The last of the errors that questions met, if there were some.
    pub trouble: Option<String>,
}

/// Asks until the scenario has ended. `reached` holds the simulated instant, microseconds.
pub async fn run(client: Client, scenario: Scenario, county: County, start: Time, reached: Arc<AtomicI64>) -> Scored {
    let mut scoring = Scoring::new(&scenario);
    let mut trouble = None;
    let second = || (reached.load(Ordering::Relaxed) - start.micros()) as f64 / 1e6;
    while second() < f64::from(scenario.length) && !scoring.is_decided() {
        tokio::time::sleep(EVERY).await;
        let now = second();
        let due: Vec<_> = scoring.due(now).map(|(number, expectation)| (number, expectation.asks(&county))).collect();
        for (number, asks) in due {
            // Places were looked up when the run began.
            let Ok(asks) = asks else { continue };
            let mut counts = Vec::with_capacity(asks.len());
            for ask in &asks {
                match client.count(&ask.0).await {
                    Ok(count) => counts.push(count),
                    Err(error) => trouble = Some(format!("{error:#}")),
                }
            }
            if counts.len() == asks.len() {
                scoring.answer(number, now, &counts);
            }
        }
    }
    Scored { report: scoring.report(second().min(f64::from(scenario.length))), trouble }
}
