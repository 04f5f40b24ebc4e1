//! `[log]`, `[telemetry]` and `[tenants]`: the process itself. Holds no subscriber and no exporter.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the program writes about its own work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `"text"` for people, `"json"` (one object a line) for machines. Written to standard error.
    pub format: LogFormat,
    /// What is written: `error`, `warn`, `info`, `debug` or `trace`, optionally per module: `info,belfry_http=debug`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: "info".to_owned(),
        }
    }
}

/// The form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Metrics and traces for the people who run the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// Whether `/metrics` answers in the Prometheus text format.
    pub metrics: bool,
    /// OTLP endpoint that traces are sent to. No traces are sent when absent.
    #[schemars(example = &"http://127.0.0.1:4318")]
    pub otlp_endpoint: Option<String>,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            metrics: true,
            otlp_endpoint: None,
        }
    }
}

/// Tenants: separate stores under one roof.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tenants {
    /// Most tenants beside the default one. Each has its own directory, memory and threads.
    #[schemars(range(min = 0, max = 10_000))]
    pub max: usize,
}

impl Default for Tenants {
    fn default() -> Self {
        Self { max: 16 }
    }
}
