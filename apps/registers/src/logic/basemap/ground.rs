//! What tiles are made of: features that were read from an OpenStreetMap extract, or an archive of tiles. Keeps nothing and
//! writes nothing: a file that is broken makes no map.

use belfry_connect_osm::{Element, Kinds, Limits, OsmError, read as read_osm};
use belfry_kernel::geo::Bounds;
use belfry_kit::{Bytes, Error, Kind};
use belfry_tiles::osm::{OsmMap, Report};
use belfry_tiles::pmtiles::{self, Metadata, PmtilesError, Reader, TileType};
use belfry_tiles::{Address, Collection, Cutter, Themes};
use parking_lot::Mutex;
use std::io::Cursor;
use std::ops::ControlFlow;

/// A file that unpacks to more than this is refused, bytes.
const MAX_UNPACKED: u64 = 8 << 30;
/// Nodes of ways, each counted as often as a way goes through it: one county has a few times fewer. Some 100 bytes each.
const MAX_NODES: usize = 20_000_000;
/// Bytes of tags that are read: names in many languages are the most of them. A county has a few percent of it.
const MAX_TEXT: usize = 512 << 20;
/// The deepest zoom of tiles that are drawn here; house numbers begin at it.
const DEEPEST: u8 = 17;
/// What must be shown with maps of OpenStreetMap (Open Database Licence 1.0, section 4.3).
const OSM_CREDIT: &str = "© OpenStreetMap contributors";
/// Characters of a credit at most.
const MAX_CREDIT: usize = 400;
/// How an archive begins.
const PMTILES: &[u8] = b"PMTiles";

/// What tiles are made of.
pub(crate) enum Ground {
    /// Features, drawn here.
    Drawn(Box<Drawn>),
    /// Tiles that others have drawn.
    Archive(Box<Archive>),
}

/// Features of an extract.
pub(crate) struct Drawn {
    features: Collection,
    /// Nodes, ways and relations read, and elements that were rejected.
    elements: [u64; 4],
    report: Report,
    bounds: Bounds,
}

/// An archive in memory.
pub(crate) struct Archive {
    reader: Mutex<Reader<Cursor<Bytes>>>,
    metadata: Metadata,
    header: pmtiles::Header,
}

/// Reads a file: an archive when it begins as one, else an extract.
///
/// # Errors
/// `BadRequestData` saying where and why when it is broken, empty or too large.
pub(crate) fn read(bytes: &Bytes) -> Result<Ground, Error> {
    if bytes.starts_with(PMTILES) { archive(bytes) } else { drawn(bytes) }
}

fn archive(bytes: &Bytes) -> Result<Ground, Error> {
    let wrong = |error: PmtilesError| Error::bad_data(format!("the archive cannot be read: {}", told(&error)));
    let mut reader = Reader::open(Cursor::new(bytes.clone()), pmtiles::Limits::default()).map_err(wrong)?;
    let header = *reader.header();
    if header.tile_type != TileType::Mvt {
        return Err(Error::bad_data("the archive holds no vector tiles"));
    }
    if header.min_zoom > header.max_zoom || header.max_zoom > belfry_tiles::MAX_ZOOM {
        return Err(Error::bad_data("the archive's zooms are none"));
    }
    let metadata = reader.metadata().map_err(wrong)?;
    // Its first tile is unpacked, so that an archive that nothing here can unpack is not kept.
    match reader.tiles().next() {
        None => return Err(Error::bad_data("the archive holds no tile")),
        Some(tile) => tile.map_err(wrong)?,
    };
    Ok(Ground::Archive(Box::new(Archive { reader: Mutex::new(reader), metadata, header })))
}

/// What is wrong with an archive; of bytes in memory only the unpacking can fail.
fn told(error: &PmtilesError) -> String {
    match error {
        PmtilesError::Io(_) => "it ends before its end, or cannot be unpacked".to_owned(),
        other => other.to_string(),
    }
}

fn drawn(bytes: &Bytes) -> Result<Ground, Error> {
    let limits = Limits { unpacked_bytes: MAX_UNPACKED, ..Limits::default() };
    let (mut map, mut nodes, mut text) = (OsmMap::default(), 0_usize, 0_usize);
    let length = |tags: &[(&str, &str)]| tags.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
    let first = read_osm("the map", &bytes[..], Kinds::WAYS_AND_RELATIONS, &limits, &mut |element| {
        match element {
            Element::Way(way) => {
                nodes += way.nodes.len();
                text += length(way.tags);
                map.way(way.id, way.nodes, way.tags);
            }
            Element::Relation(relation) => {
                nodes += relation.members.len();
                text += length(relation.tags);
                let ways = relation.members.iter().filter(|member| member.kind == belfry_connect_osm::Kind::Way);
                map.relation(relation.id, ways.map(|member| (member.id, member.role)), relation.tags);
            }
            Element::Node(_) => {}
        }
        if nodes > MAX_NODES || text > MAX_TEXT { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let first = first.map_err(|error| broken(&error))?;
    if first.stopped {
        return Err(too_large());
    }
    let second = read_osm("the map", &bytes[..], Kinds::NODES, &limits, &mut |element| {
        if let Element::Node(node) = element {
            text += length(node.tags);
            map.node(node.id, node.position, node.tags);
        }
        if text > MAX_TEXT { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let second = second.map_err(|error| broken(&error))?;
    if second.stopped {
        return Err(too_large());
    }
    let (features, report) = map.build();
    let features = features.build();
    let Some(area) = features.area() else { return Err(Error::bad_data("the map holds nothing that is shown")) };
    let elements = [second.nodes, first.ways, first.relations, first.rejected + second.rejected];
    Ok(Ground::Drawn(Box::new(Drawn { features, elements, report, bounds: on_globe(area.degrees()) })))
}

fn too_large() -> Error {
    let text = MAX_TEXT >> 20;
    Error::bad_data(format!(
        "the map is too large: its ways have more than {MAX_NODES} nodes, or its tags more than {text} MiB; take the county alone"
    ))
}

/// A box without what lies on the neighbouring copies of the world, to a centimetre.
fn on_globe(bounds: Bounds) -> Bounds {
    let limit = belfry_tiles::mercator::LATITUDE_LIMIT;
    let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
    let clamp = |[lon, lat]: [f64; 2]| [round(lon).clamp(-180.0, 180.0), round(lat).clamp(-limit, limit)];
    Bounds { min: clamp(bounds.min), max: clamp(bounds.max) }
}

/// What is wrong with the file, for who sent it.
fn broken(error: &OsmError) -> Error {
    Error::bad_data(format!("the map is broken at {}", error.of_bytes()))
}

impl Ground {
    /// A tile, not packed; empty when nothing is on it.
    ///
    /// # Errors
    /// `Unavailable` when the archive proves broken at this place.
    pub(crate) fn tile(&self, cutter: &mut Cutter, tile: Address) -> Result<Vec<u8>, Error> {
        match self {
            Self::Drawn(drawn) => Ok(cutter.cut(&drawn.features, tile, Themes::BASEMAP)?.bytes),
            Self::Archive(archive) => {
                let found = archive.reader.lock().tile(tile);
                let broken =
                    |error| Error::new(Kind::Unavailable, format!("the archive is broken here: {}", told(&error)));
                Ok(found.map_err(broken)?.unwrap_or_default())
            }
        }
    }

    /// What must be shown with it when nothing else is said: what an archive says of itself, without its markup.
    pub(crate) fn credit(&self) -> String {
        match self {
            Self::Drawn(_) => OSM_CREDIT.to_owned(),
            Self::Archive(archive) => plain(&archive.metadata.attribution),
        }
    }

    /// What it says of itself and its layers.
    pub(crate) fn metadata(&self) -> Metadata {
        match self {
            Self::Drawn(_) => Metadata::basemap("Basemap", OSM_CREDIT),
            Self::Archive(archive) => archive.metadata.clone(),
        }
    }

    /// The coarsest and the deepest zoom.
    pub(crate) fn zooms(&self) -> (u8, u8) {
        match self {
            Self::Drawn(_) => (0, DEEPEST),
            Self::Archive(archive) => (archive.header.min_zoom, archive.header.max_zoom),
        }
    }

    /// The box around it, degrees.
    pub(crate) fn bounds(&self) -> Bounds {
        match self {
            Self::Drawn(drawn) => drawn.bounds,
            Self::Archive(archive) => on_globe(archive.header.bounds),
        }
    }
}

impl Drawn {
    /// Features.
    pub(crate) fn features(&self) -> usize {
        self.features.len()
    }

    /// Nodes, ways and relations read, and elements that were rejected.
    pub(crate) fn elements(&self) -> [u64; 4] {
        self.elements
    }

    /// What could not be drawn.
    pub(crate) fn report(&self) -> Report {
        self.report
    }
}

impl Archive {
    /// Tiles, each place counted; 0 when it does not say.
    pub(crate) fn tiles(&self) -> u64 {
        self.header.tiles
    }
}

/// A text without markup, in one line.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            _ if inside => {}
            c => text.push(if c.is_control() { ' ' } else { c }),
        }
    }
    for (name, sign) in [("&copy;", "©"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")] {
        text = text.replace(name, sign);
    }
    text.trim().chars().take(MAX_CREDIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_map_is_told() {
        for (bytes, why) in [
            (&b"<osm version=\"0.6\"></osm>"[..], "the map holds nothing that is shown"),
            (b"<osm version=\"0.6\"><way id=\"1\"><nd ref=\"1\"", "the map is broken at byte"),
            (b"\x1f\x8b\x08", "it cannot be unpacked"),
            (b"nonsense", "the map"),
            (b"PMTiles", "no PMTiles archive of version 3"),
            (b"PMTiles\x03", "no PMTiles archive of version 3"),
        ] {
            let error =
                read(&Bytes::from_static(bytes)).err().map(|error| error.public().to_owned()).unwrap_or_default();
            assert!(error.contains(why), "{why}: {error}");
        }
    }

    #[test]
    fn credits_are_plain_texts() {
        for (html, text) in [
            ("<a href=\"https://example.org\">&copy; Someone</a> &amp; others", "© Someone & others"),
            ("&lt;b&gt;", "<b>"),
            ("a\nb", "a b"),
            ("<unclosed", ""),
        ] {
            assert_eq!(plain(html), text);
        }
    }
}
