//! An extract as objects of the register: four readings of one file. The first finds relations that are areas, the second
//! wanted ways and the nodes that they need, the third where these are; the fourth makes entities. What is broken in the
//! file is found before the first entity is made. Sends nothing.

use super::assembly::{area_of, areas, places_of};
use super::entity::{Made, Stamp, make, runs_backwards};
use super::object::{Object, Shape};
use super::outline;
use super::place::{Drawn, Place};
use super::places::{Places, TooMany, Wanted};
use super::table::{Kind, Table, tag};
use crate::TransferError;
use crate::source::input::{Counted, Meter};
use belfry_connect_osm::{self as osm, Element, Kind as ElementKind, Kinds, Limits, Rejected, Tag};
use belfry_kernel::Time;
use std::collections::HashMap;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// How often the file is read.
pub(super) const READINGS: u64 = 4;

/// Members of one relation, and texts of its tags, that are kept.
const MAX_MEMBERS: usize = 100_000;

/// Elements that a reader names when it rejects them.
const MAX_NAMED: usize = 1_000_000;

/// A file, and what is to become of it.
pub(super) struct Extract {
    pub(super) path: PathBuf,
    pub(super) table: Table,
    /// Nodes whose places are kept.
    pub(super) max_nodes: usize,
    pub(super) meter: Meter,
}

/// What the first three readings found.
pub(super) struct Survey {
    relations: Vec<Relation>,
    /// Ways that are members of these; none until the way was read.
    members: HashMap<i64, Option<Box<[i64]>>>,
    places: Places,
    /// The instant of the file, when it says.
    pub(super) edition: Option<Time>,
    /// Elements that could not be read.
    pub(super) rejected: Vec<Rejected>,
    /// Those, the ones beyond [`MAX_NAMED`] included.
    pub(super) rejected_count: u64,
    /// Personal tags that were dropped.
    pub(super) personal: u64,
}

/// A relation that is an area of some kind.
struct Relation {
    id: i64,
    tags: Vec<(String, String)>,
    outer: Vec<i64>,
    inner: Vec<i64>,
}

/// An object of some kind: its entities, or why it has none.
pub(super) struct Found {
    pub(super) object: Object,
    /// The types that it is of.
    pub(super) outcome: Result<Vec<Made>, (Vec<String>, String)>,
}

impl Extract {
    fn read(
        &self,
        kinds: Kinds,
        to: &mut dyn FnMut(Element<'_>) -> ControlFlow<()>,
    ) -> Result<osm::Summary, TransferError> {
        let file = File::open(&self.path).map_err(TransferError::file(&self.path))?;
        let limits = Limits { named_rejected: MAX_NAMED, ..Limits::default() };
        let counted = Counted::new(file, &self.meter);
        osm::read(&self.path.display().to_string(), counted, kinds, &limits, to).map_err(|error| {
            TransferError::Source { path: self.path.clone(), why: format!("{}: {}", error.place, error.why) }
        })
    }

    fn too_many(&self) -> TransferError {
        let why = format!(
            "its ways need more than {} nodes; --max-nodes allows more, at 16 bytes of memory each",
            self.max_nodes
        );
        TransferError::Source { path: self.path.clone(), why }
    }

    /// The first three readings.
    ///
    /// # Errors
    /// What is wrong with the file, and where.
    pub(super) fn survey(&self) -> Result<Survey, TransferError> {
        let mut relations = Vec::new();
        let mut members = HashMap::new();
        let only = |nodes, ways, relations| Kinds { nodes, ways, relations };
        let first = self.read(only(false, false, true), &mut |element| {
            if let Element::Relation(relation) = element
                && let Some(kept) = self.relation(&relation)
            {
                members.extend(kept.outer.iter().chain(&kept.inner).map(|way| (*way, None)));
                relations.push(kept);
            }
            ControlFlow::Continue(())
        })?;
        let mut wanted = Wanted::new(self.max_nodes);
        let mut full = Ok(());
        let mut kept_nodes = 0;
        let second = self.read(only(false, true, false), &mut |element| {
            let Element::Way(way) = element else { return ControlFlow::Continue(()) };
            let member = members.get_mut(&way.id);
            if member.is_none() && self.table.kinds_of(way.tags, shape_of(way.nodes)).is_empty() {
                return ControlFlow::Continue(());
            }
            full = wanted.add(way.nodes);
            if let Some(member) = member {
                kept_nodes += way.nodes.len();
                *member = Some(way.nodes.into());
                if kept_nodes > self.max_nodes {
                    full = Err(TooMany);
                }
            }
            if full.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let mut places = full.and_then(|()| wanted.finish()).map_err(|TooMany| self.too_many())?;
        let third = self.read(only(true, false, false), &mut |element| {
            if let Element::Node(node) = element {
                places.put(node.id, Place::of(node.position));
            }
            ControlFlow::Continue(())
        })?;
        let readings = [&first, &second, &third];
        Ok(Survey {
            relations,
            members,
            places,
            edition: first.edition,
            rejected: readings.iter().flat_map(|summary| summary.first_rejected.iter().copied()).collect(),
            rejected_count: readings.iter().map(|summary| summary.rejected).sum(),
            personal: readings.iter().map(|summary| summary.personal).sum(),
        })
    }

    /// What is kept of a relation that is an area of some kind.
    fn relation(&self, relation: &osm::Relation<'_>) -> Option<Relation> {
        let areal = matches!(tag(relation.tags, "type"), Some("multipolygon" | "boundary"));
        if !areal || self.table.kinds_of(relation.tags, Shape::Relation).is_empty() {
            return None;
        }
        let of = |roles: &[&str]| {
            let ways = relation.members.iter().filter(|m| m.kind == ElementKind::Way && roles.contains(&m.role));
            ways.map(|member| member.id).take(MAX_MEMBERS).collect()
        };
        let tags = relation.tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Some(Relation { id: relation.id, tags: tags.collect(), outer: of(&["outer", ""]), inner: of(&["inner"]) })
    }

    /// The fourth reading: every object of some kind, in the order of the file, relations last.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(super) fn objects(
        &self,
        survey: &Survey,
        stamp: &Stamp,
        to: &mut dyn FnMut(Found) -> ControlFlow<()>,
    ) -> Result<(), TransferError> {
        let mut stopped = false;
        let only = Kinds { nodes: true, ways: true, relations: false };
        self.read(only, &mut |element| {
            let (object, tags, shape) = match &element {
                Element::Node(node) => (Object { kind: ElementKind::Node, id: node.id }, node.tags, Shape::Point),
                Element::Way(way) => (Object { kind: ElementKind::Way, id: way.id }, way.tags, shape_of(way.nodes)),
                Element::Relation(_) => return ControlFlow::Continue(()),
            };
            let kinds = self.table.kinds_of(tags, shape);
            if kinds.is_empty() {
                return ControlFlow::Continue(());
            }
            let drawn = |kind: &Kind| match &element {
                Element::Node(node) => Ok(Drawn::Point(Place::of(node.position))),
                Element::Way(way) => draw_way(way.nodes, tags, kind, &survey.places),
                Element::Relation(_) => Err("it is a relation".to_owned()),
            };
            let flow = to(self.found((object, tags), &kinds, drawn, stamp));
            stopped = flow.is_break();
            flow
        })?;
        for relation in &survey.relations {
            if stopped {
                break;
            }
            let tags: Vec<Tag<'_>> = relation.tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            let object = Object { kind: ElementKind::Relation, id: relation.id };
            let kinds = self.table.kinds_of(&tags, Shape::Relation);
            // All kinds of a relation are areas: the same one.
            let drawn = draw_relation(relation, survey);
            stopped = to(self.found((object, &tags), &kinds, |_| drawn.clone(), stamp)).is_break();
        }
        Ok(())
    }

    fn found(
        &self,
        (object, tags): (Object, &[Tag<'_>]),
        kinds: &[&Kind],
        drawn: impl Fn(&Kind) -> Result<Drawn, String>,
        stamp: &Stamp,
    ) -> Found {
        let made = kinds.iter().map(|kind| Ok(make(&self.table, kind, (object, tags), &drawn(kind)?, stamp)));
        let outcome = made.collect::<Result<Vec<_>, String>>();
        let types = || kinds.iter().map(|kind| kind.entity.clone()).collect();
        Found { object, outcome: outcome.map_err(|why| (types(), why)) }
    }
}

fn shape_of(nodes: &[i64]) -> Shape {
    if nodes.len() > 3 && nodes.first() == nodes.last() { Shape::ClosedWay } else { Shape::OpenWay }
}

fn draw_way(nodes: &[i64], tags: &[Tag<'_>], kind: &Kind, places: &Places) -> Result<Drawn, String> {
    let shapes = kind.shapes;
    let closed = shape_of(nodes) == Shape::ClosedWay && tag(tags, "area") != Some("no");
    if shapes.area && closed {
        return area_of(places_of(nodes, places)?).map(Drawn::Areas);
    }
    if !shapes.line {
        return Err(format!("a {} is an area, but the way is not closed", kind.entity));
    }
    let mut line = outline::line(places_of(nodes, places)?)?;
    if runs_backwards(tags) {
        line.reverse();
    }
    Ok(Drawn::Line(line))
}

fn draw_relation(relation: &Relation, survey: &Survey) -> Result<Drawn, String> {
    let nodes = |ways: &[i64]| -> Vec<Option<&[i64]>> {
        ways.iter().map(|way| survey.members.get(way).and_then(|nodes| nodes.as_deref())).collect()
    };
    let (outer, inner) = (nodes(&relation.outer), nodes(&relation.inner));
    let all = outer.len() + inner.len();
    let gone = outer.iter().chain(&inner).filter(|nodes| nodes.is_none()).count();
    if all == 0 {
        return Err("it has no member ways".into());
    }
    if gone > 0 {
        return Err(format!("{gone} of its {all} ways are not in the extract"));
    }
    let (outer, inner): (Vec<&[i64]>, Vec<&[i64]>) =
        (outer.into_iter().flatten().collect(), inner.into_iter().flatten().collect());
    areas(&outer, &inner, &survey.places).map(Drawn::Areas)
}

/// The name of an extract from that of its file, without editions: `liechtenstein-latest.osm.pbf`, `liechtenstein-251101.osm.pbf` and
/// `liechtenstein.osm` are all of `liechtenstein`.
pub(super) fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default();
    let is_edition = |part: &str| part == "latest" || (part.len() >= 4 && part.bytes().all(|b| b.is_ascii_digit()));
    let mut parts: Vec<&str> = name.split(['-', '_']).collect();
    while parts.len() > 1
        && parts
            .last()
            .is_some_and(|part| is_edition(part) || (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())))
    {
        parts.pop();
    }
    let kept: String = parts.join("-").chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    if kept.is_empty() { "extract".to_owned() } else { kept }
}
