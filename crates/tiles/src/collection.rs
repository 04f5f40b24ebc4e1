//! Features kept in memory under an R-tree: a map that was read from a file. A source of tiles; changes by being made anew.

use std::ops::ControlFlow;

use belfry_kernel::Error;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::area::Area;
use crate::names::Names;
use crate::shape::Shape;
use crate::source::{Feature, FeatureSource, Query};
use crate::subject::{Road, Subject};
use crate::theme::Theme;

/// Zooms are in groups with a tree each, so that a tile of the world does not pass over every house.
const GROUPS: [u8; 4] = [9, 12, 14, u8::MAX];

type Leaf = GeomWithData<Rectangle<[f64; 2]>, u32>;

/// A feature that is kept: with a number for its text, so that it needs no lifetime.
struct Kept {
    id: Option<u64>,
    /// The text is that of `text`; here it is empty.
    subject: Subject<'static>,
    text: Box<str>,
    kind: Box<str>,
    names: Names,
    shape: Shape,
}

impl Kept {
    fn subject(&self) -> Subject<'_> {
        match self.subject {
            Subject::Road(road) => Subject::Road(Road { number: &self.text, ..road }),
            Subject::Address(_) => Subject::Address(&self.text),
            Subject::Live { state, .. } => Subject::Live { entity: &self.text, kind: &self.kind, state },
            other => other,
        }
    }
}

/// Features by place and zoom.
pub struct Collection {
    kept: Vec<Kept>,
    trees: Vec<(u8, RTree<Leaf>)>,
    area: Option<Area>,
}

/// Features on their way into a collection.
#[derive(Default)]
pub struct CollectionBuilder {
    kept: Vec<Kept>,
}

impl CollectionBuilder {
    /// Adds a feature.
    pub fn add(&mut self, id: Option<u64>, subject: Subject<'_>, names: Names, shape: Shape) {
        let (own, text, kind): (Subject<'static>, &str, &str) = match subject {
            Subject::Road(road) => (
                Subject::Road(Road {
                    number: "",
                    class: road.class,
                    link: road.link,
                    tunnel: road.tunnel,
                    bridge: road.bridge,
                    oneway: road.oneway,
                }),
                road.number,
                "",
            ),
            Subject::Address(number) => (Subject::Address(""), number, ""),
            Subject::Live { entity, kind, state } => (Subject::Live { entity: "", kind: "", state }, entity, kind),
            Subject::Landuse(class) => (Subject::Landuse(class), "", ""),
            Subject::Water { kind, tunnel } => (Subject::Water { kind, tunnel }, "", ""),
            Subject::Boundary(class) => (Subject::Boundary(class), "", ""),
            Subject::Building { height } => (Subject::Building { height }, "", ""),
            Subject::Place { kind, capital, population } => (Subject::Place { kind, capital, population }, "", ""),
            Subject::Poi(kind) => (Subject::Poi(kind), "", ""),
        };
        let (text, kind) = (text.into(), kind.into());
        self.kept.push(Kept { id, subject: own, text, kind, names, shape });
    }

    /// Features so far.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Builds the trees.
    pub fn build(self) -> Collection {
        let mut leaves: Vec<Vec<Leaf>> = GROUPS.iter().map(|_| Vec::new()).collect();
        let mut area: Option<Area> = None;
        for (index, kept) in self.kept.iter().enumerate() {
            let of = kept.shape.area();
            let group = GROUPS.iter().position(|last| kept.subject.first_zoom() <= *last).unwrap_or(GROUPS.len() - 1);
            leaves[group].push(GeomWithData::new(Rectangle::from_corners(of.min, of.max), index as u32));
            let all = area.get_or_insert(of);
            all.grow(of.min);
            all.grow(of.max);
        }
        let first = |group: usize| group.checked_sub(1).map_or(0, |before| GROUPS[before] + 1);
        let trees =
            leaves.into_iter().enumerate().map(|(group, leaves)| (first(group), RTree::bulk_load(leaves))).collect();
        Collection { kept: self.kept, trees, area }
    }
}

impl Collection {
    /// Features in it.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The box around everything.
    pub fn area(&self) -> Option<Area> {
        self.area
    }

    /// Features of a theme.
    pub fn count(&self, theme: Theme) -> usize {
        self.kept.iter().filter(|kept| kept.subject.theme() == theme).count()
    }
}

impl FeatureSource for Collection {
    fn features(&self, query: &Query, put: &mut dyn FnMut(&Feature<'_>) -> ControlFlow<()>) -> Result<(), Error> {
        for (first, tree) in &self.trees {
            if *first > query.zoom {
                break;
            }
            for east in [0.0, 1.0, -1.0] {
                let area = query.area.moved(east);
                // The neighbouring worlds concern what reaches over the antimeridian alone.
                let reached = self.area.is_some_and(|all| all.touches(&area));
                if !reached {
                    continue;
                }
                for leaf in tree.locate_in_envelope_intersecting(AABB::from_corners(area.min, area.max)) {
                    let kept = &self.kept[leaf.data as usize];
                    let subject = kept.subject();
                    if subject.first_zoom() > query.zoom || !query.themes.has(subject.theme()) {
                        continue;
                    }
                    // Found in another world already.
                    let before = [0.0, 1.0].into_iter().take_while(|other| *other != east);
                    if before.into_iter().any(|other| kept.shape.area().touches(&query.area.moved(other))) {
                        continue;
                    }
                    let feature = Feature { id: kept.id, subject, names: &kept.names, shape: &kept.shape };
                    if put(&feature).is_break() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}
