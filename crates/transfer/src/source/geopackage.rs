//! GeoPackage (OGC 12-128r19): an SQLite file with layers of features. Reads one layer, row by row, as GeoJSON features, so that
//! a mapping sees what it sees of GeoJSON. Read only, by a reader of our own; holds no mapping.

mod columns;
mod pages;
mod record;

pub use pages::SqliteError;

use super::wkb::{Crs, geojson};
use super::{Feature, MAX_ITEM_BYTES, Refusal};
use belfry_ngsi_ld::Json;
use columns::Columns;
use compact_str::CompactString;
use pages::{Pages, Rows};
use record::{Value, values};
use std::io::{Read, Seek};

/// Entries of a catalogue (tables, layers, coordinate systems) that are looked at.
const MAX_CATALOGUE: usize = 10_000;

/// Why a layer cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GeopackageError {
    /// The database is none, or broken.
    #[error(transparent)]
    Sqlite(#[from] SqliteError),
    /// It is sound, and cannot be imported: why, and what to do.
    #[error("{0}")]
    Refused(String),
}

fn refused<T>(why: impl Into<String>) -> Result<T, GeopackageError> {
    Err(GeopackageError::Refused(why.into()))
}

/// One layer, its rows to come.
pub struct Layer<R> {
    pages: Pages<R>,
    rows: Rows,
    columns: Columns,
    /// The column of geometries and their system; none for a table without.
    geometry: Option<(usize, Crs)>,
    read: u64,
}

/// A table of the database.
struct Table {
    name: String,
    kind: String,
    root: u32,
    sql: String,
}

impl<R: Read + Seek> Layer<R> {
    /// Opens a layer; without a name the only one.
    ///
    /// # Errors
    /// [`GeopackageError`].
    pub fn open(from: R, name: Option<&str>) -> Result<Self, GeopackageError> {
        let mut pages = Pages::open(from)?;
        let tables = tables(&mut pages)?;
        let Some(contents) = find(&tables, "gpkg_contents") else {
            return refused("it is an SQLite database, but no GeoPackage: it has no gpkg_contents");
        };
        let mut layers: Vec<String> = Vec::new();
        for row in catalogue(&mut pages, contents, &["table_name", "data_type"])? {
            if let [Some(table), Some(kind)] = &row[..]
                && (kind == "features" || kind == "attributes")
            {
                layers.push(table.clone());
            }
        }
        let list = || if layers.is_empty() { "none".to_owned() } else { layers.join(", ") };
        let name = match (name, layers.as_slice()) {
            (Some(name), _) if layers.iter().any(|layer| layer == name) => name.to_owned(),
            (Some(name), _) => return refused(format!("there is no layer {name:?}; its layers are {}", list())),
            (None, [one]) => one.clone(),
            (None, []) => return refused("it has no layer of features or attributes"),
            (None, _) => return refused(format!("it has several layers; name one with --layer: {}", list())),
        };
        let Some(table) = find(&tables, &name) else { return refused(format!("its layer {name:?} has no table")) };
        if table.kind != "table" {
            return refused(format!(
                "its layer {name:?} is a {}, which holds no rows; other tools make a table of it",
                table.kind
            ));
        }
        let columns = Columns::parse(&table.sql).or_else(|why| refused(format!("its layer {name:?}: {why}")))?;
        let geometry = geometry(&mut pages, &tables, &name, &columns)?;
        let rows = Rows::of(&mut pages, table.root)?;
        Ok(Self { pages, rows, columns, geometry, read: 0 })
    }

    /// The names of the columns that are properties.
    pub fn names(&self) -> Vec<String> {
        let geometry = self.geometry.map(|(at, _)| at);
        let names = self.columns.names.iter().enumerate().filter(|(at, _)| Some(*at) != geometry);
        names.map(|(_, name)| name.clone()).collect()
    }

    /// The next row as a GeoJSON feature, with its place in the layer from 1.
    ///
    /// # Errors
    /// The database is broken.
    pub fn feature(&mut self) -> Result<Option<Feature>, GeopackageError> {
        let Some((number, record)) = self.rows.next(&mut self.pages, MAX_ITEM_BYTES)? else { return Ok(None) };
        self.read += 1;
        let outcome = match record {
            Some(record) => self.row(number, &record)?,
            None => Err(Refusal::of(format!("it is longer than {MAX_ITEM_BYTES} bytes"))),
        };
        Ok(Some((self.read, outcome)))
    }

    fn row(&self, number: i64, record: &[u8]) -> Result<Result<Json, Refusal>, GeopackageError> {
        let values = values(record)?;
        let mut properties: Vec<(CompactString, Json)> = Vec::with_capacity(self.columns.names.len());
        let mut shape = Json::Null;
        for (at, name) in self.columns.names.iter().enumerate() {
            let refuse = |reason: String| Ok(Err(Refusal { field: Some(name.clone()), entity: None, reason }));
            let value = match values.get(at) {
                Some(value) => *value,
                // A row from before the column was added.
                None if self.columns.defaults[at] => {
                    return refuse("the row is older than the column, and what it holds by default is not in the file; save the layer anew".into());
                }
                None => Value::Null,
            };
            if let Some((_, crs)) = self.geometry.filter(|(column, _)| *column == at) {
                shape = match value {
                    Value::Null => Json::Null,
                    Value::Blob(blob) => {
                        match binary(blob).and_then(|wkb| geojson(wkb, crs).map_err(|why| why.to_string())) {
                            Ok(geometry) => geometry.unwrap_or(Json::Null),
                            Err(why) => return refuse(why),
                        }
                    }
                    _ => return refuse("it is no geometry".into()),
                };
                continue;
            }
            let json = match value {
                Value::Null if self.columns.key == Some(at) => Json::Int(number),
                Value::Null => Json::Null,
                Value::Integer(n) => Json::Int(n),
                Value::Real(n) if n.is_finite() => Json::number(n),
                Value::Real(_) => Json::Null,
                Value::Text(text) => match decoded(text, self.pages.utf16) {
                    Some(text) => Json::Str(text.into()),
                    None => return refuse("the text is not in the encoding of the file".into()),
                },
                // Pictures and the like have no place in an attribute.
                Value::Blob(_) => Json::Null,
            };
            properties.push((name.as_str().into(), json));
        }
        Ok(Ok(feature(Json::Int(number), shape, properties)))
    }
}

/// A GeoJSON feature.
pub(super) fn feature(id: Json, geometry: Json, properties: Vec<(CompactString, Json)>) -> Json {
    Json::Object(vec![
        ("type".into(), "Feature".into()),
        ("id".into(), id),
        ("geometry".into(), geometry),
        ("properties".into(), Json::Object(properties)),
    ])
}

fn decoded(text: &[u8], utf16: Option<bool>) -> Option<String> {
    let Some(little) = utf16 else { return std::str::from_utf8(text).ok().map(str::to_owned) };
    let units = text.chunks_exact(2).map(|pair| {
        let pair = [pair[0], pair[1]];
        if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    });
    char::decode_utf16(units).collect::<Result<String, _>>().ok()
}

/// The well-known binary of a geometry (clause 2.1.3): a header of its own, perhaps an envelope, then it.
fn binary(blob: &[u8]) -> Result<&[u8], String> {
    let Some((&[b'G', b'P', _, flags], rest)) = blob.split_first_chunk::<4>() else {
        return Err("it does not begin as a geometry of a GeoPackage".into());
    };
    if flags & 0x20 != 0 {
        return Err("it is a geometry of an extension, which is not read".into());
    }
    let envelope = match flags >> 1 & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return Err("its envelope is of an unknown kind".into()),
    };
    rest.get(4 + envelope..).ok_or_else(|| "the binary geometry ends too early".into())
}

fn find<'t>(tables: &'t [Table], name: &str) -> Option<&'t Table> {
    tables.iter().find(|table| table.name.eq_ignore_ascii_case(name))
}

/// All tables and views.
fn tables<R: Read + Seek>(pages: &mut Pages<R>) -> Result<Vec<Table>, GeopackageError> {
    let mut rows = Rows::of(pages, 1)?;
    let mut tables = Vec::new();
    while let Some((_, record)) = rows.next(pages, MAX_ITEM_BYTES)? {
        if tables.len() >= MAX_CATALOGUE {
            return refused(format!("it has more than {MAX_CATALOGUE} tables"));
        }
        let Some(record) = record else { continue };
        let values = values(&record)?;
        let text = |at: usize| match values.get(at) {
            Some(Value::Text(text)) => decoded(text, pages.utf16).unwrap_or_default(),
            _ => String::new(),
        };
        let kind = text(0);
        if kind == "table" || kind == "view" {
            let root = match values.get(3) {
                Some(Value::Integer(root)) => u32::try_from(*root).unwrap_or(0),
                _ => 0,
            };
            tables.push(Table { name: text(1), kind, root, sql: text(4) });
        }
    }
    Ok(tables)
}

/// Some columns of a table as texts.
fn catalogue<R: Read + Seek>(
    pages: &mut Pages<R>,
    table: &Table,
    wanted: &[&str],
) -> Result<Vec<Vec<Option<String>>>, GeopackageError> {
    let columns = Columns::parse(&table.sql).or_else(|why| refused(format!("{}: {why}", table.name)))?;
    let places: Vec<usize> = wanted
        .iter()
        .map(|name| columns.names.iter().position(|known| known.eq_ignore_ascii_case(name)))
        .collect::<Option<_>>()
        .map_or_else(|| refused(format!("{} lacks columns that it has to have", table.name)), Ok)?;
    let mut rows = Rows::of(pages, table.root)?;
    let mut found = Vec::new();
    while let Some((number, record)) = rows.next(pages, MAX_ITEM_BYTES)? {
        if found.len() >= MAX_CATALOGUE {
            return refused(format!("{} has more than {MAX_CATALOGUE} rows", table.name));
        }
        let Some(record) = record else { continue };
        let values = values(&record)?;
        let text = |at: usize| match values.get(at) {
            Some(Value::Text(text)) => decoded(text, pages.utf16),
            Some(Value::Integer(n)) => Some(n.to_string()),
            Some(Value::Null) if columns.key == Some(at) => Some(number.to_string()),
            _ => None,
        };
        found.push(places.iter().map(|at| text(*at)).collect());
    }
    Ok(found)
}

/// The column of a layer's geometries and their coordinate system.
fn geometry<R: Read + Seek>(
    pages: &mut Pages<R>,
    tables: &[Table],
    layer: &str,
    columns: &Columns,
) -> Result<Option<(usize, Crs)>, GeopackageError> {
    let Some(table) = find(tables, "gpkg_geometry_columns") else { return Ok(None) };
    let rows = catalogue(pages, table, &["table_name", "column_name", "srs_id"])?;
    let Some(row) = rows.iter().find(|row| row[0].as_deref() == Some(layer)) else { return Ok(None) };
    let column = row[1].as_deref().unwrap_or_default();
    let Some(at) = columns.names.iter().position(|name| name.eq_ignore_ascii_case(column)) else {
        return refused(format!("its layer {layer:?} has no column {column:?}, where its geometries are to be"));
    };
    let id = row[2].clone().unwrap_or_default();
    let Some(table) = find(tables, "gpkg_spatial_ref_sys") else {
        return refused("it has no gpkg_spatial_ref_sys: its coordinate systems are unknown");
    };
    let wanted = ["srs_id", "srs_name", "organization", "organization_coordsys_id"];
    let rows = catalogue(pages, table, &wanted)?;
    let Some(row) = rows.iter().find(|row| row[0].as_deref() == Some(&id)) else {
        return refused(format!("its coordinate system {id} is not described in it"));
    };
    let text = |at: usize| row[at].as_deref().unwrap_or_default();
    match Crs::of(text(2), text(3)) {
        Some(crs) => Ok(Some((at, crs))),
        None => refused(Crs::refused(&format!("{}:{} ({})", text(2), text(3), text(1)))),
    }
}
