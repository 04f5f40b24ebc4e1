//! Numbers for Prometheus: the table of all there are, and the page that `GET /metrics` answers with (text format 0.0.4).
//! Counts nothing; whoever counts writes its numbers as a [`Source`].

mod table;

pub use table::*;

use std::fmt::{Display, Write};

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows, from 0 at the start of the process.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by upper bounds (`_bucket`), with their `_sum` and `_count`.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name, with its unit at the end.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: MetricKind,
    /// Its labels. Their values are from closed lists or from the configuration, never from a client.
    pub labels: &'static [&'static str],
    /// What it counts, in one line.
    pub about: &'static str,
}

impl MetricKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Whoever has numbers to show.
pub trait Source: Send + Sync + 'static {
    /// Writes them, each family once.
    fn measure(&self, page: &mut Page);
}

/// The text that is scraped.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
}

impl Page {
    /// Begins a metric.
    pub fn family(&mut self, metric: &'static Metric) -> Family<'_> {
        let Metric { name, kind, about, .. } = metric;
        self.line(format_args!("# HELP {name} {about}\n# TYPE {name} {}", kind.as_str()));
        Family { page: self, metric }
    }

    /// A metric of one number.
    pub fn single(&mut self, metric: &'static Metric, number: impl Display) {
        self.family(metric).row(&[], number);
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{line}").expect("writing to a text cannot fail");
    }
}

/// A metric whose numbers are being written.
pub struct Family<'p> {
    page: &'p mut Page,
    metric: &'static Metric,
}

impl Family<'_> {
    /// One number, under these values of the metric's labels.
    pub fn row(&mut self, values: &[&str], number: impl Display) {
        self.put("", values, None, number);
    }

    /// A histogram under these values of its labels: for each upper bound how many were at most that, then the whole.
    pub fn histogram(&mut self, values: &[&str], buckets: &[(f64, u64)], count: u64, sum: f64) {
        for (bound, so_far) in buckets {
            self.put("_bucket", values, Some(&bound.to_string()), so_far);
        }
        self.put("_bucket", values, Some("+Inf"), count);
        self.put("_sum", values, None, sum);
        self.put("_count", values, None, count);
    }

    fn put(&mut self, suffix: &str, values: &[&str], bound: Option<&str>, number: impl Display) {
        let Metric { name, labels, .. } = self.metric;
        let mut shown = String::new();
        for (label, value) in labels.iter().zip(values).chain(bound.iter().map(|bound| (&"le", bound))) {
            let comma = if shown.is_empty() { "" } else { "," };
            write!(shown, "{comma}{label}=\"{}\"", escaped(value)).expect("writing to a text cannot fail");
        }
        let (open, close) = if shown.is_empty() { ("", "") } else { ("{", "}") };
        self.page.line(format_args!("{name}{suffix}{open}{shown}{close} {number}"));
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The page of the documentation: every metric.
pub fn reference_markdown() -> String {
    let mut out = String::from(
        "# Metrics\n\n\
         Generated from the table in `crates/runtime/src/metrics/table.rs`; do not edit. `GET /metrics` gives them in the\n\
         Prometheus text format. Counters begin at 0 when the process starts. A metric is shown once the part that counts it\n\
         runs (MQTT, traces) and, for operations, once they were called.\n\n\
         | metric | kind | labels | what it counts |\n|---|---|---|---|\n",
    );
    for metric in ALL {
        let labels = metric.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        let Metric { name, kind, about, .. } = metric;
        writeln!(out, "| `{name}` | {} | {labels} | {about} |", kind.as_str()).expect("writing to a text cannot fail");
    }
    out.push_str("\n## Values of labels\n\n| label | values |\n|---|---|\n");
    for (label, values) in LABELS {
        writeln!(out, "| `{label}` | {values} |").expect("writing to a text cannot fail");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_and_labels_are_explained() {
        let mut names: Vec<&str> = ALL.iter().map(|m| m.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len(), "a name stands twice");
        for metric in ALL {
            assert!(metric.name.starts_with("belfry_"), "{metric:?}");
            assert_eq!(metric.name.ends_with("_total"), metric.kind == MetricKind::Counter, "{metric:?}");
            assert!(metric.about.ends_with('.') && !metric.about.contains(['\n', '\\', '|']), "{metric:?}");
            for label in metric.labels {
                assert!(LABELS.iter().any(|(name, _)| name == label), "{label} of {metric:?} is not explained");
            }
        }
    }

    #[test]
    fn writes_the_text_format() {
        let mut page = Page::default();
        page.single(&HTTP_CONNECTIONS, 3);
        page.family(&MQTT_REFUSED).row(&["a \"b\"\\\n", "topic"], 4);
        page.family(&HTTP_SECONDS).histogram(&["health"], &[(0.0001, 1), (0.5, 2)], 3, 1.25);
        let expected = [
            "# HELP belfry_http_connections Open connections.",
            "# TYPE belfry_http_connections gauge",
            "belfry_http_connections 3",
            "# HELP belfry_mqtt_messages_refused_total Messages that were not taken.",
            "# TYPE belfry_mqtt_messages_refused_total counter",
            r#"belfry_mqtt_messages_refused_total{connector="a \"b\"\\\n",reason="topic"} 4"#,
            "# HELP belfry_http_request_seconds Time from the head of a request to that of its answer.",
            "# TYPE belfry_http_request_seconds histogram",
            r#"belfry_http_request_seconds_bucket{operation="health",le="0.0001"} 1"#,
            r#"belfry_http_request_seconds_bucket{operation="health",le="0.5"} 2"#,
            r#"belfry_http_request_seconds_bucket{operation="health",le="+Inf"} 3"#,
            r#"belfry_http_request_seconds_sum{operation="health"} 1.25"#,
            r#"belfry_http_request_seconds_count{operation="health"} 3"#,
            "",
        ];
        assert_eq!(page.into_text(), expected.join("\n"));
    }
}
