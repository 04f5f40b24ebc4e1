//! Fuzz targets: every parser that meets bytes from outside, as a function that must not panic whatever it is given, and
//! that checks what must hold of what was accepted. Holds no parser.
#![forbid(unsafe_code)]

pub mod answer;
pub mod batch;
pub mod config;
pub mod context;
pub mod endpoint;
pub mod entity;
pub mod fragment;
pub mod geo_query;
pub mod geometry;
pub mod geopackage;
pub mod gtfs;
pub mod gtfs_realtime;
pub mod gtfs_zip;
pub mod history_block;
pub mod http_headers;
pub mod http_query;
pub mod import;
pub mod import_mapping;
pub mod json;
pub mod log_segment;
pub mod mapping;
pub mod mqtt;
pub mod order_by;
mod osm;
pub mod osm_kinds;
pub mod osm_pbf;
pub mod osm_xml;
pub mod payload;
pub mod pmtiles;
pub mod projection;
pub mod q;
mod query;
pub mod query_body;
pub mod scope_query;
pub mod subscription;
pub mod temporal_query;
mod text;
pub mod tile;
pub mod topic;
pub mod type_selection;
pub mod vector_tile;
pub mod wkb;

#[cfg(test)]
mod mutator;
#[cfg(test)]
mod tests;

/// A target: panics when something that must hold does not.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also the name of its folder of seeds.
pub const TARGETS: &[(&str, Target)] = &[
    ("json", json::run),
    ("entity", entity::run),
    ("fragment", fragment::run),
    ("batch", batch::run),
    ("context", context::run),
    ("geometry", geometry::run),
    ("q", q::run),
    ("geo_query", geo_query::run),
    ("scope_query", scope_query::run),
    ("type_selection", type_selection::run),
    ("temporal_query", temporal_query::run),
    ("projection", projection::run),
    ("order_by", order_by::run),
    ("subscription", subscription::run),
    ("log_segment", log_segment::run),
    ("history_block", history_block::run),
    ("mqtt", mqtt::run),
    ("payload", payload::run),
    ("mapping", mapping::run),
    ("topic", topic::run),
    ("config", config::run),
    ("http_query", http_query::run),
    ("http_headers", http_headers::run),
    ("query_body", query_body::run),
    ("answer", answer::run),
    ("endpoint", endpoint::run),
    ("import", import::run),
    ("import_mapping", import_mapping::run),
    ("osm_pbf", osm_pbf::run),
    ("osm_kinds", osm_kinds::run),
    ("wkb", wkb::run),
    ("geopackage", geopackage::run),
    ("osm_xml", osm_xml::run),
    ("gtfs", gtfs::run),
    ("gtfs_zip", gtfs_zip::run),
    ("gtfs_realtime", gtfs_realtime::run),
    ("vector_tile", vector_tile::run),
    ("pmtiles", pmtiles::run),
    ("tile", tile::run),
];
