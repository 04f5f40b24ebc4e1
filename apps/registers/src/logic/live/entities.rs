//! Entities of the store as features of a tile: where they are, what they are called, how they are. Makes no tile.

use super::Layer;
use belfry_kernel::geo::Bounds;
use belfry_kit::{Ctx, Error, Geometry, Page, Position, Search, Stop, Time};
use belfry_ngsi_ld::query::{EntityQuery, GeoQuery, GeoRelation, Naming, Selector, TypeSelection};
use belfry_ngsi_ld::{Attribute, Context, Entity, Json, Value};
use belfry_tiles::{Feature, FeatureSource, Names, Query, Shape, State, Subject};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Entities of one tile at most; those beyond are not on it.
const MAX_ENTITIES: usize = 100_000;
/// Values that were observed longer ago than this look stale, microseconds: as on the page, where nothing is known of how often a device
/// reports.
const STALE: i64 = 3_600_000_000;

/// The entities of a layer.
pub(super) struct Entities<'a> {
    pub(super) ctx: &'a Ctx,
    pub(super) layer: &'a Layer,
    pub(super) now: Time,
}

impl FeatureSource for Entities<'_> {
    fn features(&self, query: &Query, put: &mut dyn FnMut(&Feature<'_>) -> ControlFlow<()>) -> Result<(), Error> {
        if matches!(self.layer, Layer::Of(names) if names.is_empty()) {
            return Ok(());
        }
        let boxes: Vec<Bounds> = query.degrees().collect();
        // At the antimeridian there are two, and what lies in both is drawn once.
        let mut seen = (boxes.len() > 1).then(HashSet::new);
        for bounds in boxes {
            let query = self.query(&bounds)?;
            let page = Page { offset: 0, limit: MAX_ENTITIES, bytes: usize::MAX, count: false };
            let search =
                Search { query: &query, order: None, page, now: self.now, looks: usize::MAX, stop: Stop::NEVER };
            let mut ended = false;
            self.ctx.find(&search, &mut |lent| {
                let id = lent.id();
                if !ended && seen.as_mut().is_none_or(|seen| seen.insert(id)) {
                    ended = self.show(&lent.make()?, put).is_break();
                }
                Ok(())
            })?;
            if ended {
                break;
            }
        }
        Ok(())
    }
}

impl Entities<'_> {
    /// What asks for the entities of a box.
    fn query(&self, bounds: &Bounds) -> Result<EntityQuery, Error> {
        let naming = Naming::new(Context::core());
        let corner = |lon: f64, lat: f64| Position { lon, lat, alt: None };
        let ([west, south], [east, north]) = (bounds.min, bounds.max);
        let ring = vec![
            corner(west, south),
            corner(east, south),
            corner(east, north),
            corner(west, north),
            corner(west, south),
        ];
        let property = naming.term("location")?;
        let geo = GeoQuery::new(GeoRelation::Intersects, Geometry::Polygon(vec![ring]), property)?;
        let types = match self.layer {
            Layer::All => None,
            Layer::Of(names) => TypeSelection::parse(&names.join("|"), &naming)?,
        };
        let selectors = vec![Selector { types, ..Selector::default() }];
        Ok(EntityQuery { selectors, geo: Some(geo), ..EntityQuery::default() })
    }

    fn show(&self, entity: &Entity, put: &mut dyn FnMut(&Feature<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        let geometry = entity.attributes.iter().find_map(|attribute| match &attribute.value {
            Value::Geo(geometry) if attribute.dataset_id.is_none() && is_called(attribute, "location") => {
                Some(geometry)
            }
            _ => None,
        });
        // One that cannot be drawn is on no tile.
        let Some(shape) = geometry.and_then(|geometry| Shape::new(geometry).ok()) else {
            return ControlFlow::Continue(());
        };
        let wanted = entity.types.iter().find(|name| self.layer.names(name.as_str()));
        let Some(kind) = wanted.or(entity.types.first()) else { return ControlFlow::Continue(()) };
        let kind = Context::core().compact(*kind);
        let subject = Subject::Live { entity: entity.id.as_str(), kind, state: state(entity, self.now) };
        put(&Feature { id: None, subject, names: &names(entity), shape: &shape })
    }
}

/// Whether this is the short name of an attribute, whatever context it comes from.
fn is_called(attribute: &Attribute, name: &str) -> bool {
    attribute.name.as_str().rsplit(['/', '#', ':']).next() == Some(name)
}

/// Stale when something of it was observed, and all of it long ago.
fn state(entity: &Entity, now: Time) -> State {
    let newest = entity.attributes.iter().filter_map(|attribute| attribute.observed_at).max();
    if newest.is_some_and(|at| now.micros() - at.micros() > STALE) { State::Stale } else { State::Normal }
}

/// What it is called: its `names` in all languages where it has such (as imported from OpenStreetMap), else its `name`.
fn names(entity: &Entity) -> Names {
    let of = |name: &str| entity.attributes.iter().find(|attribute| is_called(attribute, name));
    let named = of("names").or_else(|| of("name")).or_else(|| of("title"));
    match named.map(|attribute| &attribute.value) {
        Some(Value::Property(json)) => json.as_str().map_or_else(Names::default, Names::new),
        Some(Value::Language(all)) => {
            let text = |json: &'_ Json| json.as_str().map(str::to_owned);
            let plain = |tag: &str| matches!(tag, "@none" | "none");
            let first = all.iter().find(|(tag, _)| plain(tag)).or(all.first()).and_then(|(_, json)| text(json));
            let mut names = Names::new(first.as_deref().unwrap_or_default());
            for (tag, json) in all {
                if let Some(name) = text(json) {
                    names.add(tag, &name);
                }
            }
            names
        }
        _ => Names::default(),
    }
}
