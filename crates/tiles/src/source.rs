//! Where the features of a tile come from: a trait that a map in memory implements today and a store of entities can. Knows
//! no store.

use std::ops::ControlFlow;

use belfry_kernel::Error;
use belfry_kernel::geo::Bounds;

use crate::area::Area;
use crate::names::Names;
use crate::shape::Shape;
use crate::subject::Subject;
use crate::theme::Themes;

/// What can be shown on a map, lent for the time of a call.
#[derive(Clone, Copy, Debug)]
pub struct Feature<'a> {
    /// Its number, the same from tile to tile; `None` when nobody asks for it again.
    pub id: Option<u64>,
    /// What it is.
    pub subject: Subject<'a>,
    /// What it is called.
    pub names: &'a Names,
    /// Where it is.
    pub shape: &'a Shape,
}

/// What a tile needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Query {
    /// The box, on the unit square of the projection. At the antimeridian it reaches beyond 0 or 1 in x.
    pub area: Area,
    /// The zoom, so that what is not shown there need not be looked at.
    pub zoom: u8,
    /// The layers.
    pub themes: Themes,
}

impl Query {
    /// The box in degrees, for sources that know nothing of the projection: one, or two at the antimeridian.
    pub fn degrees(&self) -> impl Iterator<Item = Bounds> + use<> {
        let area = self.area;
        [0.0, 1.0, -1.0].into_iter().filter_map(move |east| {
            let moved = area.moved(east);
            let (west, to) = (moved.min[0].max(0.0), moved.max[0].min(1.0));
            (west < to).then(|| Area { min: [west, moved.min[1]], max: [to, moved.max[1]] }.degrees())
        })
    }
}

/// A source of features.
pub trait FeatureSource {
    /// Calls `put` with every feature whose box touches the query's and that is of its layers and shown at its zoom
    /// ([`Subject::first_zoom`]); with others too if that is easier. The order does not matter for the tile as long as
    /// it is within its limit of memory. Ends early when `put` breaks.
    ///
    /// # Errors
    /// The source cannot be read.
    fn features(&self, query: &Query, put: &mut dyn FnMut(&Feature<'_>) -> ControlFlow<()>) -> Result<(), Error>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;

    #[test]
    fn the_box_in_degrees_is_two_at_the_antimeridian() {
        let query = |tile: Address| Query { area: tile.area().wider(0.01), zoom: 2, themes: Themes::BASEMAP };
        assert_eq!(query(Address::new(2, 1, 1).unwrap()).degrees().count(), 1);
        let boxes: Vec<Bounds> = query(Address::new(2, 3, 1).unwrap()).degrees().collect();
        assert_eq!(boxes.len(), 2);
        assert!(boxes[0].max[0] == 180.0 && boxes[1].min[0] == -180.0 && boxes[1].max[0] < -170.0, "{boxes:?}");
    }
}
