//! The configuration as one typed struct, one file a section; the doc comment of a field is its manual.
//! Holds shapes and defaults only: reading is in `layers`, rules across fields in `rules`.

mod apps;
mod context;
mod history;
mod mqtt;
mod notify;
mod outbound;
mod process;
mod security;
mod server;
mod store;
mod telemetry;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use apps::Apps;
pub use context::{Context, CoreVersion};
pub use history::{History, Retention};
pub use mqtt::{Broker, Listener, Mqtt};
pub use notify::Notify;
pub use outbound::Outbound;
pub use process::{Log, LogFormat, Tenants};
pub use security::{Deny, Mode, Security};
pub use server::{Limits, Server};
pub use store::{Durability, Store};
pub use telemetry::{Incoming, Telemetry};

/// Everything that can be set about a running Belfry. Every key has a default, so an empty file is a valid one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The HTTP door: where it listens, and how much it takes from one client.
    pub server: Server,
    /// Where the data is kept, and when a write counts as done.
    pub store: Store,
    /// The history of attribute values: whether it is kept, in how much memory, for how long.
    pub history: History,
    /// JSON-LD contexts: which core context is meant, and how remote ones are fetched.
    pub context: Context,
    /// Delivery of notifications to the endpoints that subscriptions name.
    pub notify: Notify,
    /// TLS of the calls that Belfry makes.
    pub outbound: Outbound,
    /// MQTT: the listener inside Belfry, and brokers outside that it reads from.
    pub mqtt: Mqtt,
    /// Who may do what.
    pub security: Security,
    /// The vocabulary that is refused at the door because it would identify or track a person.
    pub deny: Deny,
    /// What the program writes about its own work.
    pub log: Log,
    /// Traces for an OpenTelemetry collector.
    pub telemetry: Telemetry,
    /// Tenants: separate stores under one roof, chosen by the `NGSILD-Tenant` header.
    pub tenants: Tenants,
    /// What the applications of the platform may keep.
    pub apps: Apps,
}

/// The words of an example list, for the schema (attributes take no array expression).
fn words(list: &str) -> Vec<&str> {
    list.split(' ').collect()
}
