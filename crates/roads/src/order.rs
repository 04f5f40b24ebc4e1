//! The order in which vertices are contracted: nested dissection of the network by small cuts. Knows no costs.
//!
//! The vertices of the turn-expanded graph are edges of the network, so a set of *links* that parts the network in two is
//! a set of *vertices* that parts the expanded graph. Cuts are therefore sought in the small network and not in the large
//! graph, as Buchhold, Wagner, Zeitz and Zündorf do (Customizable Contraction Hierarchies with Turn Costs, ATMOS 2020,
//! section 4). Each cut is the smallest of several by inertial flow (Schild and Sommer, On Balanced Separators in Road
//! Networks, SEA 2015): junctions are sorted along a line, those at one end are sources, those at the other sinks, and a
//! smallest cut lies between them. The same network gives the same order always.

mod flow;

use crate::network::Network;
use crate::plane::Plane;
use crate::turns::Turns;
use flow::{Cell, Flow};

/// The rank of each vertex, 0 first.
pub(crate) fn ranks(network: &Network, turns: &Turns) -> Vec<u32> {
    let links = dissect(network);
    let memory = turns.with_memory(network.edges());
    let mut ranks = vec![0; turns.vertices()];
    let mut next = 0;
    for link in links {
        for edge in [2 * link, 2 * link + 1] {
            let start = memory.partition_point(|(of, _)| *of < edge);
            let further = memory[start..].iter().take_while(|(of, _)| *of == edge).map(|(_, vertex)| *vertex);
            for vertex in further.chain([edge]) {
                ranks[vertex as usize] = next;
                next += 1;
            }
        }
    }
    ranks
}

/// What is still to be done: a cell to be cut, or links whose turn comes when both sides of their cut are done.
enum Task {
    Cut(Cell),
    Emit(Vec<u32>),
}

/// All links, those of a cut after everything that it parts.
fn dissect(network: &Network) -> Vec<u32> {
    let plane = Plane::around(network.junctions.first().map(|junction| junction.point).unwrap_or_default());
    let places: Vec<[f64; 2]> = network.junctions.iter().map(|junction| plane.to_metres(junction.point)).collect();
    let ends: Vec<[u32; 2]> = network.links.iter().map(|link| link.ends).collect();
    let mut flow = Flow::new(&places, &ends);
    let whole = Cell { junctions: (0..places.len() as u32).collect(), links: (0..ends.len() as u32).collect() };
    let mut order = Vec::with_capacity(ends.len());
    let mut tasks = vec![Task::Cut(whole)];
    while let Some(task) = tasks.pop() {
        match task {
            Task::Emit(links) => order.extend(links),
            Task::Cut(cell) if cell.links.len() < 3 || cell.junctions.len() < 2 => order.extend(cell.links),
            Task::Cut(cell) => {
                let parts = flow.part(&cell);
                tasks.push(Task::Emit(parts.cut));
                tasks.extend(parts.sides.into_iter().map(Task::Cut));
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cut of a cell given by places and links, as (links cut, sizes of sides).
    fn cut(places: &[[f64; 2]], ends: &[[u32; 2]]) -> (Vec<u32>, Vec<usize>) {
        let cell = Cell { junctions: (0..places.len() as u32).collect(), links: (0..ends.len() as u32).collect() };
        let parts = Flow::new(places, ends).part(&cell);
        let mut sizes: Vec<_> = parts.sides.iter().map(|side| side.junctions.len()).collect();
        sizes.sort_unstable();
        (parts.cut, sizes)
    }

    #[test]
    fn the_bridge_between_two_towns_is_cut() {
        let town = |x: f64| [[x, 0.0], [x + 1.0, 0.0], [x, 1.0], [x + 1.0, 1.0]];
        let places = [town(0.0), town(9.0)].concat();
        let square = |of: u32| [[of, of + 1], [of, of + 2], [of + 1, of + 3], [of + 2, of + 3], [of, of + 3]];
        let ends = [&square(0)[..], &square(4), &[[1, 4]]].concat();
        assert_eq!(cut(&places, &ends), (vec![10], vec![4, 4]));
    }

    #[test]
    fn islands_are_parted_without_a_cut_and_equal_places_end() {
        let places = [[0.0, 0.0], [1.0, 0.0], [5.0, 0.0], [6.0, 0.0]];
        assert_eq!(cut(&places, &[[0, 1], [0, 1], [2, 3], [2, 3]]), (vec![], vec![2, 2]));
        let (cut, sizes) =
            cut(&[[0.0, 0.0]; 8], &[[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 6], [6, 7], [7, 0], [3, 3]]);
        assert!(cut.len() == 2 && sizes.iter().sum::<usize>() == 8, "{cut:?} {sizes:?}");
    }
}
