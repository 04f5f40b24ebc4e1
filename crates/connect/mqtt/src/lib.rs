//! MQTT in and out: the embedded listener for devices that need no broker of their own, the client of an external broker,
//! and the publisher for notifications. Messages become readings by the mapping of `belfry-connect-payload` and go to a
//! [`Sink`]; a QoS 1 or 2 publish is acknowledged after the sink has made it durable. Holds no store and no tokens.

mod auth;
pub mod client;
pub mod codec;
mod dial;
mod greeting;
mod ingest;
pub mod listener;
mod publisher;
mod sink;

pub use auth::{Access, Authenticator, Credentials, Grant, Refusal};
pub use client::{Client, ClientConfig};
pub use dial::{Dial, Stream, TcpDial};
pub use ingest::{Counters, PipelineLimits};
pub use listener::{Handle, Listener, ListenerConfig, Parts};
pub use publisher::{Endpoint, EndpointError, PublishError, Publisher, PublisherConfig};
pub use sink::{Dedup, Message, Outcome, Sink, Source, Window, dedup_key};
