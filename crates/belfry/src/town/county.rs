//! The ground of the demo: a county from a seed, or a real town from a map file and a timetable. Opens the files; what they
//! become is `belfry-sim`'s.

use anyhow::Context as _;
use belfry_connect_gtfs::{Feed, Folder, Severity, Tables, Zip};
use belfry_connect_osm::{Element, Kinds, Limits, read};
use belfry_kernel::{Position, Time};
use belfry_sim::county::{County, Import, Outline};
use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Where the county comes from.
pub struct Land {
    /// Everything that is drawn follows from it.
    pub seed: u64,
    /// The town's middle, for a county that is made up.
    pub origin: Position,
    /// How many devices it is to have.
    pub devices: u32,
    /// A map.
    pub osm: Option<PathBuf>,
    /// A timetable, a zip file or a folder.
    pub gtfs: Option<PathBuf>,
    /// The instant whose offset from UTC counts, where a timetable names a time zone.
    pub at: Time,
}

/// Makes or reads it.
///
/// # Errors
/// When a file cannot be read, or the map is no county.
pub fn county(land: &Land) -> anyhow::Result<County> {
    let Some(map) = &land.osm else {
        return Ok(County::generate(&Outline { seed: land.seed, origin: land.origin, devices: land.devices }));
    };
    let feed = land.gtfs.as_deref().map(feed).transpose()?;
    let mut import = Import::default();
    let name = map.display().to_string();
    let file = File::open(map).with_context(|| format!("{name}: the map cannot be read"))?;
    read(&name, file, Kinds::ALL, &Limits::default(), &mut |element| {
        match element {
            Element::Node(node) => import.node(node.id, node.position, node.tags),
            Element::Way(way) => import.way(way.nodes, way.tags),
            Element::Relation(_) => {}
        }
        ControlFlow::Continue(())
    })?;
    let ahead_s = feed.as_ref().and_then(|feed| offset(feed, land.at));
    import.finish(land.seed, feed, ahead_s).with_context(|| format!("{}: this is no county", map.display()))
}

/// Seconds by which the timetable's clocks are ahead of UTC at an instant.
fn offset(feed: &Feed, at: Time) -> Option<i32> {
    let zone = jiff::tz::TimeZone::get(&feed.agencies.first()?.timezone).ok()?;
    let at = jiff::Timestamp::from_microsecond(at.micros()).ok()?;
    Some(zone.to_offset(at).seconds())
}

fn feed(path: &Path) -> anyhow::Result<Feed> {
    let mut tables: Box<dyn Tables> = if path.is_dir() {
        let names = std::fs::read_dir(path)
            .with_context(|| format!("{}: the timetable cannot be read", path.display()))?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        let folder = path.to_owned();
        Box::new(Folder::new(names, move |name: &str| Ok(BufReader::new(File::open(folder.join(name))?))))
    } else {
        let file = File::open(path).with_context(|| format!("{}: the timetable cannot be read", path.display()))?;
        Box::new(Zip::new(file).with_context(|| path.display().to_string())?)
    };
    let (feed, report) = belfry_connect_gtfs::read(&mut *tables, &belfry_connect_gtfs::Limits::default(), None);
    let errors = report.of_severity(Severity::Error);
    if errors > 0 {
        tracing::warn!(file = %path.display(), errors, "the timetable has errors; what can be used of it is used");
    }
    anyhow::ensure!(!feed.trips.is_empty(), "{}: no trip of this timetable can be used", path.display());
    Ok(feed)
}
