//! A grid of times: when each point of the ground is reached, from the nearest road and on foot. Draws no line.

use super::{Drawing, Reach};
use crate::network::Network;
use crate::plane::Plane;

/// Points of a grid, at most.
const MOST_POINTS: f64 = 400_000.0;

/// Times at the points of a grid, as seconds that are left: positive inside, negative outside. The rim is outside.
pub(super) struct Field {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Metres between points, and of the first point.
    pub(super) step: f64,
    pub(super) origin: [f64; 2],
    pub(super) left: Vec<f32>,
}

/// A place that is reached: metres on the plane, and when.
struct Sample {
    at: [f64; 2],
    seconds: f32,
}

impl Field {
    /// Draws what is reached within `limit` seconds. Nothing when nothing is.
    pub(super) fn draw(
        network: &Network,
        plane: Plane,
        reached: &[Reach],
        limit: f32,
        drawing: &Drawing,
    ) -> Option<Self> {
        let spacing = drawing.grid_m.max(1.0) / 2.0;
        let mut samples = Vec::with_capacity(4 * reached.len());
        for reach in reached {
            sample(network, plane, *reach, limit, spacing, &mut samples);
        }
        // Across the antimeridian and the poles lies another map.
        let (low, high) = plane.rim();
        samples.retain(|sample| (0..2).all(|axis| sample.at[axis] > low[axis] && sample.at[axis] < high[axis]));
        let mut field = Self::around(&samples, plane, drawing)?;
        let walking = drawing.walking_m_s.max(0.01);
        let (mut times, mut away) = field.stamp(&samples);
        field.spread(&mut times, &mut away, walking, drawing.off_road_m);
        // What is not reached at all is outside by as much as the next point would be.
        let outside = -(field.step / walking) as f32;
        field.left = times.into_iter().map(|time| (limit - time).max(outside)).collect();
        field.clear_rim(outside);
        Some(field)
    }

    fn around(samples: &[Sample], plane: Plane, drawing: &Drawing) -> Option<Self> {
        let (mut min, mut max) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for sample in samples {
            for axis in 0..2 {
                min[axis] = min[axis].min(sample.at[axis]);
                max[axis] = max[axis].max(sample.at[axis]);
            }
        }
        if samples.is_empty() || !min.iter().chain(&max).all(|metres| metres.is_finite()) {
            return None;
        }
        let margin = drawing.off_road_m.clamp(0.0, 5000.0);
        let size = [0, 1].map(|axis| max[axis] - min[axis] + 2.0 * margin);
        let most = drawing.grid_m.max(1.0);
        let step = most.max((size[0] * size[1] / MOST_POINTS).sqrt()).max(size[0].max(size[1]) / MOST_POINTS * 4.0);
        let (low, high) = plane.rim();
        let origin = [0, 1].map(|axis| (min[axis] - margin - 2.0 * step).max(low[axis]));
        let [columns, rows] = [0, 1].map(|axis| {
            let wanted = ((max[axis] + margin - origin[axis]) / step) as usize + 4;
            wanted.min(((high[axis] - origin[axis]) / step) as usize + 1)
        });
        if columns < 3 || rows < 3 {
            return None;
        }
        Some(Self { columns, rows, step, origin, left: Vec::new() })
    }

    /// Times at the points around each sample, and metres from it. These points are the road itself as far as a grid can
    /// show it: nobody walks to them.
    fn stamp(&self, samples: &[Sample]) -> (Vec<f32>, Vec<f32>) {
        let mut times = vec![f32::INFINITY; self.columns * self.rows];
        let mut away = vec![f32::INFINITY; times.len()];
        for sample in samples {
            let [x, y] = [0, 1].map(|axis| (sample.at[axis] - self.origin[axis]) / self.step);
            let (column, row) = (x as usize, y as usize);
            for (column, row) in [(column, row), (column + 1, row), (column, row + 1), (column + 1, row + 1)] {
                let at = row * self.columns + column;
                if column < self.columns && times.get(at).is_some_and(|known| sample.seconds < *known) {
                    times[at] = sample.seconds;
                    away[at] = ((x - column as f64).hypot(y - row as f64) * self.step) as f32;
                }
            }
        }
        (times, away)
    }

    /// Lets times spread on foot from point to point, there and back over the grid, as far from the road as is wanted.
    fn spread(&self, times: &mut [f32], away: &mut [f32], walking: f64, most: f64) {
        let straight = self.step as f32;
        let diagonal = straight * std::f32::consts::SQRT_2;
        let (walking, most) = (walking as f32, most as f32);
        let width = self.columns as isize;
        let mut relax = |at: usize, steps: [(isize, f32); 4]| {
            for (step, metres) in steps {
                let from = (at as isize + step) as usize;
                let (time, far) = (times[from] + metres / walking, away[from] + metres);
                if time < times[at] && far <= most {
                    (times[at], away[at]) = (time, far);
                }
            }
        };
        let before = [(-1, straight), (-width, straight), (-width - 1, diagonal), (-width + 1, diagonal)];
        let after = before.map(|(step, metres)| (-step, metres));
        for row in 1..self.rows - 1 {
            for column in 1..self.columns - 1 {
                relax(row * self.columns + column, before);
            }
        }
        for row in (1..self.rows - 1).rev() {
            for column in (1..self.columns - 1).rev() {
                relax(row * self.columns + column, after);
            }
        }
    }

    fn clear_rim(&mut self, outside: f32) {
        for row in 0..self.rows {
            for column in 0..self.columns {
                if row == 0 || column == 0 || row + 1 == self.rows || column + 1 == self.columns {
                    self.left[row * self.columns + column] = outside;
                }
            }
        }
    }
}

/// Adds places along a link that are reached in time: where each reached stretch begins and ends, and one every few metres
/// between.
fn sample(network: &Network, plane: Plane, reach: Reach, limit: f32, spacing: f64, samples: &mut Vec<Sample>) {
    let length = f64::from(network.links[reach.link as usize].length_m);
    let seconds = |share: f64| {
        let by = |(start, whole): (f32, f32), share: f64| {
            let seconds = start + whole * share as f32;
            // On the start's own edge what lies behind the start has a time below zero: it is not reached this way.
            if seconds >= -0.001 { seconds.max(0.0) } else { f32::INFINITY }
        };
        by(reach.forward, share).min(by(reach.backward, 1.0 - share))
    };
    let forward = span(reach.forward, limit);
    let backward = span(reach.backward, limit).map(|(from, to)| (1.0 - to, 1.0 - from));
    let stretches = match (forward, backward) {
        // Most links are reached from both ends before the middle is passed: one stretch.
        (Some((from, to)), Some((back_from, back_to))) if back_from <= to && from <= back_to => {
            [Some((from.min(back_from), to.max(back_to))), None]
        }
        both => [both.0, both.1],
    };
    for (from, to) in stretches.into_iter().flatten() {
        let points = network.points(reach.link as usize).iter().map(|point| plane.to_metres(*point));
        along(points, [from * length, to * length], spacing, |at, metres| {
            let share = if length > 0.0 { (metres / length).clamp(from, to) } else { from };
            samples.push(Sample { at, seconds: seconds(share) });
        });
    }
}

/// The shares of an edge between which it is reached from its beginning.
fn span((start, whole): (f32, f32), limit: f32) -> Option<(f64, f64)> {
    let share = |seconds: f32| f64::from((seconds - start) / whole).clamp(0.0, 1.0);
    let reached = start.is_finite() && whole > 0.0 && start <= limit;
    reached.then(|| (if start < 0.0 { share(0.0) } else { 0.0 }, share(limit)))
}

/// Gives places on a line, from one metre to another, both among them.
fn along(
    points: impl Iterator<Item = [f64; 2]>,
    [from, to]: [f64; 2],
    spacing: f64,
    mut give: impl FnMut([f64; 2], f64),
) {
    // Never more places on one line than a grid could show.
    let spacing = spacing.max((to - from) / MOST_POINTS);
    let (mut next, mut way) = (from, 0.0);
    let mut before: Option<[f64; 2]> = None;
    for at in points {
        let [x, y] = before.unwrap_or(at);
        let metres = (at[0] - x).hypot(at[1] - y);
        while next < to && next <= way + metres {
            let share = if metres > 0.0 { (next - way) / metres } else { 0.0 };
            give([x + share * (at[0] - x), y + share * (at[1] - y)], next);
            next += spacing;
        }
        if to <= way + metres && before.is_some() {
            let share = if metres > 0.0 { (to - way) / metres } else { 0.0 };
            give([x + share * (at[0] - x), y + share * (at[1] - y)], to);
            return;
        }
        way += metres;
        before = Some(at);
    }
    // The plane's metres fall short of the link's by a rounding: its end is the line's end.
    if let Some(at) = before {
        give(at, to);
    }
}
