//! Counters of requests, and the page that Prometheus scrapes. Holds no other part's numbers; those are asked for when
//! the page is made.

use crate::operation::Operation;
use belfry_ports::StoreHealth;
use belfry_runtime::metrics::{self, Metric, Page, Source};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets of durations, microseconds.
const BOUNDS: [u64; 12] = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 2_000_000, 10_000_000];

/// A number of a store: what it is, how it is had.
type Gauge = (&'static Metric, fn(&StoreHealth) -> u64);

/// The counters of one operation.
#[derive(Default)]
struct Row {
    /// Answers by the first digit of their status, 1xx to 5xx.
    answers: [AtomicU64; 5],
    buckets: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

/// Counters of every operation, of connections and of event streams.
pub struct Metrics {
    rows: Box<[Row]>,
    /// Connections that are open.
    pub connections: AtomicU64,
    /// Connections since the start.
    pub connections_total: AtomicU64,
    /// Event streams that are open.
    pub streams: AtomicU64,
}

impl Metrics {
    /// Counters for so many operations.
    pub fn new(operations: usize) -> Self {
        Self {
            rows: std::iter::repeat_with(Row::default).take(operations).collect(),
            connections: AtomicU64::new(0),
            connections_total: AtomicU64::new(0),
            streams: AtomicU64::new(0),
        }
    }

    /// Counts an answer of the operation at this place of the table.
    pub fn count(&self, operation: usize, status: u16, took: Duration) {
        let Some(row) = self.rows.get(operation) else { return };
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        row.answers[class].fetch_add(1, Ordering::Relaxed);
        let bucket = BOUNDS.iter().position(|bound| micros <= *bound).unwrap_or(BOUNDS.len());
        row.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        row.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// The page, with the numbers of these sources. Operations that were never called are left out.
    pub fn text<'s>(
        &self,
        operations: &[Arc<Operation>],
        stores: &[(String, StoreHealth)],
        sources: impl IntoIterator<Item = &'s dyn Source>,
    ) -> String {
        let mut page = Page::default();
        self.requests(operations, &mut page);
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        page.single(&metrics::HTTP_CONNECTIONS, load(&self.connections));
        page.single(&metrics::HTTP_CONNECTIONS_TOTAL, load(&self.connections_total));
        page.single(&metrics::HTTP_STREAMS, load(&self.streams));
        let gauges: [Gauge; 6] = [
            (&metrics::ENTITIES, |h| h.entities),
            (&metrics::LOG_SEQ, |h| h.seq),
            (&metrics::LOG_BYTES, |h| h.log_bytes),
            (&metrics::HISTORY_BYTES, |h| h.history_bytes),
            (&metrics::REFUSING_WRITES, |h| u64::from(h.refusing_writes.is_some())),
            (&metrics::FEED_GAPS, |h| h.feed_gaps),
        ];
        for (metric, value) in gauges {
            let mut family = page.family(metric);
            for (tenant, health) in stores {
                family.row(&[tenant], value(health));
            }
        }
        for source in sources {
            source.measure(&mut page);
        }
        page.into_text()
    }

    fn requests(&self, operations: &[Arc<Operation>], page: &mut Page) {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut family = page.family(&metrics::HTTP_REQUESTS);
        for (operation, row) in operations.iter().zip(&self.rows) {
            for (class, count) in row.answers.iter().map(load).enumerate().filter(|(_, count)| *count > 0) {
                family.row(&[operation.id, &format!("{}xx", class + 1)], count);
            }
        }
        let mut family = page.family(&metrics::HTTP_SECONDS);
        for (operation, row) in operations.iter().zip(&self.rows) {
            let counts: Vec<u64> = row.buckets.iter().map(load).collect();
            let total: u64 = counts.iter().sum();
            if total == 0 {
                continue;
            }
            let mut so_far = 0;
            let buckets: Vec<(f64, u64)> = BOUNDS
                .iter()
                .zip(&counts)
                .map(|(bound, count)| {
                    so_far += count;
                    (*bound as f64 / 1e6, so_far)
                })
                .collect();
            family.histogram(&[operation.id], &buckets, total, load(&row.micros) as f64 / 1e6);
        }
    }
}
