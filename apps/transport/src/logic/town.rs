//! The roads of the town with what each class pays on them now. A router reads one whole state; new costs take its place at
//! once, and who is reading goes on with the one before.

use crate::logic::map::Map;
use crate::model::class::{NAMES, family, place, rules};
use belfry_kit::{File, Time};
use belfry_roads::{Class, Costs, Mainland, Metric, Report, Roads, Router, Workspace};
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;

/// Workspaces that are kept for the next query.
const MAX_KEPT: usize = 16;

/// The roads of one edition of the map.
pub(crate) struct Town {
    /// The file that they were made from.
    pub(crate) file: File,
    /// By family.
    pub(crate) roads: [Arc<Roads>; 3],
    /// What was read of roads and restrictions.
    pub(crate) report: Report,
    /// Elements in the file: nodes, ways, relations, and those that were rejected.
    pub(crate) elements: [u64; 4],
    /// When they were ready, and how long that took, milliseconds.
    pub(crate) made: (Time, u64),
    /// What each class pays when nothing is closed.
    free: [Costs; 6],
    mainland: [Arc<Mainland>; 6],
    now: [RwLock<Arc<Driving>>; 6],
    workspaces: Mutex<Vec<Workspace>>,
}

/// What one class pays now.
pub(crate) struct Driving {
    pub(crate) roads: Arc<Roads>,
    pub(crate) costs: Costs,
    metric: Metric,
    mainland: Arc<Mainland>,
}

impl Driving {
    /// A router.
    pub(crate) fn router(&self) -> Router<'_> {
        Router::new(&self.roads, &self.costs, &self.metric, &self.mainland)
    }
}

impl Town {
    /// Makes the roads ready for every class.
    pub(crate) fn new(map: Map, file: File, made: (Time, u64)) -> Self {
        let Map { roads, report, read: (first, second) } = map;
        let elements = [second.nodes, first.ways, first.relations, first.rejected + second.rejected];
        let roads = roads.map(Arc::new);
        let classes: [Class; 6] = NAMES.map(|(class, ..)| class);
        let free = classes.map(|class| roads[family(class)].costs(class, &rules(class)));
        let mainland = classes.map(|class| Arc::new(roads[family(class)].mainland(&free[place(class)])));
        let now = classes.map(|class| {
            let (roads, costs) = (roads[family(class)].clone(), free[place(class)].clone());
            let metric = roads.metric(&costs);
            RwLock::new(Arc::new(Driving { roads, costs, metric, mainland: mainland[place(class)].clone() }))
        });
        Self { file, roads, report, elements, made, free, mainland, now, workspaces: Mutex::default() }
    }

    /// What a class pays now.
    pub(crate) fn driving(&self, class: Class) -> Arc<Driving> {
        self.now[place(class)].read().clone()
    }

    /// From now on a class pays what `change` makes of what it pays when nothing is closed.
    pub(crate) fn customise(&self, class: Class, change: impl FnOnce(&Roads, &mut Costs)) {
        let (roads, mut costs) = (self.roads[family(class)].clone(), self.free[place(class)].clone());
        change(&roads, &mut costs);
        let metric = roads.metric(&costs);
        let mainland = self.mainland[place(class)].clone();
        *self.now[place(class)].write() = Arc::new(Driving { roads, costs, metric, mainland });
    }

    /// Lends a workspace.
    pub(crate) fn with_workspace<R>(&self, work: impl FnOnce(&mut Workspace) -> R) -> R {
        let mut workspace = self.workspaces.lock().pop().unwrap_or_default();
        let made = work(&mut workspace);
        let mut kept = self.workspaces.lock();
        if kept.len() < MAX_KEPT {
            kept.push(workspace);
        }
        made
    }
}
