//! Transport: the application's table of endpoints and its service. What answers is in `handlers`, what computes in `logic`.
#![forbid(unsafe_code)]

mod handlers;
mod logic;
mod model;

use belfry_kit::{Access, App, Ctx, Endpoint, Error, Hosted, Kind, Manifest, Method, Parameter, Time};
use futures_util::lock::Mutex as AsyncMutex;
use logic::follow::{self, Applied};
use logic::live::Live;
use logic::town::Town;
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use std::time::Duration;

/// The file that holds the road map.
const MAP: &str = "roads.osm";
/// How long a map may take to be sent, read and made.
const MAP_TIME: Duration = Duration::from_secs(900);
/// Media types under which map extracts are sent. What they are is told by their first bytes.
const MAPS: &[&str] = &[
    "application/octet-stream",
    "application/vnd.openstreetmap.data+xml",
    "application/x-protobuf",
    "application/xml",
    "application/gzip",
    "application/x-bzip2",
];

/// The application.
struct Transport {
    manifest: Manifest,
}

/// What it keeps for one tenant.
struct Service {
    ctx: Ctx,
    map: RwLock<Map>,
    /// What is said of roads now.
    live: Arc<AsyncMutex<Live>>,
    /// The instant of the first commit that asked for other costs and has not got them.
    heard: Mutex<Option<Time>>,
    applied: Mutex<Option<Applied>>,
    /// What keeps the service from following the town.
    trouble: Mutex<Option<String>>,
}

/// The roads, on their way.
enum Map {
    None,
    Making,
    Broken(Box<str>),
    Ready(Arc<Town>),
}

impl Map {
    fn town(&self) -> Option<Arc<Town>> {
        match self {
            Self::Ready(town) => Some(town.clone()),
            Self::None | Self::Making | Self::Broken(_) => None,
        }
    }
}

impl Service {
    /// The roads.
    ///
    /// # Errors
    /// `ResourceNotFound` when there are none; `Unavailable` while they are made, or when the kept map cannot be read.
    fn town(&self) -> Result<Arc<Town>, Error> {
        match &*self.map.read() {
            Map::Ready(town) => Ok(town.clone()),
            Map::None => Err(Error::not_found("there is no road map yet: PUT one at /belfry/v1/transport/roads")),
            Map::Making => Err(Error::new(Kind::Unavailable, "the roads are being made ready; ask again in a moment")),
            Map::Broken(why) => Err(Error::new(Kind::Unavailable, format!("the road map cannot be read: {why}"))),
        }
    }
}

/// The application, to be hosted.
pub fn app() -> Hosted {
    let manifest = Manifest::parse(include_str!("../app.toml")).expect("a test reads the same text");
    Hosted::new(Transport { manifest })
}

impl App for Transport {
    type Service = Service;

    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn endpoints(&self) -> Vec<Endpoint<Service>> {
        use Access::{Admin, Read};
        use Method::{Delete, Get, Post, Put};
        use handlers::{dispatch, isochrone, matching, nearest, roads, route, table};
        const JSON: &[&str] = &["application/json"];
        const ROADS: &str = "/belfry/v1/transport/roads";
        const ROUTE: &[&[Parameter]] = &[handlers::COMMON, handlers::LINES, route::PARAMETERS];
        const MATCH: &[&[Parameter]] = &[handlers::COMMON, handlers::LINES, matching::PARAMETERS];
        vec![
            Endpoint::new(
                Get,
                ROADS,
                "describeRoads",
                Read,
                "Tells which road map is in use, and what is said of roads now.",
                roads::describe,
            ),
            Endpoint::new(Put, ROADS, "putRoads", Admin, "Puts an OpenStreetMap extract as the road map.", roads::put)
                .takes_file(MAPS, MAP_TIME),
            Endpoint::new(Delete, ROADS, "deleteRoads", Admin, "Takes the road map away.", roads::delete),
            Endpoint::new(
                Get,
                "/belfry/v1/transport/route/v1/{class}/{coordinates}",
                "route",
                Read,
                "Finds the best way through places, in OSRM's form.",
                route::run,
            )
            .with(ROUTE),
            Endpoint::new(
                Get,
                "/belfry/v1/transport/table/v1/{class}/{coordinates}",
                "routeTable",
                Read,
                "Finds the times between many places, in OSRM's form.",
                table::run,
            )
            .with(&[handlers::COMMON, table::PARAMETERS]),
            Endpoint::new(
                Get,
                "/belfry/v1/transport/nearest/v1/{class}/{coordinates}",
                "nearestRoads",
                Read,
                "Finds the nearest places on roads, in OSRM's form.",
                nearest::run,
            )
            .with(&[handlers::COMMON, nearest::PARAMETERS]),
            Endpoint::new(
                Get,
                "/belfry/v1/transport/match/v1/{class}/{coordinates}",
                "matchTrace",
                Read,
                "Finds the roads that a vehicle's trace came along, in OSRM's form.",
                matching::run,
            )
            .with(MATCH),
            Endpoint::new(
                Get,
                "/belfry/v1/transport/isochrone",
                "isochrone",
                Read,
                "Draws what can be reached within a time, in Valhalla's form.",
                isochrone::by_query,
            )
            .with(&[isochrone::PARAMETERS]),
            Endpoint::new(
                Post,
                "/belfry/v1/transport/isochrone",
                "isochroneByBody",
                Read,
                "Draws what can be reached within a time, in Valhalla's form.",
                isochrone::by_body,
            )
            .takes(JSON),
            Endpoint::new(
                Post,
                "/belfry/v1/transport/dispatch",
                "dispatch",
                Read,
                "Ranks units by the time in which they get to a place by road now.",
                dispatch::run,
            )
            .takes(JSON),
        ]
    }

    fn open(&self, ctx: Ctx) -> Result<Arc<Service>, Error> {
        let map = if ctx.files().get(MAP)?.is_some() { Map::Making } else { Map::None };
        let service = Arc::new(Service {
            ctx,
            map: RwLock::new(map),
            live: Arc::default(),
            heard: Mutex::default(),
            applied: Mutex::default(),
            trouble: Mutex::default(),
        });
        service.ctx.spawn("following roads", follow::run(service.clone()));
        Ok(service)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_manifest_is_that_of_this_folder() {
        assert_eq!(super::app().manifest.name, "transport");
    }
}
