//! `[server]` and `[server.limits]`: the HTTP door. Holds no routes and no error answers.

use std::net::{Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The HTTP door.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port that the HTTP server listens on. Any address but a loopback one needs `security.mode = "tokens"`.
    pub listen: SocketAddr,
    /// The address by which clients reach this server when a proxy stands before it. Used in links, `Location` headers and hosted contexts; the `listen` address when absent.
    #[schemars(example = &"https://belfry.example.org")]
    pub public_url: Option<String>,
    /// What one client, one connection or one request may take.
    pub limits: Limits,
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: (Ipv4Addr::LOCALHOST, 1026).into(), public_url: None, limits: Limits::default() }
    }
}

/// What one client, one connection or one request may take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest request body in bytes, after decompression; batch operations are what needs it large. A longer one is answered with 413.
    #[schemars(range(min = 1024, max = 1_073_741_824))]
    pub max_body_bytes: usize,
    /// Deepest nesting of arrays and objects in a body.
    #[schemars(range(min = 8, max = 512))]
    pub max_depth: usize,
    /// Most attribute instances that one entity may have.
    #[schemars(range(min = 1, max = 100_000))]
    pub max_attributes_per_entity: usize,
    /// Bytes that one entity may grow to, however many requests bring it there: texts and names count their bytes, other values eight, an attribute 64 beside.
    #[schemars(range(min = 65_536, max = 268_435_456))]
    pub max_entity_bytes: usize,
    /// Most entities in one batch operation.
    #[schemars(range(min = 1, max = 100_000))]
    pub max_batch: usize,
    /// Largest request head (all headers together) in bytes. A longer one is answered with 431.
    #[schemars(range(min = 1024, max = 1_048_576))]
    pub max_header_bytes: usize,
    /// Longest request target in bytes. A longer one is answered with 414.
    #[schemars(range(min = 256, max = 65_536))]
    pub max_url_bytes: usize,
    /// Seconds that one request may take, body included, before it is answered with a timeout. More than `context.fetch_timeout_ms`, so that a request whose @context does not come is told so.
    #[schemars(range(min = 1, max = 3600))]
    pub request_timeout_s: u64,
    /// Seconds that a client may take to send the head of a request, from its connecting or its last answer on; slower and idle connections are closed.
    #[schemars(range(min = 1, max = 600))]
    pub header_read_timeout_s: u64,
    /// Seconds that a client may read nothing of an answer before its connection is closed, over HTTP/2 also when other answers on it move on; event streams and the state of an instant end likewise.
    #[schemars(range(min = 1, max = 3600))]
    pub read_patience_s: u64,
    /// Bytes of answers in memory that their clients have not read, all connections together. Beyond it an answer of more than 16 KiB is 503, and from half of it on connections that read nothing for a sixth of `read_patience_s` are closed.
    #[schemars(range(min = 16_777_216, max = 1_099_511_627_776_u64))]
    pub max_unread_bytes: usize,
    /// Bytes of such answers on one connection (HTTP/2 has many at a time) before its further requests wait until some are read.
    #[schemars(range(min = 1_048_576, max = 1_099_511_627_776_u64))]
    pub max_unread_bytes_per_connection: usize,
    /// Most reads of the state of an instant (`/belfry/v1/state`) at one time, each as long as its client takes to read it; further ones are answered with 503.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_state_reads: usize,
    /// Most connections at one time; further ones wait in the kernel's queue.
    #[schemars(range(min = 8, max = 1_000_000))]
    pub max_connections: usize,
    /// Entities on a page when the client names no `limit`.
    #[schemars(range(min = 1, max = 10_000))]
    pub page_default: usize,
    /// Largest `limit` that a client may ask for.
    #[schemars(range(min = 1, max = 10_000))]
    pub page_max: usize,
    /// How deep an ordered answer (`orderBy`) may go: `offset` and `limit` together. So many entities are held while it is made; a deeper page is refused.
    #[schemars(range(min = 100, max = 1_000_000))]
    pub sorted_max: usize,
    /// Bytes of entities, as they are stored, that one ordered answer may hold while it is made.
    #[schemars(range(min = 1_048_576, max = 17_179_869_184_u64))]
    pub sorted_max_bytes: usize,
    /// Instances of one attribute in one answer of the temporal API; a longer evolution comes in pages of time.
    #[schemars(range(min = 1, max = 100_000))]
    pub temporal_instances: usize,
    /// Bytes of instances in one answer of the temporal API, counted as for `max_entity_bytes`: a page of entities ends early there, and one entity's evolution comes in shorter pages of time. More aggregates than fit are refused.
    #[schemars(range(min = 65_536, max = 1_073_741_824))]
    pub temporal_max_bytes: usize,
    /// Most attribute instances in one body that writes to the past; one attribute may have as many.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_temporal_instances_per_body: usize,
    /// Bytes of entities, as they are stored, on one page; a page ends early when its entities are larger.
    #[schemars(range(min = 65_536, max = 1_073_741_824))]
    pub page_max_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 8 * 1024 * 1024,
            max_depth: 64,
            max_attributes_per_entity: 1000,
            max_entity_bytes: 16 * 1024 * 1024,
            max_batch: 2000,
            max_header_bytes: 16 * 1024,
            max_url_bytes: 8 * 1024,
            request_timeout_s: 30,
            header_read_timeout_s: 10,
            read_patience_s: 60,
            max_unread_bytes: 1024 * 1024 * 1024,
            max_unread_bytes_per_connection: 64 * 1024 * 1024,
            max_state_reads: 64,
            max_connections: 4096,
            page_default: 20,
            page_max: 1000,
            sorted_max: 10_000,
            sorted_max_bytes: 256 * 1024 * 1024,
            temporal_instances: 1000,
            temporal_max_bytes: 16 * 1024 * 1024,
            max_temporal_instances_per_body: 20_000,
            page_max_bytes: 16 * 1024 * 1024,
        }
    }
}
