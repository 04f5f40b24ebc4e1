//! The service's own life: the map is read at the start, what entities say is read from the state and then followed in the
//! change feed, and the costs follow that: at once when it is quiet, at most five times a second when much is said.

use super::fact::{TYPES, concerns, last_part, read};
use super::live::Live;
use super::map;
use super::town::Town;
use crate::{MAP, Map, Service};
use belfry_kit::{BoxFuture, Commit, Ctx, EntityChange, Error, Feed, FeedItem, Geometry, Seq, Time};
use belfry_ngsi_ld::query::{EntityQuery, Naming, Selector, TypeSelection};
use belfry_ngsi_ld::{Context, Value};
use futures_util::future::{Either, FutureExt, select};
use std::sync::Arc;
use std::time::Duration;

/// Between the beginnings of two changes of costs.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest sleep: clocks are set.
const LONGEST: Duration = Duration::from_secs(60);
/// Before a feed that cannot be read is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Runs until the platform stops.
pub(crate) async fn run(service: Arc<Service>) {
    if let Err(error) = open_map(&service).await {
        tell(&service, &error);
    }
    let mut feed = match scan(&service).await {
        Ok(feed) => feed,
        Err(error) => return tell(&service, &error),
    };
    loop {
        let now = service.ctx.now();
        let until = service.live.lock().await.next(now).map_or(LONGEST, |next| between(now, next).min(LONGEST));
        let item = match select(feed.next(), service.ctx.sleep(until)).await {
            Either::Left((item, _)) => Some(item),
            Either::Right(_) => None,
        };
        let heard = match item {
            None => Ok(None),
            Some(None) => return,
            Some(Some(item)) => hear_all(&service, item, &mut feed).await,
        };
        match heard {
            Ok(None) => {}
            Ok(Some(new)) => feed = new,
            Err(error) => {
                tell(&service, &error);
                service.ctx.sleep(AGAIN).await;
                if let Ok(new) = scan(&service).await {
                    feed = new;
                }
            }
        }
        let begun = service.ctx.now();
        if apply(&service).await {
            service.ctx.sleep(PAUSE.saturating_sub(between(begun, service.ctx.now()))).await;
        }
    }
}

fn between(from: Time, to: Time) -> Duration {
    Duration::from_micros(u64::try_from(to.micros().saturating_sub(from.micros())).unwrap_or(0))
}

/// What cannot be told to a client is shown with the roads.
fn tell(service: &Service, error: &Error) {
    *service.trouble.lock() = Some(error.public().to_owned());
}

/// Makes the roads of the map that is kept, if there is one.
async fn open_map(service: &Arc<Service>) -> Result<(), Error> {
    if service.ctx.files().get(MAP)?.is_none() {
        return Ok(());
    }
    *service.map.write() = Map::Making;
    let begun = service.ctx.now();
    let ctx = service.ctx.clone();
    let made = service.ctx.blocking(move || {
        let Some((file, bytes)) = ctx.files().read(MAP)? else { return Ok(None) };
        let map = map::make(&bytes)?;
        Ok(Some((map, file)))
    });
    let made = match made.await.and_then(|made| made) {
        Ok(made) => made,
        Err(error) => {
            *service.map.write() = Map::Broken(error.public().into());
            return Err(error);
        }
    };
    match made {
        Some((map, file)) => put(service, map, file, begun).await,
        None => {
            *service.map.write() = Map::None;
            Ok(())
        }
    }
}

/// Puts roads in force, with all that is said of them; not when the map that is kept is another by now, whose roads come
/// by themselves.
pub(crate) async fn put(
    service: &Arc<Service>,
    map: map::Map,
    file: belfry_kit::File,
    begun: Time,
) -> Result<(), Error> {
    let (inner, live) = (service.clone(), service.live.clone().lock_owned().await);
    service
        .ctx
        .blocking(move || {
            let mut live = live;
            if inner.ctx.files().get(MAP)?.as_ref() != Some(&file) {
                return Ok(());
            }
            let now = inner.ctx.now();
            let took = u64::try_from((now.micros() - begun.micros()) / 1000).unwrap_or(0);
            let town = Arc::new(Town::new(map, file, (now, took)));
            live.rebind(Some(&town), &|id| geometry(&inner.ctx, id));
            live.apply(&town, inner.ctx.now());
            *inner.map.write() = Map::Ready(town);
            Ok(())
        })
        .await?
}

/// Reads what is said from the state; the feed from there on.
async fn scan(service: &Arc<Service>) -> Result<Box<dyn Feed>, Error> {
    let place: Seq = service.ctx.seq();
    let (inner, mut live) = (service.clone(), service.live.clone().lock_owned().await);
    service
        .ctx
        .blocking(move || {
            live.forget();
            let town = inner.map.read().town();
            for info in inner.ctx.types(false)? {
                if !TYPES.contains(&last_part(info.name.as_str())) {
                    continue;
                }
                let naming = Naming::new(Context::core());
                let Ok(types) = TypeSelection::parse(info.name.as_str(), &naming) else { continue };
                let selector = Selector { types, ..Selector::default() };
                let query = EntityQuery { selectors: vec![selector], ..EntityQuery::default() };
                inner.ctx.visit(&query, &mut |lent| {
                    let entity = lent.make()?;
                    live.hear(entity.id.as_str(), read(&entity), town.as_deref(), &|id| geometry(&inner.ctx, id));
                    Ok(())
                })?;
            }
            if let Some(town) = &town {
                live.apply(town, inner.ctx.now());
            }
            Ok::<(), Error>(())
        })
        .await??;
    *service.trouble.lock() = None;
    Ok(service.ctx.follow(place))
}

/// Hears what a commit says, and all that have come since. A new feed when some were missed.
async fn hear_all(
    service: &Arc<Service>,
    first: Result<FeedItem, Error>,
    feed: &mut Box<dyn Feed>,
) -> Result<Option<Box<dyn Feed>>, Error> {
    let mut item = first;
    loop {
        match item? {
            FeedItem::Gap { .. } => return scan(service).await.map(Some),
            FeedItem::Commit(commit) => {
                if is_told(&commit) {
                    let town = service.map.read().town();
                    let mut live = service.live.lock().await;
                    hear(&service.ctx, &mut live, &commit, town.as_deref());
                    service.heard.lock().get_or_insert(commit.at);
                }
            }
        }
        let next: BoxFuture<'_, _> = feed.next();
        item = match next.now_or_never() {
            Some(Some(item)) => item,
            Some(None) | None => return Ok(None),
        };
    }
}

/// Whether a commit says something of roads.
fn is_told(commit: &Commit) -> bool {
    commit.changes.entities.iter().any(|change| match change {
        EntityChange::Put { entity, .. } => concerns(&entity.types),
        EntityChange::Delete { last, .. } => concerns(&last.types),
    })
}

fn hear(ctx: &Ctx, live: &mut Live, commit: &Commit, town: Option<&Town>) {
    let find = |id: &str| geometry(ctx, id);
    for change in &commit.changes.entities {
        let (entity, said) = match change {
            EntityChange::Put { entity, .. } => (entity, read(entity)),
            EntityChange::Delete { last, .. } => (last, Ok(None)),
        };
        if concerns(&entity.types) {
            live.hear(entity.id.as_str(), said, town, &find);
            if entity.types.iter().any(|name| last_part(name.as_str()) == "RoadSegment") {
                live.moved(entity.id.as_str(), town, &find);
            }
        }
    }
}

/// Puts the costs in force that are due. Whether there was anything to do.
async fn apply(service: &Arc<Service>) -> bool {
    let mut live = service.live.clone().lock_owned().await;
    let begun = service.ctx.now();
    let (true, Some(town)) = (live.is_stale(begun), service.map.read().town()) else {
        service.heard.lock().take();
        return false;
    };
    let inner = service.clone();
    let applied = service.ctx.blocking(move || {
        live.apply(&town, inner.ctx.now());
        let (now, heard) = (inner.ctx.now(), inner.heard.lock().take());
        *inner.applied.lock() =
            Some(Applied { at: now, took: between(begun, now), lag: heard.map(|at| between(at, now)) });
    });
    if let Err(error) = applied.await {
        tell(service, &error);
    }
    true
}

/// The last time that costs were put in force.
#[derive(Clone, Copy)]
pub(crate) struct Applied {
    pub(crate) at: Time,
    /// How long it took.
    pub(crate) took: Duration,
    /// How long after the commit that asked for it; none when time alone did.
    pub(crate) lag: Option<Duration>,
}

/// Where a road segment is.
fn geometry(ctx: &Ctx, id: &str) -> Option<Geometry> {
    let entity = ctx.entity(id).ok().flatten()?;
    let location =
        entity.attributes.iter().find(|a| a.dataset_id.is_none() && last_part(a.name.as_str()) == "location");
    match location.map(|a| &a.value) {
        Some(Value::Geo(geometry)) => Some(geometry.clone()),
        _ => None,
    }
}
