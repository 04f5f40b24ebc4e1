//! Readers of OpenStreetMap files: `.osm.pbf`, and `.osm` as XML, plain or packed with gzip or bzip2. Streams typed
//! nodes, ways and relations to whoever reads; keeps nothing, and knows neither roads nor registers.
//!
//! [`read_file`] (and [`read`], for bytes from elsewhere) chooses the reader by what the file begins with. Elements are lent to the sink one at a time, so memory is
//! bounded by one block of a PBF file ([`Limits::blob_bytes`]) or one element of XML ([`Limits::element_bytes`]) and by what
//! the sink keeps. A broken file is an error that names file, offset and block; elements before it have been handed
//! out by then, so a reader that must not import half a file commits at the end.
//!
//! Who wrote an element is never read, and tags that name or reach a person are dropped here: see [`is_personal`].
#![forbid(unsafe_code)]

mod element;
mod error;
mod file;
mod limits;
mod pbf;
mod personal;
mod sink;
mod wire;
mod xml;

pub use element::{Element, Kind, Member, Node, Relation, Tag, Way};
pub use error::{OsmError, Place, Why};
pub use file::{read, read_file};
pub use limits::{Kinds, Limits};
pub use pbf::read_pbf;
pub use personal::is_personal;
pub use sink::{Rejected, Summary};
pub use xml::read_xml;
