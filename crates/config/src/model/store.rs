//! `[store]`: the data directory and the commit log. Holds no engine detail beyond sizes.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the data is kept, and when a write counts as done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// Directory of all data, made at the first start. A relative path counts from the working directory.
    pub data_dir: PathBuf,
    /// Directory below which `POST /backups` puts backups. A relative path counts from the working directory.
    pub backup_dir: PathBuf,
    /// When a write is acknowledged: `"sync"` after it has reached the disk (the default: nothing acknowledged is ever lost), or `{ interval_ms = 50 }` at once, with the disk following within that time; a crash of the machine may then lose what the last interval acknowledged.
    pub durability: Durability,
    /// Size in bytes of one preallocated segment of the commit log.
    #[schemars(range(min = 1_048_576, max = 4_294_967_296_u64))]
    pub segment_bytes: u64,
    /// Bytes of commit log after which a checkpoint of the state is written; smaller means a faster start and more writing.
    #[schemars(range(min = 1_048_576, max = 1_099_511_627_776_u64))]
    pub checkpoint_log_bytes: u64,
    /// Most distinct names (entity types, attribute names and the like) that the process holds, all tenants together. They stay in memory for good, so the number is bounded.
    #[schemars(range(min = 1000, max = 16_000_000))]
    pub max_names: usize,
    /// Most entities that one tenant's store holds; a further one is refused.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub max_entities: usize,
    /// Bytes of commit log that are kept at most for a restore to an instant after the last backup.
    #[schemars(range(min = 0, max = 1_099_511_627_776_u64))]
    pub keep_log_bytes: u64,
    /// Bytes of commit log that are kept at most for a consumer of the change feed, such as the delivery of notifications, that has not come forward. Beyond them its place is given up with an error in the log and the metric `belfry_feed_gaps`, and it goes on after a gap.
    #[schemars(range(min = 67_108_864, max = 1_099_511_627_776_u64))]
    pub feed_keep_bytes: u64,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("./belfry-data"),
            backup_dir: PathBuf::from("./belfry-backups"),
            durability: Durability::Sync,
            segment_bytes: 64 * 1024 * 1024,
            checkpoint_log_bytes: 256 * 1024 * 1024,
            max_names: 1_000_000,
            max_entities: 50_000_000,
            keep_log_bytes: 4 * 1024 * 1024 * 1024,
            feed_keep_bytes: 4 * 1024 * 1024 * 1024,
        }
    }
}

/// When a write is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Durability {
    /// After the write has reached the disk; concurrent writes share one sync.
    #[default]
    Sync,
    /// At once; the disk follows within this many milliseconds.
    IntervalMs(#[schemars(range(min = 1, max = 60_000))] u64),
}
