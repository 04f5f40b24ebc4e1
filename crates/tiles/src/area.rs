//! A box on the unit square of the projection ([`crate::mercator`]). Holds no geometry.

use belfry_kernel::geo::Bounds;

use crate::mercator;

/// A box; beyond 0 and 1 in x it is on the neighbouring copies of the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// West and north.
    pub min: [f64; 2],
    /// East and south.
    pub max: [f64; 2],
}

impl Area {
    /// The box around nothing: every point makes it larger.
    pub(crate) const NOTHING: Self = Self { min: [f64::INFINITY; 2], max: [f64::NEG_INFINITY; 2] };

    /// The box of degrees, projected.
    pub fn of(bounds: &Bounds) -> Self {
        Self {
            min: [mercator::x(bounds.min[0]), mercator::y(bounds.max[1])],
            max: [mercator::x(bounds.max[0]), mercator::y(bounds.min[1])],
        }
    }

    /// In degrees. Longitudes beyond 180 are on the neighbouring copies of the world.
    pub fn degrees(&self) -> Bounds {
        Bounds {
            min: [mercator::lon(self.min[0]), mercator::lat(self.max[1])],
            max: [mercator::lon(self.max[0]), mercator::lat(self.min[1])],
        }
    }

    /// Whether they have a point in common.
    pub fn touches(&self, other: &Self) -> bool {
        (0..2).all(|axis| self.min[axis] <= other.max[axis] && other.min[axis] <= self.max[axis])
    }

    /// Whether the other one lies in it.
    pub fn holds(&self, other: &Self) -> bool {
        (0..2).all(|axis| self.min[axis] <= other.min[axis] && other.max[axis] <= self.max[axis])
    }

    /// Larger by this much on each side.
    #[must_use]
    pub fn wider(&self, by: f64) -> Self {
        Self { min: self.min.map(|v| v - by), max: self.max.map(|v| v + by) }
    }

    /// Moved to the east.
    #[must_use]
    pub fn moved(&self, east: f64) -> Self {
        Self { min: [self.min[0] + east, self.min[1]], max: [self.max[0] + east, self.max[1]] }
    }

    pub(crate) fn grow(&mut self, [x, y]: [f64; 2]) {
        self.min = [self.min[0].min(x), self.min[1].min(y)];
        self.max = [self.max[0].max(x), self.max[1].max(y)];
    }
}
