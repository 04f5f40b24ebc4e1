//! Costs between many places at once: each end leaves what it costs to come from above at every vertex that it climbs to,
//! and each start gathers what lies on its own climb (Knopp and others, Computing Many-to-Many Shortest Paths Using Highway Hierarchies,
//! ALENEX 2007). Unpacks no ways.

use crate::costs::{Cost, FOREVER};
use crate::router::Router;
use crate::search::Workspace;
use crate::snap::Snap;
use crate::terminal::{ends, starts, straight};

/// Costs in milliseconds, a row for each start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    columns: usize,
    costs: Vec<Cost>,
}

impl Matrix {
    /// Milliseconds from a start to an end, or nothing when there is no way.
    pub fn get(&self, start: usize, end: usize) -> Option<Cost> {
        self.costs.get(start * self.columns + end).copied().filter(|cost| end < self.columns && *cost < FOREVER)
    }
}

impl Router<'_> {
    /// Costs of the best ways from every start to every end. As [`crate::Route::cost`], they hold the price of zones.
    pub fn matrix(&self, workspace: &mut Workspace, from: &[Snap], to: &[Snap]) -> Matrix {
        let (roads, metric) = (self.roads, self.metric);
        let hierarchy = &roads.hierarchy;
        let mut left: Vec<(u32, u32, Cost)> = Vec::new();
        for (column, to) in to.iter().enumerate() {
            let ends = ends(&roads.memory, self.costs, to);
            left.extend(workspace.climb_back(hierarchy, metric, &ends).map(|(v, cost)| (v, column as u32, cost)));
        }
        // In groups by vertex.
        let mut first = vec![0_u32; hierarchy.parent.len() + 1];
        left.iter().for_each(|(v, ..)| first[*v as usize + 1] += 1);
        for at in 1..first.len() {
            first[at] += first[at - 1];
        }
        let mut next = first.clone();
        let mut groups = vec![(0, 0); left.len()];
        for (v, column, cost) in left {
            groups[next[v as usize] as usize] = (column, cost);
            next[v as usize] += 1;
        }
        let mut costs = vec![FOREVER; from.len() * to.len()];
        for (from, row) in from.iter().zip(costs.chunks_exact_mut(to.len().max(1))) {
            let starts = starts(&roads.turns, self.costs, from);
            for (v, cost) in workspace.climb_forth(hierarchy, metric, &starts) {
                for (column, rest) in &groups[first[v as usize] as usize..first[v as usize + 1] as usize] {
                    let cell = &mut row[*column as usize];
                    *cell = (*cell).min(cost + rest);
                }
            }
            for (cell, to) in row.iter_mut().zip(to) {
                if let Some((cost, _)) = straight(self.costs, from, to) {
                    *cell = (*cell).min(cost);
                }
            }
        }
        Matrix { columns: to.len(), costs }
    }
}
