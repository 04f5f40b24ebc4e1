//! What devices send, made into readings: payload formats and the declarative mapping from topics to entities. Pure:
//! bytes and the current instant come in, readings go out; no I/O, no clock, no store.
//!
//! The way through: [`Mapping::parse`] reads a mapping file, [`Mapper::new`] compiles its topics into a trie, and
//! [`Mapper::map`] turns one message into [`Reading`]s. [`check`] runs the tests that the file itself holds.

mod error;
pub mod format;
mod instant;
mod json;
mod mapper;
mod mapping;
mod path;
mod reading;
mod template;
mod topic;
mod trie;
mod unit;

pub use error::PayloadError;
pub use instant::observed_at;
pub use json::{MAX_JSON_DEPTH, MAX_PAYLOAD_BYTES};
pub use mapper::{Effect, Failure, Lesson, MAX_READINGS, Mapped, Mapper};
pub use mapping::{Format, Mapping, MappingError, TestFailure, check};
pub use path::{Path, PathError};
pub use reading::{EntityRef, Reading, Value};
pub use topic::{Filter, TopicError, check_name};
pub use trie::TopicTrie;
pub use unit::unit_code;
