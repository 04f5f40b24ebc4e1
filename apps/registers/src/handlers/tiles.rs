//! Tiles of the basemap and of entities by `/{z}/{x}/{y}`, and what TileJSON 3.0.0 says of them. Makes no tile.

use crate::Service;
use crate::logic::basemap::packed::Packed;
use crate::logic::live::Layer;
use belfry_kernel::geo::Bounds;
use belfry_kit::{Access, Caching, Endpoint, Error, Method, Parameter, Reply, Request, Schema};
use belfry_ngsi_ld::Json;
use belfry_tiles::pmtiles::VectorLayer;
use belfry_tiles::{Address, mvt};
use std::sync::Arc;

/// Seconds for which a client may keep a tile of the map whose edition it names.
const KEPT: u32 = 86_400;
/// Seconds for which a client may keep a tile of entities without asking.
const KEPT_LIVE: u32 = 2;
/// The deepest zoom of tiles of entities; beyond it they are enlarged, which points do not mind.
pub(crate) const DEEPEST_LIVE: u8 = 18;

const BASEMAP: &[Parameter] = &[Parameter::new(
    "edition",
    Schema::Number,
    "Any number; with that of the map's edition in it the address of a tile changes with the map, and it may be kept for a day.",
)];
const LIVE: &[Parameter] =
    &[Parameter::new("type", Schema::Text, "Entity types, short or full, between commas; all when absent.")];

/// The endpoints of this module.
pub(crate) fn endpoints() -> Vec<Endpoint<Service>> {
    use Access::Read;
    use Method::Get;
    const ROOT: &str = "/belfry/v1/registers/tiles/basemap";
    const TILE: &str = "/belfry/v1/registers/tiles/basemap/{z}/{x}/{y}";
    const LIVE_ROOT: &str = "/belfry/v1/registers/tiles/live";
    const LIVE_TILE: &str = "/belfry/v1/registers/tiles/live/{z}/{x}/{y}";
    vec![
        Endpoint::new(
            Get,
            ROOT,
            "basemapTileJson",
            Read,
            "Describes the tiles of the basemap (TileJSON).",
            basemap_json,
        ),
        Endpoint::new(Get, TILE, "basemapTile", Read, "Gives a vector tile of the basemap.", basemap).with(&[BASEMAP]),
        Endpoint::new(Get, LIVE_ROOT, "liveTileJson", Read, "Describes the tiles of entities (TileJSON).", live_json)
            .with(&[LIVE]),
        Endpoint::new(Get, LIVE_TILE, "liveTile", Read, "Gives a vector tile of entities as they are now.", live)
            .with(&[LIVE]),
    ]
}

/// The address that a request names in three segments of its path, from the one at `from`: zoom, column, row. The last one may end
/// as files of tiles do.
///
/// # Errors
/// `ResourceNotFound`: there is no such tile.
pub(crate) fn address(request: &Request, [z, x, y]: [usize; 3]) -> Result<Address, Error> {
    let last = request.path.len().saturating_sub(1);
    let number = |at: usize| {
        let text = request.segment(at);
        let text = if at == last { text.trim_end_matches(".mvt").trim_end_matches(".pbf") } else { text };
        text.parse::<u32>().map_err(|_| Error::not_found(format!("there is no such tile: {text:?} is no number")))
    };
    let (z, x, y) = (number(z)?, number(x)?, number(y)?);
    let none = |why: &dyn std::fmt::Display| Error::not_found(format!("there is no such tile: {why}"));
    let zoom = u8::try_from(z).map_err(|_| none(&format_args!("zoom {z} is too deep")))?;
    Address::new(zoom, x, y).map_err(|why| none(&why))
}

/// A tile as an answer: nothing when nothing is on it (OGC API Tiles 1.0, permission /per/core/tc-empty).
pub(crate) fn answer(tile: &Packed, request: &Request, caching: Caching) -> Reply {
    let vary = |reply: Reply| reply.cached(caching).with("vary", "accept-encoding");
    if tile.is_empty() {
        return vary(Reply::no_content());
    }
    let reply = if request.takes_gzip() {
        Reply::bytes(mvt::MEDIA_TYPE, tile.gzip()).packed("gzip")
    } else {
        Reply::bytes(mvt::MEDIA_TYPE, tile.plain())
    };
    vary(reply.tagged(&tile.etag))
}

/// A tile of the basemap.
///
/// # Errors
/// `ResourceNotFound` when there is no map, or none at this zoom; `Unavailable` while it is read.
pub(crate) async fn of_basemap(service: &Service, address: Address) -> Result<Arc<Packed>, Error> {
    let map = service.basemap.map()?;
    let (from, to) = map.zooms();
    if !(from..=to).contains(&address.z()) {
        return Err(Error::not_found(format!("there is no such tile: the basemap has zooms {from} to {to}")));
    }
    service.basemap.tile(&service.ctx, &map, address).await
}

/// A tile of entities.
///
/// # Errors
/// `ResourceNotFound` when it is too deep; `Internal`.
pub(crate) async fn of_entities(service: &Service, layer: Layer, address: Address) -> Result<Arc<Packed>, Error> {
    if address.z() > DEEPEST_LIVE {
        return Err(Error::not_found(format!("there is no such tile: entities have zooms 0 to {DEEPEST_LIVE}")));
    }
    service.live.tile(&service.ctx, &service.basemap, layer, address).await
}

/// How long a tile of entities may be kept.
pub(crate) fn live_caching() -> Caching {
    Caching::Private(KEPT_LIVE)
}

async fn basemap(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let tile = of_basemap(&service, address(&request, [0, 1, 2])?).await?;
    let edition = service.basemap.ready().map(|map| map.file.edition);
    let named = request.parameters.number("edition").and_then(|number| u64::try_from(number).ok());
    let caching = if named.is_some() && named == edition { Caching::Private(KEPT) } else { Caching::Revalidate };
    Ok(answer(&tile, &request, caching))
}

async fn live(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let address = address(&request, [0, 1, 2])?;
    let layer = Layer::parse(&service.ctx, &request.context, request.parameters.get("type"))?;
    let tile = of_entities(&service, layer, address).await?;
    Ok(answer(&tile, &request, live_caching()))
}

async fn basemap_json(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let map = service.basemap.map()?;
    let url =
        format!("{}/belfry/v1/registers/tiles/basemap/{{z}}/{{x}}/{{y}}?edition={}", request.server, map.file.edition);
    Ok(tile_json("Basemap", &url, map.zooms(), map.bounds(), &map.layers(), &map.credit))
}

async fn live_json(_: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let query = request.target.split_once('?').map_or(String::new(), |(_, query)| format!("?{query}"));
    let url = format!("{}/belfry/v1/registers/tiles/live/{{z}}/{{x}}/{{y}}{query}", request.server);
    let world = Address::WORLD.bounds();
    Ok(tile_json("Entities", &url, (0, DEEPEST_LIVE), world, &[live_layer()], ""))
}

/// The layer of tiles of entities.
pub(crate) fn live_layer() -> VectorLayer {
    let fields =
        [("entity", "String"), ("type", "String"), ("state", "String"), ("count", "Number"), ("name", "String")];
    let fields = fields.into_iter().map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect();
    VectorLayer { id: "live".to_owned(), fields }
}

fn tile_json(
    name: &str,
    url: &str,
    (from, to): (u8, u8),
    bounds: Bounds,
    layers: &[VectorLayer],
    credit: &str,
) -> Reply {
    let numbers = |all: &[f64]| Json::Array(all.iter().map(|number| Json::number(*number)).collect());
    let ([west, south], [east, north]) = (bounds.min, bounds.max);
    let layer = |layer: &VectorLayer| {
        let fields = layer.fields.iter().map(|(name, kind)| (name.as_str().into(), Json::from(kind.as_str())));
        let (id, fields) = (Json::from(layer.id.as_str()), Json::Object(fields.collect()));
        Json::Object(vec![("id".into(), id), ("fields".into(), fields)])
    };
    let json = Json::Object(vec![
        ("tilejson".into(), Json::from("3.0.0")),
        ("name".into(), Json::from(name)),
        ("scheme".into(), Json::from("xyz")),
        ("tiles".into(), Json::Array(vec![Json::from(url)])),
        ("minzoom".into(), Json::Int(from.into())),
        ("maxzoom".into(), Json::Int(to.into())),
        ("bounds".into(), numbers(&[west, south, east, north])),
        ("center".into(), numbers(&[(west + east) / 2.0, (south + north) / 2.0, f64::from(to.min(12))])),
        ("attribution".into(), Json::from(credit)),
        ("vector_layers".into(), Json::Array(layers.iter().map(layer).collect())),
    ]);
    Reply::json(&json).cached(Caching::NoStore)
}
