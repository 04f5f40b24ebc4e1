//! Realtime upon a timetable: trip updates of GTFS-Realtime make a new timetable with delays, skipped stops and cancelled
//! runs. The planned times stay beside the expected ones.

use crate::assembly::{Call, Courses};
use crate::timetable::{Event, NO_DROP_OFF, NO_PICKUP, Run, RunIndex, SKIPPED, Timetable};
use belfry_connect_gtfs::realtime::{self, Message, StopRelation, StopUpdate, TripRef, TripRelation, TripUpdate};
use belfry_connect_gtfs::{Feed, StopTime, TripIndex};
use hashbrown::HashMap;

/// A trip update that changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// The id of its entity.
    pub id: String,
    /// Why, as a sentence.
    pub why: &'static str,
}

/// The planned timetable, as it was built, with the trip updates of a message applied. `begin` is the instant at which the service day began,
/// seconds since 1970. What an earlier message said is gone: messages of full data sets replace each other.
///
/// A delay holds until the next stop that is told (gtfs-realtime.proto, `TripUpdate.stop_time_update`); after `NO_DATA`
/// the planned times stand. Times never go back within a run.
pub fn updated(plan: &Timetable, feed: &Feed, message: &Message, begin: i64) -> (Timetable, Vec<Unmatched>) {
    let mut runs: HashMap<&str, Vec<RunIndex>> = HashMap::new();
    for (run, index) in plan.runs.iter().zip(0..) {
        runs.entry(feed.trips[run.trip.at()].id.as_str()).or_default().push(RunIndex(index));
    }
    let mut updates: HashMap<RunIndex, &TripUpdate> = HashMap::new();
    let mut unmatched = Vec::new();
    for (id, update) in &message.trips {
        let candidates = runs.get(update.trip.trip.as_str()).map(Vec::as_slice).unwrap_or_default();
        match matching(plan, candidates, &update.trip) {
            Ok(found) => updates.extend(found.into_iter().map(|run| (run, update))),
            Err(why) => unmatched.push(Unmatched { id: id.clone(), why }),
        }
    }
    let mut courses = Courses::default();
    for (run, index) in plan.runs.iter().zip((0..).map(RunIndex)) {
        let planned = plan.planned_of(index);
        let stops = plan.stops_of(index).iter().zip(plan.flags_of(index)).zip(planned);
        let calls = stops.map(|((stop, flags), planned)| Call {
            stop: *stop,
            flags: *flags,
            planned: *planned,
            expected: *planned,
        });
        let mut run = Run { cancelled: false, ..*run };
        match updates.get(&index) {
            None => courses.push(run, calls),
            Some(update) => {
                let mut calls: Vec<Call> = calls.collect();
                run.cancelled = update.trip.relation == TripRelation::Canceled;
                if run.cancelled {
                    calls.iter_mut().for_each(|call| call.flags |= SKIPPED | NO_PICKUP | NO_DROP_OFF);
                } else {
                    apply(&mut calls, feed, run.trip, update, begin);
                }
                courses.push(run, calls.into_iter());
            }
        }
    }
    (courses.assemble(plan.date, plan.stop_count()), unmatched)
}

/// The runs that an update is about.
fn matching(plan: &Timetable, candidates: &[RunIndex], wanted: &TripRef) -> Result<Vec<RunIndex>, &'static str> {
    if wanted.relation == TripRelation::Added {
        return Err("the trip is not in the timetable, and added trips are not taken yet");
    }
    if wanted.trip.is_empty() {
        return Err("it names a route and no trip");
    }
    if candidates.is_empty() {
        return Err("the trip does not run on this day");
    }
    let date = wanted.start_date.unwrap_or(plan.date);
    let mut found: Vec<RunIndex> = candidates.iter().copied().filter(|run| plan.run(*run).date == date).collect();
    if let (Some(start), true) = (wanted.start_time, found.len() > 1) {
        // Trips without exact times start about when they are planned to.
        let near = |run: &RunIndex| plan.run(*run).start.abs_diff(start);
        let nearest = found.iter().copied().min_by_key(near);
        found = nearest.filter(|run| near(run) == 0 || !plan.run(*run).exact).into_iter().collect();
    }
    match found.len() {
        0 => Err("no run of the trip starts at that date and time"),
        1 => Ok(found),
        _ if wanted.relation == TripRelation::Canceled => Ok(found),
        _ => Err("the trip is repeated, and the update does not say which run by its start time"),
    }
}

/// Applies an update to the calls of a run, which are those of its trip one by one.
fn apply(calls: &mut [Call], feed: &Feed, trip: TripIndex, update: &TripUpdate, begin: i64) {
    let times = feed.times(trip);
    let mut told = update.stops.iter().peekable();
    let mut delay = update.delay.unwrap_or(0);
    let mut last = i32::MIN;
    for (position, call) in calls.iter_mut().enumerate() {
        let is = |stop: &StopUpdate, time: &StopTime| match stop.sequence {
            Some(sequence) => sequence == time.sequence,
            None => feed.stops[time.stop.at()].id == stop.stop,
        };
        // Updates of stops that the trip does not have, or has passed.
        while told.next_if(|stop| !times[position..].iter().any(|time| is(stop, time))).is_some() {}
        let update = told.next_if(|stop| is(stop, &times[position]));
        let mut arrival = None;
        if let Some(update) = update {
            match update.relation {
                StopRelation::Skipped => call.flags |= SKIPPED,
                StopRelation::NoData => delay = 0,
                StopRelation::Scheduled | StopRelation::Unscheduled => {
                    let arrives = update.arrival.and_then(|event| late(event, call.planned.arrival, begin));
                    let departs = update.departure.and_then(|event| late(event, call.planned.departure, begin));
                    arrival = arrives;
                    delay = departs.or(arrives).unwrap_or(delay);
                    // Who only tells the departure arrives as late, unless the stop before was told.
                    arrival = arrival.or(departs);
                }
            }
        }
        let expected = Event {
            arrival: call.planned.arrival.saturating_add(arrival.unwrap_or(delay)).max(last),
            departure: call.planned.departure.saturating_add(delay),
        };
        call.expected = Event { departure: expected.departure.max(expected.arrival), ..expected };
        last = call.expected.departure;
    }
}

/// Seconds late, if told and sane.
fn late(event: realtime::Event, planned: i32, begin: i64) -> Option<i32> {
    match event.time {
        Some(time) => {
            let late = time.checked_sub(begin)?.checked_sub(i64::from(planned))?;
            i32::try_from(late).ok().filter(|late| late.unsigned_abs() < 864_000)
        }
        None => event.delay,
    }
}
