//! From the bytes of a map extract to the roads of every family of vehicles. Keeps nothing and writes nothing: a map that is
//! broken anywhere makes no roads.

use crate::model::class::FAMILIES;
use belfry_connect_osm::{Element, Kind, Kinds, Limits, OsmError, Summary, read};
use belfry_kit::Error;
use belfry_roads::{MemberKind, Roads, Survey};
use std::ops::ControlFlow;

/// A file that unpacks to more than this is refused, bytes.
const MAX_UNPACKED: u64 = 8 << 30;
/// Nodes of roads, each counted as often as a road goes through it: what one county has a few times over.
const MAX_NODES: usize = 20_000_000;

/// What a map holds.
pub(crate) struct Map {
    /// Its roads, by family.
    pub(crate) roads: [Roads; 3],
    /// What was read of roads and restrictions.
    pub(crate) report: belfry_roads::Report,
    /// What the file held: ways and relations, then nodes.
    pub(crate) read: (Summary, Summary),
}

/// Reads a map and makes its roads.
///
/// # Errors
/// `BadRequestData` saying where and why when it is broken, holds no road, or is too large.
pub(crate) fn make(bytes: &[u8]) -> Result<Map, Error> {
    let limits = Limits { unpacked_bytes: MAX_UNPACKED, ..Limits::default() };
    let mut survey = Survey::default();
    let mut nodes = 0_usize;
    let first = read("the map", bytes, Kinds::WAYS_AND_RELATIONS, &limits, &mut |element| {
        match element {
            Element::Way(way) => {
                if way.tags.iter().any(|(key, _)| matches!(*key, "highway" | "route" | "railway")) {
                    nodes += way.nodes.len();
                }
                survey.way(way.id, way.nodes, way.tags);
            }
            Element::Relation(relation) => {
                let members = relation.members.iter().map(|m| (member(m.kind), m.id, m.role));
                survey.relation(members, relation.tags);
            }
            Element::Node(_) => {}
        }
        if nodes > MAX_NODES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let first = first.map_err(|error| broken(&error))?;
    if first.stopped {
        return Err(Error::bad_data(format!(
            "the map has more than {MAX_NODES} nodes on roads: take the county alone"
        )));
    }
    if survey.report().roads == 0 {
        return Err(Error::bad_data("the map holds no road"));
    }
    let second = read("the map", bytes, Kinds::NODES, &limits, &mut |element| {
        if let Element::Node(node) = element {
            survey.node(node.id, node.position, node.tags);
        }
        ControlFlow::Continue(())
    });
    let second = second.map_err(|error| broken(&error))?;
    let roads = FAMILIES.map(|(family, _)| Roads::new(&survey, family));
    if roads[0].network().edges() == 0 && roads[2].network().edges() == 0 {
        return Err(Error::bad_data("no road of the map has two nodes that are in it"));
    }
    Ok(Map { roads, report: survey.report().clone(), read: (first, second) })
}

fn member(kind: Kind) -> MemberKind {
    match kind {
        Kind::Node => MemberKind::Node,
        Kind::Way => MemberKind::Way,
        Kind::Relation => MemberKind::Relation,
    }
}

/// What is wrong with the file, for who sent it.
fn broken(error: &OsmError) -> Error {
    Error::bad_data(format!("the map is broken at {}", error.of_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_map_is_told() {
        for (bytes, why) in [
            (&b"<osm version=\"0.6\"></osm>"[..], "the map holds no road"),
            (b"<osm version=\"0.6\"><way id=\"1\"><nd ref=\"1\"", "the map is broken at byte"),
            (b"\x1f\x8b\x08", "it cannot be unpacked"),
            (b"BZh9", "it cannot be unpacked"),
            (b"\x00\x00\x00\x0dxxxx", "the map is broken at block 0"),
            (
                b"<osm version=\"0.6\"><way id=\"1\"><nd ref=\"1\"/><nd ref=\"2\"/><tag k=\"highway\" v=\"primary\"/></way></osm>",
                "no road of the map has two nodes that are in it",
            ),
        ] {
            let error = make(bytes).err().map(|error| error.public().to_owned()).unwrap_or_default();
            assert!(error.contains(why), "{why}: {error}");
        }
    }
}
