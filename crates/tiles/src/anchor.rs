//! Where the name of an area stands: the middle of its widest stretch, looked for on a few lines across it. Linear in its
//! vertices; not the centre of the largest circle, which costs more than a label is worth.

use crate::shape::Shape;

/// Lines looked at.
const LINES: u32 = 9;

/// A place inside of a polygon on the unit square: for a ring that encloses nothing, the middle of its box.
pub(crate) fn inside(shape: &Shape) -> [f64; 2] {
    let area = shape.area();
    let middle = [(area.min[0] + area.max[0]) / 2.0, (area.min[1] + area.max[1]) / 2.0];
    let mut best = (0.0, middle);
    let mut crossings = Vec::new();
    for line in 1..=LINES {
        let share = f64::from(line) / f64::from(LINES + 1);
        let y = area.min[1] + (area.max[1] - area.min[1]) * share;
        crossings.clear();
        for (ring, _) in shape.rings() {
            let ends = ring.iter().skip(1).chain(ring.first());
            for (a, b) in ring.iter().zip(ends).map(|(a, b)| (a.place, b.place)) {
                if (a[1] <= y) != (b[1] <= y) {
                    crossings.push(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
                }
            }
        }
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            // Of stretches that are about as wide, the one nearer to the middle.
            let worth = (pair[1] - pair[0]) * (1.0 - (share - 0.5).abs());
            if worth > best.0 {
                best = (worth, [(pair[0] + pair[1]) / 2.0, y]);
            }
        }
    }
    best.1
}
