//! The geometries of one attribute in an R-tree of bounding boxes, degrees. Exact relations are the query's work.

use belfry_kernel::geo::Bounds;
use belfry_ngsi_ld::{Attribute, Value};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RStarInsertionStrategy, RTree, RTreeParams};

type Boxed = GeomWithData<Rectangle<[f64; 2]>, u32>;

/// Nodes wide enough that a search touches few of them: each is a miss of the processor's cache.
struct Wide;

impl RTreeParams for Wide {
    const MIN_SIZE: usize = 8;
    const MAX_SIZE: usize = 20;
    const REINSERTION_COUNT: usize = 5;
    type DefaultInsertionStrategy = RStarInsertionStrategy;
}

/// The index of one geometry attribute.
#[derive(Default)]
pub(crate) struct GeometryIndex {
    tree: RTree<Boxed, Wide>,
    pub(super) life: super::Life,
}

fn boxed(attribute: &Attribute, slot: u32) -> Option<Boxed> {
    let Value::Geo(geometry) = &attribute.value else { return None };
    let b = geometry.bounds();
    Some(GeomWithData::new(Rectangle::from_corners(b.min, b.max), slot))
}

/// Memory of an entry: itself, and its share of nodes.
const ENTRY_BYTES: usize = size_of::<Boxed>() * 2;

impl GeometryIndex {
    /// Memory, about.
    pub(super) fn bytes(&self) -> usize {
        self.tree.size() * ENTRY_BYTES
    }

    /// Brings the index from the instances before to those after.
    pub(crate) fn turn<'a>(
        &mut self,
        slot: u32,
        before: Option<impl Iterator<Item = &'a Attribute>>,
        after: Option<impl Iterator<Item = &'a Attribute>>,
    ) {
        for b in before.into_iter().flatten().filter_map(|a| boxed(a, slot)) {
            self.tree.remove(&b);
        }
        for b in after.into_iter().flatten().filter_map(|a| boxed(a, slot)) {
            self.tree.insert(b);
        }
    }

    /// Slots whose box meets this one, in no order that means anything.
    pub(crate) fn meeting(&self, bounds: &Bounds) -> impl Iterator<Item = u32> + '_ {
        self.tree.locate_in_envelope_intersecting(AABB::from_corners(bounds.min, bounds.max)).map(|b| b.data)
    }
}
