//! Routes in the shape of OSRM's answers: route, leg, step, annotation. Finds no route.

use crate::handlers::members;
use crate::logic::town::Driving;
use crate::model::class::mode;
use crate::model::line::{encode, simplified};
use crate::model::written::{count, line_string, metres, object, position, rounded, seconds, text};
use belfry_kit::{Position, Request};
use belfry_ngsi_ld::Json;
use belfry_roads::{Manoeuvre, Route, Step};

/// How lines are written.
#[derive(Clone, Copy)]
enum Lines {
    Polyline(i32),
    GeoJson,
}

/// How much of the whole line is written.
#[derive(Clone, Copy, PartialEq)]
enum Overview {
    Simplified,
    Full,
    Nothing,
}

/// What a request wants of routes.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    lines: Lines,
    overview: Overview,
    steps: bool,
    /// Durations, distances, speeds of each piece of a line.
    annotations: [bool; 3],
}

impl Wanted {
    pub(crate) fn of(request: &Request) -> Self {
        let parameters = &request.parameters;
        let lines = match parameters.get("geometries") {
            Some("geojson") => Lines::GeoJson,
            Some("polyline6") => Lines::Polyline(6),
            _ => Lines::Polyline(5),
        };
        let overview = match parameters.get("overview") {
            Some("full") => Overview::Full,
            Some("false") => Overview::Nothing,
            _ => Overview::Simplified,
        };
        let all = parameters.lists("annotations", "true");
        let annotations = ["duration", "distance", "speed"].map(|one| all || parameters.lists("annotations", one));
        Self { lines, overview, steps: parameters.is_true("steps"), annotations }
    }

    fn line(&self, line: &[Position]) -> Json {
        match self.lines {
            Lines::GeoJson => line_string(line),
            Lines::Polyline(decimals) => text(encode(line, decimals)),
        }
    }

    /// A Route of these legs; `more` are members of its own.
    pub(crate) fn route(&self, driving: &Driving, legs: &[&Route], more: Vec<(&'static str, Json)>) -> Json {
        let (ms, m) = (legs.iter().map(|leg| leg.duration_ms).sum(), legs.iter().map(|leg| leg.distance_m).sum());
        let cost: u64 = legs.iter().map(|leg| u64::from(leg.cost)).sum();
        let mut all = vec![
            ("distance", metres(m)),
            ("duration", seconds(ms)),
            ("weight", seconds(cost)),
            ("weight_name", text("duration")),
        ];
        if self.overview != Overview::Nothing {
            let mut line: Vec<Position> = Vec::new();
            for leg in legs {
                let known = line.last() == leg.geometry.first();
                line.extend(leg.geometry.iter().skip(usize::from(known)));
            }
            let line = if self.overview == Overview::Full { line } else { simplified(&line) };
            all.push(("geometry", self.line(&line)));
        }
        all.push(("legs", Json::Array(legs.iter().map(|leg| self.leg(driving, leg)).collect())));
        all.extend(more);
        members(all)
    }

    fn leg(&self, driving: &Driving, leg: &Route) -> Json {
        let router = driving.router();
        let steps = if self.steps { router.steps(leg) } else { Vec::new() };
        let mode = mode(driving.costs.class());
        let left = driving.costs.rules().drives_left;
        let mut all = vec![
            ("distance", metres(leg.distance_m)),
            ("duration", seconds(leg.duration_ms)),
            ("weight", seconds(u64::from(leg.cost))),
            ("summary", text(summary(&steps))),
            ("steps", Json::Array(steps.iter().map(|step| self.step(leg, step, mode, left)).collect())),
        ];
        if self.annotations.contains(&true) {
            all.push(("annotation", self.annotation(driving, leg)));
        }
        members(all)
    }

    fn step(&self, leg: &Route, step: &Step<'_>, mode: &str, left: bool) -> Json {
        let (from, to) = step.line;
        let mut line = leg.geometry[from..=to].to_vec();
        if line.len() == 1 {
            line.push(line[0]);
        }
        let (before, after) = step.bearings;
        // Of the junction that is met, the roads on which one comes and goes.
        let arrives = step.manoeuvre == Manoeuvre::Arrive;
        let (way, bearing) = if arrives { ("in", (before + 180.0).rem_euclid(360.0)) } else { ("out", after) };
        let junction = object([
            ("location", position(step.position)),
            ("bearings", Json::Array(vec![rounded(bearing, 0)])),
            ("entry", Json::Array(vec![Json::Bool(true)])),
            (way, Json::Int(0)),
        ]);
        members(vec![
            ("distance", metres(step.distance_m)),
            ("duration", seconds(step.duration_ms)),
            ("weight", seconds(step.duration_ms)),
            ("geometry", self.line(&line)),
            ("name", text(step.road)),
            ("mode", text(if step.manoeuvre == Manoeuvre::Board { "ferry" } else { mode })),
            ("driving_side", text(if left { "left" } else { "right" })),
            ("maneuver", manoeuvre(step)),
            ("intersections", Json::Array(vec![junction])),
        ])
    }

    fn annotation(&self, driving: &Driving, leg: &Route) -> Json {
        let (mut durations, mut distances, mut speeds) = (Vec::new(), Vec::new(), Vec::new());
        for (m, ms) in driving.router().pieces(leg) {
            durations.push(rounded(ms / 1000.0, 1));
            distances.push(metres(m));
            speeds.push(rounded(if ms > 0.0 { m * 1000.0 / ms } else { 0.0 }, 1));
        }
        let all = [("duration", durations), ("distance", distances), ("speed", speeds)];
        let wanted = all.into_iter().zip(self.annotations).filter(|(_, wanted)| *wanted);
        members(wanted.map(|((name, values), _)| (name, Json::Array(values))).collect())
    }
}

/// The names of the two roads that a leg follows longest, in its order.
fn summary(steps: &[Step<'_>]) -> String {
    let mut roads: Vec<(&str, f64, usize)> = Vec::new();
    for (at, step) in steps.iter().enumerate().filter(|(_, step)| !step.road.is_empty()) {
        match roads.iter_mut().find(|(road, ..)| *road == step.road) {
            Some((_, metres, _)) => *metres += step.distance_m,
            None => roads.push((step.road, step.distance_m, at)),
        }
    }
    roads.sort_by(|a, b| b.1.total_cmp(&a.1));
    roads.truncate(2);
    roads.sort_by_key(|(_, _, at)| *at);
    roads.iter().map(|(road, ..)| *road).collect::<Vec<_>>().join(", ")
}

/// How a road that is followed bends.
fn bend((before, after): (f64, f64)) -> &'static str {
    let angle = (after - before + 180.0).rem_euclid(360.0) - 180.0;
    match (angle.abs(), angle > 0.0) {
        (0.0..20.0, _) => "straight",
        (20.0..60.0, true) => "slight right",
        (20.0..60.0, false) => "slight left",
        (60.0..125.0, true) => "right",
        (60.0..125.0, false) => "left",
        (_, true) => "sharp right",
        (_, false) => "sharp left",
    }
}

fn manoeuvre(step: &Step<'_>) -> Json {
    let (kind, modifier) = match step.manoeuvre {
        Manoeuvre::Depart => ("depart", None),
        Manoeuvre::Arrive => ("arrive", None),
        Manoeuvre::Continue => ("new name", Some(bend(step.bearings))),
        Manoeuvre::SlightRight => ("turn", Some("slight right")),
        Manoeuvre::Right => ("turn", Some("right")),
        Manoeuvre::SharpRight => ("turn", Some("sharp right")),
        Manoeuvre::SlightLeft => ("turn", Some("slight left")),
        Manoeuvre::Left => ("turn", Some("left")),
        Manoeuvre::SharpLeft => ("turn", Some("sharp left")),
        Manoeuvre::UTurn => ("turn", Some("uturn")),
        Manoeuvre::Roundabout { .. } => ("roundabout", Some("right")),
        Manoeuvre::Board => ("notification", Some("straight")),
    };
    let bearing = |degrees: f64| rounded(degrees.round().rem_euclid(360.0), 0);
    let mut all = vec![
        ("location", position(step.position)),
        ("bearing_before", bearing(step.bearings.0)),
        ("bearing_after", bearing(step.bearings.1)),
        ("type", text(kind)),
    ];
    all.extend(modifier.map(|modifier| ("modifier", text(modifier))));
    if let Manoeuvre::Roundabout { exit } = step.manoeuvre
        && exit > 0
    {
        all.push(("exit", count(exit)));
    }
    members(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bends_have_their_words() {
        for (bearings, word) in [
            ((90.0, 95.0), "straight"),
            ((350.0, 10.0), "slight right"),
            ((90.0, 0.0), "left"),
            ((0.0, 90.0), "right"),
            ((10.0, 320.0), "slight left"),
            ((0.0, 150.0), "sharp right"),
            ((0.0, 210.0), "sharp left"),
        ] {
            assert_eq!(bend(bearings), word, "{bearings:?}");
        }
    }

    #[test]
    fn a_summary_names_the_two_longest_roads_in_order() {
        let position = Position { lon: 0.0, lat: 0.0, alt: None };
        let step = |road, distance_m| Step {
            manoeuvre: Manoeuvre::Continue,
            road,
            position,
            distance_m,
            duration_ms: 0,
            bearings: (0.0, 0.0),
            line: (0, 0),
        };
        let steps = [step("A", 10.0), step("B", 50.0), step("", 500.0), step("A", 60.0), step("C", 20.0)];
        assert_eq!(summary(&steps), "A, B");
        assert_eq!(summary(&[]), "");
    }
}
