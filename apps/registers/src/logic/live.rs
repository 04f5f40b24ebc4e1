//! Tiles of entities: made of the store as it is, kept for a moment, and thrown away by what changes. Answers no request.

mod entities;
mod heard;

use super::basemap::Basemap;
use super::basemap::cache::Cache;
use super::basemap::packed::Packed;
use belfry_kit::{Ctx, Error, Time};
use belfry_ngsi_ld::{Context, Name};
use belfry_tiles::{Address, Themes};
use entities::Entities;
use heard::Heard;
use parking_lot::Mutex;
use std::sync::Arc;

/// Packed tiles that are kept in memory at most, bytes.
const CACHE_BYTES: usize = 8 << 20;
/// Types of one layer at most.
const MAX_TYPES: usize = 64;
/// A tile is not shown longer than this without being made anew, microseconds: values grow stale and entities expire without a
/// commit.
const LONGEST: i64 = 15_000_000;

/// Which entities.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Layer {
    /// All of them.
    All,
    /// Those that have one of these types, by their full names in order.
    Of(Vec<&'static str>),
}

impl Layer {
    /// The layer of these types, between commas; of all when none are named. Types that are not in use are on no tile.
    ///
    /// # Errors
    /// `BadRequestData` for too many; `Internal`.
    pub(crate) fn parse(ctx: &Ctx, context: &Context, types: Option<&str>) -> Result<Self, Error> {
        let Some(types) = types else { return Ok(Self::All) };
        if types.split(',').count() > MAX_TYPES {
            return Err(Error::bad_data(format!("type: at most {MAX_TYPES} of them")));
        }
        let mut names = Vec::new();
        for info in ctx.types(false)? {
            let is_wanted = |one: &str| one == info.name.as_str() || one == context.compact(info.name);
            if types.split(',').any(is_wanted) {
                names.push(info.name.as_str());
            }
        }
        names.sort_unstable();
        Ok(Self::Of(names))
    }

    /// The layer of one type by its short or full name; `None` when no entity has it.
    ///
    /// # Errors
    /// `Internal`.
    pub(crate) fn of_one(ctx: &Ctx, context: &Context, id: &str) -> Result<Option<(Self, Name)>, Error> {
        let of = |name: Name| (Self::Of(vec![name.as_str()]), name);
        let is_it = |name: &Name| name.as_str() == id || context.compact(*name) == id;
        Ok(ctx.types(false)?.into_iter().map(|info| info.name).find(is_it).map(of))
    }

    /// Whether a type is named by it.
    fn names(&self, name: &str) -> bool {
        matches!(self, Self::Of(names) if names.binary_search(&name).is_ok())
    }
}

/// The live layers of one tenant.
pub(crate) struct Live {
    heard: Mutex<Heard>,
    /// The tiles, by layer, address and the place in the log up to which nothing of them changed.
    tiles: Cache<Key>,
}

/// A tile as of a place in the log and a span of time: another one's is another key, and is let go in time.
type Key = (Layer, Address, u64, i64);

impl Live {
    pub(crate) fn new() -> Self {
        Self { heard: Mutex::default(), tiles: Cache::new(CACHE_BYTES) }
    }

    /// A tile, from memory when nothing of its layer has changed since, else made on the pool.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub(crate) async fn tile(
        self: &Arc<Self>,
        ctx: &Ctx,
        basemap: &Arc<Basemap>,
        layer: Layer,
        tile: Address,
    ) -> Result<Arc<Packed>, Error> {
        // Heard before the state is read: what comes meanwhile makes the next one.
        let changed = self.heard.lock().last(ctx, &layer)?;
        let now = ctx.now();
        let key = (layer, tile, changed, now.micros() / LONGEST);
        if let Some(known) = self.tiles.get(&key) {
            return Ok(known);
        }
        let (own, ctx, pool) = (self.clone(), ctx.clone(), basemap.clone());
        ctx.clone()
            .blocking(move || {
                // It may have been made while this waited for its place on the pool.
                if let Some(known) = own.tiles.get(&key) {
                    return Ok(known);
                }
                let made = pool.cutters().with(|cutter| own.draw(&ctx, cutter, &key.0, tile, now))?;
                own.tiles.put(key, made.clone());
                Ok(made)
            })
            .await?
    }

    fn draw(
        &self,
        ctx: &Ctx,
        cutter: &mut belfry_tiles::Cutter,
        layer: &Layer,
        tile: Address,
        now: Time,
    ) -> Result<Arc<Packed>, Error> {
        let made = cutter.cut(&Entities { ctx, layer, now }, tile, Themes::LIVE)?;
        Ok(Arc::new(Packed::new(&made.bytes)))
    }
}
