//! Calls to the outside: one pooled HTTP client for contexts and notifications, under one policy of addresses. Every
//! connection goes to an address that the policy saw; names are resolved here and nowhere else.

pub mod answer;
mod client;
mod connect;
mod line;
mod policy;
mod trust;

pub use client::{Call, Outbound, OutboundError, Reply};
pub use connect::dial;
pub use line::Peer;
pub use policy::{AddressPolicy, Refusal};
pub use trust::{Trust, TrustError};
