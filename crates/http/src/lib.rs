//! The HTTP door: the NGSI-LD API (ETSI GS CIM 009 v1.8 clause 6), health, metrics, the event stream and the page.
//! The endpoints of applications are rows of the same table. Parses requests into types, asks the store, renders answers. Holds no rule of the information model.

pub mod app;
mod apps;
mod dispatch;
pub mod metrics;
mod ngsi_ld;
pub mod openapi;
pub mod operation;
mod ops;
pub mod problem;
pub mod request;
mod router;
mod serve;
mod trace;

pub use app::App;
pub use router::{Router, operations};
pub use serve::{Served, serve};
