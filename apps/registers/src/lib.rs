//! The registers of the town: the application's table of endpoints and its service. What answers is in `handlers`, what is
//! computed in `logic`.
#![forbid(unsafe_code)]

mod handlers;
mod logic;

use belfry_kit::{Access, App, Ctx, Endpoint, Error, Hosted, Manifest, Method};
use logic::basemap::Basemap;
use logic::live::Live;
use std::sync::Arc;

/// The application.
struct Registers {
    manifest: Manifest,
}

/// What it keeps for one tenant.
struct Service {
    ctx: Ctx,
    basemap: Arc<Basemap>,
    live: Arc<Live>,
}

/// The application, to be hosted.
pub fn app() -> Hosted {
    let manifest = Manifest::parse(include_str!("../app.toml")).expect("a test reads the same text");
    Hosted::new(Registers { manifest })
}

impl App for Registers {
    type Service = Service;

    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn endpoints(&self) -> Vec<Endpoint<Service>> {
        let list = "Lists the registers: entity types in use, with how many entities stand in each.";
        let mut all = vec![Endpoint::new(
            Method::Get,
            "/belfry/v1/registers",
            "listRegisters",
            Access::Read,
            list,
            handlers::list,
        )];
        all.extend(handlers::basemap::endpoints());
        all.extend(handlers::tiles::endpoints());
        all.extend(handlers::ogc_tiles::endpoints());
        all
    }

    fn open(&self, ctx: Ctx) -> Result<Arc<Service>, Error> {
        let basemap = Arc::new(Basemap::new(&ctx)?);
        let (own, map) = (ctx.clone(), basemap.clone());
        ctx.spawn("reading the basemap", async move { map.open(&own).await });
        Ok(Arc::new(Service { ctx, basemap, live: Arc::new(Live::new()) }))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_manifest_is_that_of_this_folder() {
        assert_eq!(super::app().manifest.name, "registers");
    }
}
