//! Columnar history: samples of attributes as Parquet files that any tool reads. Rows in, file bytes out, in bounded
//! memory; opens no files and speaks to no store. Written with the column writers of the `parquet` crate directly: the
//! schema is flat and fixed, so Arrow (a dozen crates more) would add nothing.

mod row;
mod schema;
mod writer;

pub use row::{HistoryRow, HistoryValue};
pub use schema::{COLUMNS, schema};
pub use writer::{HistoryWriter, LakeError, Options};
