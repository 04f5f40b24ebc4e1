//! From a survey to a network: roads cut where they meet, end, or something stands on them. Resolves no restriction;
//! `forbidden` does.

use hashbrown::HashMap;

use super::{Junction, Link, Network, Waits, bearing_along, forbidden};
use crate::class::Family;
use crate::plane::{Point, distance_m};
use crate::survey::barrier::{Control, Facing};
use crate::survey::{Place, Survey};

/// Links at one junction, at most: turns grow with their square.
const MOST_LEGS: u16 = 128;

/// No junction.
const NONE: u32 = u32::MAX;

impl Network {
    /// Makes the network of a family of vehicles. Roads without a known place are cut there: a clipped map ends so.
    pub fn new(survey: &Survey, family: Family) -> Self {
        let mut network = Self {
            family,
            junctions: Vec::new(),
            links: Vec::new(),
            roads: Vec::new(),
            points: Vec::new(),
            names: survey.names.texts().to_vec(),
            forbidden: Vec::new(),
            first: Vec::new(),
            leaving: Vec::new(),
            by_way: Vec::new(),
            report: survey.report().clone(),
        };
        let classes = family.classes();
        let used: Vec<usize> = (0..survey.roads.len())
            .filter(|at| {
                let road = &survey.roads[*at];
                let all = road.open.into_iter().chain(road.against).fold(crate::Classes::NONE, crate::Classes::or);
                !all.and(classes).is_empty()
            })
            .collect();
        let pieces: Vec<(usize, &[u32])> = used.iter().flat_map(|road| pieces(survey, *road)).collect();
        let mut junctions = junctions(survey, family, &pieces);
        let mut legs = vec![0_u16; survey.places.len()];
        let mut road_numbers = HashMap::new();
        for (road, piece) in pieces {
            let number = *road_numbers.entry(road).or_insert_with(|| {
                network.roads.push(survey.roads[road]);
                network.roads.len() as u32 - 1
            });
            let mut start = 0;
            for at in 1..piece.len() {
                if junctions[piece[at] as usize].is_none() {
                    continue;
                }
                let ends = [piece[start], piece[at]].map(|place| place as usize);
                if ends.iter().any(|end| legs[*end] >= MOST_LEGS) {
                    network.report.crowded += 1;
                } else {
                    ends.iter().for_each(|end| legs[*end] += 1);
                    network.add_link(survey, number, &piece[start..=at], &mut junctions);
                }
                start = at;
            }
        }
        network.share_durations();
        network.index();
        forbidden::resolve(survey, &junctions, &mut network);
        network
    }

    fn add_link(&mut self, survey: &Survey, road: u32, places: &[u32], junctions: &mut [Option<u32>]) {
        let ends = [places[0], places[places.len() - 1]].map(|place| {
            let junction = junctions[place as usize].get_or_insert(NONE);
            if *junction == NONE {
                *junction = self.junctions.len() as u32;
                let Place { point, facts, .. } = survey.places[place as usize];
                let point = point.unwrap_or_default();
                self.junctions.push(Junction {
                    point,
                    pass: facts.pass,
                    control: facts.control,
                    turning: facts.turning,
                });
            }
            *junction
        });
        let start = self.points.len();
        self.points.extend(places.iter().filter_map(|place| survey.places[*place as usize].point));
        let points = &self.points[start..];
        let length: f64 = points.windows(2).map(|pair| distance_m(pair[0], pair[1])).sum();
        let bearings = [bearing_along(points.iter().copied()), bearing_along(points.iter().rev().copied()) + 180.0];
        self.links.push(Link {
            ends,
            road,
            points: (start as u32, self.points.len() as u32),
            length_m: length as f32,
            share: 1.0,
            waits: waits(survey, places, points, length),
            bearings: bearings.map(|degrees| degrees as f32),
        });
    }

    /// A way's duration is for all of its links together.
    fn share_durations(&mut self) {
        let mut lengths = vec![0.0_f32; self.roads.len()];
        self.links.iter().for_each(|link| lengths[link.road as usize] += link.length_m);
        for link in &mut self.links {
            link.share =
                if lengths[link.road as usize] > 0.0 { link.length_m / lengths[link.road as usize] } else { 1.0 };
        }
    }

    fn index(&mut self) {
        let tails: Vec<u32> = self.links.iter().flat_map(|link| link.ends).collect();
        self.first = vec![0; self.junctions.len() + 1];
        tails.iter().for_each(|tail| self.first[*tail as usize + 1] += 1);
        for at in 1..self.first.len() {
            self.first[at] += self.first[at - 1];
        }
        let mut next = self.first.clone();
        self.leaving = vec![0; tails.len()];
        for (edge, tail) in tails.iter().enumerate() {
            self.leaving[next[*tail as usize] as usize] = edge as u32;
            next[*tail as usize] += 1;
        }
        let way = |link: &Link| self.roads[link.road as usize].way;
        self.by_way = self.links.iter().enumerate().map(|(at, link)| (way(link), at as u32)).collect();
        self.by_way.sort_unstable();
    }
}

/// The runs of a road's nodes whose places are known, each of two nodes or more.
fn pieces(survey: &Survey, road: usize) -> impl Iterator<Item = (usize, &[u32])> {
    let refs = &survey.refs[survey.starts[road]..survey.starts[road + 1]];
    let known = |place: &u32| survey.places[*place as usize].point.is_some();
    refs.split(move |place| !known(place)).filter(|run| run.len() > 1).map(move |run| (road, run))
}

/// Which places are junctions: ends, meeting places, what not everybody passes. Their numbers are given later.
fn junctions(survey: &Survey, family: Family, pieces: &[(usize, &[u32])]) -> Vec<Option<u32>> {
    let mut uses = vec![0_u8; survey.places.len()];
    for (_, piece) in pieces {
        for place in *piece {
            uses[*place as usize] = uses[*place as usize].saturating_add(1);
        }
        for end in [piece[0], piece[piece.len() - 1]] {
            uses[end as usize] = uses[end as usize].saturating_add(1);
        }
    }
    let stops = |place: &Place| !family.classes().minus(place.facts.pass).is_empty();
    let is_one = |(uses, place): (&u8, &Place)| (*uses > 1 || (*uses == 1 && stops(place))).then_some(NONE);
    uses.iter().zip(&survey.places).map(is_one).collect()
}

/// What stands on a link between its ends, for each direction. A sign that does not say whom it is for is for those who
/// come to the nearer end.
fn waits(survey: &Survey, places: &[u32], points: &[Point], length: f64) -> [Waits; 2] {
    let mut waits = [Waits::default(); 2];
    let mut way = 0.0;
    for at in 1..places.len().saturating_sub(1) {
        way += distance_m(points[at - 1], points[at]);
        let facts = survey.places[places[at] as usize].facts;
        let (forward, backward) = match (facts.facing, facts.control) {
            (_, Control::None) => continue,
            (Facing::Forward, _) => (true, false),
            (Facing::Backward, _) => (false, true),
            (Facing::Both, _) | (Facing::Unsaid, Control::Signals) => (true, true),
            (Facing::Unsaid, _) => (way > length / 2.0, way <= length / 2.0),
        };
        for (wait, is_for) in waits.iter_mut().zip([forward, backward]) {
            let count = if facts.control == Control::Signals { &mut wait.signals } else { &mut wait.signs };
            *count = count.saturating_add(u8::from(is_for));
        }
    }
    waits
}
