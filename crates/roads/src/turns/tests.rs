//! The memory of turn restrictions against a search that keeps the whole history of a path and looks for forbidden
//! sequences in it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use proptest::prelude::*;

use super::*;
use crate::class::Class;
use crate::costs::{Cost, Costs, FOREVER};
use crate::dijkstra::Labels;
use crate::network::Forbidden;
use crate::profile::Rules;
use crate::survey::Survey;
use crate::terminal::{Seed, Seeds};
use crate::{Family, Network};

/// A grid of streets, four by four, with sequences of up to four edges forbidden: walks over the network.
fn network(walks: &[(usize, Vec<usize>)]) -> Network {
    let mut survey = Survey::default();
    let node = |x: i64, y: i64| 4 * y + x;
    let mut id = 0;
    for a in 0..4 {
        for b in 0..3 {
            for nodes in [[node(b, a), node(b + 1, a)], [node(a, b), node(a, b + 1)]] {
                survey.way(id, &nodes, &[("highway", "residential")]);
                id += 1;
            }
        }
    }
    for at in 0..16_i64 {
        let (lon, lat) = (9.5 + 0.001 * (at % 4) as f64, 47.0 + 0.001 * (at / 4) as f64);
        survey.node(at, belfry_kernel::Position { lon, lat, alt: None }, &[] as &[(&str, &str)]);
    }
    let mut network = Network::new(&survey, Family::Drive);
    for (start, steps) in walks {
        let mut edges = vec![*start as u32 % network.edges() as u32];
        for step in steps {
            let ways = network.leaving(network.head(Edge(edges[edges.len() - 1])));
            edges.push(ways[step % ways.len()]);
        }
        let classes = if start % 5 == 0 { Class::Truck.into() } else { Classes::MOTOR };
        network.forbidden.push(Forbidden { edges, classes });
    }
    network
}

/// Costs from an edge to the beginning of all edges, by a search whose states are the last edges of a path.
fn by_history(network: &Network, turns: &Turns, free: &Costs, class: Class, start: u32) -> Vec<Cost> {
    let mut best = vec![FOREVER; network.edges()];
    let mut known: BTreeMap<Vec<u32>, Cost> = BTreeMap::new();
    let mut queue = BinaryHeap::from([Reverse((0, vec![start]))]);
    while let Some(Reverse((cost, path))) = queue.pop() {
        if known.get(&path).is_some_and(|known| *known <= cost) {
            continue;
        }
        known.insert(path.clone(), cost);
        let last = path[path.len() - 1];
        if path.len() > 1 || cost > 0 {
            best[last as usize] = best[last as usize].min(cost);
        }
        for turn in turns.out(last) {
            let to = turns.edge(turns.turn(turn).to).0;
            let mut next = path.clone();
            next.push(to);
            let banned = |f: &Forbidden| f.classes.has(class) && next.ends_with(&f.edges);
            if network.forbidden.iter().any(banned) {
                continue;
            }
            if next.len() > 4 {
                next.remove(0);
            }
            queue.push(Reverse((cost + free.arc(Edge(last), turn), next)));
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn memory_keeps_every_restriction_and_forbids_nothing_else(
        walks in prop::collection::vec((0_usize..48, prop::collection::vec(0_usize..4, 1..4)), 0..40),
        start in 0_u32..48,
    ) {
        let network = network(&walks);
        let turns = Turns::new(&network);
        let class = Class::Car;
        let bound = Costs::new(&network, &turns, class, &Rules::default());
        let free = Costs::new(&network, &turns, class, &Rules { turn_bans: false, ..Rules::default() });
        let expected = by_history(&network, &turns, &free, class, start);
        let seeds: Seeds = turns
            .out(start)
            .filter(|turn| bound.turn(*turn) < FOREVER)
            .map(|turn| Seed { vertex: turns.turn(turn).to, cost: bound.arc(Edge(start), turn), edge: Edge(start) })
            .collect();
        let mut labels = Labels::default();
        labels.search(&turns, &bound, &seeds, FOREVER, |_, _| true);
        let mut found = vec![FOREVER; network.edges()];
        for vertex in 0..turns.vertices() as u32 {
            let edge = turns.edge(vertex).index();
            found[edge] = found[edge].min(labels.cost(vertex));
        }
        prop_assert_eq!(found, expected);
    }
}
