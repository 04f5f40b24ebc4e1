//! A shape drawn on the grid of a tile: what its zoom can show of it, cut off a little beyond the border, snapped, and made
//! valid. Knows neither layers nor bytes.

use crate::address::Address;
use crate::clip::Frame;
use crate::grid::{EXTENT, Spot};
use crate::mend::{MAX_PAIRS, Mender, Rings, near_pairs};
use crate::shape::{Form, Shape, Vertex};

/// How far lines and polygons go on beyond the tile, places of the grid: half of the widest road that is drawn.
pub const BUFFER: u32 = 128;

const FRAME: Frame = Frame { low: -(BUFFER as f64), high: (EXTENT + BUFFER) as f64 };

/// Pairs of edges that may cross, at most in all polygons of a tile.
const TILE_PAIRS: u64 = 1 << 21;

/// How often a polygon that would take too long is drawn with less detail, before it is left out.
const COARSER: usize = 6;

/// What is drawn on a tile's grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drawing {
    /// Points.
    Points(Vec<Spot>),
    /// Lines of two or more places.
    Lines(Vec<Vec<Spot>>),
    /// Polygons: outer ring and holes.
    Polygons(Vec<Rings>),
}

impl Drawing {
    /// What it consists of.
    pub fn form(&self) -> Form {
        match self {
            Self::Points(_) => Form::Points,
            Self::Lines(_) => Form::Lines,
            Self::Polygons(_) => Form::Polygons,
        }
    }
}

/// Draws shapes on tiles; keeps its buffers from one to the next.
pub struct Pen {
    mender: Mender,
    ring: Vec<[f64; 2]>,
    spare: Vec<[f64; 2]>,
    counts: Vec<u32>,
    /// Pairs of edges that may still be mended on this tile.
    left: u64,
}

impl Default for Pen {
    fn default() -> Self {
        Self { mender: Mender::new(), ring: Vec::new(), spare: Vec::new(), counts: Vec::new(), left: TILE_PAIRS }
    }
}

/// Area that a vertex must change to be shown, squares of the grid. A square of 8 by 8 is one pixel of a screen.
fn detail(zoom: u8) -> f64 {
    match zoom {
        0..13 => 24.0,
        13 | 14 => 8.0,
        _ => 1.0,
    }
}

/// From the unit square to a tile's grid.
#[derive(Clone, Copy)]
struct Scale {
    origin: [f64; 2],
    factor: f64,
    least: f32,
}

impl Scale {
    fn new(tile: Address, east: f64) -> Self {
        let area = tile.area();
        let factor = f64::from(EXTENT) / tile.width();
        Self { origin: [area.min[0] - east, area.min[1]], factor, least: (detail(tile.z()) / factor / factor) as f32 }
    }

    fn shown(self, vertices: &[Vertex]) -> impl Iterator<Item = [f64; 2]> + '_ {
        let seen = move |vertex: &&Vertex| vertex.weight >= self.least;
        vertices.iter().filter(seen).map(move |vertex| self.place(vertex))
    }

    fn place(self, vertex: &Vertex) -> [f64; 2] {
        [(vertex.place[0] - self.origin[0]) * self.factor, (vertex.place[1] - self.origin[1]) * self.factor]
    }
}

impl Pen {
    /// Begins with the next tile. Polygons of one tile share an allowance of crossings, so that many hostile ones take no
    /// longer than a few; real ones stay far below it.
    pub fn next_tile(&mut self) {
        self.left = TILE_PAIRS;
    }

    /// Draws a shape; `None` when nothing of it is on the tile.
    ///
    /// A point is on exactly one tile of each zoom. Lines and polygons go on for [`BUFFER`] beyond it. What lies across the
    /// antimeridian is drawn on both sides.
    pub fn draw(&mut self, shape: &Shape, tile: Address) -> Option<Drawing> {
        let beyond = f64::from(BUFFER) / f64::from(EXTENT) * tile.width();
        let target = tile.area().wider(beyond);
        let worlds = [0.0, -1.0, 1.0].into_iter().filter(|east| shape.area().moved(*east).touches(&target));
        match shape.form() {
            Form::Points => {
                let mut spots = Vec::new();
                worlds.for_each(|east| points(shape, Scale::new(tile, east), &mut spots));
                spots.sort_unstable();
                spots.dedup();
                (!spots.is_empty()).then_some(Drawing::Points(spots))
            }
            Form::Lines => {
                let mut lines = Vec::new();
                worlds.for_each(|east| draw_lines(shape, Scale::new(tile, east), &mut lines));
                (!lines.is_empty()).then_some(Drawing::Lines(lines))
            }
            Form::Polygons => {
                let mut polygons = Vec::new();
                worlds.for_each(|east| self.polygons(shape, Scale::new(tile, east), &mut polygons));
                (!polygons.is_empty()).then_some(Drawing::Polygons(polygons))
            }
        }
    }

    fn polygons(&mut self, shape: &Shape, scale: Scale, to: &mut Vec<Rings>) {
        let rings: Vec<(&[Vertex], bool)> = shape.rings().collect();
        // Each outer ring with the holes after it.
        for polygon in rings.chunk_by(|_, (_, hole)| *hole) {
            let mut scale = scale;
            for _ in 0..COARSER {
                let Some((outer, holes)) = self.rings(polygon, scale) else { break };
                let most = MAX_PAIRS.min(self.left);
                if let Some(pairs) = near_pairs(std::iter::once(&outer).chain(&holes), &mut self.counts, most) {
                    self.left -= pairs;
                    self.mender.mend(outer, &holes, to);
                    break;
                }
                scale.least *= 16.0;
            }
        }
    }

    /// The rings of one polygon on the grid; `None` when its outer ring is not on the tile.
    fn rings(&mut self, polygon: &[(&[Vertex], bool)], scale: Scale) -> Option<(Vec<Spot>, Vec<Vec<Spot>>)> {
        let mut on_tile = polygon.iter().map(|(vertices, _)| {
            self.ring.clear();
            self.ring.extend(scale.shown(vertices));
            FRAME.ring(&mut self.ring, &mut self.spare);
            let mut spots = snapped(&self.ring);
            while spots.len() > 1 && spots.first() == spots.last() {
                spots.pop();
            }
            spots
        });
        let outer = on_tile.next().filter(|ring| ring.len() > 2)?;
        Some((outer, on_tile.filter(|ring| ring.len() > 2).collect()))
    }
}

fn points(shape: &Shape, scale: Scale, to: &mut Vec<Spot>) {
    let inside = |value: &f64| (0.0..f64::from(EXTENT)).contains(value);
    let places = shape.vertices.iter().map(|vertex| scale.place(vertex));
    to.extend(places.filter(|place| place.iter().all(inside)).map(|place| place.map(|value| value as i32)));
}

fn draw_lines(shape: &Shape, scale: Scale, to: &mut Vec<Vec<Spot>>) {
    let first = to.len();
    for (vertices, _) in shape.rings() {
        FRAME.line(scale.shown(vertices), |place, begins| {
            let spot = snap(place);
            match to.last_mut() {
                Some(line) if !begins => {
                    if line.last() != Some(&spot) {
                        line.push(spot);
                    }
                }
                _ => to.push(vec![spot]),
            }
        });
    }
    let mut index = 0;
    to.retain(|line| {
        index += 1;
        index <= first || line.len() > 1
    });
}

fn snapped(places: &[[f64; 2]]) -> Vec<Spot> {
    let mut spots: Vec<Spot> = Vec::with_capacity(places.len());
    for place in places {
        let spot = snap(*place);
        if spots.last() != Some(&spot) {
            spots.push(spot);
        }
    }
    spots
}

/// To the nearest place of the grid. What was cut to the frame is far within an `i32`.
fn snap(place: [f64; 2]) -> Spot {
    place.map(|value| value.round() as i32)
}
