//! Islands: edges from which one cannot get everywhere and back, so that no route should begin or end there. Tarjan's strongly connected
//! components (Depth-First Search and Linear Graph Algorithms, 1972) on the turn-expanded graph, without recursion.

use crate::costs::{Costs, FOREVER};
use crate::network::Edge;
use crate::turns::Turns;

/// A component this many times smaller than the largest is an island.
const SMALLER: usize = 10;

const NEW: u32 = u32::MAX;

/// For each edge, whether it belongs to the mainland.
pub(crate) fn mainland(turns: &Turns, costs: &Costs, edges: usize) -> Vec<bool> {
    let component = components(turns, costs);
    let mut sizes = vec![0_usize; turns.vertices()];
    for (vertex, component) in component.iter().enumerate() {
        sizes[*component as usize] += usize::from(costs.edge(turns.edge(vertex as u32)) < FOREVER);
    }
    let largest = sizes.iter().copied().max().unwrap_or(0);
    // A single edge is a component of its own, and a mainland only where nothing is larger.
    let is_main = |edge: usize| {
        let size = sizes[component[edge] as usize];
        size > 0 && size.saturating_mul(SMALLER) >= largest
    };
    (0..edges).map(|edge| is_main(edge) && costs.is_allowed(Edge(edge as u32))).collect()
}

/// The component of each vertex.
fn components(turns: &Turns, costs: &Costs) -> Vec<u32> {
    let n = turns.vertices();
    let (mut index, mut low, mut component) = (vec![NEW; n], vec![0_u32; n], vec![NEW; n]);
    let (mut next, mut found) = (0, 0);
    let (mut open, mut calls) = (Vec::new(), Vec::new());
    for start in 0..n as u32 {
        if index[start as usize] != NEW {
            continue;
        }
        calls.push((start, turns.out(start)));
        while let Some((vertex, rest)) = calls.last_mut() {
            let v = *vertex as usize;
            if index[v] == NEW {
                (index[v], low[v]) = (next, next);
                next += 1;
                open.push(*vertex);
            }
            let from = turns.edge(*vertex);
            let step = rest.find(|turn| costs.arc(from, *turn) < FOREVER).map(|turn| turns.turn(turn).to);
            match step {
                Some(to) if index[to as usize] == NEW => calls.push((to, turns.out(to))),
                Some(to) if component[to as usize] == NEW => low[v] = low[v].min(index[to as usize]),
                Some(_) => {}
                None => {
                    if low[v] == index[v] {
                        while let Some(member) = open.pop() {
                            component[member as usize] = found;
                            if member as usize == v {
                                break;
                            }
                        }
                        found += 1;
                    }
                    calls.pop();
                    if let Some((parent, _)) = calls.last() {
                        let parent = *parent as usize;
                        low[parent] = low[parent].min(low[v]);
                    }
                }
            }
        }
    }
    component
}
