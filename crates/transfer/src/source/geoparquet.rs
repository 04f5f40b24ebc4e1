//! GeoParquet (OGC 1.1): a Parquet file whose metadata says which column holds geometries. Reads it row by row as GeoJSON
//! features, so that a mapping sees what it sees of GeoJSON. Holds no mapping.

use super::geopackage::feature;
use super::wkb::{Crs, geojson};
use super::{Feature, Refusal};
use belfry_kernel::Time;
use belfry_ngsi_ld::Json;
use compact_str::CompactString;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use serde::Deserialize;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The largest row group, unpacked, bytes: it is what is held at one time at most.
const MAX_GROUP: i64 = 2 << 30;
/// How deep lists and groups of a cell may lie in each other.
const MAX_DEPTH: usize = 16;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GeoparquetError {
    /// The file is no Parquet, or broken.
    #[error("it cannot be read as Parquet: {0}")]
    Parquet(#[from] ParquetError),
    /// The reader gave up in a way that it should not.
    #[error("it is broken: the Parquet reader gave up at row {0}")]
    GaveUp(u64),
    /// It is sound, and cannot be imported: why, and what to do.
    #[error("{0}")]
    Refused(String),
}

/// The metadata `geo` (GeoParquet 1.1, "File metadata").
#[derive(Deserialize)]
struct Geo {
    primary_column: String,
    columns: HashMap<String, GeoColumn>,
}

#[derive(Deserialize)]
struct GeoColumn {
    encoding: String,
    /// Absent: OGC:CRS84. Null: unknown.
    #[serde(default = "absent")]
    crs: Option<GeoCrs>,
}

/// The parts of a PROJJSON coordinate system that name it.
#[derive(Deserialize)]
struct GeoCrs {
    name: Option<String>,
    id: Option<GeoId>,
}

#[derive(Deserialize)]
struct GeoId {
    authority: String,
    code: Code,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Code {
    Number(u64),
    Text(String),
}

fn absent() -> Option<GeoCrs> {
    let id = GeoId { authority: "OGC".into(), code: Code::Text("CRS84".into()) };
    Some(GeoCrs { name: None, id: Some(id) })
}

/// A file, its rows to come.
pub struct Table {
    rows: RowIter<'static>,
    names: Vec<String>,
    geometry: String,
    crs: Crs,
    /// Columns of boxes around geometries, which are no properties.
    boxes: Vec<String>,
    read: u64,
}

impl Table {
    /// Opens a file.
    ///
    /// # Errors
    /// [`GeoparquetError`].
    pub fn open(from: impl ChunkReader + 'static) -> Result<Self, GeoparquetError> {
        guarded(0, || Self::opened(from))?
    }

    fn opened(from: impl ChunkReader + 'static) -> Result<Self, GeoparquetError> {
        let reader = SerializedFileReader::new(from)?;
        let metadata = reader.metadata();
        for group in metadata.row_groups() {
            if group.total_byte_size() > MAX_GROUP || group.total_byte_size() < 0 {
                let why = format!("a row group of it has {} bytes; the limit is {MAX_GROUP}", group.total_byte_size());
                return Err(GeoparquetError::Refused(why));
            }
        }
        let refused = |why: &str| GeoparquetError::Refused(why.to_owned());
        let entries = metadata.file_metadata().key_value_metadata();
        let geo = entries
            .and_then(|list| list.iter().find(|entry| entry.key == "geo"))
            .and_then(|entry| entry.value.as_deref());
        let geo =
            geo.ok_or_else(|| refused("it is Parquet, but no GeoParquet: its metadata say nothing of geometries"))?;
        let geo: Geo = serde_json::from_str(geo)
            .map_err(|why| GeoparquetError::Refused(format!("its metadata on geometries cannot be read: {why}")))?;
        let column = geo
            .columns
            .get(&geo.primary_column)
            .ok_or_else(|| refused("its metadata do not describe its geometries"))?;
        if !column.encoding.eq_ignore_ascii_case("WKB") {
            return Err(GeoparquetError::Refused(format!(
                "its geometries are encoded as {}; WKB is read, which other tools write by default",
                column.encoding
            )));
        }
        let crs = column.crs.as_ref().ok_or_else(|| refused("it does not say in which coordinate system it is"))?;
        let (authority, code) = match &crs.id {
            Some(GeoId { authority, code: Code::Number(code) }) => (authority.as_str(), code.to_string()),
            Some(GeoId { authority, code: Code::Text(code) }) => (authority.as_str(), code.clone()),
            None => ("", String::new()),
        };
        let crs = Crs::of(authority, &code).ok_or_else(|| {
            let name = crs.name.as_deref().unwrap_or("a system without a name");
            GeoparquetError::Refused(Crs::refused(&format!("{authority}:{code} ({name})")))
        })?;
        let schema = metadata.file_metadata().schema_descr().root_schema();
        let names: Vec<String> = schema.get_fields().iter().map(|field| field.name().to_owned()).collect();
        if !names.contains(&geo.primary_column) {
            return Err(GeoparquetError::Refused(format!(
                "it has no column {:?}, where its geometries are to be",
                geo.primary_column
            )));
        }
        let boxes = schema
            .get_fields()
            .iter()
            .filter(|field| field.is_group() && is_box(field))
            .map(|field| field.name().to_owned());
        let boxes = boxes.collect();
        Ok(Self {
            rows: RowIter::from_file_into(Box::new(reader)),
            names,
            geometry: geo.primary_column,
            crs,
            boxes,
            read: 0,
        })
    }

    /// The names of the columns that are properties.
    pub fn names(&self) -> Vec<String> {
        self.names.iter().filter(|name| **name != self.geometry && !self.boxes.contains(name)).cloned().collect()
    }

    /// The next row as a GeoJSON feature, with its place in the file from 1.
    ///
    /// # Errors
    /// The file is broken; nothing can be read after it.
    pub fn feature(&mut self) -> Result<Option<Feature>, GeoparquetError> {
        let rows = &mut self.rows;
        let Some(row) = guarded(self.read + 1, || rows.next())? else { return Ok(None) };
        let row = row?;
        self.read += 1;
        Ok(Some((self.read, self.row(&row))))
    }

    fn row(&self, row: &Row) -> Result<Json, Refusal> {
        let refuse = |name: &str, reason: String| Refusal { field: Some(name.to_owned()), entity: None, reason };
        let mut properties: Vec<(CompactString, Json)> = Vec::with_capacity(self.names.len());
        let mut shape = Json::Null;
        let mut id = Json::Null;
        for (name, field) in row.get_column_iter() {
            if *name == self.geometry {
                shape = match field {
                    Field::Null => Json::Null,
                    Field::Bytes(bytes) => geojson(bytes.data(), self.crs)
                        .map_err(|why| refuse(name, why.to_string()))?
                        .unwrap_or(Json::Null),
                    _ => return Err(refuse(name, "it is no binary geometry".into())),
                };
            } else if !self.boxes.contains(name) {
                let value =
                    value(field, 0).ok_or_else(|| refuse(name, "its lists lie too deep in each other".into()))?;
                if name == "id" {
                    id = value.clone();
                }
                properties.push((name.as_str().into(), value));
            }
        }
        Ok(feature(id, shape, properties))
    }
}

/// Whether a group is a box around a geometry, as the metadata `covering` points at.
fn is_box(field: &parquet::schema::types::Type) -> bool {
    ["xmin", "ymin", "xmax", "ymax"].iter().all(|name| field.get_fields().iter().any(|part| part.name() == *name))
}

/// The reader of Parquet is the house's, but not of our making: where it panics on a broken file, that is an error here.
fn guarded<T>(row: u64, read: impl FnOnce() -> T) -> Result<T, GeoparquetError> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|_| GeoparquetError::GaveUp(row))
}

/// A cell as JSON; none when it is too deep.
fn value(field: &Field, depth: usize) -> Option<Json> {
    if depth > MAX_DEPTH {
        return None;
    }
    let time = |micros: i64| Time::from_micros(micros).with_text(|text| Json::Str(text.into()));
    let float = |n: f64| if n.is_finite() { Json::number(n) } else { Json::Null };
    Some(match field {
        Field::Bool(truth) => Json::Bool(*truth),
        Field::Byte(n) => Json::Int((*n).into()),
        Field::Short(n) => Json::Int((*n).into()),
        Field::Int(n) => Json::Int((*n).into()),
        Field::Long(n) => Json::Int(*n),
        Field::UByte(n) => Json::Int((*n).into()),
        Field::UShort(n) => Json::Int((*n).into()),
        Field::UInt(n) => Json::Int((*n).into()),
        Field::ULong(n) => i64::try_from(*n).map_or_else(|_| float(*n as f64), Json::Int),
        Field::Float(n) => float(f64::from(*n)),
        Field::Double(n) => float(*n),
        Field::Str(text) => text.as_str().into(),
        Field::Date(days) => time(i64::from(*days).saturating_mul(86_400_000_000)).as_str()?.get(..10)?.into(),
        Field::TimestampMillis(ms) => time(ms.saturating_mul(1000)),
        Field::TimestampMicros(us) => time(*us),
        Field::ListInternal(list) => {
            Json::Array(list.elements().iter().map(|item| value(item, depth + 1)).collect::<Option<_>>()?)
        }
        Field::Group(row) => {
            let members =
                row.get_column_iter().map(|(name, field)| Some((name.as_str().into(), value(field, depth + 1)?)));
            Json::Object(members.collect::<Option<_>>()?)
        }
        // Pictures and the like have no place in an attribute; what else there is says itself best as a text.
        Field::Null | Field::Bytes(_) => Json::Null,
        other => other.to_string().as_str().into(),
    })
}
