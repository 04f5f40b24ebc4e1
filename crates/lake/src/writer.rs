//! Writing a history file, one row group after another. Holds at most one row group of rows.

use crate::row::{HistoryRow, HistoryValue};
use crate::schema::{Kind, TYPED, schema};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::ColumnPath;
use std::io::Write;
use std::sync::Arc;

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The Parquet writer, or the writer below it.
    #[error("the history file could not be written: {0}")]
    Parquet(#[from] ParquetError),
    /// A number that is not finite: no sample has one.
    #[error("{attribute} of {entity_id}: a number must be finite")]
    NotFinite {
        /// The entity.
        entity_id: String,
        /// The attribute.
        attribute: String,
    },
}

/// How large row groups are, and how hard they are packed.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Rows of a group; a group is held in memory until it is written.
    pub group_rows: usize,
    /// Bytes of memory that a group's rows may take: fewer rows when they are large.
    pub group_bytes: usize,
    /// Level of zstd, 1 to 22.
    pub zstd_level: i32,
}

impl Default for Options {
    fn default() -> Self {
        Self { group_rows: 128 * 1024, group_bytes: 64 << 20, zstd_level: 3 }
    }
}

/// Writes history rows as one Parquet file. Each row group is sorted by entity, attribute, dataset and time, and says so.
pub struct HistoryWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    rows: Vec<HistoryRow>,
    bytes: usize,
    options: Options,
}

impl<W: Write + Send> HistoryWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// [`LakeError::Parquet`] when the level of zstd is none, or nothing can be written.
    pub fn new(out: W, options: Options) -> Result<Self, LakeError> {
        let sorting = ["entity_id", "attribute", "dataset_id", "observed_at", "recorded_at"].map(|name| {
            let at = TYPED.iter().position(|(column, ..)| *column == name).unwrap_or_default();
            SortingColumn { column_idx: at as i32, descending: false, nulls_first: true }
        });
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(options.zstd_level)?))
            .set_created_by(concat!("belfry ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_sorting_columns(Some(sorting.to_vec()));
        // Instants rise within a series: their differences pack far better than a dictionary of them.
        for name in ["observed_at", "recorded_at"] {
            let path = ColumnPath::from(name);
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
        let file = SerializedFileWriter::new(out, schema()?, Arc::new(properties.build()))?;
        Ok(Self { file, rows: Vec::new(), bytes: 0, options })
    }

    /// Adds a row; writes a row group when there are enough.
    ///
    /// # Errors
    /// [`LakeError`]. After an error of the writer below, the file is to be given up.
    pub fn push(&mut self, row: HistoryRow) -> Result<(), LakeError> {
        if let HistoryValue::Number(number) = row.value
            && !number.is_finite()
        {
            return Err(LakeError::NotFinite { entity_id: row.entity_id, attribute: row.attribute });
        }
        self.bytes += row.size();
        self.rows.push(row);
        if self.rows.len() >= self.options.group_rows.max(1) || self.bytes >= self.options.group_bytes {
            self.write_group()?;
        }
        Ok(())
    }

    /// Writes what is left and the footer; gives the writer back.
    ///
    /// # Errors
    /// [`LakeError::Parquet`].
    pub fn finish(mut self) -> Result<W, LakeError> {
        if !self.rows.is_empty() {
            self.write_group()?;
        }
        Ok(self.file.into_inner()?)
    }

    fn write_group(&mut self) -> Result<(), LakeError> {
        let mut rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        rows.sort_by(HistoryRow::compare);
        let mut group = self.file.next_row_group()?;
        for (name, kind, optional) in TYPED {
            match kind {
                Kind::Text | Kind::Json => {
                    column::<ByteArrayType, _>(&mut group, &rows, optional, |row| {
                        text(row, name).map(ByteArray::from)
                    })?;
                }
                Kind::Instant => column::<Int64Type, _>(&mut group, &rows, optional, |row| {
                    if name == "observed_at" { row.observed_at } else { row.recorded_at }.map(|time| time.micros())
                })?,
                Kind::Number => column::<DoubleType, _>(&mut group, &rows, optional, |row| match row.value {
                    HistoryValue::Number(number) => Some(number),
                    _ => None,
                })?,
                Kind::Truth => column::<BoolType, _>(&mut group, &rows, optional, |row| match row.value {
                    HistoryValue::Bool(truth) => Some(truth),
                    _ => None,
                })?,
            }
        }
        group.close()?;
        rows.clear();
        self.rows = rows;
        Ok(())
    }
}

/// The text of a column that holds texts.
fn text<'r>(row: &'r HistoryRow, column: &str) -> Option<&'r str> {
    match (column, &row.value) {
        ("entity_id", _) => Some(&row.entity_id),
        ("type", _) => Some(&row.entity_type),
        ("attribute", _) => Some(&row.attribute),
        ("dataset_id", _) => row.dataset_id.as_deref(),
        ("unit_code", _) => row.unit_code.as_deref(),
        ("value_text", HistoryValue::Text(text)) | ("value_json", HistoryValue::Json(text)) => Some(text),
        _ => None,
    }
}

/// Writes the next column: the values that are there, and where they are.
fn column<T, W>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    rows: &[HistoryRow],
    optional: bool,
    value: impl Fn(&HistoryRow) -> Option<T::T>,
) -> Result<(), ParquetError>
where
    T: DataType,
    W: Write + Send,
{
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("the schema has fewer columns than are written".to_owned()));
    };
    let mut levels = Vec::with_capacity(if optional { rows.len() } else { 0 });
    let mut values = Vec::with_capacity(rows.len());
    for row in rows {
        let value = value(row);
        if optional {
            levels.push(i16::from(value.is_some()));
        }
        values.extend(value);
    }
    column.typed::<T>().write_batch(&values, optional.then_some(levels.as_slice()), None)?;
    column.close()
}
