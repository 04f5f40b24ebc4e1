//! `[notify]`: delivery of notifications. Holds no matching and no transport.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Delivery of notifications to the endpoints that subscriptions name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    /// Milliseconds that an endpoint may take to answer when its subscription names no timeout.
    #[schemars(range(min = 10, max = 600_000))]
    pub timeout_ms: u64,
    /// Most notifications under way at one time, all endpoints of all tenants together. A subscription may have as many as are left for the others; those whose endpoints take longer than a second have at most a quarter of it, and those not called yet another quarter, one each.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_in_flight: usize,
    /// Most notifications waiting for one subscription; when its endpoint stays away longer, the oldest are dropped and counted as failed.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub max_pending_per_subscription: usize,
    /// Most bytes that notifications may take while they wait for one subscription, set aside, held back by throttling or made for a period, counted as entities lie in memory; then the oldest are dropped and counted as failed.
    #[schemars(range(min = 65_536, max = 17_179_869_184_u64))]
    pub max_pending_bytes_per_subscription: usize,
    /// Most bytes that waiting notifications may take for all subscriptions of all tenants together. One may take as much of it as is left for the others. Not less than `max_pending_bytes_per_subscription`.
    #[schemars(range(min = 1_048_576, max = 68_719_476_736_u64))]
    pub max_pending_bytes: usize,
    /// Shortest `timeInterval` of a subscription, in milliseconds; a shorter one is refused.
    #[schemars(range(min = 10, max = 3_600_000))]
    pub min_time_interval_ms: u64,
    /// Most entities in the notifications of one period (`timeInterval`); those beyond are left out, which the subscription shows.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_period_entities: usize,
    /// Most connections to MQTT brokers that subscriptions name, for all tenants together; a tenant may have as many as are left for the others. A login is a connection of its own.
    #[schemars(range(min = 2, max = 10_000))]
    pub max_mqtt_brokers: usize,
    /// Milliseconds before the first retry; each further one waits twice as long.
    #[schemars(range(min = 1, max = 600_000))]
    pub retry_min_ms: u64,
    /// Longest wait between two retries, in milliseconds.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub retry_max_ms: u64,
    /// Seconds after which a notification that could not be delivered is given up and counted as failed.
    #[schemars(range(min = 1, max = 2_592_000))]
    pub give_up_after_s: u64,
    /// Whether endpoints on loopback addresses may be notified. `true` suits one machine; a server that strangers may subscribe at should say `false`.
    pub allow_loopback: bool,
    /// Whether endpoints on private, link-local and other non-public addresses may be notified.
    pub allow_private: bool,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            timeout_ms: 5_000,
            max_in_flight: 256,
            max_pending_per_subscription: 10_000,
            max_pending_bytes_per_subscription: 64 * 1024 * 1024,
            max_pending_bytes: 512 * 1024 * 1024,
            min_time_interval_ms: 1000,
            max_period_entities: 10_000,
            max_mqtt_brokers: 128,
            retry_min_ms: 500,
            retry_max_ms: 60_000,
            give_up_after_s: 86_400,
            allow_loopback: true,
            allow_private: false,
        }
    }
}
