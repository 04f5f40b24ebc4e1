//! Roads over HTTP as a client sees them: maps, routes in OSRM's form, isochrones, dispatch, and closures and speeds that are said
//! while the server runs. On a drawn town always; on the map of a county where `../shared/data` is.
#![expect(clippy::unwrap_used, reason = "a test ends where something it needs is missing")]

mod county;
mod dispatch;
mod live;
mod maps;
mod routes;
#[path = "../api/server.rs"]
#[expect(dead_code, reason = "the API's own tests use more of it")]
mod server;
mod town;
