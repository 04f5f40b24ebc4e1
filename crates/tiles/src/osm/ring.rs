//! Rings of areas made from ways, and which hole is in which ring. Knows no tag.

use belfry_kernel::Position;
use hashbrown::HashMap;

/// Joins ways end to end into closed rings; `None` when one does not close.
pub(crate) fn closed(ways: &[Vec<i64>]) -> Option<Vec<Vec<i64>>> {
    let mut at: HashMap<i64, Vec<usize>> = HashMap::new();
    let ends = |way: &[i64]| (way[0], way[way.len() - 1]);
    for (index, way) in ways.iter().enumerate() {
        let (from, to) = ends(way);
        at.entry(from).or_default().push(index);
        at.entry(to).or_default().push(index);
    }
    let mut used = vec![false; ways.len()];
    let mut rings = Vec::new();
    for start in 0..ways.len() {
        if used[start] {
            continue;
        }
        used[start] = true;
        let mut ring = ways[start].clone();
        while ring[0] != ring[ring.len() - 1] {
            let end = ring[ring.len() - 1];
            let next = at.get_mut(&end)?;
            // Those that are used are let go here, so that a place where many meet is not gone through again and again.
            next.retain(|index| !used[*index]);
            let index = next.pop()?;
            used[index] = true;
            let way = &ways[index];
            if way[0] == end {
                ring.extend_from_slice(&way[1..]);
            } else {
                ring.extend(way.iter().rev().skip(1));
            }
        }
        rings.push(ring);
    }
    Some(rings)
}

/// Polygons of outer rings and holes: each hole goes to the smallest ring that holds it; one that none holds is let go.
pub(crate) fn nested(outer: Vec<Vec<Position>>, holes: Vec<Vec<Position>>) -> Vec<Vec<Vec<Position>>> {
    let mut polygons: Vec<Vec<Vec<Position>>> = outer.into_iter().map(|ring| vec![ring]).collect();
    let boxes: Vec<[f64; 4]> = polygons.iter().map(|polygon| box_of(&polygon[0])).collect();
    let size = |index: usize| (boxes[index][2] - boxes[index][0]) * (boxes[index][3] - boxes[index][1]);
    for hole in holes {
        let Some(first) = hole.first() else { continue };
        let within = |index: &usize| {
            let [west, south, east, north] = boxes[*index];
            (west..=east).contains(&first.lon) && (south..=north).contains(&first.lat)
        };
        let candidates = (0..polygons.len()).filter(within).filter(|index| {
            // The first that is not on the ring itself says where the hole is.
            hole.iter().find_map(|place| side(&polygons[*index][0], place)).unwrap_or(true)
        });
        if let Some(index) = candidates.min_by(|a, b| size(*a).total_cmp(&size(*b))) {
            polygons[index].push(hole);
        }
    }
    polygons
}

fn box_of(ring: &[Position]) -> [f64; 4] {
    ring.iter().fold([f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY], |b, p| {
        [b[0].min(p.lon), b[1].min(p.lat), b[2].max(p.lon), b[3].max(p.lat)]
    })
}

/// Whether a place is inside of a ring; `None` when it is one of its corners.
fn side(ring: &[Position], place: &Position) -> Option<bool> {
    let mut inside = false;
    for pair in ring.windows(2) {
        let (a, b) = (&pair[0], &pair[1]);
        if a.lon == place.lon && a.lat == place.lat {
            return None;
        }
        if (a.lat > place.lat) != (b.lat > place.lat)
            && place.lon < a.lon + (place.lat - a.lat) / (b.lat - a.lat) * (b.lon - a.lon)
        {
            inside = !inside;
        }
    }
    Some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_close_in_any_order_and_direction() {
        assert_eq!(closed(&[vec![1, 2, 3], vec![5, 4, 3], vec![5, 6, 1]]), Some(vec![vec![1, 2, 3, 4, 5, 6, 1]]));
        assert_eq!(closed(&[vec![1, 2, 1], vec![3, 4, 5, 3]]), Some(vec![vec![1, 2, 1], vec![3, 4, 5, 3]]));
        assert_eq!(closed(&[vec![1, 2, 3]]), None);
        assert_eq!(closed(&[vec![1, 2], vec![2, 3], vec![2, 4]]), None);
        assert_eq!(closed(&[]), Some(vec![]));
    }

    #[test]
    fn holes_go_to_the_smallest_ring_around_them() {
        let square = |at: f64, size: f64| {
            [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]
                .map(|(x, y)| Position { lon: at + x * size, lat: at + y * size, alt: None })
                .to_vec()
        };
        let made = nested(
            vec![square(0.0, 10.0), square(4.0, 2.0)],
            vec![square(2.0, 6.0), square(4.5, 1.0), square(50.0, 1.0)],
        );
        assert_eq!(made.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(made[1][1], square(4.5, 1.0));
        // A hole that touches its ring in a corner.
        assert_eq!(nested(vec![square(0.0, 10.0)], vec![square(0.0, 3.0)])[0].len(), 2);
    }
}
