//! Rings on the grid made into polygons as MVT 2.1 (4.3.4.4) wants them: simple rings, outer ones first and of positive area,
//! each followed by its holes, which lie in it. Cutting and snapping make rings touch and cross themselves, and hostile ones
//! come so; an exact overlay on integers takes them apart.

use hashbrown::HashMap;
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::core::solver::Solver;
use i_overlay::i_float::int::point::IntPoint;

use crate::draw::BUFFER;
use crate::grid::{EXTENT, Spot, edges, holds, is_simple, straighten, twice_area};

/// A ring this short is looked at edge by edge, which is faster than an overlay; most buildings are.
const SHORT: usize = 20;

/// Outer ring and holes, none with its first place repeated.
pub type Rings = Vec<Vec<Spot>>;

/// Pairs of edges that may cross, at most in one polygon: an overlay takes up to ten microseconds for each crossing, and a
/// hostile ring has as many crossings as pairs of edges. The busiest polygon of a real map of a town has 27,000 by this estimate.
pub(crate) const MAX_PAIRS: u64 = 1 << 17;

/// Rings of fewer edges are not looked at: they have no more pairs than that.
const FEW_EDGES: usize = 128;

/// Side of the cells in which edges are counted as near to each other, places of the grid.
const CELL: i32 = 64;

/// Cells along a side of a tile with its buffer.
const CELLS: i32 = (EXTENT + 2 * BUFFER) as i32 / CELL + 1;

/// About how many pairs of edges of rings may cross: those that share a cell. `None` when they are more than `most`.
pub(crate) fn near_pairs<'r>(
    rings: impl Iterator<Item = &'r Vec<Spot>> + Clone,
    counts: &mut Vec<u32>,
    most: u64,
) -> Option<u64> {
    let edges_of_all = rings.clone().map(Vec::len).sum::<usize>();
    if edges_of_all < FEW_EDGES {
        return Some(edges_of_all as u64).filter(|pairs| *pairs <= most);
    }
    counts.clear();
    counts.resize((CELLS * CELLS) as usize, 0);
    let mut pairs = 0_u64;
    for (a, b) in rings.flat_map(|ring| edges(ring)) {
        let steps = (b[0] - a[0]).abs().max((b[1] - a[1]).abs()) / CELL + 1;
        for step in 0..steps {
            let cell = |axis: usize| (a[axis] + (b[axis] - a[axis]) * step / steps + BUFFER as i32) / CELL;
            // Within the frame to which rings are cut.
            let count = &mut counts[(cell(1) * CELLS + cell(0)) as usize];
            pairs += u64::from(*count);
            *count += 1;
        }
        if pairs > most {
            return None;
        }
    }
    Some(pairs)
}

/// Makes polygons of rings; keeps the overlay's buffers from one to the next.
pub(crate) struct Mender {
    overlay: Overlay,
}

impl Mender {
    pub(crate) fn new() -> Self {
        // Collinear places are kept, so that where rings touch is a place of both; they are dropped when rings are apart.
        let options = IntOverlayOptions::keep_output_points();
        Self { overlay: Overlay::new_custom(256, options, Solver::default()) }
    }

    /// Adds to `to` the polygons of an outer ring without its holes, whatever way round these are.
    pub(crate) fn mend(&mut self, mut outer: Vec<Spot>, holes: &[Vec<Spot>], to: &mut Vec<Rings>) {
        if outer.len() < 3 {
            return;
        }
        if holes.is_empty() && outer.len() <= SHORT && is_simple(&outer) {
            if twice_area(&outer) < 0 {
                outer.reverse();
            }
            to.push(vec![outer]);
            return;
        }
        self.overlay.clear();
        self.overlay.add_contour(&points(&outer), ShapeType::Subject);
        for hole in holes.iter().filter(|hole| hole.len() > 2) {
            self.overlay.add_contour(&points(hole), ShapeType::Clip);
        }
        // Non-zero: both halves of an eight are inside, and so is what a ring goes round twice.
        for polygon in self.overlay.overlay(OverlayRule::Difference, FillRule::NonZero) {
            let mut rings = Vec::with_capacity(polygon.len());
            for contour in polygon {
                apart(contour.into_iter().map(|point| [point.x, point.y]), &mut rings);
            }
            gather(rings, to);
        }
    }
}

/// Takes a ring apart where it comes by a place again: into rings that do not touch themselves.
fn apart(contour: impl Iterator<Item = Spot>, to: &mut Vec<Vec<Spot>>) {
    let mut way: Vec<Spot> = Vec::new();
    let mut at: HashMap<Spot, usize> = HashMap::new();
    for spot in contour {
        if let Some(&since) = at.get(&spot) {
            let ring = way.split_off(since);
            for gone in &ring {
                at.remove(gone);
            }
            put(ring, to);
        }
        at.insert(spot, way.len());
        way.push(spot);
    }
    put(way, to);
}

/// Adds a ring without the places on its straight edges, if anything is in it.
fn put(mut ring: Vec<Spot>, to: &mut Vec<Vec<Spot>>) {
    straighten(&mut ring);
    if ring.len() > 2 && twice_area(&ring) != 0 {
        to.push(ring);
    }
}

/// Puts holes after the outer rings that they are in.
fn gather(rings: Vec<Vec<Spot>>, to: &mut Vec<Rings>) {
    let first = to.len();
    let (outer, holes): (Vec<_>, Vec<_>) = rings.into_iter().partition(|ring| twice_area(ring) > 0);
    to.extend(outer.into_iter().map(|ring| vec![ring]));
    let made = &mut to[first..];
    for hole in holes {
        let around = match made.len() {
            1 => made.first_mut(),
            _ => made.iter_mut().find(|polygon| holds(&polygon[0], &hole)),
        };
        // One that is in none is no hole of anything.
        if let Some(polygon) = around {
            polygon.push(hole);
        }
    }
}

fn points(ring: &[Spot]) -> Vec<IntPoint> {
    ring.iter().map(|spot| IntPoint::new(spot[0], spot[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(outer: &[Spot], holes: &[Vec<Spot>]) -> Vec<Rings> {
        let mut polygons = Vec::new();
        Mender::new().mend(outer.to_vec(), holes, &mut polygons);
        for rings in &polygons {
            for (index, ring) in rings.iter().enumerate() {
                assert!(is_simple(ring), "{ring:?}");
                assert_eq!(twice_area(ring) > 0, index == 0, "{ring:?}");
            }
        }
        polygons
    }

    fn total(polygons: &[Rings]) -> i64 {
        polygons.iter().flatten().map(|ring| twice_area(ring)).sum()
    }

    #[test]
    fn windings_are_set_right_and_holes_are_cut_out() {
        let square = [[0, 0], [0, 10], [10, 10], [10, 0]];
        assert_eq!(total(&mended(&square, &[])), 200);
        let hole = vec![[2, 2], [4, 2], [4, 4], [2, 4]];
        let with = mended(&square, std::slice::from_ref(&hole));
        assert_eq!((with.len(), with[0].len(), total(&with)), (1, 2, 192));
        // Partly outside, wholly outside, all of it.
        assert_eq!(total(&mended(&square, &[vec![[8, 2], [12, 2], [12, 4], [8, 4]]])), 192);
        assert_eq!(total(&mended(&square, &[vec![[18, 2], [22, 2], [22, 4], [18, 4]]])), 200);
        assert!(mended(&square, &[vec![[-1, -1], [22, -1], [22, 22], [-1, 22]]]).is_empty());
        // Two holes that overlap, and one twice.
        assert_eq!(total(&mended(&square, &[hole.clone(), hole, vec![[3, 2], [5, 2], [5, 4], [3, 4]]])), 188);
    }

    #[test]
    fn crossings_spikes_and_touching_are_taken_apart() {
        assert_eq!(total(&mended(&[[0, 0], [10, 10], [10, 0], [0, 10]], &[])), 100);
        assert_eq!(total(&mended(&[[0, 0], [10, 0], [20, 0], [10, 0], [10, 10], [0, 10]], &[])), 200);
        assert_eq!(mended(&[[0, 0], [4, 0], [4, 4], [8, 4], [8, 8], [4, 8], [4, 4], [0, 4]], &[]).len(), 2);
        assert!(mended(&[[0, 0], [10, 10], [20, 20]], &[]).is_empty());
        assert!(mended(&[[0, 0], [10, 10]], &[]).is_empty());
        // A ring around a hole, joined by an edge there and back: what a naive cutter leaves along the border.
        let bridged = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0], [2, 2], [2, 8], [8, 8], [8, 2], [2, 2]];
        assert_eq!(total(&mended(&bridged, &[])), 200 - 72);
    }
}
