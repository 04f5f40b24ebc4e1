//! Roads with their hierarchy, and a router that answers for one class with one metric. Holds the parts together; what each
//! query does is in its own module.

use belfry_kernel::Position;

use crate::class::{Class, Family};
use crate::costs::{Cost, Costs, FOREVER};
use crate::hierarchy::Hierarchy;
use crate::island::mainland;
use crate::metric::Metric;
use crate::network::Network;
use crate::profile::Rules;
use crate::search::{Way, Workspace};
use crate::snap::{Index, Snap, SnapError};
use crate::survey::Survey;
use crate::terminal::{ends, starts, straight};
use crate::turns::Turns;

/// A network with its turns, its hierarchy and its index of places: all that does not change with costs.
#[derive(Debug)]
pub struct Roads {
    pub(crate) network: Network,
    pub(crate) turns: Turns,
    pub(crate) hierarchy: Hierarchy,
    pub(crate) index: Index,
    /// Vertices beside the edges themselves, by edge.
    pub(crate) memory: Vec<(u32, u32)>,
}

impl Roads {
    /// Makes the roads of a family of vehicles ready. Takes about a second for a county.
    pub fn new(survey: &Survey, family: Family) -> Self {
        let network = Network::new(survey, family);
        let turns = Turns::new(&network);
        let hierarchy = Hierarchy::new(&network, &turns);
        let index = Index::new(&network);
        let memory = turns.with_memory(network.edges());
        Self { network, turns, hierarchy, index, memory }
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The turns.
    pub fn turns(&self) -> &Turns {
        &self.turns
    }

    /// The hierarchy.
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// What a class of this family pays, without live changes.
    pub fn costs(&self, class: Class, rules: &Rules) -> Costs {
        Costs::new(&self.network, &self.turns, class, rules)
    }

    /// Customises the hierarchy for these costs.
    pub fn metric(&self, costs: &Costs) -> Metric {
        Metric::new(&self.hierarchy, &self.turns, costs)
    }

    /// Customises a metric anew for these costs, in the memory that it has.
    pub fn customise(&self, metric: &mut Metric, costs: &Costs) {
        metric.customise(&self.hierarchy, &self.turns, costs);
    }

    /// For each edge, whether a class can get from it to the rest of the roads and back, when nothing is closed.
    pub fn mainland(&self, costs: &Costs) -> Mainland {
        Mainland(mainland(&self.turns, costs, self.network.edges()))
    }
}

/// Edges that are no islands; see [`Roads::mainland`].
#[derive(Clone, Debug)]
pub struct Mainland(Vec<bool>);

/// Answers queries of one class with one metric. Metric and mainland must be of these roads and costs.
#[derive(Clone, Copy, Debug)]
pub struct Router<'a> {
    pub(crate) roads: &'a Roads,
    pub(crate) costs: &'a Costs,
    pub(crate) metric: &'a Metric,
    mainland: &'a Mainland,
}

impl<'a> Router<'a> {
    /// A router.
    pub fn new(roads: &'a Roads, costs: &'a Costs, metric: &'a Metric, mainland: &'a Mainland) -> Self {
        Self { roads, costs, metric, mainland }
    }

    /// The nearest place on a road that the class can use.
    ///
    /// # Errors
    /// Why there is none within the limit, in metres.
    pub fn snap(&self, position: Position, limit_m: f64) -> Result<Snap, SnapError> {
        self.roads.index.snap(&self.roads.network, self.costs, &self.mainland.0, position, limit_m)
    }

    /// The nearest places on at most so many different links, the nearest first; at least one.
    ///
    /// # Errors
    /// Why there is none within the limit, in metres.
    pub fn candidates(&self, position: Position, limit_m: f64, most: usize) -> Result<Vec<Snap>, SnapError> {
        self.roads.index.candidates(&self.roads.network, self.costs, &self.mainland.0, position, limit_m, most)
    }

    /// The name of the road at a place, else its reference, else nothing.
    pub fn name(&self, snap: &Snap) -> &'a str {
        self.roads.network.name(snap.edges()[0].0)
    }

    /// The cost of the best way in milliseconds, without finding it; nothing when there is no way.
    pub fn cost(&self, workspace: &mut Workspace, from: &Snap, to: &Snap) -> Option<Cost> {
        let direct = straight(self.costs, from, to).map_or(FOREVER, |(cost, _)| cost);
        let seeds = (&starts(&self.roads.turns, self.costs, from), &ends(&self.roads.memory, self.costs, to));
        let over = workspace.meet(&self.roads.hierarchy, self.metric, seeds, direct);
        Some(over.map_or(direct, |(_, cost)| cost)).filter(|cost| *cost < FOREVER)
    }

    /// The best way over turns, if it is cheaper than `limit`.
    pub(crate) fn way(&self, workspace: &mut Workspace, from: &Snap, to: &Snap, limit: Cost) -> Option<Leg> {
        let starts = starts(&self.roads.turns, self.costs, from);
        let ends = ends(&self.roads.memory, self.costs, to);
        let meeting = workspace.meet(&self.roads.hierarchy, self.metric, (&starts, &ends), limit)?;
        let way = workspace.way(&self.roads.hierarchy, self.metric, meeting);
        Some(Leg { first: starts[way.seeds.0].edge.0, way })
    }

    /// The same cost by Dijkstra's algorithm on the same graph: slow, and what tests hold the router to.
    pub fn plain_cost(&self, workspace: &mut Workspace, from: &Snap, to: &Snap) -> Option<Cost> {
        let starts = starts(&self.roads.turns, self.costs, from);
        let ends = ends(&self.roads.memory, self.costs, to);
        let over = workspace.dijkstra.way(&self.roads.turns, self.costs, &starts, &ends).map(|way| way.cost);
        let direct = straight(self.costs, from, to).map(|(cost, _)| cost);
        [over, direct].into_iter().flatten().min()
    }
}

/// A way with the edge that it begins on.
#[derive(Clone, Debug)]
pub(crate) struct Leg {
    pub(crate) first: u32,
    pub(crate) way: Way,
}
