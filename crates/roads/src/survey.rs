//! What of a map concerns roads, as OpenStreetMap tells it: ways, turn restrictions, nodes, handed in one by one.
//! Reads no file. [`crate::Network::new`] makes a network of it for a family of vehicles.
//!
//! Two passes over a file keep memory at what roads need: ways and relations first, then nodes, of which only those that
//! lie on roads are kept.

pub(crate) mod access;
pub(crate) mod barrier;
pub(crate) mod kind;
pub(crate) mod restriction;
pub(crate) mod speed;
mod tags;

use belfry_kernel::Position;
use hashbrown::HashMap;

use crate::class::Classes;
use crate::plane::Point;
use access::{Direction, access, oneway};
use barrier::{Facts, facts};
use kind::Kind;
use restriction::{MemberKind, Restriction};
use speed::{Surface, duration_s, limit, measure, speed};
use tags::Tags;

/// What is the same all along a road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Road {
    pub(crate) way: i64,
    pub(crate) kind: Kind,
    /// A ramp.
    pub(crate) link: bool,
    pub(crate) roundabout: bool,
    /// Name and reference, as numbers of [`Survey::names`].
    pub(crate) name: u32,
    pub(crate) reference: u32,
    /// Who may, along the nodes and against them.
    pub(crate) open: [Classes; 2],
    /// Who of them only to get to what lies there.
    pub(crate) zone: [Classes; 2],
    /// Who could, were it not for a one-way.
    pub(crate) against: [Classes; 2],
    /// Limits in km/h, if any.
    pub(crate) limit: [Option<f32>; 2],
    pub(crate) truck_limit: Option<f32>,
    pub(crate) surface: Surface,
    /// Bicycles are pushed.
    pub(crate) dismount: bool,
    /// Metres and tonnes that pass; infinite where nothing is said.
    pub(crate) max_height: f32,
    pub(crate) max_width: f32,
    pub(crate) max_weight: f32,
    /// Seconds for the whole way, of ferries.
    pub(crate) duration_s: Option<f32>,
}

/// What was read, and what was not understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Ways that are roads.
    pub roads: u64,
    /// Turn restrictions kept.
    pub restrictions: u64,
    /// Turn restrictions that cannot be kept, by reason.
    pub broken_restrictions: Vec<(&'static str, u64)>,
    /// Tags that bind at certain hours alone, and are not kept.
    pub conditional: u64,
    /// Roads whose direction depends on the hour, closed both ways.
    pub reversible: u64,
    /// Roads with fewer than two nodes.
    pub short: u64,
    /// Links left out of a network because more than 128 meet at one junction, which no road does.
    pub crowded: u64,
}

impl Report {
    pub(crate) fn broken(&mut self, why: &'static str) {
        match self.broken_restrictions.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += 1,
            None => self.broken_restrictions.push((why, 1)),
        }
    }
}

/// Texts by number; 0 is the empty one.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    texts: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
}

impl Default for Names {
    fn default() -> Self {
        Self { texts: vec!["".into()], numbers: HashMap::from_iter([("".into(), 0)]) }
    }
}

impl Names {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }

    pub(crate) fn texts(&self) -> &[Box<str>] {
        &self.texts
    }
}

/// A node on a road; where it is and what stands on it comes with the second pass.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub(crate) point: Option<Point>,
    pub(crate) facts: Facts,
}

/// The roads of a map.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    pub(crate) roads: Vec<Road>,
    /// Where the nodes of each road begin in `refs`; one more than roads.
    pub(crate) starts: Vec<usize>,
    /// Nodes of roads, as numbers of `places`.
    pub(crate) refs: Vec<u32>,
    pub(crate) places: Vec<Place>,
    numbers: HashMap<i64, u32>,
    pub(crate) restrictions: Vec<Restriction>,
    pub(crate) names: Names,
    pub(crate) report: Report,
}

impl Survey {
    /// What was read so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The number of a node on a road.
    pub(crate) fn place(&self, id: i64) -> Option<u32> {
        self.numbers.get(&id).copied()
    }

    /// Takes a way, with its nodes by number. What is no road is passed over.
    pub fn way<K: AsRef<str>, V: AsRef<str>>(&mut self, id: i64, nodes: &[i64], tags: &[(K, V)]) {
        let tags = Tags::new(tags);
        let Some((kind, link)) = Kind::of(&tags) else { return };
        if nodes.len() < 2 {
            self.report.short += 1;
            return;
        }
        self.report.conditional += tags.iter().filter(|(key, _)| key.ends_with(":conditional")).count() as u64;
        let road = self.read(id, kind, link, &tags);
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        for node in nodes {
            let next = self.places.len() as u32;
            let number = *self.numbers.entry(*node).or_insert(next);
            if number == next {
                self.places.push(Place::default());
            }
            self.refs.push(number);
        }
        self.starts.push(self.refs.len());
        self.roads.push(road);
        self.report.roads += 1;
    }

    fn read(&mut self, way: i64, kind: Kind, link: bool, tags: &Tags<'_>) -> Road {
        let roundabout = ["roundabout", "circular"].iter().any(|kind| tags.is("junction", kind));
        let oneway = oneway(tags, roundabout || kind == Kind::Motorway);
        self.report.reversible += u64::from(oneway.unclear);
        let default = kind.default_access(tags);
        let mut by_direction = [Direction::Forward, Direction::Backward].map(|to| access(tags, default, Some(to)));
        if kind.is_narrow() && tags.get("emergency").is_none() {
            // `access=yes` on a path does not make it wide enough.
            for access in &mut by_direction {
                access.open = access.open.minus(Classes::EMERGENCY);
            }
        }
        let along = [oneway.forward, oneway.backward];
        let [forward, backward] = [0, 1].map(|to| by_direction[to].open.and(along[to]));
        // Against the traffic of a motorway or a roundabout nobody drives, on call or not.
        let may_oppose = !roundabout && kind > Kind::Trunk && !oneway.unclear;
        let against = [0, 1].map(|to| {
            let could = by_direction[to].open.minus(along[to]).and(Classes::EMERGENCY);
            if may_oppose { could } else { Classes::NONE }
        });
        let most = |key| tags.get(key).and_then(measure).unwrap_or(f32::INFINITY);
        Road {
            way,
            kind,
            link,
            roundabout,
            name: self.names.number(tags.get("name").unwrap_or_default()),
            reference: self.names.number(tags.get("ref").unwrap_or_default()),
            open: [forward, backward],
            zone: [by_direction[0].zone.and(forward), by_direction[1].zone.and(backward)],
            against,
            limit: [limit(tags, "forward"), limit(tags, "backward")],
            truck_limit: tags.get("maxspeed:hgv").and_then(speed),
            surface: Surface::of(tags, kind == Kind::Track),
            dismount: tags.is("bicycle", "dismount"),
            max_height: most("maxheight"),
            max_width: most("maxwidth"),
            max_weight: most("maxweight"),
            duration_s: (kind == Kind::Ferry).then(|| tags.get("duration").and_then(duration_s)).flatten(),
        }
    }

    /// Takes a relation. What is no turn restriction is passed over.
    pub fn relation<'m, K: AsRef<str>, V: AsRef<str>>(
        &mut self,
        members: impl Iterator<Item = (MemberKind, i64, &'m str)>,
        tags: &[(K, V)],
    ) {
        let reading = restriction::read(&Tags::new(tags), members);
        self.report.conditional += reading.conditional;
        self.report.restrictions += reading.restrictions.len() as u64;
        self.restrictions.extend(reading.restrictions);
        if let Some(why) = reading.broken {
            self.report.broken(why);
        }
    }

    /// Takes a node, after all ways. Nodes that lie on no road are passed over, and places that are none.
    pub fn node<K: AsRef<str>, V: AsRef<str>>(&mut self, id: i64, position: Position, tags: &[(K, V)]) {
        let on_globe = position.lon.abs() <= 180.0 && position.lat.abs() <= 90.0;
        if let (Some(number), true) = (self.place(id), on_globe) {
            let place = &mut self.places[number as usize];
            place.point = Some(position.into());
            place.facts = facts(&Tags::new(tags));
        }
    }
}
