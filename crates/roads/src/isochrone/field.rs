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

/// Adds places along a link that are reached in time, one every few metres.
fn sample(network: &Network, plane: Plane, reach: Reach, limit: f32, spacing: f64, samples: &mut Vec<Sample>) {
    let length = f64::from(network.links[reach.link as usize].length_m).max(f64::MIN_POSITIVE);
    let time = |share: f64| {
        let share = share.clamp(0.0, 1.0) as f32;
        // On the start's own edge a place behind the start has a time below zero: it is not reached this way.
        let by = |(start, whole): (f32, f32), share: f32| {
            let seconds = start + whole * share;
            if seconds >= -0.001 { seconds.max(0.0) } else { f32::INFINITY }
        };
        by(reach.forward, share).min(by(reach.backward, 1.0 - share))
    };
    let (mut way, mut since) = (0.0, spacing);
    let mut before: Option<[f64; 2]> = None;
    for point in network.points(reach.link as usize) {
        let at = plane.to_metres(*point);
        if let Some([x, y]) = before {
            let (dx, dy) = (at[0] - x, at[1] - y);
            let metres = dx.hypot(dy);
            // A longer segment gets places between its ends, not more than a grid can hold.
            let steps = ((since + metres) / spacing).min(MOST_POINTS) as usize;
            for step in 0..steps {
                let share = ((spacing * (step + 1) as f64 - since) / metres).clamp(0.0, 1.0);
                let seconds = time((way + share * metres) / length);
                if seconds <= limit {
                    samples.push(Sample { at: [x + share * dx, y + share * dy], seconds });
                }
            }
            since += metres - steps as f64 * spacing;
            way += metres;
        } else {
            let seconds = time(0.0);
            if seconds <= limit {
                samples.push(Sample { at, seconds });
            }
            since = 0.0;
        }
        before = Some(at);
    }
    // A dead end belongs to the link as a whole.
    if let (Some(at), seconds) = (before, time(1.0))
        && seconds <= limit
    {
        samples.push(Sample { at, seconds });
    }
}
