//! What really happened: hazards, incidents and faults with begin, end, place and what they concern, kept beside what devices
//! say. No device knows it; tests and scores do.

use crate::plane::Point;
use belfry_kernel::Time;

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TruthKind {
    /// Rain of more than 20 mm an hour somewhere.
    HeavyRain,
    /// A cloudburst that a scenario asked for.
    Cloudburst,
    /// Dust of more than 150 µg PM10 a m3.
    DustStorm,
    /// Below freezing in the valley.
    Frost,
    /// A river above its banks.
    Flood,
    /// An accident on a road.
    Accident,
    /// A closed road.
    Closure,
    /// A fire.
    Fire,
    /// A broken main.
    Leak,
    /// A school whose cooling failed.
    RoomHeat,
    /// A lift that does not run.
    LiftStopped,
    /// A device that says nothing.
    Silence,
    /// A device whose battery is empty.
    BatteryDead,
    /// A device that a scenario broke.
    DeviceFault,
}

impl TruthKind {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::HeavyRain => "heavyRain",
            Self::Cloudburst => "cloudburst",
            Self::DustStorm => "dustStorm",
            Self::Frost => "frost",
            Self::Flood => "flood",
            Self::Accident => "accident",
            Self::Closure => "closure",
            Self::Fire => "fire",
            Self::Leak => "leak",
            Self::RoomHeat => "roomHeat",
            Self::LiftStopped => "liftStopped",
            Self::Silence => "silence",
            Self::BatteryDead => "batteryDead",
            Self::DeviceFault => "deviceFault",
        }
    }

    /// Whether it is of one device, and there are as many as there are devices.
    pub fn of_device(self) -> bool {
        matches!(self, Self::LiftStopped | Self::Silence | Self::BatteryDead | Self::DeviceFault)
    }
}

/// What something concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asset {
    /// A device, by number.
    Device(u32),
    /// A segment of road.
    Segment(u32),
    /// A reach of a river.
    Reach(u32),
    /// A junction of pipes.
    Pipe(u32),
    /// A place.
    Place(u32),
}

/// Something that happened or happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Its number, from 0.
    pub id: u32,
    /// What.
    pub kind: TruthKind,
    /// Since when.
    pub begin: Time,
    /// Until when, if it is over, or if its end is certain.
    pub end: Option<Time>,
    /// Where.
    pub at: Option<Point>,
    /// What it concerns.
    pub assets: Vec<Asset>,
    /// How large, at its largest so far: mm/h, µg/m3, m, l/s, K, whatever its kind is measured in.
    pub size: f32,
    /// The scenario's event that brought it about.
    pub cause: Option<u32>,
}

/// What happens now, and the last of what happened. Of devices' faults only a count is kept.
#[derive(Clone, Debug, Default)]
pub struct Truths {
    open: Vec<Truth>,
    over: std::collections::VecDeque<Truth>,
    next: u32,
}

/// How many that are over are remembered; a listener hears them all.
pub const REMEMBERED: usize = 10_000;

impl Truths {
    /// Gives something its number and keeps it until it ends.
    pub(crate) fn begin(&mut self, mut truth: Truth) -> Truth {
        truth.id = self.next;
        self.next += 1;
        if truth.end.is_none() {
            self.open.push(truth.clone());
        }
        truth
    }

    /// Ends what has this number.
    pub(crate) fn end(&mut self, id: u32, now: Time) -> Option<Truth> {
        let at = self.open.iter().position(|truth| truth.id == id)?;
        let mut truth = self.open.swap_remove(at);
        truth.end = Some(now);
        if self.over.len() >= REMEMBERED {
            self.over.pop_front();
        }
        self.over.push_back(truth.clone());
        Some(truth)
    }

    /// Something is larger than it was so far.
    pub(crate) fn grows(&mut self, id: u32, size: f32) {
        if let Some(truth) = self.open.iter_mut().find(|truth| truth.id == id)
            && size.abs() > truth.size.abs()
        {
            truth.size = size;
        }
    }

    /// What happens now.
    pub fn open(&self) -> &[Truth] {
        &self.open
    }

    /// What is over, oldest first: at most [`REMEMBERED`].
    pub fn over(&self) -> impl Iterator<Item = &Truth> {
        self.over.iter()
    }

    /// The one of this kind that happens now.
    pub(crate) fn of(&self, kind: TruthKind) -> Option<u32> {
        self.open.iter().find(|truth| truth.kind == kind).map(|truth| truth.id)
    }
}
