//! Fire engines, ambulances and waste trucks: they stand at their base, drive on roads that are open, work, and come back.
//! By events, one at the end of each leg; between them a place is worked out from the way.

use crate::county::{County, PlaceKind};
use crate::plane::{Point, along, length};
use hashbrown::HashSet;

/// What a vehicle is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitKind {
    /// A fire engine.
    FireEngine,
    /// An ambulance.
    Ambulance,
    /// A waste truck.
    WasteTruck,
}

impl UnitKind {
    /// The word for it in ids.
    pub fn word(self) -> &'static str {
        match self {
            Self::FireEngine => "fire-engine",
            Self::Ambulance => "ambulance",
            Self::WasteTruck => "waste-truck",
        }
    }

    /// How much quicker than a car it drives.
    fn haste(self) -> f64 {
        match self {
            Self::FireEngine | Self::Ambulance => 1.25,
            Self::WasteTruck => 0.75,
        }
    }
}

/// What a unit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// It is ready at its base.
    Ready,
    /// It drives to a call.
    Out,
    /// It works there.
    OnScene,
    /// It drives back.
    Back,
    /// It collects waste.
    Round,
}

impl Task {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Out => "enRoute",
            Self::OnScene => "onScene",
            Self::Back => "returning",
            Self::Round => "collecting",
        }
    }
}

/// A vehicle.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// What for.
    pub kind: UnitKind,
    /// Its number among its kind, from 1.
    pub number: u32,
    /// Its base, a node of the roads.
    base: u32,
    /// What it does.
    pub task: Task,
    /// Seconds at the scene, when it is called.
    work: f64,
    node: u32,
    line: Vec<Point>,
    left: f64,
    arrives: f64,
    /// For waste trucks: the segments of its round, and the next of them.
    round: Vec<u32>,
    next: usize,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Units {
    /// The vehicles.
    pub all: Vec<Unit>,
}

/// Stops of a waste truck's round on a day, at most.
const ROUND: usize = 90;

impl Units {
    /// The vehicles of a county's stations and yard. `bins` are the segments at which bins stand.
    pub fn new(county: &County, bins: &[u32]) -> Self {
        let mut units = Self::default();
        for (_, place) in county.places_of(PlaceKind::FireStation) {
            for kind in [UnitKind::FireEngine, UnitKind::FireEngine, UnitKind::Ambulance, UnitKind::Ambulance] {
                units.add(kind, place.node);
            }
        }
        let yard = county.places_of(PlaceKind::WasteYard).next().map(|(_, place)| place.node);
        if let (Some(yard), false) = (yard, bins.is_empty()) {
            // In the order of a snake over squares, so that what follows each other is near.
            let mut order: Vec<u32> = bins.to_vec();
            order.sort_by_key(|segment| {
                let (a, b) = county.roads.ends(*segment);
                let middle = a.toward(b, 0.5);
                let (row, column) = ((middle.y / 500.0).floor() as i64, (middle.x / 500.0).floor() as i64);
                (row, if row % 2 == 0 { column } else { -column }, *segment)
            });
            let trucks = order.len().div_ceil(ROUND * 3).clamp(1, 60);
            for round in order.chunks(order.len().div_ceil(trucks)) {
                units.add(UnitKind::WasteTruck, yard);
                if let Some(unit) = units.all.last_mut() {
                    unit.round = round.to_vec();
                }
            }
        }
        units
    }

    fn add(&mut self, kind: UnitKind, base: u32) {
        let number = self.all.iter().filter(|unit| unit.kind == kind).count() as u32 + 1;
        self.all.push(Unit {
            kind,
            number,
            base,
            task: Task::Ready,
            work: 0.0,
            node: base,
            line: Vec::new(),
            left: 0.0,
            arrives: 0.0,
            round: Vec::new(),
            next: 0,
        });
    }

    /// Sends the unit of a kind that is ready and nearest by air to a node for `work` seconds. Returns it and when it arrives;
    /// none when none is ready or the node cannot be reached.
    pub fn call(
        &mut self,
        kind: UnitKind,
        county: &County,
        to: u32,
        work: f64,
        now: f64,
        open: impl Fn(u32) -> bool,
    ) -> Option<(u32, f64)> {
        let at = county.roads.nodes[to as usize];
        let ready = (0..).zip(&self.all).filter(|(_, unit)| unit.kind == kind && unit.task == Task::Ready);
        let far = |unit: &Unit| county.roads.nodes[unit.node as usize].to(at);
        let (number, _) = ready.min_by(|a, b| far(a.1).total_cmp(&far(b.1)))?;
        let unit = &mut self.all[number as usize];
        unit.work = work;
        unit.drive(county, to, now, Task::Out, open).then_some((number, unit.arrives))
    }

    /// A waste truck begins its round. Returns when it reaches its first stop.
    pub fn round(&mut self, unit: u32, county: &County, now: f64, open: impl Fn(u32) -> bool) -> Option<f64> {
        let unit = &mut self.all[unit as usize];
        if unit.kind != UnitKind::WasteTruck || unit.task != Task::Ready || unit.round.is_empty() {
            return None;
        }
        unit.work = ROUND as f64;
        unit.drive_round(county, now, open)
    }

    /// A unit has come to the end of its leg. Returns when its next leg ends, and the segment whose bins it has emptied.
    pub fn arrive(
        &mut self,
        number: u32,
        county: &County,
        now: f64,
        open: impl Fn(u32) -> bool,
    ) -> (Option<f64>, Option<u32>) {
        let unit = &mut self.all[number as usize];
        match unit.task {
            Task::Ready => (None, None),
            Task::Out => {
                unit.task = Task::OnScene;
                unit.arrives = now + unit.work;
                (Some(unit.arrives), None)
            }
            Task::OnScene => (unit.home(county, now, open), None),
            Task::Back => {
                (unit.task, unit.line) = (Task::Ready, Vec::new());
                (None, None)
            }
            Task::Round => {
                let emptied = unit.round.get(unit.next).copied();
                unit.next = (unit.next + 1) % unit.round.len().max(1);
                unit.work -= 1.0;
                let next =
                    if unit.work > 0.0 { unit.drive_round(county, now, open) } else { unit.home(county, now, open) };
                (next, emptied)
            }
        }
    }
}

impl Unit {
    fn home(&mut self, county: &County, now: f64, open: impl Fn(u32) -> bool) -> Option<f64> {
        if !self.drive(county, self.base, now, Task::Back, open) {
            // Shut in: it tries again in five minutes.
            self.task = Task::OnScene;
            self.arrives = now + 300.0;
        }
        Some(self.arrives)
    }

    fn drive_round(&mut self, county: &County, now: f64, open: impl Fn(u32) -> bool) -> Option<f64> {
        for _ in 0..self.round.len() {
            let to = county.roads.segments[self.round[self.next] as usize].b;
            if self.drive(county, to, now, Task::Round, &open) {
                // Half a minute for the bins themselves.
                self.arrives += 30.0;
                return Some(self.arrives);
            }
            self.next = (self.next + 1) % self.round.len();
        }
        self.home(county, now, open)
    }

    fn drive(&mut self, county: &County, to: u32, now: f64, task: Task, open: impl Fn(u32) -> bool) -> bool {
        let Some(path) = county.roads.path(self.node, to, open) else { return false };
        let millis: u64 = path.iter().map(|segment| county.roads.millis(*segment)).sum();
        self.line = county.roads.line(self.node, &path);
        (self.node, self.task, self.left) = (to, task, now);
        self.arrives = now + millis as f64 / 1_000.0 / self.kind.haste() + 1.0;
        true
    }

    /// Its name in ids.
    pub fn name(&self) -> String {
        format!("{}-{}", self.kind.word(), self.number)
    }

    /// Whether it drives.
    pub fn moves(&self) -> bool {
        matches!(self.task, Task::Out | Task::Back | Task::Round)
    }

    /// The roads that it stands at or drives to.
    pub fn node(&self) -> u32 {
        self.node
    }

    /// Where it is, its direction in radians from east, and its speed in m/s.
    pub fn sight(&self, county: &County, now: f64) -> (Point, f64, f64) {
        let stands = county.roads.nodes[self.node as usize];
        if !self.moves() || self.line.len() < 2 {
            return (stands, 0.0, 0.0);
        }
        let whole = length(&self.line);
        let seconds = (self.arrives - self.left).max(1.0);
        let share = ((now - self.left) / seconds).clamp(0.0, 1.0);
        let (at, direction) = along(&self.line, whole * share);
        (at, direction, whole / seconds)
    }
}

/// The segments among these that are not twice there.
pub fn distinct(segments: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut seen = HashSet::new();
    segments.filter(|segment| seen.insert(*segment)).collect()
}
