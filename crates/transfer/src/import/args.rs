//! What `belfry import` is told on the command line. Checks nothing that files decide.

use crate::client::Target;
use crate::mapping::Mode;
use crate::osm;
use crate::source::entity::Form;
use std::path::PathBuf;

/// How a source is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A table in a text file, with a mapping
    Csv,
    /// A GeoJSON FeatureCollection
    Geojson,
    /// A layer of a GeoPackage
    Geopackage,
    /// GeoParquet
    Geoparquet,
    /// NGSI-LD entities, one a line
    Lines,
    /// One NGSI-LD entity, or an array of them
    Json,
}

/// What happens to entities that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Existing {
    /// Attributes of the source are added or overwritten, others stay
    Update,
    /// The entity becomes what the source says, and nothing else
    Replace,
}

/// Sources that are imported by rules of their own.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Kind {
    #[expect(missing_docs, reason = "the command line would show it in place of what the arguments say of themselves")]
    Osm(Box<osm::Args>),
    #[expect(missing_docs, reason = "the command line would show it in place of what the arguments say of themselves")]
    Tiles(crate::TileArgs),
}

/// Bring files into a running Belfry: tables (CSV and the like), GeoJSON, GeoPackage, GeoParquet, OpenStreetMap, NGSI-LD entities
///
/// A table needs a mapping file that says what a row is; `--explain` shows what it makes of the first rows, `--dry-run`
/// checks everything and sends nothing. An import that was cut goes on where it stopped when the same command is given
/// again. Exit code 0: all taken; 1: some rows were refused (they are listed); 2: it could not run.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "Examples:
  belfry import osm town.osm.pbf                       roads, buildings, places: see belfry import osm --help
  belfry import tiles town.pmtiles                     the basemap: see belfry import tiles --help
  belfry import soil.csv --map soil.toml --explain     show what the first rows become
  belfry import soil.csv --map soil.toml --dry-run     check all rows, send none
  belfry import soil.csv --map soil.toml               import; give it again to go on after a cut
  belfry import town.gpkg --layer trees --map trees.toml   a layer of a GeoPackage, under the same mapping
  belfry import trees.geojson --type Tree --id 'urn:ngsi-ld:Tree:{number}'
  belfry import entities.ndjson.gz                     NGSI-LD entities, one a line
  belfry export entities --type Tree | belfry import - --format lines --url http://other:1026
  belfry import --models dataModels/                   a folder of Smart Data Models examples

How mapping files are written: docs/guide/import.md")]
pub struct Args {
    /// What is imported by rules of its own
    #[command(subcommand)]
    pub kind_of_source: Option<Kind>,
    /// File to import, packed with gzip or not; - for standard input
    #[arg(value_name = "FILE", required_unless_present = "models")]
    pub source: Option<PathBuf>,
    /// Mapping file (TOML): what a row or feature becomes
    #[arg(long, short = 'm', value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// Smart Data Models: a folder with an example, a folder of such folders, or one example file
    #[arg(long, value_name = "DIR", conflicts_with_all = ["source", "map", "format"])]
    pub models: Option<PathBuf>,
    /// How the source is written; by default told from the file's name
    #[arg(long)]
    pub format: Option<Format>,
    /// Layer of a GeoPackage; needed when it has several
    #[arg(long, value_name = "NAME")]
    pub layer: Option<String>,
    /// How entities are written
    #[arg(long, default_value = "normalized")]
    pub form: Form,
    /// What the rows are; by default what the mapping says, or the current state
    #[arg(long)]
    pub mode: Option<Mode>,
    /// What happens to entities that are there already; by default rows of tables and maps update, entities replace
    #[arg(long)]
    pub existing: Option<Existing>,
    /// GeoJSON, GeoPackage, GeoParquet without a mapping: type of the entities
    #[arg(long = "type", value_name = "TYPE", requires = "id")]
    pub kind: Option<String>,
    /// Likewise: id of an entity, with properties in braces, such as urn:ngsi-ld:Tree:{number}
    #[arg(long, value_name = "TEMPLATE", requires = "kind")]
    pub id: Option<String>,
    /// Show what the first rows become, and send nothing
    #[arg(long)]
    pub explain: bool,
    /// How many rows --explain shows
    #[arg(long, default_value_t = 3, requires = "explain", value_name = "N")]
    pub rows: usize,
    /// Read, map and check everything, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write every refused row to this file: one JSON object a line, with file, line, field, entity and reason
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Where to remember how far it came; by default beside the source, with .import-state at the end of its name
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Begin again, whatever an earlier run that was cut remembered
    #[arg(long)]
    pub restart: bool,
    /// Import into history what was imported completely before: each instance will be there twice
    #[arg(long)]
    pub again: bool,
    /// Entities in one batch; the server's limit is server.limits.max_batch
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10000))]
    pub batch: u16,
    /// Requests under way at one time
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub in_flight: u8,
    /// Print only what is refused and what goes wrong
    #[arg(long, short)]
    pub quiet: bool,
    /// The Belfry to import into
    #[command(flatten)]
    pub target: Target,
}
