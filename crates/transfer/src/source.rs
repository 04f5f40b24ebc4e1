//! Sources: files of rows, features or entities, read as streams of items with the line where each stands. Knows no
//! server.

pub mod element;
pub mod entity;
pub mod feature;
pub mod geopackage;
pub mod geoparquet;
pub mod input;
pub mod line;
mod row;
pub mod table;
pub mod wkb;

pub use row::{Cell, Row};

use crate::TransferError;
use belfry_ngsi_ld::Json;
use std::path::Path;
use std::sync::Arc;

/// The longest row, line or element that is read, bytes.
pub const MAX_ITEM_BYTES: usize = 16 << 20;

/// One row, line or feature, and what became of it.
#[derive(Debug)]
pub struct Item {
    /// The file.
    pub file: Arc<Path>,
    /// The line where it begins, from 1.
    pub line: u64,
    /// The entities that it is (normalized or concise JSON, with an `@context` member where they have one of their own),
    /// or why it is refused.
    pub outcome: Result<Vec<Json>, Refusal>,
}

/// Why an item is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The column, member or property that is to blame.
    pub field: Option<String>,
    /// The entity, when it got so far.
    pub entity: Option<String>,
    /// The reason.
    pub reason: String,
}

impl Refusal {
    /// A refusal of an item as a whole.
    pub fn of(reason: impl Into<String>) -> Self {
        Self { field: None, entity: None, reason: reason.into() }
    }
}

/// A feature that a reader made of a row: its place from 1, and the GeoJSON feature or why there is none.
pub type Feature = (u64, Result<Json, Refusal>);

/// A stream of items. An error ends it: the source as a whole cannot be read on.
pub type Items = Box<dyn Iterator<Item = Result<Item, TransferError>> + Send>;
