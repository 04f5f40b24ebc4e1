//! What `belfry import osm` is told on the command line. Checks nothing that files decide.

use crate::client::Target;
use belfry_kernel::Time;
use std::path::PathBuf;

/// What happens to entities whose objects are not in the extract any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Vanished {
    /// They get dateRemoved and leave the current state; history keeps them. Those that carry attributes of others stay, marked
    Close,
    /// They get dateRemoved and stay
    Mark,
    /// They stay as they are
    Keep,
}

/// Bring an extract of OpenStreetMap into a running Belfry: roads, buildings, addresses, land, water, places, borders
///
/// Reads .osm.pbf and .osm, plain or packed with gzip or bzip2. An entity keeps its id over all editions of an extract, so
/// that a newer one may be imported at any time: only what changed is sent, and what vanished is closed. An import that was
/// cut goes on when the same command is given again. Exit code 0: all taken; 1: some objects were rejected (they are
/// listed); 2: it could not run, or not to its end.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  belfry import osm town.osm.pbf --explain              count what would become of it; no Belfry is asked
  belfry import osm town.osm.pbf --dry-run              compare with a running Belfry, send nothing
  belfry import osm town.osm.pbf --report rejected.ndjson
  belfry import osm town-latest.osm.pbf                 a newer edition of the same extract
  belfry import osm town.osm.pbf --basemap --roads      and draw the town, and route on it
  belfry import osm north.osm.gz --extract county --vanished keep
  belfry import osm town.osm.pbf --kinds my-kinds.txt   a table of kinds of one's own

What becomes what: docs/guide/import.md")]
pub struct Args {
    /// The extract
    #[arg(value_name = "FILE")]
    pub source: PathBuf,
    /// Name of the extract, the same for all its editions; by default the file's name without its edition and endings
    #[arg(long, value_name = "NAME")]
    pub extract: Option<String>,
    /// Date or instant whose state of OpenStreetMap it holds; by default what the file says, or else when it was changed
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub edition: Option<Time>,
    /// Take an edition that is older than the one that is there
    #[arg(long)]
    pub older: bool,
    /// What happens to entities whose objects are not in the extract any more
    #[arg(long, default_value = "close")]
    pub vanished: Vanished,
    /// How much of the extract may have vanished at one time; more is taken for an extract of another area, and nothing is
    /// closed
    #[arg(long, default_value_t = 20, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub max_vanished: u8,
    /// Table of kinds: what objects become, instead of the one that is built in
    #[arg(long, value_name = "FILE")]
    pub kinds: Option<PathBuf>,
    /// Nodes whose places are kept, 16 bytes of memory each
    #[arg(long, default_value_t = 100_000_000, value_name = "N")]
    pub max_nodes: usize,
    /// When the entities are there, put the same file as the basemap that the town is drawn on (apps.max_file_bytes)
    #[arg(long, conflicts_with = "explain")]
    pub basemap: bool,
    /// When the entities are there, put the same file as the road map that routes and dispatch use (apps.max_file_bytes)
    #[arg(long, conflicts_with = "explain")]
    pub roads: bool,
    /// Count what the extract becomes and show one entity of each type; asks no Belfry
    #[arg(long, conflicts_with = "dry_run")]
    pub explain: bool,
    /// Read everything and compare with what is there, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write every rejected object to this file: one JSON object a line, with file, object, entity and reason
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Entities in one batch; the server's limit is server.limits.max_batch
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10000))]
    pub batch: u16,
    /// Requests under way at one time
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub in_flight: u8,
    /// Print only what is rejected and what goes wrong
    #[arg(long, short)]
    pub quiet: bool,
    /// The Belfry to import into
    #[command(flatten)]
    pub target: Target,
}

/// An instant, or the beginning of a day, UTC.
fn instant(text: &str) -> Result<Time, String> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    Time::parse(&whole).map_err(|why| format!("{why}, or a date such as 2026-03-01"))
}
