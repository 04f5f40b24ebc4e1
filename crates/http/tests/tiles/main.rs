//! Maps and tiles over HTTP as a client sees them: the basemap put, told, drawn, kept, taken away and given as an archive; tiles of
//! entities that follow what changes; OGC API Tiles. On a drawn village always; on the map of a county where `../shared/data` is.
#![expect(clippy::unwrap_used, reason = "a test ends where something it needs is missing")]

mod basemap;
mod county;
mod gdal;
mod live;
mod ogc;
#[path = "../api/server.rs"]
#[expect(dead_code, reason = "the API's own tests use more of it")]
mod server;
mod village;
