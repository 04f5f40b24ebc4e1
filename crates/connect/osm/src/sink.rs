//! Where elements go: past the sieve of personal tags and of places off the globe, to the caller's function. Holds no parser.

use std::ops::ControlFlow;

use belfry_kernel::{Position, Time};

use crate::element::{Element, Kind, Tag};
use crate::limits::Limits;
use crate::personal::drop_personal;

/// What a file held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Nodes handed out.
    pub nodes: u64,
    /// Ways handed out.
    pub ways: u64,
    /// Relations handed out.
    pub relations: u64,
    /// Personal tags dropped.
    pub personal: u64,
    /// Elements rejected.
    pub rejected: u64,
    /// The first of them, as many as [`Limits::named_rejected`](crate::Limits::named_rejected) says.
    pub first_rejected: Vec<Rejected>,
    /// Whether the caller's function ended the reading early.
    pub stopped: bool,
    /// The instant whose state of OpenStreetMap the file holds, when it says: the replication timestamp of a PBF header,
    /// `timestamp` of `<osm>`, or `osm_base` of Overpass.
    pub edition: Option<Time>,
}

/// An element that was not handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its kind.
    pub kind: Kind,
    /// Its number.
    pub id: i64,
    /// Why.
    pub why: &'static str,
}

/// The caller's function, and the count of what went through it.
pub(crate) struct Sink<'f> {
    to: &'f mut dyn FnMut(Element<'_>) -> ControlFlow<()>,
    pub(crate) summary: Summary,
    named: usize,
}

impl<'f> Sink<'f> {
    pub(crate) fn new(to: &'f mut dyn FnMut(Element<'_>) -> ControlFlow<()>, limits: &Limits) -> Self {
        Self { to, summary: Summary::default(), named: limits.named_rejected }
    }

    /// Takes the personal tags out of the list.
    pub(crate) fn sieve(&mut self, tags: &mut Vec<Tag<'_>>) {
        self.summary.personal += drop_personal(tags) as u64;
    }

    pub(crate) fn reject(&mut self, kind: Kind, id: i64, why: &'static str) {
        self.summary.rejected += 1;
        if self.summary.first_rejected.len() < self.named {
            self.summary.first_rejected.push(Rejected { kind, id, why });
        }
    }

    /// Hands an element out. Whether to go on.
    pub(crate) fn put(&mut self, element: Element<'_>) -> bool {
        match element {
            Element::Node(_) => self.summary.nodes += 1,
            Element::Way(_) => self.summary.ways += 1,
            Element::Relation(_) => self.summary.relations += 1,
        }
        self.summary.stopped = (self.to)(element).is_break();
        !self.summary.stopped
    }
}

/// A position, if it is on the globe.
pub(crate) fn position(lon: f64, lat: f64) -> Option<Position> {
    let on_globe = (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat);
    on_globe.then_some(Position { lon, lat, alt: None })
}
