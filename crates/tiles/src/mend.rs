//! Rings on the grid made into polygons as MVT 2.1 (4.3.4.4) wants them: simple rings, outer ones first and of positive area,
//! each followed by its holes, which lie in it. Cutting and snapping make rings touch and cross themselves, and hostile ones
//! come so; an exact overlay on integers takes them apart.

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_float::int::point::IntPoint;

use crate::grid::{Spot, is_simple, twice_area};

/// A ring this short is looked at edge by edge, which is faster than an overlay; most buildings are.
const SHORT: usize = 20;

/// Outer ring and holes, none with its first place repeated.
pub type Rings = Vec<Vec<Spot>>;

/// Makes polygons of rings; keeps the overlay's buffers from one to the next.
pub(crate) struct Mender {
    overlay: Overlay,
}

impl Mender {
    pub(crate) fn new() -> Self {
        let options = IntOverlayOptions::ogc();
        Self { overlay: Overlay::new_custom(256, options, i_overlay::core::solver::Solver::default()) }
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
            let rings: Rings = polygon
                .into_iter()
                .map(|ring| ring.into_iter().map(|point| [point.x, point.y]).collect::<Vec<Spot>>())
                .collect();
            if rings.first().is_some_and(|ring| twice_area(ring) > 0) {
                to.push(rings);
            }
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
