//! A county from a real map, and with a real timetable if there is one: elements of OpenStreetMap come in one by one, as
//! plain values. What the map does not know (pipes, heights, soils) is made up from the seed. Opens no file.

use super::farms::middle_and_area;
use super::roads::{Class, Roads, Way};
use super::water::{Kind, Reach, Rivers};
use super::{CarPark, County, Crop, Farm, House, Parcel, Pipes, Place, PlaceKind, Service, Settlement, Soil, Terrain};
use super::{pipes, timetable};
use crate::draw::Draw;
use crate::plane::{Plane, Point};
use belfry_connect_gtfs::Feed;
use belfry_kernel::Position;
use hashbrown::{HashMap, HashSet};

/// The most nodes of a map that are taken.
pub const MAX_NODES: usize = 8_000_000;
/// The most houses that are kept.
const MAX_HOUSES: usize = 400_000;
/// The most fields.
const MAX_PARCELS: usize = 20_000;

/// Why a map cannot be a county.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It is larger than a county.
    #[error("the map has more than {MAX_NODES} nodes: that is more than a county")]
    TooLarge,
    /// Nothing to drive on.
    #[error("the map has no road for vehicles (ways with `highway`)")]
    NoRoads,
}

/// A way that was kept until all nodes are known.
struct Kept {
    nodes: Vec<i64>,
    what: What,
    name: String,
}

enum What {
    Road(Class, f32, bool),
    Water(Kind),
    Field(Option<Crop>),
    Place(PlaceKind),
    House,
    Parking(u16),
}

/// A map in the making.
#[derive(Default)]
pub struct Import {
    nodes: HashMap<i64, (f64, f64)>,
    ways: Vec<Kept>,
    /// Places that are nodes.
    points: Vec<(Position, What, String)>,
    settlements: Vec<(Position, f64, String)>,
    too_large: bool,
}

fn tag<'a>(tags: &[(&'a str, &'a str)], key: &str) -> Option<&'a str> {
    tags.iter().find(|(k, _)| *k == key).map(|(_, value)| *value)
}

fn road(tags: &[(&str, &str)]) -> Option<What> {
    let class = match tag(tags, "highway")?.trim_end_matches("_link") {
        "motorway" | "trunk" | "primary" => Class::Trunk,
        "secondary" => Class::Secondary,
        "tertiary" | "unclassified" => Class::Tertiary,
        "residential" | "living_street" => Class::Residential,
        "track" => Class::Track,
        _ => return None,
    };
    let speed = tag(tags, "maxspeed").and_then(|s| s.split(' ').next()?.parse::<f32>().ok());
    let miles = tag(tags, "maxspeed").is_some_and(|s| s.ends_with("mph"));
    let speed = speed.map(|s| if miles { s * 1.609 } else { s }).filter(|s| (5.0..=150.0).contains(s));
    Some(What::Road(class, speed.unwrap_or(class.speed()), tag(tags, "bridge").is_some_and(|b| b != "no")))
}

fn other(tags: &[(&str, &str)]) -> Option<What> {
    match tag(tags, "waterway") {
        Some("river") => return Some(What::Water(Kind::River)),
        Some("stream") => return Some(What::Water(Kind::Stream)),
        Some("canal" | "ditch") => return Some(What::Water(Kind::Canal)),
        _ => {}
    }
    match tag(tags, "landuse") {
        Some("orchard") => return Some(What::Field(Some(Crop::Apples))),
        Some("vineyard") => return Some(What::Field(Some(Crop::Grapes))),
        Some("meadow") => return Some(What::Field(Some(Crop::Lucerne))),
        Some("farmland") => return Some(What::Field(None)),
        _ => {}
    }
    let place = match (tag(tags, "amenity"), tag(tags, "man_made")) {
        (Some("school" | "kindergarten"), _) => PlaceKind::School,
        (Some("clinic" | "hospital"), _) => PlaceKind::Clinic,
        (Some("fire_station"), _) => PlaceKind::FireStation,
        (Some("townhall"), _) => PlaceKind::Hall,
        (Some("bus_depot"), _) => PlaceKind::BusDepot,
        (Some("waste_transfer_station"), _) => PlaceKind::WasteYard,
        (_, Some("water_works")) => PlaceKind::WaterWorks,
        (_, Some("wastewater_plant")) => PlaceKind::SewageWorks,
        (Some("parking"), _) => {
            let spaces = tag(tags, "capacity").and_then(|c| c.parse().ok()).unwrap_or(60_u16);
            return Some(What::Parking(spaces.clamp(4, 3_000)));
        }
        _ => match tag(tags, "building") {
            Some("apartments") => PlaceKind::Block,
            Some("no") | None => return None,
            Some(_) => return Some(What::House),
        },
    };
    Some(What::Place(place))
}

impl Import {
    /// Takes a node. Tags as OpenStreetMap has them.
    pub fn node(&mut self, id: i64, position: Position, tags: &[(&str, &str)]) {
        if self.nodes.len() >= MAX_NODES {
            self.too_large = true;
            return;
        }
        self.nodes.insert(id, (position.lon, position.lat));
        let name = tag(tags, "name").unwrap_or_default();
        let radius = match tag(tags, "place") {
            Some("city") => 3_000.0,
            Some("town") => 1_600.0,
            Some("village") => 700.0,
            _ => 0.0,
        };
        if radius > 0.0 && !name.is_empty() {
            self.settlements.push((position, radius, name.to_owned()));
        } else if let Some(what @ (What::Place(_) | What::Parking(_))) = other(tags) {
            self.points.push((position, what, name.to_owned()));
        }
    }

    /// Takes a way.
    pub fn way(&mut self, nodes: &[i64], tags: &[(&str, &str)]) {
        if nodes.len() < 2 {
            return;
        }
        if let Some(what) = road(tags).or_else(|| other(tags)) {
            let name = tag(tags, "name").or(tag(tags, "ref")).unwrap_or_default().to_owned();
            self.ways.push(Kept { nodes: nodes.to_vec(), what, name });
        }
    }

    /// Makes the county. `ahead_s`: seconds by which its clocks are ahead of UTC; by its longitude when none is given.
    ///
    /// # Errors
    /// When the map has no roads, or is no county.
    pub fn finish(self, seed: u64, feed: Option<Feed>, ahead_s: Option<i32>) -> Result<County, ImportError> {
        if self.too_large {
            return Err(ImportError::TooLarge);
        }
        let on_roads = self.ways.iter().filter(|way| matches!(way.what, What::Road(..))).flat_map(|way| &way.nodes);
        let places: Vec<&(f64, f64)> = on_roads.filter_map(|node| self.nodes.get(node)).collect();
        let bound = |pick: fn(&(f64, f64)) -> f64, fold: fn(f64, f64) -> f64, from: f64| {
            places.iter().map(|p| pick(p)).fold(from, fold)
        };
        let (west, east) = (bound(|p| p.0, f64::min, 180.0), bound(|p| p.0, f64::max, -180.0));
        let (south, north) = (bound(|p| p.1, f64::min, 90.0), bound(|p| p.1, f64::max, -90.0));
        if places.is_empty() {
            return Err(ImportError::NoRoads);
        }
        let plane = Plane::new(Position { lon: (west + east) / 2.0, lat: (south + north) / 2.0, alt: None });
        let corner = plane.point(Position { lon: east, lat: north, alt: None });
        let reach_m = corner.x.max(corner.y).max(2_000.0);
        let terrain = Terrain::valley(seed, 420.0, 120.0, reach_m);
        let point = |node: &i64| {
            self.nodes.get(node).map(|(lon, lat)| plane.point(Position { lon: *lon, lat: *lat, alt: None }))
        };
        let roads = self.roads(&point);
        if roads.segments.is_empty() {
            return Err(ImportError::NoRoads);
        }
        let settlements = self.settlements(&plane, &roads);
        let rivers = rivers(&self.ways, &point);
        let mut draw = Draw::new(seed, 21);
        let (farms, parcels) = fields(&self.ways, &point, &rivers, &mut draw);
        let mut county = County {
            seed,
            plane,
            ahead_s: ahead_s.unwrap_or((plane.lon() / 15.0).round() as i32 * 3_600),
            reach_m,
            terrain,
            settlements,
            rivers,
            roads,
            places: Vec::new(),
            houses: Vec::new(),
            car_parks: Vec::new(),
            farms,
            parcels,
            pipes: Pipes::default(),
            feed: Feed::default(),
            service: Service::default(),
        };
        self.furnish(&mut county, &point);
        county.furnish(&mut draw);
        let works = pipes::works(&county);
        county.pipes = Pipes::new(&county.roads, &county.terrain, &county.houses, works);
        county.feed = match feed {
            Some(feed) => feed,
            None => timetable::draw_up(&county, &mut draw),
        };
        county.service = Service::of(&county.feed, &county.roads, &county.plane);
        Ok(county)
    }

    /// The largest part of the roads that hangs together: whatever drives can get everywhere.
    fn roads(&self, point: &dyn Fn(&i64) -> Option<Point>) -> Roads {
        let mut numbers: HashMap<i64, u32> = HashMap::new();
        let (mut nodes, mut ways) = (Vec::new(), Vec::new());
        for kept in &self.ways {
            let What::Road(class, speed, bridge) = kept.what else { continue };
            let mut own: Vec<u32> = Vec::with_capacity(kept.nodes.len());
            for node in &kept.nodes {
                // A node outside the extract ends the way.
                let Some(at) = point(node) else { continue };
                let number = *numbers.entry(*node).or_insert_with(|| {
                    nodes.push(at);
                    nodes.len() as u32 - 1
                });
                if own.last() != Some(&number) {
                    own.push(number);
                }
            }
            if own.len() > 1 {
                ways.push(Way { name: kept.name.clone(), class, speed, bridge, nodes: own });
            }
        }
        let whole = Roads::new(nodes, ways);
        let mut part = vec![u32::MAX; whole.nodes.len()];
        let mut sizes = Vec::new();
        for start in 0..whole.nodes.len() as u32 {
            if part[start as usize] != u32::MAX {
                continue;
            }
            let own = sizes.len() as u32;
            let (mut open, mut size) = (vec![start], 0_usize);
            part[start as usize] = own;
            while let Some(node) = open.pop() {
                size += 1;
                for segment in whole.at(node) {
                    let next = whole.other(*segment, node);
                    if part[next as usize] == u32::MAX {
                        part[next as usize] = own;
                        open.push(next);
                    }
                }
            }
            sizes.push(size);
        }
        let Some((largest, _)) = (0..).zip(&sizes).max_by_key(|(_, size)| **size) else { return whole };
        let mut renumbered = vec![u32::MAX; whole.nodes.len()];
        let mut nodes = Vec::new();
        for (number, at) in whole.nodes.iter().enumerate() {
            if part[number] == largest {
                renumbered[number] = nodes.len() as u32;
                nodes.push(*at);
            }
        }
        let kept = whole.ways.into_iter().filter(|way| part[way.nodes[0] as usize] == largest);
        let ways = kept.map(|way| Way { nodes: way.nodes.iter().map(|n| renumbered[*n as usize]).collect(), ..way });
        Roads::new(nodes, ways.collect())
    }

    fn settlements(&self, plane: &Plane, roads: &Roads) -> Vec<Settlement> {
        let mut all: Vec<Settlement> = self
            .settlements
            .iter()
            .map(|(at, radius, name)| Settlement { name: name.clone(), at: plane.point(*at), radius: *radius })
            .filter(|s| roads.nearest(s.at).is_some_and(|(_, metres, _)| metres < 1_500.0))
            .collect();
        // The largest first; of equals the one nearest to the middle.
        all.sort_by(|a, b| {
            b.radius.total_cmp(&a.radius).then(a.at.to(Point::default()).total_cmp(&b.at.to(Point::default())))
        });
        if all.is_empty() {
            let n = roads.nodes.len() as f64;
            let mean = |pick: fn(&Point) -> f64| roads.nodes.iter().map(pick).sum::<f64>() / n;
            let at = Point::new(mean(|p| p.x), mean(|p| p.y));
            all.push(Settlement { name: "Town".to_owned(), at, radius: 1_500.0 });
        }
        all
    }

    fn furnish(&self, county: &mut County, point: &dyn Fn(&i64) -> Option<Point>) {
        let areas = self.ways.iter().filter_map(|way| {
            let corners: Vec<Point> = way.nodes.iter().filter_map(point).collect();
            let at = middle_and_area(&corners).0;
            (!corners.is_empty()).then_some((at, &way.what, way.name.as_str()))
        });
        let single = self.points.iter().map(|(at, what, name)| (county.plane.point(*at), what, name.as_str()));
        let mut counts: HashMap<PlaceKind, usize> = HashMap::new();
        let (mut places, mut car_parks, mut houses) = (Vec::new(), Vec::new(), Vec::new());
        for (at, what, name) in areas.chain(single) {
            let Some((segment, metres, _)) = county.roads.nearest(at) else { continue };
            match what {
                What::Place(kind) if metres < 1_000.0 => {
                    let count = counts.entry(*kind).or_default();
                    *count += 1;
                    let name = if name.is_empty() { format!("{} {count}", kind.label()) } else { name.to_owned() };
                    let node = county.roads.segments[segment as usize].a;
                    places.push(Place { kind: *kind, name, at, node });
                }
                What::Parking(spaces) => {
                    let number = car_parks.len() + 1;
                    let name = if name.is_empty() { format!("Car park {number}") } else { name.to_owned() };
                    car_parks.push(CarPark { name, at, spaces: *spaces });
                }
                What::House if houses.len() < MAX_HOUSES && metres < 300.0 => {
                    houses.push(House { x: at.x as f32, y: at.y as f32, segment });
                }
                _ => {}
            }
        }
        (county.places, county.car_parks, county.houses) = (places, car_parks, houses);
    }
}

/// Reaches in the order of flow. A canal that begins at a river takes water from it.
fn rivers(ways: &[Kept], point: &dyn Fn(&i64) -> Option<Point>) -> Rivers {
    let mut drawn = Vec::new();
    for way in ways {
        let What::Water(kind) = way.what else { continue };
        let line: Vec<Point> = way.nodes.iter().filter_map(point).collect();
        if line.len() > 1 {
            drawn.push((kind, way, line));
        }
    }
    let mut through: HashMap<i64, usize> = HashMap::new();
    for (number, (_, way, _)) in drawn.iter().enumerate() {
        for node in &way.nodes[..way.nodes.len() - 1] {
            through.entry(*node).or_insert(number);
        }
    }
    let next: Vec<Option<usize>> = drawn
        .iter()
        .enumerate()
        .map(|(own, (_, way, _))| way.nodes.last().and_then(|n| through.get(n)).copied().filter(|to| *to != own))
        .collect();
    // Upstream first: reaches whose own tributaries are all placed (Kahn 1962). What lies on a circle is let go at the end.
    let mut above = vec![0_u32; drawn.len()];
    next.iter().flatten().for_each(|to| above[*to] += 1);
    let mut order: Vec<usize> = (0..drawn.len()).filter(|i| above[*i] == 0).collect();
    let mut at = 0;
    while at < order.len() {
        if let Some(to) = next[order[at]] {
            above[to] -= 1;
            if above[to] == 0 {
                order.push(to);
            }
        }
        at += 1;
    }
    let placed: HashSet<usize> = order.iter().copied().collect();
    order.extend((0..drawn.len()).filter(|i| !placed.contains(i)));
    let position: HashMap<usize, u32> = order.iter().copied().zip(0..).collect();
    let mut out = Rivers::default();
    for own in order {
        let (kind, way, line) = &drawn[own];
        let name = if way.name.is_empty() { format!("Water {}", out.reaches.len() + 1) } else { way.name.clone() };
        let mut reach = Reach::new(*kind, name, line.clone());
        let number = out.reaches.len() as u32;
        reach.downstream = next[own].map(|to| position[&to]).filter(|to| *to > number);
        reach.land = if *kind == Kind::Canal { 0.0 } else { reach.length * 1_200.0 };
        if *kind == Kind::Canal {
            let source = way.nodes.first().and_then(|node| through.get(node)).filter(|to| **to != own);
            reach.source = source.map(|to| position[to]).filter(|to| *to < number);
        }
        out.reaches.push(reach);
    }
    out
}

fn fields(
    ways: &[Kept],
    point: &dyn Fn(&i64) -> Option<Point>,
    rivers: &Rivers,
    draw: &mut Draw,
) -> (Vec<Farm>, Vec<Parcel>) {
    let (mut farms, mut parcels): (Vec<Farm>, Vec<Parcel>) = (Vec::new(), Vec::new());
    let mut by_cell: HashMap<(i32, i32), u32> = HashMap::new();
    for way in ways {
        let What::Field(crop) = way.what else { continue };
        let mut corners: Vec<Point> = way.nodes.iter().filter_map(point).collect();
        if corners.first() == corners.last() {
            corners.pop();
        }
        let (at, area) = middle_and_area(&corners);
        if corners.len() < 3 || area < 4_000.0 || parcels.len() >= MAX_PARCELS {
            continue;
        }
        let farm =
            *by_cell.entry(((at.x / 1_200.0).floor() as i32, (at.y / 1_200.0).floor() as i32)).or_insert_with(|| {
                farms.push(Farm { name: format!("Farm {}", farms.len() + 1), at });
                farms.len() as u32 - 1
            });
        let crop = crop.unwrap_or([Crop::Wheat, Crop::Maize, Crop::Cotton, Crop::Lucerne][draw.below(4)]);
        let canal = rivers.canal_near(at, 800.0);
        parcels.push(Parcel { farm, corners, at, area, crop, soil: Soil::ALL[draw.below(4)], canal });
    }
    (farms, parcels)
}
