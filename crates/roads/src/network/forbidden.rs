//! From turn restrictions to sequences of edges that must not be driven: `no_*` is one sequence, `only_*` is every way off
//! the one that is allowed. Knows no costs.

use super::{Edge, Forbidden, Network};
use crate::class::Classes;
use crate::survey::Survey;
use crate::survey::restriction::{Restriction, Via};

/// Links that a restriction may lead over, at most.
const MAX_VIA: usize = 64;

/// Resolves every restriction that concerns the network; what cannot be is counted by reason.
pub(super) fn resolve(survey: &Survey, junctions: &[Option<u32>], network: &mut Network) {
    let mut forbidden = Vec::new();
    network.report.restrictions = 0;
    for restriction in &survey.restrictions {
        let classes = restriction.classes.and(network.family.classes());
        if classes.is_empty() {
            continue;
        }
        let restriction = Restriction { classes, ..restriction.clone() };
        match sequences(&restriction, survey, junctions, network) {
            Ok(found) => {
                network.report.restrictions += 1;
                forbidden.extend(found);
            }
            Err(why) => network.report.broken(why),
        }
    }
    network.forbidden = forbidden;
}

fn sequences(
    restriction: &Restriction,
    survey: &Survey,
    junctions: &[Option<u32>],
    network: &Network,
) -> Result<Vec<Forbidden>, &'static str> {
    let edges = |ways: &[i64]| -> Vec<Edge> { ways.iter().flat_map(|way| network.edges_of_way(*way)).collect() };
    let (from, to) = (edges(&restriction.from), edges(&restriction.to));
    if from.is_empty() || to.is_empty() {
        return Err("from or to is not in this network");
    }
    let chains = match &restriction.via {
        Via::Node(node) => {
            let place = survey.place(*node).and_then(|place| junctions[place as usize]);
            let junction = place.ok_or("via is no junction of this network")?;
            chains_at(junction, restriction, network, &from, &to)
        }
        Via::Ways(ways) => chains_over(network, &from, &edges(ways), &to),
    };
    if chains.is_empty() {
        return Err("from, via and to do not join");
    }
    let mut found = Vec::new();
    for chain in chains {
        if restriction.only {
            forbid_others(network, &chain, restriction.classes, &mut found);
        } else {
            let edges = chain.iter().map(|edge| edge.0).collect();
            found.push(Forbidden { edges, classes: restriction.classes });
        }
    }
    Ok(found)
}

/// Pairs of an edge that comes to the junction and one that leaves it. Where a way runs through the junction, it is
/// ambiguous which half is meant; for `to` the restriction's sense of the turn would be a guess, so both halves are taken
/// for `no_*` only when the way ends there.
fn chains_at(
    junction: u32,
    restriction: &Restriction,
    network: &Network,
    from: &[Edge],
    to: &[Edge],
) -> Vec<Vec<Edge>> {
    let comes: Vec<_> =
        from.iter().filter(|edge| network.head(**edge) == junction && network.is_drivable(**edge)).collect();
    let leaves: Vec<_> =
        to.iter().filter(|edge| network.tail(**edge) == junction && network.is_drivable(**edge)).collect();
    if comes.len() > restriction.from.len() || leaves.len() > restriction.to.len() {
        return Vec::new();
    }
    comes.iter().flat_map(|a| leaves.iter().map(|b| vec![**a, **b])).collect()
}

/// The shortest chains from an edge of `from` over edges of `via` to an edge of `to`.
fn chains_over(network: &Network, from: &[Edge], via: &[Edge], to: &[Edge]) -> Vec<Vec<Edge>> {
    let mut chains = Vec::new();
    for start in from.iter().filter(|edge| network.is_drivable(**edge)) {
        let mut level = vec![vec![*start]];
        let mut seen = vec![network.head(*start)];
        let mut found = Vec::new();
        while found.is_empty() && !level.is_empty() && level[0].len() <= MAX_VIA {
            let mut next = Vec::new();
            for chain in &level {
                let last = chain[chain.len() - 1];
                let here = network.head(last);
                if chain.len() > 1 {
                    let ends = to.iter().filter(|edge| network.tail(**edge) == here && **edge != last.reverse());
                    found.extend(ends.map(|end| [chain.as_slice(), &[*end]].concat()));
                }
                for step in via.iter().filter(|edge| network.tail(**edge) == here && network.is_drivable(**edge)) {
                    if !seen.contains(&network.head(*step)) {
                        seen.push(network.head(*step));
                        next.push([chain.as_slice(), &[*step]].concat());
                    }
                }
            }
            level = next;
        }
        chains.extend(found);
    }
    chains
}

/// Every way off the chain, at each of its junctions.
fn forbid_others(network: &Network, chain: &[Edge], classes: Classes, found: &mut Vec<Forbidden>) {
    for length in 1..chain.len() {
        let junction = network.head(chain[length - 1]);
        for other in network.leaving(junction).iter().filter(|edge| **edge != chain[length].0) {
            let edges = chain[..length].iter().map(|edge| edge.0).chain([*other]).collect();
            found.push(Forbidden { edges, classes });
        }
    }
}
