//! What `belfry export` is told on the command line.

use crate::client::Target;
use crate::query;
use std::path::PathBuf;

/// Take entities, their history or the basemap out of a running Belfry
///
/// What is exported as NDJSON, JSON or GeoJSON can be imported again as it is. Exit code 0: done; 2: it could not run.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  belfry export entities --type Tree -o trees.ndjson.gz
  belfry export entities --type Tree --q 'height>10' --format geojson -o tall.geojson
  belfry export history --type SoilProbe --from 2024-01-01 --format parquet -o soil.parquet
  belfry export history --type SoilProbe --format csv | head
  belfry export tiles town.pmtiles")]
pub struct Args {
    /// What to take out
    #[command(subcommand)]
    pub what: What,
}

/// What is taken out.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum What {
    /// Entities as they are now
    Entities(EntityArgs),
    /// How attributes changed over time
    History(HistoryArgs),
    /// The basemap, as an archive of tiles (PMTiles)
    Tiles(TileArgs),
}

/// How entities are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum EntityFormat {
    /// One entity a line
    Ndjson,
    /// One array
    Json,
    /// A FeatureCollection
    Geojson,
    /// A table: a row an entity, a column an attribute, values alone
    Csv,
}

/// How history is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum HistoryFormat {
    /// Entities with their instances in arrays, one or several lines an entity; import with --mode history
    Ndjson,
    /// A table: a row an instance
    Csv,
    /// Columns, packed; for pandas, DuckDB, Spark and the like
    Parquet,
}

/// Which entities.
#[derive(Clone, Debug, clap::Args)]
pub struct Selection {
    /// Entity types, such as Tree or Tree,Bench; all when absent
    #[arg(long = "type", value_name = "TYPES", default_value = "*")]
    pub types: String,
    /// Condition on attributes in the NGSI-LD query language, such as 'height>10;species=="oak"'
    #[arg(long, value_name = "QUERY")]
    pub q: Option<String>,
    /// Regular expression that ids match
    #[arg(long, value_name = "REGEX")]
    pub id_pattern: Option<String>,
    /// Attributes to write, by commas; all when absent
    #[arg(long, value_name = "NAMES")]
    pub attrs: Option<String>,
    /// Address of the @context whose short names are used; by default the core context, with full names for the rest
    #[arg(long, value_name = "URL")]
    pub context: Option<String>,
    /// File to write, packed with gzip if its name ends in .gz; standard output when absent
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Entities asked for at one time; the server's limit is server.limits.page_max
    #[arg(long, default_value_t = 500, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10000))]
    pub page: u16,
    /// Print nothing but what goes wrong
    #[arg(long)]
    pub quiet: bool,
    /// The Belfry to export from
    #[command(flatten)]
    pub target: Target,
}

impl Selection {
    /// The selection as the parameters of a target.
    pub(super) fn target(&self, path: &str) -> query::Target {
        let mut target = query::Target::new(path);
        target.add("type", &self.types);
        for (name, value) in [("q", &self.q), ("idPattern", &self.id_pattern), ("attrs", &self.attrs)] {
            if let Some(value) = value {
                target.add(name, value);
            }
        }
        target
    }
}

/// `belfry export entities`
#[derive(Clone, Debug, clap::Args)]
pub struct EntityArgs {
    /// How entities are written
    #[arg(long, default_value = "ndjson")]
    pub format: EntityFormat,
    /// Which entities
    #[command(flatten)]
    pub selection: Selection,
}

/// `belfry export history`
#[derive(Clone, Debug, clap::Args)]
pub struct HistoryArgs {
    /// How history is written
    #[arg(long, default_value = "ndjson")]
    pub format: HistoryFormat,
    /// Not before this date or time (UTC unless it has a zone)
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub from: Option<belfry_kernel::Time>,
    /// Before this date or time
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub to: Option<belfry_kernel::Time>,
    /// Which entities
    #[command(flatten)]
    pub selection: Selection,
}

/// `belfry export tiles`
#[derive(Clone, Debug, clap::Args)]
pub struct TileArgs {
    /// File to write
    #[arg(value_name = "FILE")]
    pub output: PathBuf,
    /// The deepest zoom of tiles that are drawn for it; 14 when absent. A basemap that is an archive is written as it is
    #[arg(long, value_name = "ZOOM", value_parser = clap::value_parser!(u8).range(0..=22))]
    pub maxzoom: Option<u8>,
    /// Print nothing but what goes wrong
    #[arg(long)]
    pub quiet: bool,
    /// The Belfry to export from
    #[command(flatten)]
    pub target: Target,
}

/// A time, or the beginning of a day, UTC.
fn instant(text: &str) -> Result<belfry_kernel::Time, String> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    belfry_kernel::Time::parse(&whole)
        .or_else(|_| belfry_kernel::Time::parse(&format!("{whole}Z")))
        .map_err(|why| format!("{why}, or a date such as 2026-03-01"))
}
