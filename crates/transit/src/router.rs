//! RAPTOR (Delling, Pajor, Werneck 2012, section 3) for one departure, and rRAPTOR (section 4.2) for all within a range.

use crate::footpath::Footpaths;
use crate::journey::{Journey, Leg, Query, Ride};
use crate::label::{Came, Rode, Round};
use crate::timetable::{NO_DROP_OFF, NO_PICKUP, RunIndex, SKIPPED, Timetable};
use belfry_connect_gtfs::StopIndex;

/// The most rides of a journey.
pub const MAX_RIDES: usize = 12;
/// The most departures that a range is searched for.
pub const MAX_DEPARTURES: usize = 20_000;
/// Later than any time.
pub const NEVER: i32 = i32::MAX;

/// Finds journeys in one timetable. Keeps its memory from one question to the next.
pub struct Router<'a> {
    timetable: &'a Timetable,
    paths: &'a Footpaths,
    rounds: Vec<Round>,
    /// By stop, the seconds from it to the target.
    egress: Vec<i32>,
    marked: Marks,
    ridden: Marks,
    /// By pattern, the first position from which it is worth riding.
    first: Vec<u32>,
    queue: Vec<u32>,
}

/// A set of stops that remembers its order.
struct Marks {
    is: Vec<bool>,
    list: Vec<u32>,
}

impl Marks {
    fn new(stops: usize) -> Self {
        Self { is: vec![false; stops], list: Vec::new() }
    }

    fn put(&mut self, stop: usize) {
        if !self.is[stop] {
            self.is[stop] = true;
            self.list.push(stop as u32);
        }
    }

    fn clear(&mut self) {
        for stop in self.list.drain(..) {
            self.is[stop as usize] = false;
        }
    }
}

impl<'a> Router<'a> {
    /// A router for a timetable and the footpaths of its feed.
    pub fn new(timetable: &'a Timetable, paths: &'a Footpaths) -> Self {
        let stops = timetable.stop_count();
        Self {
            timetable,
            paths,
            rounds: Vec::new(),
            egress: vec![NEVER; stops],
            marked: Marks::new(stops),
            ridden: Marks::new(stops),
            first: vec![NEVER as u32; timetable.pattern_count()],
            queue: Vec::new(),
        }
    }

    /// The journeys that depart at or after the query's time: each arrives before all with fewer rides.
    pub fn journeys(&mut self, query: &Query) -> Vec<Journey> {
        self.prepare(query);
        let mut found: Vec<Journey> = self.on_foot(query, query.depart).into_iter().collect();
        self.search(query, query.depart, &mut found);
        found
    }

    /// The journeys that depart from the query's time until `until`: none departs earlier, arrives later and has more
    /// rides than another. By departure, then by rides. The way on foot, possible at any time, is left out.
    pub fn range(&mut self, query: &Query, until: i32) -> Vec<Journey> {
        self.prepare(query);
        let mut departures = self.departures(query, until);
        departures.sort_unstable();
        departures.dedup();
        departures.truncate(MAX_DEPARTURES);
        let mut found = Vec::new();
        for depart in departures.into_iter().rev() {
            self.search(query, depart, &mut found);
        }
        found.sort_by_key(|journey| (journey.depart, journey.rides()));
        found
    }

    /// When one would have to set out to board something.
    fn departures(&self, query: &Query, until: i32) -> Vec<i32> {
        let mut out = Vec::new();
        for reach in &query.access {
            for (pattern, position) in self.timetable.calls_at(reach.stop) {
                let pattern = &self.timetable.patterns[*pattern as usize];
                let from = query.depart.saturating_add(reach.seconds);
                let first = self.timetable.boarding(pattern, *position, from, pattern.runs.len() as u32);
                for run in first..pattern.runs.len() as u32 {
                    let depart = self.timetable.event(pattern, run, *position).departure - reach.seconds;
                    if depart > until {
                        break;
                    }
                    out.push(depart);
                }
            }
        }
        out
    }

    fn prepare(&mut self, query: &Query) {
        let stops = self.timetable.stop_count();
        let rounds = query.rides.min(MAX_RIDES) + 1;
        self.rounds.truncate(rounds);
        self.rounds.iter_mut().for_each(Round::clear);
        self.rounds.resize_with(rounds, || Round::new(stops));
        self.egress.fill(NEVER);
        for reach in &query.egress {
            let egress = &mut self.egress[reach.stop.at()];
            *egress = (*egress).min(reach.seconds);
        }
    }

    fn on_foot(&self, query: &Query, depart: i32) -> Option<Journey> {
        let arrive = depart.saturating_add(query.walk?);
        let legs = vec![Leg::Walk { from: None, to: None, depart, arrive }];
        Some(Journey { depart, arrive, legs })
    }

    /// One departure: the rounds, and what they improved.
    fn search(&mut self, query: &Query, depart: i32, found: &mut Vec<Journey>) {
        self.marked.clear();
        let start = &mut self.rounds[0];
        start.target = query.walk.map_or(NEVER, |walk| depart.saturating_add(walk));
        for reach in &query.access {
            let time = depart.saturating_add(reach.seconds);
            if time < start.board[reach.stop.at()] {
                start.board[reach.stop.at()] = time;
                start.came[reach.stop.at()] = Came::Access(reach.seconds);
                self.marked.put(reach.stop.at());
            }
        }
        for number in 1..self.rounds.len() {
            let (earlier, later) = self.rounds.split_at_mut(number);
            later[0].take_over(&earlier[number - 1]);
            if self.marked.list.is_empty() {
                continue;
            }
            let least = later[0].target;
            self.collect();
            self.ride(number);
            self.walk(number);
            if self.rounds[number].target < least {
                found.extend(self.trace(number));
            }
        }
    }

    /// The patterns that stop where something changed, from the first such stop on.
    fn collect(&mut self) {
        for stop in &self.marked.list {
            for (pattern, position) in self.timetable.calls_at(StopIndex(*stop)) {
                let first = &mut self.first[*pattern as usize];
                if *first == NEVER as u32 {
                    self.queue.push(*pattern);
                }
                *first = (*first).min(*position);
            }
        }
        self.marked.clear();
    }

    /// Rides along every pattern of the queue.
    fn ride(&mut self, number: usize) {
        let table = self.timetable;
        let (earlier, later) = self.rounds.split_at_mut(number);
        let (before, now) = (&earlier[number - 1], &mut later[0]);
        for index in self.queue.drain(..) {
            let pattern = &table.patterns[index as usize];
            let first = std::mem::replace(&mut self.first[index as usize], NEVER as u32);
            let count = pattern.runs.end - pattern.runs.start;
            let (mut run, mut board) = (count, 0);
            for position in first..pattern.calls.end - pattern.calls.start {
                let call = (pattern.calls.start + position) as usize;
                let (stop, flags) = (table.stops[call].at(), table.flags[call]);
                if run < count && flags & (NO_DROP_OFF | SKIPPED) == 0 {
                    let arrival = table.event(pattern, run, position).arrival;
                    if arrival < now.arrive[stop] && arrival < now.target {
                        now.arrive[stop] = arrival;
                        now.rode[stop] = Rode { pattern: index, run, board, alight: position };
                        self.ridden.put(stop);
                        let there = arrival.saturating_add(self.egress[stop]);
                        if self.egress[stop] != NEVER && there < now.target {
                            (now.target, now.last) = (there, stop as u32);
                        }
                    }
                }
                let ready = before.board[stop];
                if ready == NEVER || flags & (NO_PICKUP | SKIPPED) != 0 {
                    continue;
                }
                if run == count || ready <= table.event(pattern, run, position).departure {
                    let sooner = table.boarding(pattern, position, ready, run);
                    if sooner < run {
                        (run, board) = (sooner, position);
                    }
                }
            }
        }
    }

    /// From where rides arrived: a change at the stop, or one footpath.
    fn walk(&mut self, number: usize) {
        let now = &mut self.rounds[number];
        for stop in &self.ridden.list {
            let at = *stop as usize;
            let arrival = now.arrive[at];
            let mut reach = |to: usize, seconds: i32, came: Came| {
                let time = arrival.saturating_add(seconds);
                if time < now.board[to] && time < now.target {
                    now.board[to] = time;
                    now.came[to] = came;
                    self.marked.put(to);
                }
            };
            if let Some(seconds) = self.paths.change(StopIndex(*stop)) {
                reach(at, seconds, Came::Ride);
            }
            for path in self.paths.from(StopIndex(*stop)) {
                reach(path.stop.at(), path.seconds, Came::Foot(*stop));
            }
        }
        self.ridden.clear();
    }

    /// The journey that ends a round, followed back to its beginning.
    fn trace(&self, number: usize) -> Option<Journey> {
        let mut legs = Vec::new();
        let mut at = self.rounds[number].last;
        let (arrive, egress) = (self.rounds[number].target, self.egress[at as usize]);
        if egress > 0 {
            legs.push(Leg::Walk { from: Some(StopIndex(at)), to: None, depart: arrive - egress, arrive });
        }
        let mut depart = arrive;
        for number in (1..=number).rev() {
            let rode = self.rounds[number].rode[at as usize];
            let pattern = self.timetable.patterns.get(rode.pattern as usize)?;
            let stop = |position: u32| self.timetable.stops[(pattern.calls.start + position) as usize];
            let event = |position| self.timetable.event(pattern, rode.run, position);
            depart = event(rode.board).departure;
            legs.push(Leg::Ride(Ride {
                run: RunIndex(pattern.runs.start + rode.run),
                board: rode.board as usize,
                alight: rode.alight as usize,
                from: stop(rode.board),
                to: stop(rode.alight),
                depart,
                arrive: event(rode.alight).arrival,
            }));
            let boarded = stop(rode.board);
            let before = &self.rounds[number - 1];
            match before.came[boarded.at()] {
                Came::Ride => at = boarded.0,
                Came::Foot(from) => {
                    let arrive = before.board[boarded.at()];
                    let left = before.arrive[from as usize];
                    legs.push(Leg::Walk { from: Some(StopIndex(from)), to: Some(boarded), depart: left, arrive });
                    at = from;
                }
                Came::Access(seconds) => {
                    // One sets out as late as will do.
                    if seconds > 0 {
                        let set_out = depart - seconds;
                        legs.push(Leg::Walk { from: None, to: Some(boarded), depart: set_out, arrive: depart });
                        depart = set_out;
                    }
                }
            }
        }
        legs.reverse();
        Some(Journey { depart, arrive, legs })
    }
}
