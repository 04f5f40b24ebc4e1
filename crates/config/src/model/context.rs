//! `[context]`: JSON-LD contexts. Holds no fetching and no expansion.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// JSON-LD contexts: which core context is meant, and how remote ones are fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Context {
    /// Version of the NGSI-LD core context that answers name. All of them are understood in requests.
    pub core_version: CoreVersion,
    /// Largest context document in bytes, remote or kept here.
    #[schemars(range(min = 1024, max = 67_108_864))]
    pub max_bytes: usize,
    /// How many contexts deep one may name another.
    #[schemars(range(min = 1, max = 32))]
    pub max_depth: usize,
    /// Most contexts that are kept here, of all tenants: those that clients add and those that subscriptions need.
    #[schemars(range(min = 1, max = 100_000))]
    pub max_hosted: usize,
    /// Bytes of all of them together; they are in memory.
    #[schemars(range(min = 1_048_576, max = 17_179_869_184_u64))]
    pub max_hosted_bytes: usize,
    /// Milliseconds that fetching one remote context may take, redirects included. Less than `server.limits.request_timeout_s`.
    #[schemars(range(min = 10, max = 120_000))]
    pub fetch_timeout_ms: u64,
    /// Most remote contexts that are fetched at one time; a request that needs a further one is answered with `LdContextNotAvailable`.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_fetches: usize,
    /// Whether remote contexts are fetched at all. When not, only the core context, hosted contexts and those already cached are known.
    pub fetch: bool,
    /// Hosts that remote contexts may be fetched from; `"*.example.org"` means any host below. Empty means every host that the address policy lets through.
    #[schemars(example = super::words("uri.etsi.org raw.githubusercontent.com *.example.org"))]
    pub allow_hosts: Vec<String>,
    /// Whether contexts may be fetched from loopback addresses.
    pub allow_loopback: bool,
    /// Whether contexts may be fetched from private, link-local and other non-public addresses.
    pub allow_private: bool,
    /// Processed contexts held in memory; the least recently used one goes first.
    #[schemars(range(min = 1, max = 100_000))]
    pub cache_entries: usize,
    /// Bytes that processed contexts may weigh in memory, and as much again for remote documents and for contexts made for answers; what was used longest ago goes first.
    #[schemars(range(min = 1_048_576, max = 17_179_869_184_u64))]
    pub cache_bytes: usize,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            core_version: CoreVersion::V1_8,
            max_bytes: 1024 * 1024,
            max_depth: 8,
            max_hosted: 1000,
            max_hosted_bytes: 64 * 1024 * 1024,
            fetch_timeout_ms: 5_000,
            max_fetches: 128,
            fetch: true,
            allow_hosts: Vec::new(),
            allow_loopback: false,
            allow_private: false,
            cache_entries: 512,
            cache_bytes: 64 * 1024 * 1024,
        }
    }
}

/// A version of the NGSI-LD core context (`https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-vX.Y.jsonld`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CoreVersion {
    /// v1.6.
    #[serde(rename = "1.6")]
    V1_6,
    /// v1.7.
    #[serde(rename = "1.7")]
    V1_7,
    /// v1.8.
    #[default]
    #[serde(rename = "1.8")]
    V1_8,
    /// v1.9.
    #[serde(rename = "1.9")]
    V1_9,
}

impl CoreVersion {
    /// The version as it stands in the context's name: `"1.8"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_6 => "1.6",
            Self::V1_7 => "1.7",
            Self::V1_8 => "1.8",
            Self::V1_9 => "1.9",
        }
    }
}
