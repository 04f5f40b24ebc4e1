//! The kit: all that an application sees of the platform. Pure: types and narrow traits, no I/O, no clock, no threads; the
//! runtime implements what has to act ([`Host`]).
//!
//! An application is one folder under `apps/`. It names itself ([`Manifest`]), lists what it answers ([`Endpoint`]), and
//! makes a service for each tenant ([`App::open`]), which reads, writes and follows the town through its [`Ctx`]:
//!
//! ```
//! use belfry_kit::{Access, App, Ctx, Endpoint, Error, Manifest, Method, Reply, Request};
//! use std::sync::Arc;
//!
//! struct Bells {
//!     manifest: Manifest,
//! }
//!
//! struct Tower {
//!     ctx: Ctx,
//! }
//!
//! impl App for Bells {
//!     type Service = Tower;
//!
//!     fn manifest(&self) -> &Manifest {
//!         &self.manifest
//!     }
//!
//!     fn endpoints(&self) -> Vec<Endpoint<Tower>> {
//!         vec![Endpoint::new(Method::Get, "/belfry/v1/bells/{bell}", "ringBell", Access::Read, "Rings a bell.", ring)]
//!     }
//!
//!     fn open(&self, ctx: Ctx) -> Result<Arc<Tower>, Error> {
//!         Ok(Arc::new(Tower { ctx }))
//!     }
//! }
//!
//! async fn ring(tower: Arc<Tower>, request: Request) -> Result<Reply, Error> {
//!     Ok(Reply::text(format!("{} at {}", request.segment(0), tower.ctx.now())))
//! }
//! ```
//!
//! Status codes, permissions, tokens, limits, sockets and adapters are not its business: errors are [`Error`], answers are
//! [`Reply`], and both are told to the client by the HTTP door.
#![forbid(unsafe_code)]

mod app;
mod ctx;
mod draft;
mod endpoint;
mod files;
mod follow;
mod host;
mod manifest;
pub mod media;
mod parameters;
mod reply;
mod request;

pub use app::{App, Hosted, Service};
pub use ctx::Ctx;
pub use draft::Draft;
pub use endpoint::{Access, Answering, Endpoint, Handler, Method, Parameter, Room, Schema};
pub use files::{File, Files, PIECE_BYTES};
pub use follow::Cursor;
pub use host::{Host, Rules};
pub use manifest::Manifest;
pub use parameters::Parameters;
pub use reply::{Answer, Caching, Chunks, Content, Reply};
pub use request::{Headers, Request};

pub use belfry_kernel::{Error, Geometry, Iri, Kind, Position, Time};
pub use belfry_ports::temporal::{Aggregation, Bucket, Evolution, Instance, TemporalRange};
pub use belfry_ports::{
    BoxFuture, Change, ChangeKind, Commit, Document, EntityChange, Feed, FeedItem, Lent, Page, Paged, Search, Seq,
    Stop, TypeInfo, Visit,
};
pub use bytes::Bytes;
