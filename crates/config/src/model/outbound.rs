//! `[outbound]`: TLS of the calls that Belfry makes. Holds no certificate.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// TLS of the calls that Belfry makes: notifications (HTTP and MQTT), remote contexts, traces, brokers that it reads from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Outbound {
    /// PEM files with certificates of authorities to trust beside the public ones, such as the town's own.
    #[schemars(example = super::words("town-ca.pem"))]
    pub ca_files: Vec<PathBuf>,
    /// Whether the public authorities are trusted, whose certificates are part of the program. `false` needs `ca_files`.
    pub public_authorities: bool,
}

impl Default for Outbound {
    fn default() -> Self {
        Self { ca_files: Vec::new(), public_authorities: true }
    }
}
