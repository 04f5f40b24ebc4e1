//! Transport: the application's table of endpoints and its service. What answers is in `handlers`.
#![forbid(unsafe_code)]

mod handlers;

use belfry_kit::{Access, App, Ctx, Endpoint, Error, Hosted, Manifest, Method};
use std::sync::Arc;

/// The application.
struct Transport {
    manifest: Manifest,
}

/// What it keeps for one tenant.
struct Service {
    ctx: Ctx,
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
        let path = "/belfry/v1/transport/roads";
        vec![Endpoint::new(
            Method::Get,
            path,
            "describeRoads",
            Access::Read,
            "Tells which road map is kept.",
            handlers::describe,
        )]
    }

    fn open(&self, ctx: Ctx) -> Result<Arc<Service>, Error> {
        Ok(Arc::new(Service { ctx }))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_manifest_is_that_of_this_folder() {
        assert_eq!(super::app().manifest.name, "transport");
    }
}
