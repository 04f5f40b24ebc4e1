//! GET, PUT and DELETE /basemap, and the archive of it: the map on which everything else is drawn.

use crate::Service;
use crate::logic::basemap::archive::{USUAL_ZOOM, write};
use crate::logic::basemap::ground::Ground;
use belfry_kit::{Access, Caching, Endpoint, Error, Method, Parameter, Reply, Request, Schema};
use belfry_ngsi_ld::Json;
use belfry_tiles::pmtiles;
use std::sync::Arc;
use std::time::Duration;

const PATH: &str = "/belfry/v1/registers/basemap";
/// How long a map may take to be sent and read, or an archive to be written.
const MAP_TIME: Duration = Duration::from_secs(900);
/// Characters of a credit at most.
const MAX_CREDIT: usize = 400;
/// Media types under which maps are sent. What they are is told by their first bytes.
const MAPS: &[&str] = &[
    "application/octet-stream",
    pmtiles::MEDIA_TYPE,
    "application/vnd.openstreetmap.data+xml",
    "application/x-protobuf",
    "application/xml",
    "application/gzip",
    "application/x-bzip2",
];
const PUT: &[Parameter] = &[Parameter::new(
    "attribution",
    Schema::Text,
    "What must be shown with the map, plain text; by default what its file says, or that it is OpenStreetMap's.",
)];
const ARCHIVE: &[Parameter] = &[Parameter::new(
    "maxzoom",
    Schema::Number,
    "The deepest zoom of tiles that are drawn for it; 14 when nothing is said.",
)];

/// The endpoints of this module.
pub(crate) fn endpoints() -> Vec<Endpoint<Service>> {
    use Access::{Admin, Read};
    let told = "Tells which basemap is in use.";
    let put = "Puts an OpenStreetMap extract or a PMTiles archive as the basemap.";
    let archive = "Gives the basemap as a PMTiles archive.";
    let mut archived =
        Endpoint::new(Method::Get, "/belfry/v1/registers/basemap.pmtiles", "basemapArchive", Read, archive, archive_of)
            .with(&[ARCHIVE]);
    archived.time = Some(MAP_TIME);
    vec![
        Endpoint::new(Method::Get, PATH, "describeBasemap", Read, told, describe),
        Endpoint::new(Method::Put, PATH, "putBasemap", Admin, put, self::put).with(&[PUT]).takes_file(MAPS, MAP_TIME),
        Endpoint::new(Method::Delete, PATH, "deleteBasemap", Admin, "Takes the basemap away.", delete),
        archived,
    ]
}

fn count(n: impl TryInto<i64>) -> Json {
    Json::Int(n.try_into().unwrap_or(i64::MAX))
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// GET
async fn describe(service: Arc<Service>, _: Request) -> Result<Reply, Error> {
    let (state, why) = service.basemap.state();
    let mut all = vec![("state".into(), Json::from(state))];
    if let Some(why) = why {
        all.push(("why".into(), Json::from(why.as_str())));
    }
    if let Some(map) = service.basemap.ready() {
        let (file, (at, took_ms), (from, to), bounds) = (&map.file, map.made, map.zooms(), map.bounds());
        let of = match map.ground() {
            Ground::Drawn(drawn) => {
                let ([nodes, ways, relations, rejected], report) = (drawn.elements(), drawn.report());
                object([
                    ("format", Json::from("OpenStreetMap")),
                    ("features", count(drawn.features())),
                    ("nodes", count(nodes)),
                    ("ways", count(ways)),
                    ("relations", count(relations)),
                    ("rejected", count(rejected)),
                    ("incomplete", count(report.incomplete)),
                    ("openRings", count(report.open_rings)),
                    ("withoutShape", count(report.empty + report.too_large)),
                ])
            }
            Ground::Archive(archive) => object([("format", Json::from("PMTiles")), ("tiles", count(archive.tiles()))]),
        };
        let corners = [bounds.min, bounds.max].into_iter().flatten().map(Json::number).collect();
        let (tiles, bytes) = map.in_memory();
        all.extend([
            ("edition".into(), count(file.edition)),
            ("bytes".into(), count(file.bytes)),
            ("sha256".into(), Json::from(file.sha256.as_str())),
            ("putAt".into(), Json::from(file.at.to_string().as_str())),
            ("readyAt".into(), Json::from(at.to_string().as_str())),
            ("madeInMilliseconds".into(), count(took_ms)),
            ("attribution".into(), Json::from(map.credit.as_str())),
            ("minzoom".into(), count(from)),
            ("maxzoom".into(), count(to)),
            ("bounds".into(), Json::Array(corners)),
            ("map".into(), of),
            ("tilesInMemory".into(), count(tiles)),
            ("bytesInMemory".into(), count(bytes)),
        ]);
    }
    Ok(Reply::json(&Json::Object(all)).cached(Caching::NoStore))
}

/// PUT: the map is read to its end before anything is kept.
async fn put(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let credit = request.parameters.get("attribution");
    if credit.is_some_and(|credit| credit.chars().count() > MAX_CREDIT || credit.contains(char::is_control)) {
        return Err(Error::bad_data(format!("attribution: at most {MAX_CREDIT} characters in one line")));
    }
    let media = request.media.unwrap_or("application/octet-stream");
    let was_there = service.basemap.put(&service.ctx, media, request.body.clone(), credit).await?;
    let told = describe(service, request).await?;
    Ok(if was_there { told } else { told.made_at(PATH) })
}

/// DELETE
async fn delete(service: Arc<Service>, _: Request) -> Result<Reply, Error> {
    if !service.basemap.remove(&service.ctx).await? {
        return Err(Error::not_found("there is no basemap"));
    }
    Ok(Reply::no_content())
}

/// GET: the file that is kept when it is an archive, else one that is written now.
async fn archive_of(service: Arc<Service>, request: Request) -> Result<Reply, Error> {
    let map = service.basemap.map()?;
    let zoom = request.parameters.number("maxzoom");
    if let Ground::Archive(_) = map.ground() {
        if zoom.is_some() {
            return Err(Error::bad_data("maxzoom: this basemap is an archive already, and is given as it is"));
        }
        let etag = format!("\"{}\"", &map.file.sha256[..20]);
        return Ok(Reply::chunks(pmtiles::MEDIA_TYPE, service.ctx.files().chunks(&map.file)).tagged(etag));
    }
    let zoom = match zoom {
        None => USUAL_ZOOM,
        Some(zoom) => u8::try_from(zoom)
            .ok()
            .filter(|zoom| *zoom <= map.zooms().1)
            .ok_or_else(|| Error::bad_data(format!("maxzoom: it is from 0 to {}", map.zooms().1)))?,
    };
    let bytes = write(&service.basemap, &service.ctx, &map, zoom).await?;
    Ok(Reply::bytes(pmtiles::MEDIA_TYPE, bytes).cached(Caching::NoStore))
}
