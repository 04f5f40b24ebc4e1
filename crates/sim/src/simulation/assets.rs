//! What devices stand at: for each kind the things that it can measure, in order. Follows from the county alone.

use crate::county::{Class, County, PlaceKind, WaterKind};
use crate::device::{Kind, SPECS};
use crate::process::units::distinct;

/// Numbers of things, by what they are to devices.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    /// Reaches of rivers and streams.
    pub rivers: Vec<u32>,
    /// Reaches of canals.
    pub canals: Vec<u32>,
    /// Segments beside which air is measured.
    pub airs: Vec<u32>,
    /// Segments at which bins stand.
    pub bins: Vec<u32>,
    /// Segments on which vehicles are counted.
    pub counters: Vec<u32>,
    /// High buildings.
    pub blocks: Vec<u32>,
    /// Schools.
    pub schools: Vec<u32>,
    /// Junctions of pipes with homes.
    pub pipes: Vec<u32>,
    fixed: [u32; SPECS.len()],
}

impl Assets {
    /// Those of a county.
    pub fn of(county: &County) -> Self {
        let reaches = |canal: bool| {
            // Lines of a real map may go on far outside the county; gauges do not stand there.
            let edge = county.reach_m * 1.5;
            let of_kind = move |reach: &crate::county::Reach| {
                let here = reach.line.iter().all(|at| at.x.abs() < edge && at.y.abs() < edge);
                here && (reach.kind == WaterKind::Canal) == canal
            };
            (0..)
                .zip(&county.rivers.reaches)
                .filter(move |(_, reach)| of_kind(reach))
                .map(|(number, _)| number)
                .collect()
        };
        let places = |kind| county.places_of(kind).map(|(number, _)| number).collect();
        let segments = 0..county.roads.segments.len() as u32;
        let settled = |segment: u32| {
            let (a, _) = county.roads.ends(segment);
            county.settlements.iter().any(|s| s.at.to(a) < s.radius)
        };
        let mut bins = distinct(county.houses.iter().map(|house| house.segment));
        if bins.is_empty() {
            bins = segments.clone().filter(|s| county.roads.way(*s).class == Class::Residential).collect();
        }
        bins.sort_unstable();
        let counters = segments.clone().filter(|s| county.roads.way(*s).class <= Class::Tertiary).collect();
        let mut airs: Vec<u32> =
            segments.filter(|s| county.roads.way(*s).class <= Class::Residential && settled(*s)).collect();
        // Every other one beside a quiet street, every other one where traffic is.
        airs.sort_by_key(|s| (county.roads.way(*s).class > Class::Tertiary, hashed(*s)));
        let pipes =
            (0..).zip(&county.pipes.nodes).filter(|(_, node)| node.houses > 0).map(|(number, _)| number).collect();
        let mut assets = Self {
            rivers: reaches(false),
            canals: reaches(true),
            airs,
            bins,
            counters,
            blocks: places(PlaceKind::Block),
            schools: places(PlaceKind::School),
            pipes,
            fixed: [0; SPECS.len()],
        };
        let fixed = [
            (Kind::Weather, u32::MAX),
            (Kind::Reservoir, county.rivers.reservoirs.len() as u32),
            (Kind::Soil, county.parcels.len() as u32),
            (Kind::Parking, county.car_parks.len() as u32),
            (Kind::Zone, county.pipes.zones.len() as u32),
            (Kind::Meter, county.houses.len() as u32),
        ];
        for (kind, count) in fixed {
            assets.fixed[kind as usize] = count;
        }
        assets
    }

    /// How many things each kind can stand at.
    pub fn counts(&self) -> [u32; SPECS.len()] {
        let mut counts = self.fixed;
        let lists = [
            (Kind::River, &self.rivers),
            (Kind::Canal, &self.canals),
            (Kind::Air, &self.airs),
            (Kind::Bin, &self.bins),
            (Kind::Traffic, &self.counters),
            (Kind::Lift, &self.blocks),
            (Kind::Room, &self.schools),
            (Kind::Pressure, &self.pipes),
        ];
        for (kind, list) in lists {
            counts[kind as usize] = list.len() as u32;
        }
        counts
    }
}

fn hashed(segment: u32) -> u64 {
    crate::draw::hash(1, u64::from(segment), 0)
}
