//! Heights: a valley that falls along its main river, hills to both sides, and noise upon them. A function, not a grid.

use crate::draw::{hash, share};
use crate::plane::Point;

/// The shape of the ground.
#[derive(Clone, Debug)]
pub struct Terrain {
    seed: u64,
    /// Height of the river at the county's middle, metres.
    base: f64,
    /// Fall of the valley from west to east, metres a metre.
    fall: f64,
    /// Height of the hills, metres.
    hills: f64,
    /// Half the width of the county.
    reach: f64,
}

impl Terrain {
    /// A valley with hills of this height.
    pub fn valley(seed: u64, base: f64, hills: f64, reach: f64) -> Self {
        Self { seed, base, fall: 0.0018, hills, reach }
    }

    /// North of the county's middle by how much the main river runs at this easting. Metres.
    pub fn river_y(&self, x: f64) -> f64 {
        let phase = share(hash(self.seed, 11, 0)) * std::f64::consts::TAU;
        let bend = |length: f64, size: f64| (x / length + phase).sin() * size;
        // The bends fade towards the middle, where the town is, so that its bridge is where its market is.
        let away = (x / self.reach).abs().min(1.0);
        (bend(2_900.0, 420.0) + bend(1_130.0, 130.0) - phase.sin() * 550.0) * away + 180.0
    }

    /// Metres above the sea.
    pub fn height(&self, at: Point) -> f64 {
        let from_river = (at.y - self.river_y(at.x)).abs();
        let side = (from_river / self.reach).min(1.5);
        let ridge = self.hills * side.powf(1.4);
        let rough = self.noise(at, 2_300.0) * 0.6 + self.noise(at, 700.0) * 0.25;
        self.base - self.fall * at.x + ridge + rough * self.hills * 0.25 * side.min(1.0)
    }

    /// Value noise of -1 to 1 with knots so many metres apart.
    fn noise(&self, at: Point, apart: f64) -> f64 {
        let (x, y) = (at.x / apart, at.y / apart);
        let (cx, cy) = (x.floor(), y.floor());
        let smooth = |t: f64| t * t * (3.0 - 2.0 * t);
        let (tx, ty) = (smooth(x - cx), smooth(y - cy));
        let knot = |dx: f64, dy: f64| {
            share(hash(self.seed, (cx + dx) as i64 as u64, (cy + dy) as i64 as u64 ^ (apart as u64) << 32)) * 2.0 - 1.0
        };
        let low = knot(0.0, 0.0) * (1.0 - tx) + knot(1.0, 0.0) * tx;
        let high = knot(0.0, 1.0) * (1.0 - tx) + knot(1.0, 1.0) * tx;
        low * (1.0 - ty) + high * ty
    }
}
