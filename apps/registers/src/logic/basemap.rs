//! The basemap: the file that is kept, what tiles are made of, and the tiles that were made. Tiles are made on the pool when
//! they are asked for. Answers no request.

pub(crate) mod archive;
pub(crate) mod cache;
pub(crate) mod ground;
pub(crate) mod packed;

use belfry_kernel::geo::Bounds;
use belfry_kit::{Bytes, Ctx, Error, File, Kind, Time};
use belfry_tiles::pmtiles::VectorLayer;
use belfry_tiles::{Address, Cutter, Options};
use cache::Cache;
use ground::Ground;
use packed::Packed;
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;

/// The file that holds the basemap.
const FILE: &str = "basemap";
/// Documents that say what must be shown with a file begin so; its digest follows.
const CREDIT: &str = "basemap-credit-";
/// Documents of that kind that are looked at: of the file, and of those whose putting broke off.
const MOST_CREDITS: usize = 64;
/// Packed tiles that are kept in memory at most, bytes.
const CACHE_BYTES: usize = 32 << 20;
/// Cutters that are kept for the next tile.
const MAX_CUTTERS: usize = 8;

/// The basemap of one tenant.
pub(crate) struct Basemap {
    state: RwLock<State>,
    cutters: Cutters,
}

/// A basemap, on its way.
enum State {
    None,
    Making,
    Broken(Box<str>),
    Ready(Arc<Map>),
}

/// One edition of the basemap.
pub(crate) struct Map {
    /// The file that it was read from.
    pub(crate) file: File,
    /// What must be shown with it, plain text.
    pub(crate) credit: String,
    /// When it was ready, and how long that took, milliseconds.
    pub(crate) made: (Time, u64),
    ground: Ground,
    tiles: Cache<Address>,
}

/// Cutters that wait for their next tile.
#[derive(Default)]
pub(crate) struct Cutters(Mutex<Vec<Cutter>>);

impl Cutters {
    /// Lends one.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Cutter) -> R) -> R {
        let kept = self.0.lock().pop();
        let mut cutter = kept.unwrap_or_else(|| Cutter::new(Options::default()));
        let made = work(&mut cutter);
        let mut waiting = self.0.lock();
        if waiting.len() < MAX_CUTTERS {
            waiting.push(cutter);
        }
        made
    }
}

impl Basemap {
    /// None, or one that is about to be read.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub(crate) fn new(ctx: &Ctx) -> Result<Self, Error> {
        let state = if ctx.files().get(FILE)?.is_some() { State::Making } else { State::None };
        Ok(Self { state: RwLock::new(state), cutters: Cutters::default() })
    }

    /// The map.
    ///
    /// # Errors
    /// `ResourceNotFound` when there is none; `Unavailable` while it is read, or when the kept file cannot be.
    pub(crate) fn map(&self) -> Result<Arc<Map>, Error> {
        match &*self.state.read() {
            State::Ready(map) => Ok(map.clone()),
            State::None => Err(Error::not_found("there is no basemap yet: PUT one at /belfry/v1/registers/basemap")),
            State::Making => Err(Error::new(Kind::Unavailable, "the basemap is being read; ask again in a moment")),
            State::Broken(why) => Err(Error::new(Kind::Unavailable, format!("the basemap cannot be read: {why}"))),
        }
    }

    /// The map, if one is ready.
    pub(crate) fn ready(&self) -> Option<Arc<Map>> {
        self.map().ok()
    }

    /// How it is, in a word, and why it cannot be read.
    pub(crate) fn state(&self) -> (&'static str, Option<String>) {
        match &*self.state.read() {
            State::None => ("none", None),
            State::Making => ("making", None),
            State::Broken(why) => ("broken", Some(why.to_string())),
            State::Ready(_) => ("ready", None),
        }
    }

    /// Reads the file that is kept, at the start.
    pub(crate) async fn open(&self, ctx: &Ctx) {
        let (begun, own) = (ctx.now(), ctx.clone());
        let read = ctx.blocking(move || match own.files().read(FILE)? {
            Some((file, bytes)) => Ok(Some((ground::read(&bytes)?, file))),
            None => Ok(None),
        });
        let shown = match read.await.and_then(|read| read) {
            Ok(Some((ground, file))) => self.show(ctx, ground, file, begun),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = shown {
            *self.state.write() = State::Broken(error.public().into());
        }
    }

    /// Reads a map and keeps it: all of it is read before anything is changed. Whether there was one before.
    ///
    /// # Errors
    /// `BadRequestData` saying where it is broken; `PayloadTooLarge`; why the store refused.
    pub(crate) async fn put(&self, ctx: &Ctx, media: &str, bytes: Bytes, credit: Option<&str>) -> Result<bool, Error> {
        let (begun, own) = (ctx.now(), bytes.clone());
        let ground = ctx.blocking(move || ground::read(&own)).await??;
        let was_there = ctx.files().get(FILE)?.is_some();
        let own = format!("{CREDIT}{}", packed::hex(&bytes));
        let (key, said) = (own.clone(), credit.map(|credit| credit.as_bytes().to_vec().into()));
        ctx.write(move |draft| {
            draft.put_document(&key, said);
            Ok(())
        })
        .await?;
        let file = ctx.files().put(FILE, media, bytes).await?;
        self.show(ctx, ground, file, begun)?;
        forget_credits(ctx, Some(own)).await?;
        Ok(was_there)
    }

    /// Takes the map away. Whether it was there.
    ///
    /// # Errors
    /// Why the store refused.
    pub(crate) async fn remove(&self, ctx: &Ctx) -> Result<bool, Error> {
        let was_there = ctx.files().remove(FILE).await?;
        {
            let mut state = self.state.write();
            // Not one that was put meanwhile.
            if ctx.files().get(FILE)?.is_none() {
                *state = State::None;
            }
        }
        forget_credits(ctx, None).await?;
        Ok(was_there)
    }

    /// From now on tiles are made of this; not when the file that is kept is another by now.
    fn show(&self, ctx: &Ctx, ground: Ground, file: File, begun: Time) -> Result<(), Error> {
        let mut state = self.state.write();
        if ctx.files().get(FILE)?.as_ref() != Some(&file) {
            return Ok(());
        }
        let said = ctx.document(&format!("{CREDIT}{}", file.sha256))?;
        let credit = said.map_or_else(|| ground.credit(), |said| String::from_utf8_lossy(&said).into_owned());
        let now = ctx.now();
        let took = u64::try_from((now.micros() - begun.micros()) / 1000).unwrap_or(0);
        let tiles = Cache::new(CACHE_BYTES);
        *state = State::Ready(Arc::new(Map { file, credit, made: (now, took), ground, tiles }));
        Ok(())
    }

    /// A tile, from memory or made on the pool.
    ///
    /// # Errors
    /// As [`Ground::tile`].
    pub(crate) async fn tile(self: &Arc<Self>, ctx: &Ctx, map: &Arc<Map>, tile: Address) -> Result<Arc<Packed>, Error> {
        if let Some(known) = map.tiles.get(&tile) {
            return Ok(known);
        }
        let (own, map) = (self.clone(), map.clone());
        ctx.blocking(move || {
            // It may have been made while this waited for its place on the pool.
            if let Some(known) = map.tiles.get(&tile) {
                return Ok(known);
            }
            let made = own.cutters.with(|cutter| map.ground.tile(cutter, tile))?;
            let made = Arc::new(Packed::new(&made));
            map.tiles.put(tile, made.clone());
            Ok(made)
        })
        .await?
    }

    /// Cutters for whoever makes tiles.
    pub(crate) fn cutters(&self) -> &Cutters {
        &self.cutters
    }
}

impl Map {
    /// What tiles are made of.
    pub(crate) fn ground(&self) -> &Ground {
        &self.ground
    }

    /// The coarsest and the deepest zoom of tiles.
    pub(crate) fn zooms(&self) -> (u8, u8) {
        self.ground.zooms()
    }

    /// The box around it, degrees.
    pub(crate) fn bounds(&self) -> Bounds {
        self.ground.bounds()
    }

    /// Its layers.
    pub(crate) fn layers(&self) -> Vec<VectorLayer> {
        self.ground.metadata().vector_layers
    }

    /// Whether there are tiles of its zoom, and the tile touches its box.
    pub(crate) fn reaches(&self, tile: Address) -> bool {
        let (from, to) = self.zooms();
        let area = belfry_tiles::Area::of(&self.bounds());
        (from..=to).contains(&tile.z()) && area.touches(&tile.area())
    }

    /// Tiles in memory, and their bytes.
    pub(crate) fn in_memory(&self) -> (usize, usize) {
        self.tiles.size()
    }
}

/// Removes what is said of files that are not there any more.
async fn forget_credits(ctx: &Ctx, but: Option<String>) -> Result<(), Error> {
    let all = ctx.documents(Some(CREDIT), MOST_CREDITS)?;
    let ours = all.iter().map(|document| document.key.to_string()).take_while(|key| key.starts_with(CREDIT));
    let gone: Vec<String> = ours.filter(|key| Some(key) != but.as_ref()).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let remove = move |draft: &mut belfry_kit::Draft<'_>| {
        gone.iter().for_each(|key| draft.put_document(key, None));
        Ok(())
    };
    ctx.write(remove).await.map(drop)
}
