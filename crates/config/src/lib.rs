//! The one configuration of Belfry: a typed struct, read in layers (defaults, TOML file, environment, flags), and the
//! schema, example and reference page made from it. Does no I/O but reading the one file that [`Config::load`] is given.

pub mod document;
mod keys;
mod layers;
mod model;
mod places;
mod problem;
mod rules;

pub use keys::{ENV_PREFIX, env_name, key_names};
pub use model::{
    Broker, Config, Context, CoreVersion, Deny, Durability, History, Incoming, Limits, Listener, Log, LogFormat, Mode,
    Mqtt, Notify, Outbound, Retention, Security, Server, Store, Telemetry, Tenants,
};
pub use problem::{ConfigError, Place, Problem};
