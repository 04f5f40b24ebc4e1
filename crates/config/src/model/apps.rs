//! `[apps]`: what the applications of the platform may keep. Holds no application.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the applications of the platform may keep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Apps {
    /// Largest file of an application in bytes, such as a map extract: it is kept in memory, log and backup like everything else. A longer one is answered with 413.
    #[schemars(range(min = 1_048_576, max = 1_073_741_824))]
    pub max_file_bytes: usize,
    /// Bytes of all files of one application in one tenant together.
    #[schemars(range(min = 1_048_576, max = 17_179_869_184_u64))]
    pub max_files_bytes: usize,
}

impl Default for Apps {
    fn default() -> Self {
        Self { max_file_bytes: 64 * 1024 * 1024, max_files_bytes: 256 * 1024 * 1024 }
    }
}
