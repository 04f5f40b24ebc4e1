//! A county from a seed: ground, water, settlements with their streets, farms, and what stands in them. One draw for
//! each part, so that a change of one part leaves the others as they were.

use super::farms::middle_and_area;
use super::grow::Draft;
use super::roads::{Class, Roads};
use super::water::{Kind, Reach, Reservoir, Rivers};
use super::{CarPark, County, Crop, Farm, House, Parcel, Pipes, Place, PlaceKind, Service, Settlement, Soil, Terrain};
use super::{names, pipes, timetable};
use crate::draw::Draw;
use crate::plane::{Plane, Point, along};
use belfry_kernel::Position;
use std::f64::consts::{FRAC_PI_2, PI};

/// What a generated county is made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outline {
    /// Everything is drawn from it.
    pub seed: u64,
    /// Where the town's middle is.
    pub origin: Position,
    /// How many devices it is to have: a larger county for more.
    pub devices: u32,
}

impl Default for Outline {
    fn default() -> Self {
        Self { seed: 1, origin: Position { lon: 9.5, lat: 46.8, alt: None }, devices: 200 }
    }
}

impl County {
    /// Generates a county.
    pub fn generate(outline: &Outline) -> Self {
        let seed = outline.seed;
        let crossings = (40.0 * f64::from(outline.devices.max(1)).powf(0.4)).clamp(200.0, 15_000.0);
        let radius = (crossings * 95.0 * 95.0 * 1.1 / PI).sqrt();
        let reach_m = 8_000.0 + 2.2 * radius;
        let terrain = Terrain::valley(seed, 420.0, 460.0, reach_m);
        let rivers = rivers(&terrain, reach_m, &mut Draw::new(seed, 1));
        let settlements = settlements(&terrain, reach_m, radius, &mut Draw::new(seed, 2));
        let mut draft = Draft::new(&rivers);
        main_roads(&mut draft, &settlements, &terrain, reach_m);
        let mut draw = Draw::new(seed, 3);
        for (place, settlement) in settlements.iter().enumerate() {
            let share = if place == 0 { 0.7 } else { 0.3 / (settlements.len() - 1) as f64 };
            let target = (crossings * share) as usize;
            draft.streets(&mut draw, &settlement.name, settlement.at, settlement.radius, target.max(12));
        }
        let (farms, parcels) = farms(&rivers, &settlements, &mut Draw::new(seed, 4));
        for farm in &farms {
            let node = draft.nearest(farm.at);
            if draft.nodes[node as usize].to(farm.at) < 2_500.0 {
                draft.main_road(&format!("{} track", farm.name), Class::Track, node, &[farm.at]);
            }
        }
        let roads = Roads::new(std::mem::take(&mut draft.nodes), std::mem::take(&mut draft.ways));
        let houses = houses(&roads, &settlements);
        let mut county = Self {
            seed,
            plane: Plane::new(outline.origin),
            ahead_s: (outline.origin.lon / 15.0).round() as i32 * 3_600,
            reach_m,
            terrain,
            settlements,
            rivers,
            roads,
            places: Vec::new(),
            houses,
            car_parks: Vec::new(),
            farms,
            parcels,
            pipes: Pipes::default(),
            feed: belfry_connect_gtfs::Feed::default(),
            service: Service::default(),
        };
        county.furnish(&mut Draw::new(seed, 5));
        let works = pipes::works(&county);
        county.pipes = Pipes::new(&county.roads, &county.terrain, &county.houses, works);
        county.feed = timetable::draw_up(&county, &mut Draw::new(seed, 6));
        county.service = Service::of(&county.feed, &county.roads, &county.plane);
        county
    }

    /// Puts places and car parks at the roads, as many as the houses ask for. Kinds that are there already stay as they are.
    pub(super) fn furnish(&mut self, draw: &mut Draw) {
        let houses = self.houses.len();
        let wanted = [
            (PlaceKind::Hall, 1),
            (PlaceKind::School, 2 + houses / 900),
            (PlaceKind::Clinic, 1 + houses / 4_000),
            (PlaceKind::FireStation, 1 + houses / 3_000),
            (PlaceKind::BusDepot, 1),
            (PlaceKind::WasteYard, 1),
            (PlaceKind::WaterWorks, 1),
            (PlaceKind::SewageWorks, 1),
            (PlaceKind::Block, 3 + houses / 70),
            (PlaceKind::Shelter, 2 + houses / 2_500),
        ];
        let Some(town) = self.settlements.first().cloned() else { return };
        for (kind, count) in wanted {
            if self.places.iter().any(|place| place.kind == kind) {
                continue;
            }
            for number in 0..count {
                let at = match kind {
                    PlaceKind::Hall => town.at,
                    PlaceKind::WasteYard => town.at.off(0.9, town.radius * 0.95),
                    PlaceKind::SewageWorks => town.at.off(-0.2, town.radius),
                    PlaceKind::WaterWorks => town.at.off(2.2, town.radius * 1.05),
                    PlaceKind::Shelter | PlaceKind::School if number % 3 == 1 && self.settlements.len() > 1 => {
                        self.settlements[1 + draw.below(self.settlements.len() - 1)].at
                    }
                    _ => town.at.off(draw.between(0.0, 2.0 * PI), town.radius * draw.share().sqrt() * 0.85),
                };
                let Some(node) = self.roads.nearest_node(at) else { continue };
                let at = self.roads.nodes[node as usize].off(draw.between(0.0, 2.0 * PI), 32.0);
                let name =
                    if count == 1 { kind.label().to_owned() } else { format!("{} {}", kind.label(), number + 1) };
                self.places.push(Place { kind, name, at, node });
            }
        }
        if self.car_parks.is_empty() {
            for number in 0..3 + houses / 500 {
                let at = town.at.off(draw.between(0.0, 2.0 * PI), town.radius * draw.share() * 0.6);
                let Some(node) = self.roads.nearest_node(at) else { continue };
                let at = self.roads.nodes[node as usize].off(draw.between(0.0, 2.0 * PI), 45.0);
                let spaces = draw.between(30.0, 260.0) as u16;
                self.car_parks.push(CarPark { name: format!("Car park {}", number + 1), at, spaces });
            }
        }
    }
}

fn rivers(terrain: &Terrain, reach: f64, draw: &mut Draw) -> Rivers {
    // Where streams join, and where canals leave and come back, as shares of the way from west to east.
    let joins = [(-0.72, 1.0), (-0.38, -1.0), (0.34, 1.0), (0.62, -1.0)];
    let canals = [(-0.6, -0.2, 1.0), (0.18, 0.86, -1.0)];
    let mut cuts: Vec<f64> = joins.iter().map(|join| join.0).collect();
    cuts.extend(canals.iter().flat_map(|canal| [canal.0, canal.1]));
    cuts.extend([-1.0, 1.0]);
    cuts.sort_by(f64::total_cmp);
    let mut all: Vec<f64> = Vec::new();
    for pair in cuts.windows(2) {
        let parts = ((pair[1] - pair[0]) * reach / 2_600.0).ceil().max(1.0);
        all.extend((0..parts as usize).map(|part| pair[0] + (pair[1] - pair[0]) * part as f64 / parts));
    }
    let line_of = |from: f64, to: f64, shift: f64| -> Vec<Point> {
        let steps = (((to - from) * reach) / 140.0).ceil().max(1.0) as usize;
        let point = |step: usize| {
            let share = step as f64 / steps as f64;
            let x = (from + (to - from) * share) * reach;
            // A canal leaves the river and comes back to it: its distance grows and shrinks over the first and last tenth.
            let away = (share.min(1.0 - share) * 10.0).min(1.0);
            Point::new(x, terrain.river_y(x) + shift * away)
        };
        (0..=steps).map(point).collect()
    };
    let mut out = Rivers::default();
    let (mut last_main, mut waiting): (Option<u32>, Vec<(f64, u32)>) = (None, Vec::new());
    for (number, from) in all.iter().enumerate() {
        let to = all.get(number + 1).copied().unwrap_or(1.0);
        for (order, (at, side)) in joins.iter().enumerate().filter(|(_, join)| join.0 == *from) {
            let mouth = Point::new(at * reach, terrain.river_y(at * reach));
            let head = mouth.off(FRAC_PI_2 * side + draw.between(-0.3, 0.5), reach * draw.between(0.34, 0.5));
            let line = (0..=24).map(|step| {
                let share = f64::from(step) / 24.0;
                let bent = (share * PI * 3.0).sin() * 130.0 * (share * PI).sin();
                let point = head.toward(mouth, share);
                Point::new(point.x + bent, point.y)
            });
            let mut reach = Reach::new(Kind::Stream, format!("Beck {}", order + 1), line.collect());
            (reach.land, reach.middle) = (16e6, head.toward(mouth, 0.4));
            let own = out.reaches.len() as u32;
            if order == 0 {
                let (name, at) = ("Upper reservoir".to_owned(), head);
                out.reservoirs.push(Reservoir {
                    name,
                    at,
                    below: own,
                    surface: 420_000.0,
                    full: 14.0,
                    land: 11e6,
                    middle: head,
                });
                reach.land = 5e6;
            }
            out.reaches.push(reach);
            waiting.push((*from, own));
        }
        let mut main = Reach::new(Kind::River, "Aller".to_owned(), line_of(*from, to, 0.0));
        main.land = main.length * 1_400.0;
        if number == 0 {
            (main.land, main.width) = (58e6, 18.0);
            main.middle = Point::new(-0.86 * reach, terrain.river_y(-0.86 * reach) + 900.0);
        }
        let own = out.reaches.len() as u32;
        if let Some(before) = last_main {
            out.reaches[before as usize].downstream = Some(own);
        }
        for (_, joins) in waiting.extract_if(.., |(at, _)| *at == *from) {
            out.reaches[joins as usize].downstream = Some(own);
        }
        out.reaches.push(main);
        last_main = Some(own);
        for (order, (_, back, side)) in canals.iter().enumerate().filter(|(_, canal)| canal.0 == to) {
            let canal = out.reaches.len() as u32;
            let line = line_of(to, *back, side * 780.0);
            let mut reach = Reach::new(Kind::Canal, format!("Canal {}", order + 1), line);
            reach.source = Some(own);
            out.reaches.push(reach);
            waiting.push((*back, canal));
        }
    }
    out
}

fn settlements(terrain: &Terrain, reach: f64, radius: f64, draw: &mut Draw) -> Vec<Settlement> {
    let town = Point::new(0.0, terrain.river_y(0.0) + 260.0);
    let mut taken = vec![names::settlement(draw, &[])];
    let mut all = vec![Settlement { name: taken[0].clone(), at: town, radius }];
    for degrees in [38.0, 84.0, 134.0, 222.0, 318.0_f64] {
        let angle = (degrees + draw.between(-7.0, 7.0)).to_radians();
        let mut at = town.off(angle, (radius * 1.25 + 1_300.0).max(reach * draw.between(0.42, 0.62)));
        let from_river = at.y - terrain.river_y(at.x);
        if from_river.abs() < 700.0 {
            at.y += (700.0 - from_river.abs()) * from_river.signum();
        }
        let name = names::settlement(draw, &taken);
        taken.push(name.clone());
        all.push(Settlement { name, at, radius: (radius * 0.34).clamp(260.0, 1_400.0) });
    }
    all
}

fn main_roads(draft: &mut Draft<'_>, settlements: &[Settlement], terrain: &Terrain, reach: f64) {
    let town = &settlements[0];
    let middle = draft.node(town.at);
    let edge = reach * 0.97;
    let steps = |length: f64| (length / 190.0).ceil().max(2.0) as usize;
    for (name, east) in [("West Road", -1.0), ("East Road", 1.0)] {
        let n = steps(edge);
        let points = (1..=n).map(|step| {
            let x = east * edge * step as f64 / n as f64;
            Point::new(x, terrain.river_y(x) + 260.0)
        });
        draft.main_road(name, Class::Trunk, middle, &points.collect::<Vec<_>>());
    }
    let n = steps(edge + town.at.y);
    let south = (1..=n).map(|step| {
        let y = town.at.y - (edge + town.at.y) * step as f64 / n as f64;
        Point::new((step as f64 / 9.0).sin() * 60.0 * step as f64 / n as f64, y)
    });
    draft.main_road("South Road", Class::Trunk, middle, &south.collect::<Vec<_>>());
    for village in &settlements[1..] {
        let n = steps(town.at.to(village.at));
        let across = town.at.direction(village.at) + FRAC_PI_2;
        let points = (1..=n).map(|step| {
            let share = step as f64 / n as f64;
            town.at.toward(village.at, share).off(across, (share * PI * 2.0).sin() * 110.0)
        });
        draft.main_road(&format!("{} Road", village.name), Class::Secondary, middle, &points.collect::<Vec<_>>());
    }
}

fn houses(roads: &Roads, settlements: &[Settlement]) -> Vec<House> {
    let mut houses = Vec::new();
    for segment in 0..roads.segments.len() as u32 {
        let (a, b) = roads.ends(segment);
        let way = roads.way(segment);
        let middle = a.toward(b, 0.5);
        let lived_in = matches!(way.class, Class::Tertiary | Class::Residential)
            && settlements.iter().any(|s| s.at.to(middle) < s.radius * 1.15);
        if !lived_in {
            continue;
        }
        let (length, direction) = (a.to(b), a.direction(b));
        let mut walked = 18.0;
        while walked < length - 14.0 {
            for side in [FRAC_PI_2, -FRAC_PI_2] {
                let at = a.toward(b, walked / length).off(direction + side, 15.0);
                houses.push(House { x: at.x as f32, y: at.y as f32, segment });
            }
            walked += 26.0;
        }
    }
    houses
}

fn farms(rivers: &Rivers, settlements: &[Settlement], draw: &mut Draw) -> (Vec<Farm>, Vec<Parcel>) {
    let (mut farms, mut parcels) = (Vec::new(), Vec::new());
    let mut farm = |at: Point, direction: f64, side: f64, canal: Option<u32>, draw: &mut Draw| {
        let number = farms.len() as u32;
        let yard = at.off(direction + FRAC_PI_2 * side, 60.0);
        farms.push(Farm { name: format!("Farm {}", number + 1), at: yard });
        for field in 0..3_u32 {
            let (long, wide) = (draw.between(190.0, 240.0), draw.between(260.0, 420.0));
            let start = at.off(direction, f64::from(field) * 250.0 + 20.0).off(direction + FRAC_PI_2 * side, 110.0);
            let across = direction + FRAC_PI_2 * side;
            let far = start.off(direction, long);
            let corners = vec![start, far, far.off(across, wide), start.off(across, wide)];
            let (middle, area) = middle_and_area(&corners);
            let crops: &[Crop] = if canal.is_some() { &Crop::ALL } else { &[Crop::Apples, Crop::Grapes, Crop::Wheat] };
            let (crop, soil) = (crops[draw.below(crops.len())], Soil::ALL[draw.below(4)]);
            parcels.push(Parcel { farm: number, corners, at: middle, area, crop, soil, canal });
        }
    };
    for (number, reach) in (0..).zip(&rivers.reaches).filter(|(_, reach)| reach.kind == Kind::Canal) {
        // Away from the river, whose side is known by where the canal's middle lies.
        let side = rivers.main_at(reach.middle).map_or(1.0, |river| if river.y < reach.middle.y { 1.0 } else { -1.0 });
        let mut walked = reach.length * 0.12;
        while walked < reach.length * 0.85 {
            let (at, direction) = along(&reach.line, walked);
            farm(at, direction, side, Some(number), draw);
            walked += 840.0;
        }
    }
    for village in settlements.iter().skip(1) {
        let direction = draw.between(0.0, 2.0 * PI);
        farm(village.at.off(direction, village.radius + 350.0), direction, 1.0, None, draw);
    }
    (farms, parcels)
}
