//! Numbers of tiles: their place along Hilbert curves, zoom after zoom (PMTiles 3, 4.1).

use crate::address::{Address, MAX_ZOOM};

/// The number of a tile.
pub fn id_of(tile: Address) -> u64 {
    let (mut x, mut y) = (u64::from(tile.x()), u64::from(tile.y()));
    let mut along = 0;
    for level in (0..tile.z()).rev() {
        let side = 1_u64 << level;
        let (east, south) = (u64::from(x & side != 0), u64::from(y & side != 0));
        along += side * side * ((3 * east) ^ south);
        (x, y) = turned(side, x & (side - 1), y & (side - 1), east, south);
    }
    first_of(tile.z()) + along
}

/// The tile of a number; `None` when it is deeper than [`MAX_ZOOM`].
pub fn address_of(id: u64) -> Option<Address> {
    let zoom = (0..=MAX_ZOOM).find(|zoom| id < first_of(zoom + 1))?;
    let mut along = id - first_of(zoom);
    let (mut x, mut y) = (0, 0);
    for level in 0..zoom {
        let side = 1_u64 << level;
        let east = (along / 2) & 1;
        let south = (along ^ east) & 1;
        (x, y) = turned(side, x, y, east, south);
        x += side * east;
        y += side * south;
        along /= 4;
    }
    Address::new(zoom, x as u32, y as u32).ok()
}

/// The number of the first tile of a zoom: tiles of all coarser ones.
pub(crate) fn first_of(zoom: u8) -> u64 {
    ((1_u64 << (2 * zoom)) - 1) / 3
}

/// Turns a quarter of a square so that the curve goes on.
fn turned(side: u64, x: u64, y: u64, east: u64, south: u64) -> (u64, u64) {
    if south != 0 {
        return (x, y);
    }
    let (x, y) = if east != 0 { (side - 1 - x, side - 1 - y) } else { (x, y) };
    (y, x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of PMTiles 3, 4.1.
    #[test]
    fn the_numbers_of_the_specification() {
        for (z, x, y, id) in [
            (0, 0, 0, 0),
            (1, 0, 0, 1),
            (1, 0, 1, 2),
            (1, 1, 1, 3),
            (1, 1, 0, 4),
            (2, 0, 0, 5),
            (12, 3423, 1763, 19_078_479),
        ] {
            let tile = Address::new(z, x, y).unwrap();
            assert_eq!(id_of(tile), id, "{tile}");
            assert_eq!(address_of(id), Some(tile));
        }
    }

    #[test]
    fn every_tile_there_and_back_and_neighbours_follow() {
        let mut before: Option<Address> = None;
        for id in 0..first_of(7) {
            let tile = address_of(id).unwrap();
            assert_eq!(id_of(tile), id);
            if let Some(last) = before.filter(|last| last.z() == tile.z()) {
                assert_eq!(last.x().abs_diff(tile.x()) + last.y().abs_diff(tile.y()), 1, "{last} {tile}");
            }
            before = Some(tile);
        }
        let last = Address::new(MAX_ZOOM, 1, (1 << 22) - 1).unwrap();
        assert_eq!(address_of(id_of(last)), Some(last));
        assert_eq!(address_of(first_of(MAX_ZOOM + 1)), None);
        assert_eq!(address_of(u64::MAX), None);
    }
}
