//! OGC API Tiles, Part 1: Core 1.0 (OGC 20-057) with metadata after OGC 17-083r4: the whole town as one tileset, each collection as one
//! of its own, in WebMercatorQuad. The landing page, the conformance declaration and the collections themselves are elsewhere;
//! [`CONFORMANCE`], [`landing_links`] and [`collection_links`] are what they say of tiles.

use super::tiles::{DEEPEST_LIVE, address, answer, live_caching, live_layer, of_basemap, of_entities};
use crate::Service;
use crate::logic::basemap::Map;
use crate::logic::basemap::packed::Packed;
use crate::logic::live::Layer;
use belfry_kernel::geo::Bounds;
use belfry_kit::{Access, Caching, Endpoint, Error, Method, Parameter, Position, Reply, Request, Schema};
use belfry_ngsi_ld::Json;
use belfry_tiles::{Address, mvt};
use std::sync::Arc;

/// The conformance classes of this module.
#[cfg_attr(not(test), expect(dead_code, reason = "the conformance declaration of OGC API Features lists them"))]
pub(crate) const CONFORMANCE: [&str; 9] = [
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/dataset-tilesets",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
    "http://www.opengis.net/spec/tms/2.0/conf/tilematrixset",
    "http://www.opengis.net/spec/tms/2.0/conf/json-tilematrixset",
    "http://www.opengis.net/spec/tms/2.0/conf/json-tilesetmetadata",
];

const ROOT: &str = "/belfry/v1/ogc";
const SET: &str = "WebMercatorQuad";
const SET_URI: &str = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad";
const CRS: &str = "http://www.opengis.net/def/crs/EPSG/0/3857";
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
const TILESETS: &str = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector";
const SCHEMES: &str = "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes";
const SCHEME: &str = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme";
const JSON: &str = "application/json";
/// Half of the side of the square of the projection, metres (EPSG:3857).
const HALF_SIDE: f64 = 20_037_508.342_789_244;
/// The scale denominator of zoom 0 with pixels of 0.28 mm (OGC 17-083r4, annex D.1).
const SCALE_0: f64 = 559_082_264.028_717_8;
/// Pixels of a tile's side.
const TILE: f64 = 256.0;

/// How answers are written; there is one form of each.
const AS_JSON: &[Parameter] = &[Parameter::new("f", Schema::OneOf(&["json"]), "The form of the answer.")];
const AS_TILE: &[Parameter] = &[Parameter::new("f", Schema::OneOf(&["mvt"]), "The form of the answer.")];

/// The endpoints of this module.
pub(crate) fn endpoints() -> Vec<Endpoint<Service>> {
    use Access::Read;
    use Method::Get;
    let json = |endpoint: Endpoint<Service>| endpoint.with(&[AS_JSON]);
    let tile = |endpoint: Endpoint<Service>| endpoint.with(&[AS_TILE]);
    const OF_ALL: &str = "/belfry/v1/ogc/tiles";
    const OF_ONE: &str = "/belfry/v1/ogc/collections/{collectionId}/tiles";
    const SETS: &str = "/belfry/v1/ogc/tileMatrixSets";
    const SET: &str = "/belfry/v1/ogc/tileMatrixSets/{tileMatrixSetId}";
    const SET_OF_ALL: &str = "/belfry/v1/ogc/tiles/{tileMatrixSetId}";
    const SET_OF_ONE: &str = "/belfry/v1/ogc/collections/{collectionId}/tiles/{tileMatrixSetId}";
    const TILE_OF_ALL: &str = "/belfry/v1/ogc/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}";
    const TILE_OF_ONE: &str =
        "/belfry/v1/ogc/collections/{collectionId}/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}";
    vec![
        json(Endpoint::new(Get, SETS, "tileMatrixSets", Read, "Lists the tile matrix sets.", sets)),
        json(Endpoint::new(Get, SET, "tileMatrixSet", Read, "Describes a tile matrix set.", set)),
        json(Endpoint::new(Get, OF_ALL, "datasetTilesets", Read, "Lists the tilesets of the town.", tilesets)),
        json(Endpoint::new(Get, SET_OF_ALL, "datasetTileset", Read, "Describes the tileset of the town.", tileset)),
        tile(Endpoint::new(
            Get,
            TILE_OF_ALL,
            "datasetTile",
            Read,
            "Gives a vector tile of the town: the basemap, and on it all entities.",
            tile_of_all,
        )),
        json(Endpoint::new(
            Get,
            OF_ONE,
            "collectionTilesets",
            Read,
            "Lists the tilesets of a collection.",
            collection_tilesets,
        )),
        json(Endpoint::new(
            Get,
            SET_OF_ONE,
            "collectionTileset",
            Read,
            "Describes the tileset of a collection.",
            collection_tileset,
        )),
        tile(Endpoint::new(
            Get,
            TILE_OF_ONE,
            "collectionTile",
            Read,
            "Gives a vector tile of the entities of a collection.",
            collection_tile,
        )),
    ]
}

/// What the landing page says of tiles.
#[cfg_attr(not(test), expect(dead_code, reason = "the landing page of OGC API Features lists them"))]
pub(crate) fn landing_links(server: &str) -> Vec<Json> {
    vec![
        link(&format!("{server}{ROOT}/tiles"), TILESETS, JSON, "Vector tiles of the town"),
        link(&format!("{server}{ROOT}/tileMatrixSets"), SCHEMES, JSON, "Tile matrix sets"),
    ]
}

/// What a collection says of its tiles. `id` as it stands in a path.
#[cfg_attr(not(test), expect(dead_code, reason = "the collections of OGC API Features list them"))]
pub(crate) fn collection_links(server: &str, id: &str) -> Vec<Json> {
    vec![link(&format!("{server}{ROOT}/collections/{id}/tiles"), TILESETS, JSON, "Vector tiles of the collection")]
}

fn text(text: &str) -> Json {
    Json::from(text)
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

fn link(href: &str, relation: &str, media: &str, title: &str) -> Json {
    object([("href", text(href)), ("rel", text(relation)), ("type", text(media)), ("title", text(title))])
}

fn reply(json: &Json) -> Reply {
    Reply::json(json).cached(Caching::NoStore)
}

/// The path of the request on the server, without what follows a question mark.
fn here(request: &Request) -> String {
    let path = request.target.split('?').next().unwrap_or_default();
    format!("{}{}", request.server, path.trim_end_matches('/'))
}

/// # Errors
/// `ResourceNotFound` for any other set.
fn check_set(name: &str) -> Result<(), Error> {
    if name == SET { Ok(()) } else { Err(Error::not_found(format!("the tile matrix set here is {SET}"))) }
}

async fn sets(_: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let href = format!("{}/{SET}", here(&request));
    let one = object([
        ("id", text(SET)),
        ("title", text("Google Maps Compatible for the World")),
        ("uri", text(SET_URI)),
        ("crs", text(CRS)),
        ("links", Json::Array(vec![link(&href, "self", JSON, SET)])),
    ]);
    Ok(reply(&object([("tileMatrixSets", Json::Array(vec![one]))])))
}

async fn set(_: Arc<Service>, request: Request) -> Result<Reply, Error> {
    check_set(request.segment(0))?;
    let matrix = |zoom: u8| {
        let side = 1_u32 << zoom;
        object([
            ("id", text(&zoom.to_string())),
            ("scaleDenominator", Json::number(SCALE_0 / f64::from(side))),
            ("cellSize", Json::number(2.0 * HALF_SIDE / TILE / f64::from(side))),
            ("cornerOfOrigin", text("topLeft")),
            ("pointOfOrigin", Json::Array(vec![Json::number(-HALF_SIDE), Json::number(HALF_SIDE)])),
            ("tileWidth", Json::Int(256)),
            ("tileHeight", Json::Int(256)),
            ("matrixWidth", Json::Int(side.into())),
            ("matrixHeight", Json::Int(side.into())),
        ])
    };
    Ok(reply(&object([
        ("id", text(SET)),
        ("title", text("Google Maps Compatible for the World")),
        ("uri", text(SET_URI)),
        ("crs", text(CRS)),
        ("orderedAxes", Json::Array(vec![text("X"), text("Y")])),
        ("wellKnownScaleSet", text("http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible")),
        ("tileMatrices", Json::Array((0..=belfry_tiles::MAX_ZOOM).map(matrix).collect())),
    ])))
}

/// What is said of one tileset.
struct Tileset {
    title: String,
    /// Its layers.
    layers: Vec<String>,
    zooms: (u8, u8),
    credit: String,
}

impl Tileset {
    /// Of everything: the basemap, and entities on it.
    fn of_all(service: &Service) -> Self {
        let map = service.basemap.ready();
        let ground = map.iter().flat_map(|map| map.layers()).map(|layer| layer.id);
        Self {
            title: "The town".to_owned(),
            layers: ground.chain([live_layer().id]).collect(),
            zooms: (0, DEEPEST_LIVE),
            credit: map.map_or_else(String::new, |map| map.credit.clone()),
        }
    }

    /// Of the entities of a collection.
    ///
    /// # Errors
    /// `ResourceNotFound` when there is no such collection.
    fn of_one(service: &Service, request: &Request) -> Result<Self, Error> {
        let (_, name) = collection(service, request)?;
        let title = crate::logic::title(name.as_str());
        Ok(Self { title, layers: vec![live_layer().id], zooms: (0, DEEPEST_LIVE), credit: String::new() })
    }

    /// Its entry in a list of tilesets that stands at `list`.
    fn listed(&self, list: &str) -> Json {
        object([
            ("title", text(&self.title)),
            ("dataType", text("vector")),
            ("crs", text(CRS)),
            ("tileMatrixSetURI", text(SET_URI)),
            ("links", Json::Array(vec![link(&format!("{list}/{SET}"), "self", JSON, &self.title)])),
        ])
    }

    /// All that is said of it (OGC 17-083r4, 7.5). `at`: its own address.
    fn described(&self, at: &str, server: &str) -> Json {
        let item = object([
            ("href", text(&format!("{at}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"))),
            ("rel", text("item")),
            ("type", text(mvt::MEDIA_TYPE)),
            ("templated", Json::Bool(true)),
            ("title", text("Vector tiles")),
        ]);
        let scheme = link(&format!("{server}{ROOT}/tileMatrixSets/{SET}"), SCHEME, JSON, SET);
        let layer = |id: &String| object([("id", text(id)), ("dataType", text("vector"))]);
        // Entities may be anywhere.
        let bounds = Address::WORLD.bounds();
        let corner = |[lon, lat]: [f64; 2]| Json::Array(vec![Json::number(lon), Json::number(lat)]);
        let (from, to) = self.zooms;
        object([
            ("title", text(&self.title)),
            ("dataType", text("vector")),
            ("crs", text(CRS)),
            ("tileMatrixSetURI", text(SET_URI)),
            ("attribution", text(&self.credit)),
            (
                "boundingBox",
                object([("lowerLeft", corner(bounds.min)), ("upperRight", corner(bounds.max)), ("crs", text(CRS84))]),
            ),
            ("layers", Json::Array(self.layers.iter().map(layer).collect())),
            ("tileMatrixSetLimits", Json::Array((from..=to).map(|zoom| limits(&bounds, zoom)).collect())),
            ("links", Json::Array(vec![link(at, "self", JSON, &self.title), scheme, item])),
        ])
    }
}

/// The tiles of a zoom that there are.
fn limits(bounds: &Bounds, zoom: u8) -> Json {
    let at = |lon, lat| Address::at(Position { lon, lat, alt: None }, zoom);
    let (first, last) = (at(bounds.min[0], bounds.max[1]), at(bounds.max[0], bounds.min[1]));
    object([
        ("tileMatrix", text(&zoom.to_string())),
        ("minTileRow", Json::Int(first.y().into())),
        ("maxTileRow", Json::Int(last.y().into())),
        ("minTileCol", Json::Int(first.x().into())),
        ("maxTileCol", Json::Int(last.x().into())),
    ])
}

fn list(of: &Tileset, request: &Request) -> Reply {
    let at = here(request);
    reply(&object([
        ("tilesets", Json::Array(vec![of.listed(&at)])),
        ("links", Json::Array(vec![link(&at, "self", JSON, "This list")])),
    ]))
}

async fn tilesets(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    Ok(list(&Tileset::of_all(&service), &request))
}

async fn tileset(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    check_set(request.segment(0))?;
    Ok(reply(&Tileset::of_all(&service).described(&here(&request), &request.server)))
}

async fn tile_of_all(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    check_set(request.segment(0))?;
    // The standard names rows before columns.
    let address = address(&request, [1, 3, 2])?;
    let live = of_entities(&service, Layer::All, address).await?;
    // An archive that has a layer of the same name would give two of one name, which a tile must not.
    let named = |map: &Map| map.layers().iter().any(|layer| layer.id == live_layer().id);
    let reaches = service.basemap.ready().is_some_and(|map| map.reaches(address) && !named(&map));
    let ground = if reaches { Some(of_basemap(&service, address).await?) } else { None };
    let Some(ground) = ground else { return Ok(answer(&live, &request, live_caching())) };
    // Layers of two tiles one after another are those of one (MVT 2.1, 4.1: layers are a repeated field).
    let both = move || Packed::new(&[ground.plain(), live.plain()].concat());
    let both = service.ctx.blocking(both).await?;
    Ok(answer(&both, &request, live_caching()))
}

/// The type whose entities a collection holds.
fn collection(service: &Service, request: &Request) -> Result<(Layer, belfry_ngsi_ld::Name), Error> {
    let id = request.segment(0);
    let found = Layer::of_one(&service.ctx, &request.context, id)?;
    found.ok_or_else(|| Error::not_found(format!("there is no collection {id:?}")))
}

async fn collection_tilesets(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    Ok(list(&Tileset::of_one(&service, &request)?, &request))
}

async fn collection_tileset(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    check_set(request.segment(1))?;
    Ok(reply(&Tileset::of_one(&service, &request)?.described(&here(&request), &request.server)))
}

async fn collection_tile(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    check_set(request.segment(1))?;
    let (layer, _) = collection(&service, &request)?;
    let tile = of_entities(&service, layer, address(&request, [2, 4, 3])?).await?;
    Ok(answer(&tile, &request, live_caching()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_say_of_tiles() {
        let hrefs = |links: Vec<Json>| -> Vec<String> {
            links.iter().filter_map(|link| link.get("href")?.as_str().map(str::to_owned)).collect()
        };
        let server = "https://town.example";
        let root = format!("{server}{ROOT}");
        assert_eq!(hrefs(landing_links(server)), [format!("{root}/tiles"), format!("{root}/tileMatrixSets")]);
        assert_eq!(hrefs(collection_links(server, "Tree")), [format!("{root}/collections/Tree/tiles")]);
        assert!(CONFORMANCE.iter().all(|class| class.starts_with("http://www.opengis.net/spec/")));
    }

    #[test]
    fn limits_are_the_tiles_of_a_box() {
        let bounds = Bounds { min: [9.4, 47.0], max: [9.6, 47.3] };
        let said = limits(&bounds, 8);
        let number = |name: &str| said.get(name).cloned();
        assert_eq!((number("minTileRow"), number("maxTileRow")), (Some(Json::Int(89)), Some(Json::Int(90))));
        assert_eq!((number("minTileCol"), number("maxTileCol")), (Some(Json::Int(134)), Some(Json::Int(134))));
        let world = limits(&Address::WORLD.bounds(), 2);
        assert_eq!((world.get("minTileRow"), world.get("maxTileCol")), (Some(&Json::Int(0)), Some(&Json::Int(3))));
    }
}
