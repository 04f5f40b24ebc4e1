//! `[history]` and `[[history.retention]]`: what is kept of the past. Holds no file formats.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The history of attribute values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct History {
    /// Whether changes of attributes are kept as history and the temporal API answers from it.
    pub enabled: bool,
    /// Bytes of recent samples held in memory before they are written out as a sorted, compressed run.
    #[schemars(range(min = 1_048_576, max = 17_179_869_184_u64))]
    pub memtable_bytes: usize,
    /// Bytes of decompressed history blocks held in memory for reading.
    #[schemars(range(min = 0, max = 68_719_476_736_u64))]
    pub block_cache_bytes: usize,
    /// How long which samples are kept. The first policy that fits an attribute counts; what none fits is kept for ever.
    pub retention: Vec<Retention>,
}

impl Default for History {
    fn default() -> Self {
        Self {
            enabled: true,
            memtable_bytes: 64 * 1024 * 1024,
            block_cache_bytes: 64 * 1024 * 1024,
            retention: Vec::new(),
        }
    }
}

/// How long the samples of some attributes are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Entity types that the policy is for, as short names of the core context or as IRIs; empty means all.
    #[serde(default)]
    #[schemars(example = super::words("AirQualityObserved"))]
    pub types: Vec<String>,
    /// Attributes that the policy is for, named likewise; empty means all.
    #[serde(default)]
    #[schemars(example = super::words("pm10 pm25"))]
    pub attributes: Vec<String>,
    /// Days for which every sample is kept as it came.
    #[schemars(range(min = 1, max = 36_500), example = 400)]
    pub keep_days: u32,
    /// What is kept after that: one mean a period, an ISO 8601 duration such as `"PT1H"`. Absent: the samples are deleted.
    #[serde(default)]
    #[schemars(example = &"PT1H")]
    pub then_every: Option<String>,
}
