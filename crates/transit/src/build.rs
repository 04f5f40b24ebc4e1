//! The timetable of a service day from a feed: trips of the day, those of the day before that still run, those of the next
//! morning; trips that are repeated, each departure by itself.

use crate::assembly::{Call, Courses};
use crate::timetable::{Event, NO_DROP_OFF, NO_PICKUP, Run, Timetable};
use belfry_connect_gtfs::{Boarding, Date, Feed, TripIndex};

/// The day of a timetable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The service day.
    pub date: Date,
    /// Seconds from its beginning to that of the day before (-86,400 but where clocks change).
    pub before: i32,
    /// Seconds from its beginning to that of the next day.
    pub after: i32,
    /// Runs that start at this many seconds or later are left out.
    pub until: i32,
    /// The most events; a feed that has more is refused.
    pub max_events: usize,
}

impl Day {
    /// A day of 24 hours between such days, with the runs until six on the next morning.
    pub fn new(date: Date) -> Self {
        Self { date, before: -86_400, after: 86_400, until: 30 * 3600, max_events: 20_000_000 }
    }
}

/// Why there is no timetable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// More events than the limit.
    #[error("the day has more than {0} arrivals and departures")]
    TooManyEvents(usize),
}

impl Timetable {
    /// Builds the timetable of a day.
    pub fn build(feed: &Feed, day: &Day) -> Result<Self, BuildError> {
        let mut courses = Courses::default();
        for (days, offset) in [(-1, day.before), (0, 0), (1, day.after)] {
            let date = day.date.plus(days);
            let runs: Vec<bool> = feed.services.iter().map(|service| service.runs(date)).collect();
            for (trip, index) in feed.trips.iter().zip(0..) {
                if runs[trip.service.at()] {
                    add(feed, TripIndex(index), date, offset, day, &mut courses)?;
                }
            }
        }
        Ok(courses.assemble(day.date, feed.stops.len()))
    }
}

/// Adds the runs of a trip of a date.
fn add(
    feed: &Feed,
    trip: TripIndex,
    date: Date,
    offset: i32,
    day: &Day,
    courses: &mut Courses,
) -> Result<(), BuildError> {
    let times = feed.times(trip);
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return Ok(()) };
    let mut push = |start: i32, exact: bool| {
        let shift = offset + start - first.departure;
        if last.arrival + shift < 0 || start + offset >= day.until {
            return Ok(());
        }
        if courses.calls.len() + times.len() > day.max_events {
            return Err(BuildError::TooManyEvents(day.max_events));
        }
        let calls = times.iter().map(|time| {
            let event = Event { arrival: time.arrival + shift, departure: time.departure + shift };
            let pickup = if time.pickup == Boarding::None { NO_PICKUP } else { 0 };
            let drop_off = if time.drop_off == Boarding::None { NO_DROP_OFF } else { 0 };
            Call { stop: time.stop, flags: pickup | drop_off, planned: event, expected: event }
        });
        courses.push(Run { trip, date, start, exact, cancelled: false }, calls);
        Ok(())
    };
    let frequencies = &feed.trips[trip.at()].frequencies;
    if frequencies.start == frequencies.end {
        return push(first.departure, true);
    }
    for frequency in &feed.frequencies[frequencies.start as usize..frequencies.end as usize] {
        let mut start = frequency.start;
        while start < frequency.end {
            push(start, frequency.exact)?;
            start = start.saturating_add(frequency.headway);
        }
    }
    Ok(())
}
