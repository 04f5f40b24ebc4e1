//! Why a payload was not taken. Holds the reasons; each is a sentence that may be shown to whoever runs the device.

use compact_str::CompactString;

/// Why a payload, or one value of it, was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Longer than the limit.
    #[error("the payload is longer than {limit} bytes")]
    TooLong {
        /// The limit, bytes.
        limit: usize,
    },
    /// Bytes that are not text.
    #[error("the payload is not UTF-8 text")]
    NotText,
    /// Nothing in it.
    #[error("the payload is empty")]
    Empty,
    /// Not JSON.
    #[error("the payload is not JSON: {0}")]
    NotJson(String),
    /// Nested deeper than the limit.
    #[error("the payload is nested deeper than {limit} levels")]
    TooDeep {
        /// The limit, levels.
        limit: usize,
    },
    /// More values than one message may carry.
    #[error("the payload carries more than {limit} values")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// A value that must be there is not.
    #[error("{attribute}: nothing at {path}")]
    Missing {
        /// The attribute.
        attribute: CompactString,
        /// Where it was looked for.
        path: CompactString,
    },
    /// A value of another kind than the mapping says.
    #[error("{attribute}: the value is not {wanted}")]
    WrongKind {
        /// The attribute.
        attribute: CompactString,
        /// What was wanted, with its article.
        wanted: &'static str,
    },
    /// The instant of observation cannot be read.
    #[error("observed_at is not a time: {0}")]
    BadTime(String),
    /// A placeholder has nothing to put in.
    #[error("the placeholder {{{0}}} has no value in this message")]
    NoValue(CompactString),
    /// The entity's identifier is not one.
    #[error("the entity id {id:?} is not one: {why}")]
    BadEntity {
        /// The text.
        id: String,
        /// Why.
        why: belfry_kernel::IriError,
    },
    /// A SenML record breaks RFC 8428.
    #[error("SenML record {record}: {why}")]
    SenMl {
        /// The record, from 0.
        record: usize,
        /// What is wrong.
        why: &'static str,
    },
    /// Not an uplink of the network server.
    #[error("not an uplink: {0}")]
    NotUplink(&'static str),
    /// A discovery message that cannot be used.
    #[error("discovery: {0}")]
    Discovery(String),
    /// A Sparkplug B message that cannot be used.
    #[error("Sparkplug B: {0}")]
    Sparkplug(String),
}
