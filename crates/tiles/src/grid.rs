//! The integer grid of a tile: places, signed areas, and whether a ring is simple, all exact. Knows no projection.

/// Places along one side of a tile.
pub const EXTENT: u32 = 4096;

/// A place on the grid; x to the east, y to the south.
pub type Spot = [i32; 2];

/// Twice the signed area by the surveyor's formula: positive for outer rings (MVT 2.1, 4.3.4.4).
pub fn twice_area(ring: &[Spot]) -> i64 {
    edges(ring).map(|(a, b)| i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1])).sum()
}

/// Whether a ring, its first place not repeated, touches or crosses itself nowhere. Takes a step for each pair of edges.
pub fn is_simple(ring: &[Spot]) -> bool {
    let count = ring.len();
    if count < 3 {
        return false;
    }
    let edge = |i: usize| (ring[i], ring[(i + 1) % count]);
    for i in 0..count {
        let (a, b) = edge(i);
        let (_, next) = edge((i + 1) % count);
        // A spike: the next edge goes back over this one; or an edge of no length.
        if a == b || (turn(a, b, next) == 0 && dot(a, b, next) <= 0) {
            return false;
        }
        for j in i + 2..count {
            let neighbours = i == 0 && j == count - 1;
            if !neighbours && meet((a, b), edge(j)) {
                return false;
            }
        }
    }
    true
}

/// Leaves out the places of a ring that lie on its straight edges, and spikes.
pub(crate) fn straighten(ring: &mut Vec<Spot>) {
    let mut kept: Vec<Spot> = Vec::with_capacity(ring.len());
    for &spot in ring.iter() {
        while let [.., a, b] = kept[..]
            && turn(a, b, spot) == 0
        {
            kept.pop();
        }
        if kept.last() != Some(&spot) {
            kept.push(spot);
        }
    }
    // The same around the seam.
    let mut start = 0;
    while kept.len() - start > 2 {
        let (last, before, first) = (kept[kept.len() - 1], kept[kept.len() - 2], kept[start]);
        if turn(before, last, first) == 0 || last == first {
            kept.pop();
        } else if turn(last, first, kept[start + 1]) == 0 {
            start += 1;
        } else {
            break;
        }
    }
    kept.drain(..start);
    *ring = kept;
}

/// Whether a ring that crosses no edge of another lies in it. They may touch.
pub(crate) fn holds(outer: &[Spot], inner: &[Spot]) -> bool {
    // Twice as fine, so that the middles of edges are on the grid.
    let corners = inner.iter().map(|spot| spot.map(|value| value * 2));
    let middles = edges(inner).map(|(a, b)| [a[0] + b[0], a[1] + b[1]]);
    corners.chain(middles).find_map(|place| side(outer, place)).unwrap_or(false)
}

/// Whether a place of the grid twice as fine is inside of a ring; `None` when it lies on it.
fn side(ring: &[Spot], place: Spot) -> Option<bool> {
    let mut inside = false;
    for (a, b) in edges(ring).map(|(a, b)| (a.map(|value| value * 2), b.map(|value| value * 2))) {
        let turn = turn(a, b, place);
        let between = |axis: usize| (a[axis].min(b[axis])..=a[axis].max(b[axis])).contains(&place[axis]);
        if turn == 0 && between(0) && between(1) {
            return None;
        }
        if (a[1] > place[1]) != (b[1] > place[1]) && (turn > 0) == (b[1] > a[1]) {
            inside = !inside;
        }
    }
    Some(inside)
}

/// The edges of a ring.
pub(crate) fn edges(ring: &[Spot]) -> impl Iterator<Item = (Spot, Spot)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// Which side of a to b c lies on.
fn turn(a: Spot, b: Spot, c: Spot) -> i64 {
    let d = |p: Spot, q: Spot, axis: usize| i64::from(q[axis]) - i64::from(p[axis]);
    d(a, b, 0) * d(a, c, 1) - d(a, c, 0) * d(a, b, 1)
}

/// Whether going on from b to c keeps the direction from a to b.
fn dot(a: Spot, b: Spot, c: Spot) -> i64 {
    let d = |p: Spot, q: Spot, axis: usize| i64::from(q[axis]) - i64::from(p[axis]);
    d(a, b, 0) * d(b, c, 0) + d(a, b, 1) * d(b, c, 1)
}

/// Whether two edges have a place in common.
fn meet((a, b): (Spot, Spot), (c, d): (Spot, Spot)) -> bool {
    let apart =
        |axis: usize| a[axis].max(b[axis]) < c[axis].min(d[axis]) || c[axis].max(d[axis]) < a[axis].min(b[axis]);
    if apart(0) || apart(1) {
        return false;
    }
    let side = |turn: i64| turn.signum();
    let (c_side, d_side) = (side(turn(a, b, c)), side(turn(a, b, d)));
    let (a_side, b_side) = (side(turn(c, d, a)), side(turn(c, d, b)));
    // Boxes meet: the edges do, unless one lies wholly on one side of the other.
    c_side * d_side <= 0 && a_side * b_side <= 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_that_touch_or_cross_themselves_are_told() {
        let square = [[0, 0], [10, 0], [10, 10], [0, 10]];
        assert!(is_simple(&square) && twice_area(&square) == 200);
        let faulty: [&[Spot]; 7] = [
            &[[0, 0], [1, 1]],
            &[[0, 0], [10, 10], [10, 0], [0, 10]],
            &[[0, 0], [10, 0], [5, 0]],
            &[[0, 0], [10, 0], [10, 10], [10, 0]],
            &[[0, 0], [10, 0], [10, 10], [5, 0], [0, 10]],
            &[[0, 0], [4, 0], [4, 4], [8, 4], [8, 8], [4, 8], [4, 4], [0, 4]],
            &[[0, 0], [0, 0], [10, 0], [10, 10]],
        ];
        for ring in faulty {
            assert!(!is_simple(ring), "{ring:?}");
        }
        assert!(is_simple(&[[0, 0], [5, 0], [10, 0], [10, 10]]));
    }

    #[test]
    fn straight_edges_have_two_ends() {
        let cases: [(&[Spot], &[Spot]); 4] = [
            (&[[5, 0], [10, 0], [10, 5], [10, 10], [0, 10], [0, 0]], &[[10, 0], [10, 10], [0, 10], [0, 0]]),
            (&[[0, 0], [10, 0], [10, 10], [20, 20], [10, 10], [0, 10]], &[[0, 0], [10, 0], [10, 10], [0, 10]]),
            (&[[0, 0], [1, 1], [2, 2], [3, 3]], &[[0, 0], [3, 3]]),
            (&[], &[]),
        ];
        for (ring, wanted) in cases {
            let mut ring = ring.to_vec();
            straighten(&mut ring);
            assert_eq!(ring.len(), wanted.len(), "{ring:?}");
            assert!(ring.len() < 3 || ring.iter().all(|spot| wanted.contains(spot)), "{ring:?}");
        }
    }

    #[test]
    fn rings_in_rings() {
        let square = [[0, 0], [10, 0], [10, 10], [0, 10]];
        assert!(holds(&square, &[[2, 2], [4, 2], [4, 4]]));
        assert!(!holds(&square, &[[12, 2], [14, 2], [14, 4]]));
        // Corners on the ring; the middles of the edges decide.
        assert!(holds(&square, &[[5, 0], [10, 5], [5, 10], [0, 5]]));
        assert!(!holds(&[[5, 0], [10, 5], [5, 10], [0, 5]], &[[0, 0], [5, 0], [0, 5]]));
    }
}
