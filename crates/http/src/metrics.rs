//! Counters of requests, and their text in the Prometheus format. Holds no other part's numbers; those are asked for
//! when the text is made.

use crate::operation::Operation;
use belfry_ports::StoreHealth;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets of durations, microseconds.
const BOUNDS: [u64; 12] = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 2_000_000, 10_000_000];

/// A number of a store: its name, what it is, how it is had.
type Gauge = (&'static str, &'static str, fn(&StoreHealth) -> u64);

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

    /// The text. Operations that were never called are left out.
    pub fn text(&self, operations: &[Operation], stores: &[(String, StoreHealth)]) -> String {
        let mut out = String::with_capacity(8192);
        self.requests(operations, &mut out);
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let single = [
            ("belfry_http_connections", "gauge", "Open connections.", load(&self.connections)),
            ("belfry_http_connections_total", "counter", "Connections since the start.", load(&self.connections_total)),
            ("belfry_http_event_streams", "gauge", "Open event streams.", load(&self.streams)),
        ];
        for (name, kind, help, value) in single {
            line(&mut out, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"));
        }
        let gauges: [Gauge; 6] = [
            ("belfry_entities", "Entities in the current state.", |h| h.entities),
            ("belfry_log_seq", "The last commit.", |h| h.seq),
            ("belfry_log_bytes", "Bytes of the commit log on disk.", |h| h.log_bytes),
            ("belfry_history_bytes", "Bytes of history on disk.", |h| h.history_bytes),
            ("belfry_refusing_writes", "1 while writes are refused.", |h| u64::from(h.refusing_writes.is_some())),
            ("belfry_feed_gaps", "Consumers of the change feed given up as too far behind, since the start.", |h| {
                h.feed_gaps
            }),
        ];
        for (name, help, value) in gauges {
            line(&mut out, format_args!("# HELP {name} {help}\n# TYPE {name} gauge"));
            for (tenant, health) in stores {
                line(&mut out, format_args!("{name}{{tenant=\"{tenant}\"}} {}", value(health)));
            }
        }
        out
    }

    fn requests(&self, operations: &[Operation], out: &mut String) {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let name = "belfry_http_requests_total";
        line(out, format_args!("# HELP {name} Answered requests.\n# TYPE {name} counter"));
        for (operation, row) in operations.iter().zip(&self.rows) {
            for (class, count) in row.answers.iter().map(load).enumerate().filter(|(_, count)| *count > 0) {
                let (id, class) = (operation.id, class + 1);
                line(out, format_args!("{name}{{operation=\"{id}\",status=\"{class}xx\"}} {count}"));
            }
        }
        let name = "belfry_http_request_seconds";
        line(
            out,
            format_args!(
                "# HELP {name} Time from the head of a request to that of its answer.\n# TYPE {name} histogram"
            ),
        );
        for (operation, row) in operations.iter().zip(&self.rows) {
            let id = operation.id;
            let counts: Vec<u64> = row.buckets.iter().map(load).collect();
            let total: u64 = counts.iter().sum();
            if total == 0 {
                continue;
            }
            let mut so_far = 0;
            for (bound, count) in BOUNDS.iter().zip(&counts) {
                so_far += count;
                let seconds = *bound as f64 / 1e6;
                line(out, format_args!("{name}_bucket{{operation=\"{id}\",le=\"{seconds}\"}} {so_far}"));
            }
            line(out, format_args!("{name}_bucket{{operation=\"{id}\",le=\"+Inf\"}} {total}"));
            let seconds = load(&row.micros) as f64 / 1e6;
            line(
                out,
                format_args!("{name}_sum{{operation=\"{id}\"}} {seconds}\n{name}_count{{operation=\"{id}\"}} {total}"),
            );
        }
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("writing to a text cannot fail");
}
