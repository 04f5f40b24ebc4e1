//! Addresses of tiles: zoom, column, row, as `/{z}/{x}/{y}` names them (rows from the north), and the boxes they stand for.
//! Holds no tile.

use std::fmt;

use belfry_kernel::Position;
use belfry_kernel::geo::Bounds;

use crate::area::Area;
use crate::mercator;

/// The deepest zoom: a tile of some 9 metres at the equator, its grid of 2 millimetres.
pub const MAX_ZOOM: u8 = 22;

/// A tile's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    z: u8,
    x: u32,
    y: u32,
}

/// Why there is no such tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Deeper than [`MAX_ZOOM`].
    #[error("zoom {0} is deeper than {MAX_ZOOM}")]
    Zoom(u8),
    /// Outside of the square of its zoom.
    #[error("at zoom {z} columns and rows are below {}: there is no {x}/{y}", 1_u32 << z)]
    Outside {
        /// Zoom.
        z: u8,
        /// Column.
        x: u32,
        /// Row.
        y: u32,
    },
}

impl Address {
    /// The whole world.
    pub const WORLD: Self = Self { z: 0, x: 0, y: 0 };

    /// An address, if there is such a tile.
    ///
    /// # Errors
    /// The zoom is too deep, or column or row are outside.
    pub fn new(z: u8, x: u32, y: u32) -> Result<Self, AddressError> {
        if z > MAX_ZOOM {
            return Err(AddressError::Zoom(z));
        }
        if x >> z != 0 || y >> z != 0 {
            return Err(AddressError::Outside { z, x, y });
        }
        Ok(Self { z, x, y })
    }

    /// The tile of a zoom (at most [`MAX_ZOOM`]) in which a place lies; the nearest one for places beyond the square.
    pub fn at(place: Position, zoom: u8) -> Self {
        let z = zoom.min(MAX_ZOOM);
        let index = |value: f64| ((value * f64::from(1_u32 << z)) as u32).min((1 << z) - 1);
        Self { z, x: index(mercator::x(place.lon)), y: index(mercator::y(place.lat)) }
    }

    /// Zoom, 0 to [`MAX_ZOOM`].
    pub fn z(self) -> u8 {
        self.z
    }

    /// Column from the west.
    pub fn x(self) -> u32 {
        self.x
    }

    /// Row from the north.
    pub fn y(self) -> u32 {
        self.y
    }

    /// Width of the tile, in widths of the world.
    pub fn width(self) -> f64 {
        1.0 / f64::from(1_u32 << self.z)
    }

    /// Its box on the unit square.
    pub fn area(self) -> Area {
        let width = self.width();
        let at = |index: u32| f64::from(index) * width;
        Area { min: [at(self.x), at(self.y)], max: [at(self.x + 1), at(self.y + 1)] }
    }

    /// Its box in degrees.
    pub fn bounds(self) -> Bounds {
        self.area().degrees()
    }

    /// The tile of the next coarser zoom in which it lies.
    pub fn parent(self) -> Option<Self> {
        (self.z > 0).then(|| Self { z: self.z - 1, x: self.x / 2, y: self.y / 2 })
    }

    /// The tiles of a zoom that cover a box of degrees, row by row. A box whose west is east of its east crosses the antimeridian.
    pub fn cover(bounds: &Bounds, zoom: u8) -> impl Iterator<Item = Self> + use<> {
        let corner = |lon, lat| Self::at(Position { lon, lat, alt: None }, zoom);
        let first = corner(bounds.min[0], bounds.max[1]);
        let last = corner(bounds.max[0], bounds.min[1]);
        let side = 1_u32 << first.z;
        let columns =
            if bounds.min[0] <= bounds.max[0] { last.x - first.x.min(last.x) } else { last.x + side - first.x };
        let columns = columns.min(side - 1);
        (first.y..=last.y)
            .flat_map(move |y| (0..=columns).map(move |step| Self { z: first.z, x: (first.x + step) % side, y }))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.z, self.x, self.y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(lon: f64, lat: f64) -> Position {
        Position { lon, lat, alt: None }
    }

    #[test]
    fn only_tiles_that_exist_have_addresses() {
        assert!(Address::new(0, 0, 0).is_ok());
        assert!(Address::new(22, (1 << 22) - 1, 0).is_ok());
        assert_eq!(Address::new(23, 0, 0), Err(AddressError::Zoom(23)));
        assert_eq!(Address::new(200, 0, 0), Err(AddressError::Zoom(200)));
        assert_eq!(Address::new(1, 2, 0), Err(AddressError::Outside { z: 1, x: 2, y: 0 }));
        assert!(Address::new(3, 0, u32::MAX).is_err());
    }

    #[test]
    fn places_have_tiles_at_the_poles_and_at_the_antimeridian_too() {
        // Vaduz, by the formula of the OpenStreetMap wiki's page on tile names.
        assert_eq!(Address::at(place(9.5215, 47.141), 14).to_string(), "14/8625/5753");
        for (lon, lat, x, y) in [(-180.0, 90.0, 0, 0), (180.0, -90.0, 7, 7), (179.999, 0.0001, 7, 3), (0.0, 0.0, 4, 4)]
        {
            let at = Address::at(place(lon, lat), 3);
            assert_eq!((at.x(), at.y()), (x, y), "{lon} {lat}");
        }
    }

    #[test]
    fn the_world_is_its_four_parts() {
        let bounds = Address::WORLD.bounds();
        assert!((bounds.max[1] - mercator::LATITUDE_LIMIT).abs() < 1e-9 && bounds.min[0] == -180.0);
        let part = Address::new(1, 1, 1).unwrap();
        assert_eq!(part.parent(), Some(Address::WORLD));
        assert_eq!(Address::WORLD.parent(), None);
        assert!(part.bounds().max[1].abs() < 1e-12 && part.bounds().min[0] == 0.0);
    }

    #[test]
    fn boxes_are_covered_across_the_antimeridian_too() {
        let cover = |w, s, e, n, z| {
            Address::cover(&Bounds { min: [w, s], max: [e, n] }, z).map(|t| t.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(cover(-180.0, -90.0, 180.0, 90.0, 1), ["1/0/0", "1/1/0", "1/0/1", "1/1/1"]);
        assert_eq!(cover(170.0, 1.0, -170.0, 2.0, 2), ["2/3/1", "2/0/1"]);
        assert_eq!(cover(9.4, 47.0, 9.6, 47.3, 8), ["8/134/89", "8/134/90"]);
        assert_eq!(cover(10.0, 1.0, 9.0, 2.0, 1).len(), 2);
    }
}
