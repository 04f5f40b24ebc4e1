//! What an import will do: which reader for which source, under which mapping and mode. Reads no rows.

use super::args::{Args, Existing, Format};
use super::layer;
use crate::TransferError;
use crate::mapping::{Mapping, Mode};
use crate::source::feature::Rule;
use crate::source::input::{self, Input, Meter};
use crate::source::table::Table;
use crate::source::{Items, entity, feature};
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An import that fits together.
pub(super) struct Plan {
    pub(super) items: Items,
    pub(super) meter: Meter,
    /// Bytes of the source; none when unknown.
    pub(super) size: Option<u64>,
    /// What tells this import from another: the source, and all that says what becomes of it and where; none when the
    /// source cannot be read twice, or nothing is sent.
    pub(super) fingerprint: Option<u64>,
    pub(super) mode: Mode,
    pub(super) existing: Existing,
    pub(super) path: PathBuf,
    pub(super) mapping: Option<Arc<Mapping>>,
    /// The columns of a table.
    pub(super) header: Option<Vec<String>>,
}

impl Plan {
    pub(super) fn of(args: &Args) -> Result<Self, TransferError> {
        let meter = Meter::default();
        if let Some(folder) = &args.models {
            let (items, size) = entity::models(folder, args.form, &meter)?;
            return Ok(Self {
                items,
                meter,
                size: Some(size),
                fingerprint: None,
                mode: args.mode.unwrap_or(Mode::State),
                existing: args.existing.unwrap_or(Existing::Replace),
                path: folder.clone(),
                mapping: None,
                header: None,
            });
        }
        let path = args.source.clone().ok_or_else(|| TransferError::Usage("name a file to import".into()))?;
        let mapping = args.map.as_deref().map(Mapping::load).transpose()?.map(Arc::new);
        let mut input = input::open(&path, &meter)?;
        let format = format(args, &path, &mut input)?;
        if args.layer.is_some() && format != Format::Geopackage {
            return Err(TransferError::Usage("--layer is for a GeoPackage".into()));
        }
        let size = input.size;
        let file: Arc<Path> = path.clone().into();
        let mode = args.mode.unwrap_or_else(|| mapping.as_ref().map_or(Mode::State, |m| m.default_mode()));
        if let (Mode::History | Mode::Both, Some(Mapping { time: None, .. })) = (mode, mapping.as_deref()) {
            return Err(TransferError::Usage("--mode history or both needs a [time] table in the mapping".into()));
        }
        let mapped = mapping.is_some() || args.kind.is_some();
        let mut header = None;
        let items: Items = match format {
            Format::Csv => {
                let Some(mapping) = &mapping else {
                    return Err(TransferError::Usage(
                        "a table needs a mapping file (--map FILE) that says what a row is; docs/guide/import.md shows how".into(),
                    ));
                };
                let table = Table::open(input.reader, &mapping.conventions, &file)?;
                header = Some(table.names());
                Box::new(table.items(mapping.clone())?)
            }
            Format::Geojson => feature::features(input.reader, file, rule(args, mapping.as_ref())?),
            Format::Geopackage | Format::Geoparquet => {
                let rule = rule(args, mapping.as_ref())?;
                if matches!(rule, Rule::Entities(_)) {
                    return Err(TransferError::Usage(
                        "its rows are no entities yet: say what they become with --map FILE, or --type with --id"
                            .into(),
                    ));
                }
                let (items, names) = if format == Format::Geopackage {
                    layer::geopackage(&path, args.layer.as_deref(), &meter, rule)?
                } else {
                    layer::geoparquet(&path, rule)?
                };
                if let Some(mapping) = &mapping {
                    layer::check(mapping, &names)?;
                }
                header = Some(names);
                items
            }
            Format::Lines | Format::Json if mapping.is_some() => {
                return Err(TransferError::Usage(
                    "a mapping is for tables and GeoJSON; NGSI-LD entities are imported as they are".into(),
                ));
            }
            Format::Lines => entity::lines(input.reader, file, args.form),
            Format::Json if first_byte(&mut input, &path)? == Some(b'[') => {
                entity::array(input.reader, file, args.form)
            }
            Format::Json => entity::single(input.reader, file, args.form),
        };
        let existing = args.existing.unwrap_or(if mapped { Existing::Update } else { Existing::Replace });
        let fingerprint = if args.explain || args.dry_run {
            None
        } else {
            let map = mapping.as_ref().map_or("", |m| m.text.as_str());
            fingerprint(args, &path, map, (format, mode, existing))?
        };
        Ok(Self { items, meter, size, fingerprint, mode, existing, path, mapping, header })
    }
}

fn fingerprint(
    args: &Args,
    path: &Path,
    map: &str,
    (format, mode, existing): (Format, Mode, Existing),
) -> Result<Option<u64>, TransferError> {
    let Some(mut hash) = input::print(path)? else { return Ok(None) };
    let of = |given: &Option<String>| given.clone().unwrap_or_default();
    let told = [
        map.to_owned(),
        args.target.url.trim_end_matches('/').to_owned(),
        of(&args.target.tenant),
        format!("{format:?} {mode:?} {existing:?} {:?}", args.form),
        of(&args.kind),
        of(&args.id),
        of(&args.layer),
    ];
    for text in told {
        hash.update(&(text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    Ok(Some(hash.digest()))
}

fn rule(args: &Args, mapping: Option<&Arc<Mapping>>) -> Result<Rule, TransferError> {
    Ok(match (mapping, &args.kind, &args.id) {
        (Some(mapping), None, None) => Rule::Mapping(mapping.clone()),
        (Some(_), _, _) => return Err(TransferError::Usage("either --map, or --type with --id".into())),
        (None, Some(kind), Some(id)) => {
            let text = |s: &str| toml::Value::String(s.to_owned()).to_string();
            let (id, kind_text) = (text(id), text(kind));
            let document =
                format!("entity = [{{ id = {id}, type = {kind_text}, attribute = [{{ name = \"a\", value = 0 }}] }}]");
            Rule::Plain { kind: kind.clone(), id: Arc::new(Mapping::parse(&document, Path::new("--id"))?) }
        }
        _ => Rule::Entities(args.form),
    })
}

/// As said, or told from the name, or from the first bytes.
fn format(args: &Args, path: &Path, input: &mut Input) -> Result<Format, TransferError> {
    if let Some(format) = args.format {
        return Ok(format);
    }
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let by_name = match name.rsplit_once('.').map(|(_, end)| end) {
        Some("csv" | "tsv" | "tab" | "txt" | "dat" | "wth") => Some(Format::Csv),
        Some("geojson") => Some(Format::Geojson),
        Some("gpkg") => Some(Format::Geopackage),
        Some("parquet" | "geoparquet" | "pq") => Some(Format::Geoparquet),
        Some("ndjson" | "jsonl" | "jsonlines") => Some(Format::Lines),
        Some("json" | "jsonld") => Some(Format::Json),
        _ => None,
    };
    match by_name {
        Some(Format::Json) => {
            let head = input.reader.fill_buf().map_err(TransferError::file(path))?;
            let features = head.windows(19).any(|w| w == b"\"FeatureCollection\"");
            Ok(if features { Format::Geojson } else { Format::Json })
        }
        Some(format) => Ok(format),
        None if args.map.is_some() => Ok(Format::Csv),
        None => Err(TransferError::Usage(format!(
            "{}: its name does not say how it is written; say --format csv, geojson, geopackage, geoparquet, lines or json",
            path.display()
        ))),
    }
}

/// The first byte that is no white space, among those at hand.
fn first_byte(input: &mut Input, path: &Path) -> Result<Option<u8>, TransferError> {
    let head = input.reader.fill_buf().map_err(TransferError::file(path))?;
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    Ok(head.iter().find(|b| !b.is_ascii_whitespace()).copied())
}
