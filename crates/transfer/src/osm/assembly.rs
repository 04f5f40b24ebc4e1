//! Areas of relations: member ways joined at their ends into rings, and rings put together into areas with holes. Joins by
//! the numbers of nodes; whether rings are sound is `outline`'s. The rules:
//! <https://wiki.openstreetmap.org/wiki/Relation:multipolygon>.

use super::outline::{self, area, inside};
use super::place::Place;
use super::places::Places;
use std::collections::HashMap;

/// The nodes of a member way.
pub(super) type Nodes<'w> = &'w [i64];

/// Pairs of a hole and an area, each weighed by its places, that are compared for one relation.
const MAX_WORK: usize = 50_000_000;

/// The areas of a relation's outer and inner ways.
///
/// # Errors
/// Why they are none.
pub(super) fn areas(outer: &[Nodes<'_>], inner: &[Nodes<'_>], places: &Places) -> Result<Vec<Vec<Vec<Place>>>, String> {
    let outer = joined(outer, places)?;
    let inner = joined(inner, places).map_err(|why| format!("hole: {why}"))?;
    if outer.is_empty() {
        return Err("it has no outer ring".into());
    }
    let outers = outer.len();
    let mut rings = outline::rings(outer.into_iter().chain(inner).collect())?;
    let holes = rings.split_off(outers);
    // The smallest area that holds a hole is the one that it is in.
    let mut areas: Vec<Vec<Vec<Place>>> = rings.into_iter().map(|ring| vec![turned(ring, true)]).collect();
    areas.sort_by_key(|rings| area(&rings[0]));
    let mut work = 0_usize;
    for hole in holes {
        let mut home = None;
        for (at, rings) in areas.iter().enumerate() {
            work += rings[0].len();
            if work > MAX_WORK {
                return Err("it has too many holes to be checked".into());
            }
            if holds(&rings[0], &hole) {
                home = Some(at);
                break;
            }
        }
        let Some(home) = home else { return Err(format!("a hole lies outside of it (near {})", hole[0])) };
        areas[home].push(turned(hole, false));
    }
    Ok(areas)
}

/// The area of one closed way.
///
/// # Errors
/// Why it is none.
pub(super) fn area_of(places: Vec<Place>) -> Result<Vec<Vec<Vec<Place>>>, String> {
    let rings = outline::rings(vec![places])?;
    Ok(vec![rings.into_iter().map(|ring| turned(ring, true)).collect()])
}

/// Whether a ring is inside another that it does not cross.
fn holds(outer: &[Place], ring: &[Place]) -> bool {
    // Places where the two touch say nothing.
    ring.iter().find_map(|place| inside(*place, outer)).unwrap_or(true)
}

fn turned(mut ring: Vec<Place>, counterclockwise: bool) -> Vec<Place> {
    if (area(&ring) > 0) != counterclockwise {
        ring.reverse();
    }
    ring
}

/// Joins ways at their ends. Where more than two ends meet, the path is closed as soon as it comes back to a node where
/// it was: rings that touch each other come apart there.
fn joined(ways: &[Nodes<'_>], places: &Places) -> Result<Vec<Vec<Place>>, String> {
    let mut ends: HashMap<i64, Vec<usize>> = HashMap::new();
    for (at, nodes) in ways.iter().enumerate() {
        if let ([first, ..], Some(last)) = (nodes, nodes.last()) {
            ends.entry(*first).or_default().push(at);
            if first != last {
                ends.entry(*last).or_default().push(at);
            }
        }
    }
    let mut used = vec![false; ways.len()];
    let mut rings = Vec::new();
    for start in 0..ways.len() {
        if used[start] || ways[start].len() < 2 {
            continue;
        }
        // The path so far: nodes, and at which of them a way ended.
        let mut path: Vec<i64> = vec![ways[start][0]];
        let mut stops: Vec<usize> = vec![0];
        let mut next = Some(start);
        while let Some(way) = next {
            used[way] = true;
            let end = path[path.len() - 1];
            let nodes = ways[way];
            if nodes[0] == end {
                path.extend_from_slice(&nodes[1..]);
            } else {
                path.extend(nodes[..nodes.len() - 1].iter().rev());
            }
            let end = path[path.len() - 1];
            if let Some(back) = stops.iter().rposition(|stop| path[*stop] == end) {
                let from = stops[back];
                rings.push(places_of(&path[from..], places)?);
                path.truncate(from + 1);
                stops.truncate(back + 1);
            } else {
                stops.push(path.len() - 1);
            }
            let end = path[path.len() - 1];
            next = ends.get(&end).and_then(|at| at.iter().copied().find(|at| !used[*at]));
        }
        if path.len() > 1 {
            let end = path[path.len() - 1];
            let near = places.get(end).map(|place| format!(" (near {place})")).unwrap_or_default();
            return Err(format!("its ring is open at node/{end}{near}"));
        }
    }
    Ok(rings)
}

/// The places of a way's nodes.
///
/// # Errors
/// How many of them the extract does not have.
pub(super) fn places_of(nodes: &[i64], places: &Places) -> Result<Vec<Place>, String> {
    nodes.iter().map(|node| places.get(*node)).collect::<Option<_>>().ok_or_else(|| missing(nodes, places))
}

fn missing(nodes: &[i64], places: &Places) -> String {
    let gone = nodes.iter().filter(|node| places.get(**node).is_none()).count();
    format!("{gone} of its {} nodes are not in the extract", nodes.len())
}

#[cfg(test)]
mod tests {
    use super::super::places::Wanted;
    use super::*;

    /// Nodes on a grid: node 100 * y + x + 1.
    fn grid() -> Places {
        let ids: Vec<i64> = (0..100).flat_map(|y| (0..100).map(move |x| 100 * y + x + 1)).collect();
        let mut wanted = Wanted::new(1 << 20);
        wanted.add(&ids).unwrap();
        let mut places = wanted.finish().unwrap();
        for id in ids {
            let (x, y) = ((id - 1) % 100, (id - 1) / 100);
            places.put(id, Place { lon: x as i32, lat: y as i32 });
        }
        places
    }

    fn node(x: i64, y: i64) -> i64 {
        100 * y + x + 1
    }

    fn square(x: i64, y: i64, size: i64) -> Vec<i64> {
        [(0, 0), (size, 0), (size, size), (0, size), (0, 0)].map(|(dx, dy)| node(x + dx, y + dy)).to_vec()
    }

    fn found(outer: &[&[i64]], inner: &[&[i64]]) -> Result<Vec<Vec<usize>>, String> {
        areas(outer, inner, &grid())
            .map(|areas| areas.iter().map(|rings| rings.iter().map(Vec::len).collect()).collect())
    }

    #[test]
    fn ways_in_any_order_and_direction_become_rings() {
        let (a, b) = (square(0, 0, 10), square(20, 0, 10));
        let (one, two) = a.split_at(2);
        let mut back = vec![one[1]];
        back.extend(two);
        let mut turned = back.clone();
        turned.reverse();
        assert_eq!(found(&[&a], &[]), Ok(vec![vec![5]]));
        assert_eq!(found(&[one, &back], &[]), Ok(vec![vec![5]]));
        assert_eq!(found(&[&turned, &b, one], &[]), Ok(vec![vec![5], vec![5]]));
    }

    #[test]
    fn holes_are_in_the_smallest_area_around_them() {
        let (outer, hole, island, pond) = (square(0, 0, 50), square(10, 10, 30), square(20, 20, 10), square(22, 22, 2));
        assert_eq!(found(&[&outer, &island], &[&hole, &pond]), Ok(vec![vec![5, 5], vec![5, 5]]));
        let outside = square(60, 60, 5);
        assert!(found(&[&outer], &[&outside]).unwrap_err().contains("outside"));
        let all = areas(&[&outer], &[&hole], &grid()).unwrap();
        assert!(area(&all[0][0]) > 0 && area(&all[0][1]) < 0, "outer counterclockwise, hole clockwise");
    }

    #[test]
    fn rings_that_touch_at_a_node_come_apart() {
        let (a, b) = (square(0, 0, 10), square(10, 10, 10));
        // The common corner is an end of all four ways.
        let corner = node(10, 10);
        let cut = |ring: &[i64]| {
            let at = ring.iter().position(|n| *n == corner).unwrap();
            let mut open: Vec<i64> = ring[at..].to_vec();
            open.extend(&ring[1..=at]);
            (open[..3].to_vec(), open[2..].to_vec())
        };
        let ((a1, a2), (b1, b2)) = (cut(&a), cut(&b));
        assert_eq!(found(&[&a1, &b1, &a2, &b2], &[]), Ok(vec![vec![5], vec![5]]));
    }

    #[test]
    fn what_is_broken_is_said() {
        let a = square(0, 0, 10);
        let gone = [node(0, 0), 1_000_000, node(5, 5), node(0, 0)];
        type Case<'a> = (&'a [&'a [i64]], &'a [&'a [i64]], &'a str);
        let cases: [Case<'_>; 5] = [
            (&[&a[..3]], &[], "open at node/"),
            (&[&gone], &[], "1 of its 4 nodes"),
            (&[], &[&a], "no outer ring"),
            (&[&a, &a], &[], "crosses"),
            (&[&a], &[&a[..3]], "hole: its ring is open"),
        ];
        for (outer, inner, reason) in cases {
            let why = found(outer, inner).unwrap_err();
            assert!(why.contains(reason), "{why}");
        }
        assert_eq!(found(&[&a, &[]], &[]), Ok(vec![vec![5]]));
    }
}
