//! A row as a mapping sees it: the cells of the columns that the mapping speaks of.

use belfry_ngsi_ld::Json;
use std::borrow::Cow;

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// There is none.
    Absent,
    /// A text of a table.
    Text(String),
    /// A value of a JSON source.
    Json(Json),
}

/// One row: a cell for each column of the mapping, by its index there.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The cells.
    pub cells: Vec<Cell>,
}

impl Cell {
    /// The cell as a text; none when it holds nothing, an array or an object.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Json(Json::Str(text)) => Some(Cow::Borrowed(text)),
            Self::Json(Json::Null) => Some(Cow::Borrowed("")),
            Self::Json(Json::Bool(_) | Json::Int(_)) => match self {
                Self::Json(json) => Some(Cow::Owned(json.to_string())),
                _ => None,
            },
            Self::Json(Json::Float(number)) => Some(Cow::Owned(number.to_string())),
            Self::Json(Json::Array(_) | Json::Object(_)) | Self::Absent => None,
        }
    }
}

impl Row {
    /// The cell of a column; none when the row has none.
    pub fn cell(&self, index: usize) -> Option<&Cell> {
        self.cells.get(index).filter(|cell| !matches!(cell, Cell::Absent))
    }

    /// The text of a column.
    pub fn text(&self, index: usize) -> Option<Cow<'_, str>> {
        self.cell(index).and_then(Cell::text)
    }
}
