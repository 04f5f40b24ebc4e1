//! `[mqtt]`, `[mqtt.listener]` and `[[mqtt.brokers]]`. Holds no protocol and no mapping.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// MQTT in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mqtt {
    /// Refuse and count messages of devices that are not registered, instead of making an entity for them.
    pub register_only: bool,
    /// Bytes of entities that one commit of devices' messages is to weigh at most; a batch that is larger becomes several commits.
    #[schemars(range(min = 65_536, max = 16_777_216))]
    pub commit_bytes: usize,
    /// Seconds that a silent sender is remembered, so that what it repeats after a broken connection is known.
    #[schemars(range(min = 60, max = 2_592_000))]
    pub remember_senders_s: u64,
    /// Most senders that are remembered so for each tenant; beyond, those that are silent longest are forgotten within seconds.
    #[schemars(range(min = 16, max = 1_000_000))]
    pub max_remembered_senders: usize,
    /// The MQTT listener inside Belfry, so that small towns need no broker of their own.
    pub listener: Listener,
    /// MQTT brokers elsewhere that Belfry reads from.
    pub brokers: Vec<Broker>,
}

impl Default for Mqtt {
    fn default() -> Self {
        Self {
            register_only: false,
            commit_bytes: 4 * 1024 * 1024,
            remember_senders_s: 86_400,
            max_remembered_senders: 10_000,
            listener: Listener::default(),
            brokers: Vec::new(),
        }
    }
}

/// The MQTT listener inside Belfry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Listener {
    /// Whether Belfry itself accepts MQTT connections.
    pub enabled: bool,
    /// Address and port of the listener. Any address but a loopback one needs `security.mode = "tokens"`.
    pub listen: SocketAddr,
    /// File that says how messages become entities. The built-in formats are recognised when absent.
    #[schemars(example = &"mapping.toml")]
    pub mapping: Option<PathBuf>,
    /// Most connections at one time; further ones are refused.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_connections: usize,
    /// Largest packet in bytes; a client that sends a larger one is disconnected.
    #[schemars(range(min = 256, max = 268_435_455))]
    pub max_packet_bytes: usize,
    /// Most messages of one client that are taken in but not yet acknowledged; the client is not read further until some are.
    #[schemars(range(min = 1, max = 65_535))]
    pub max_in_flight: usize,
    /// Seconds that a new connection may take to send its CONNECT packet.
    #[schemars(range(min = 1, max = 600))]
    pub connect_timeout_s: u64,
}

impl Default for Listener {
    fn default() -> Self {
        Self {
            enabled: false,
            listen: (Ipv4Addr::LOCALHOST, 1883).into(),
            mapping: None,
            max_connections: 1024,
            max_packet_bytes: 256 * 1024,
            max_in_flight: 256,
            connect_timeout_s: 10,
        }
    }
}

/// A broker elsewhere that Belfry reads from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Broker {
    /// Where the broker is: `mqtt://host:port`, with TLS `mqtts://host:port`.
    #[schemars(example = &"mqtt://broker.example.org:1883")]
    pub url: String,
    /// Client identifier; the broker keeps the session under it, so it must be this connection's alone.
    #[schemars(example = &"belfry")]
    pub client_id: String,
    /// Topic filters to subscribe to.
    #[schemars(example = super::words("sensors/#"))]
    pub topics: Vec<String>,
    /// File that says how messages become entities. The built-in formats are recognised when absent.
    #[serde(default)]
    #[schemars(example = &"mapping.toml")]
    pub mapping: Option<PathBuf>,
    /// User name, when the broker asks for one.
    #[serde(default)]
    #[schemars(example = &"belfry")]
    pub username: Option<String>,
    /// File whose first line is the password, so that no secret stands in this file.
    #[serde(default)]
    #[schemars(example = &"broker-password")]
    pub password_file: Option<PathBuf>,
    /// Tenant that the messages belong to; the default tenant when absent.
    #[serde(default)]
    #[schemars(example = &"waterworks")]
    pub tenant: Option<String>,
}
