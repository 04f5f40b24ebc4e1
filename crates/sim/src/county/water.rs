//! Rivers and canals as reaches, each flowing into another one, and the reservoirs above them. Shapes and sizes; the water
//! in them is `process::water`'s.

use crate::plane::{Point, along, length, to_line};

/// What a reach is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The main river.
    River,
    /// A tributary.
    Stream,
    /// A canal, fed through a gate from a reach of a river.
    Canal,
}

/// A piece of a river or canal, with the land that drains into it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// What it is.
    pub kind: Kind,
    /// The river's name.
    pub name: String,
    /// Its line, downstream.
    pub line: Vec<Point>,
    /// Where its water goes, an index that is larger than its own; none at the county's border.
    pub downstream: Option<u32>,
    /// For a canal: the reach from which its gate takes water, smaller than its own index.
    pub source: Option<u32>,
    /// Metres.
    pub length: f64,
    /// Width of its bed, metres.
    pub width: f64,
    /// Fall, metres a metre.
    pub slope: f64,
    /// Square metres of land that drain into it, without those above it.
    pub land: f64,
    /// The middle of that land.
    pub middle: Point,
    /// Depth at which it overflows its banks, metres.
    pub bank: f64,
}

impl Reach {
    /// A reach along a line.
    pub fn new(kind: Kind, name: String, line: Vec<Point>) -> Self {
        let metres = length(&line).max(50.0);
        let middle = along(&line, metres / 2.0).0;
        let (width, slope, bank) = match kind {
            Kind::River => (22.0, 0.0018, 3.2),
            Kind::Stream => (7.0, 0.009, 1.8),
            Kind::Canal => (6.0, 0.0004, 2.2),
        };
        Self { kind, name, line, downstream: None, source: None, length: metres, width, slope, land: 0.0, middle, bank }
    }
}

/// A reservoir behind a dam, at the head of a reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Reservoir {
    /// Its name.
    pub name: String,
    /// The dam.
    pub at: Point,
    /// The reach below the dam.
    pub below: u32,
    /// Square metres of its surface.
    pub surface: f64,
    /// Depth at the spillway's edge, metres.
    pub full: f64,
    /// Square metres of land that drain into it.
    pub land: f64,
    /// The middle of that land.
    pub middle: Point,
}

/// All water that flows in the open.
#[derive(Clone, Debug, Default)]
pub struct Rivers {
    /// Upstream before downstream.
    pub reaches: Vec<Reach>,
    /// Reservoirs.
    pub reservoirs: Vec<Reservoir>,
}

impl Rivers {
    /// The middle of the land from which the first of the water comes: what scenarios call the upper valley.
    pub fn upper_valley(&self) -> Option<Point> {
        // The main river's first reach; the streams beside it drain hills.
        let first = self.reaches.iter().find(|reach| reach.kind == Kind::River).or(self.reaches.first())?;
        Some(first.middle)
    }

    /// The place of the main river nearest to a point.
    pub fn main_at(&self, near: Point) -> Option<Point> {
        let rivers = self.reaches.iter().filter(|reach| reach.kind == Kind::River);
        let nearest = rivers.map(|reach| (to_line(near, &reach.line), reach));
        let ((_, metres), reach) = nearest.min_by(|a, b| a.0.0.total_cmp(&b.0.0))?;
        Some(along(&reach.line, metres).0)
    }

    /// The nearest canal to a point within so many metres.
    pub fn canal_near(&self, at: Point, metres: f64) -> Option<u32> {
        let canals = (0..).zip(&self.reaches).filter(|(_, reach)| reach.kind == Kind::Canal);
        let near = canals.map(|(number, reach)| (to_line(at, &reach.line).0, number));
        near.filter(|(far, _)| *far <= metres).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, number)| number)
    }
}
