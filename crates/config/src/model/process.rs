//! `[log]` and `[tenants]`: the process itself. Holds no subscriber.

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
        Self { format: LogFormat::Text, level: "info".to_owned() }
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
