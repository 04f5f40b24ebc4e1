//! All that is said of the roads now, and what it comes to: closures and speeds on edges, carried into the costs of every class
//! that they concern. Computes whole states anew and never undoes a part, so that what ends leaves nothing behind.

use super::fact::{Effect, Fact, Lane, Place, Unusable};
use super::town::Town;
use crate::model::class::{NAMES, family};
use belfry_kit::{Geometry, Time};
use belfry_roads::{Class, Costs, Edge, Roads};
use std::collections::HashMap;

/// Metres from a geometry at which a road still is the one that is meant.
const WITHIN_M: f64 = 12.0;
/// The same for a point, which is often drawn beside the road.
const POINT_M: f64 = 30.0;

/// What is said, by entity.
#[derive(Default)]
pub(crate) struct Live {
    said: HashMap<Box<str>, Said>,
    /// Entities that say something that cannot be used, by reason.
    unusable: HashMap<Box<str>, Unusable>,
    /// Families whose costs are not what is said.
    stale: [bool; 3],
    /// When the costs were last made.
    applied: Option<Time>,
}

struct Said {
    fact: Fact,
    /// Where the segment is that it refers to, once that was found.
    segment: Option<Geometry>,
    /// The edges that are meant, by family: in the direction of the geometry.
    edges: [Vec<Edge>; 3],
}

impl Said {
    /// The families whose costs it changes: what vehicles drive says nothing of bicycles and walkers.
    fn families(&self) -> [bool; 3] {
        let closed = matches!(self.fact.effect, Effect::Closed(_));
        std::array::from_fn(|family| (closed || family == 0) && !self.edges[family].is_empty())
    }
}

/// What the facts come to now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Entities that close a road now.
    pub(crate) closures: usize,
    /// Entities that tell a speed now.
    pub(crate) speeds: usize,
    /// Entities that say something of a place where no road is.
    pub(crate) elsewhere: usize,
    /// Entities that say something that cannot be used.
    pub(crate) unusable: usize,
}

/// What is so on an edge now.
#[derive(Clone, Copy, Default)]
struct Now {
    closed: bool,
    /// Sum and number of the speeds that were measured.
    speed: (f32, u16),
}

impl Live {
    /// An entity says this now, or nothing; `find` gives the geometry of a road segment.
    pub(crate) fn hear(
        &mut self,
        id: &str,
        said: Result<Option<Fact>, Unusable>,
        town: Option<&Town>,
        find: &dyn Fn(&str) -> Option<Geometry>,
    ) {
        let before = self.said.remove(id);
        self.unusable.remove(id);
        let fact = match said {
            Ok(fact) => fact,
            Err(why) => {
                self.unusable.insert(id.into(), why);
                None
            }
        };
        let mut marks = before.as_ref().map(Said::families).unwrap_or_default();
        let after = fact.map(|fact| match before {
            // What is measured at a place is measured there again and again.
            Some(before) if before.fact.place == fact.place => Said { fact, ..before },
            _ => bound(fact, town, find),
        });
        let new = after.as_ref().map(Said::families).unwrap_or_default();
        marks.iter_mut().zip(new).for_each(|(mark, new)| *mark |= new);
        self.mark(marks);
        if let Some(after) = after {
            self.said.insert(id.into(), after);
        }
    }

    /// A road segment is somewhere else now, or gone: whoever refers to it is bound anew.
    pub(crate) fn moved(&mut self, segment: &str, town: Option<&Town>, find: &dyn Fn(&str) -> Option<Geometry>) {
        let mut marks = [false; 3];
        for said in self.said.values_mut() {
            let meant = matches!(&said.fact.place, Place::Segment(id) if id.as_str() == segment);
            if meant {
                let new = bound(said.fact.clone(), town, find);
                if new.segment != said.segment {
                    for (mark, (a, b)) in marks.iter_mut().zip(said.families().into_iter().zip(new.families())) {
                        *mark |= a || b;
                    }
                    *said = new;
                }
            }
        }
        self.mark(marks);
    }

    /// The roads are others now: everything is bound anew.
    pub(crate) fn rebind(&mut self, town: Option<&Town>, find: &dyn Fn(&str) -> Option<Geometry>) {
        for said in self.said.values_mut() {
            *said = bound(said.fact.clone(), town, find);
        }
        self.stale = [true; 3];
        self.applied = None;
    }

    /// Forgets everything, before it is read anew.
    pub(crate) fn forget(&mut self) {
        self.said.clear();
        self.unusable.clear();
        self.stale = [true; 3];
    }

    /// Marks what begins or ends by itself up to now. Whether any costs are not what is said.
    pub(crate) fn is_stale(&mut self, now: Time) -> bool {
        if let Some(applied) = self.applied {
            let mut marks = [false; 3];
            for said in self.said.values().filter(|said| said.fact.holds(applied) != said.fact.holds(now)) {
                marks.iter_mut().zip(said.families()).for_each(|(mark, family)| *mark |= family);
            }
            self.mark(marks);
        }
        self.stale.contains(&true)
    }

    /// The next instant at which something begins or ends by itself.
    pub(crate) fn next(&self, now: Time) -> Option<Time> {
        self.said.values().filter_map(|said| said.fact.next(now)).min()
    }

    /// Carries what is said into the costs of every class that it concerns.
    pub(crate) fn apply(&mut self, town: &Town, now: Time) {
        let stale = std::mem::take(&mut self.stale);
        for (class, ..) in NAMES.iter().filter(|(class, ..)| stale[family(*class)]) {
            let edges = self.on_edges(*class, now);
            town.customise(*class, |roads, costs| edges.iter().for_each(|(edge, now)| set(roads, costs, *edge, *now)));
        }
        self.applied = Some(now);
    }

    /// How much is said.
    pub(crate) fn figures(&self, now: Time) -> Figures {
        let mut figures = Figures { unusable: self.unusable.len(), ..Figures::default() };
        for said in self.said.values().filter(|said| said.fact.holds(now)) {
            if said.edges.iter().all(Vec::is_empty) {
                figures.elsewhere += 1;
            } else {
                match said.fact.effect {
                    Effect::Closed(_) => figures.closures += 1,
                    Effect::Speed(..) => figures.speeds += 1,
                }
            }
        }
        figures
    }

    /// Why entities cannot be used, with how many there are of each reason.
    pub(crate) fn reasons(&self) -> Vec<(Unusable, usize)> {
        let mut reasons: Vec<(Unusable, usize)> = Vec::new();
        for why in self.unusable.values() {
            match reasons.iter_mut().find(|(known, _)| known == why) {
                Some((_, count)) => *count += 1,
                None => reasons.push((why, 1)),
            }
        }
        reasons.sort_unstable();
        reasons
    }

    fn mark(&mut self, families: [bool; 3]) {
        self.stale.iter_mut().zip(families).for_each(|(stale, mark)| *stale |= mark);
    }

    fn on_edges(&self, class: Class, now: Time) -> HashMap<Edge, Now> {
        let mut edges: HashMap<Edge, Now> = HashMap::new();
        for said in self.said.values().filter(|said| said.fact.holds(now)) {
            let of_class = &said.edges[family(class)];
            match said.fact.effect {
                Effect::Closed(exempt) if exempt.has(class) => {}
                Effect::Closed(_) => {
                    for edge in of_class.iter().flat_map(|edge| [*edge, edge.reverse()]) {
                        edges.entry(edge).or_default().closed = true;
                    }
                }
                Effect::Speed(..) if !said.families()[family(class)] => {}
                Effect::Speed(kmh, lane) => {
                    let ways = |edge: &Edge| match lane {
                        Lane::Forward => [Some(*edge), None],
                        Lane::Backward => [Some(edge.reverse()), None],
                        Lane::Both => [Some(*edge), Some(edge.reverse())],
                    };
                    let mut meant: Vec<Edge> = of_class.iter().flat_map(ways).flatten().collect();
                    // One entity is heard once, though its geometry may cover an edge both ways.
                    meant.sort_unstable();
                    meant.dedup();
                    for edge in meant {
                        let speed = &mut edges.entry(edge).or_default().speed;
                        *speed = (speed.0 + kmh, speed.1.saturating_add(1));
                    }
                }
            }
        }
        edges
    }
}

/// What is so on an edge, in a class' costs: no measured speed is faster than the class drives by itself.
fn set(roads: &Roads, costs: &mut Costs, edge: Edge, now: Now) {
    if now.closed {
        costs.close(edge);
    } else if now.speed.1 > 0 {
        let free = costs.edge(edge);
        costs.set_speed(roads.network(), edge, now.speed.0 / f32::from(now.speed.1));
        if costs.edge(edge) < free {
            costs.reset(edge);
        }
    }
}

/// Finds the edges that a fact means.
fn bound(fact: Fact, town: Option<&Town>, find: &dyn Fn(&str) -> Option<Geometry>) -> Said {
    let segment = match &fact.place {
        Place::At(_) => None,
        Place::Segment(id) => find(id.as_str()),
    };
    let geometry = match &fact.place {
        Place::At(geometry) => Some(geometry),
        Place::Segment(_) => segment.as_ref(),
    };
    let edges = match (geometry, town) {
        (Some(geometry), Some(town)) => {
            let point = matches!(geometry, Geometry::Point(_) | Geometry::MultiPoint(_));
            let within = if point { POINT_M } else { WITHIN_M };
            std::array::from_fn(|family| town.roads[family].covered(geometry, within))
        }
        _ => Default::default(),
    };
    Said { fact, segment, edges }
}
