//! Query strings: parsed, made into a query, an order and a representation.

use crate::text;
use belfry_http::request::media::Media;
use belfry_http::request::representation::Wishes;
use belfry_http::request::{query, selection};
use belfry_ngsi_ld::Context;
use belfry_ngsi_ld::query::Naming;

/// Runs the target.
pub fn run(data: &[u8]) {
    let Some(text) = text::of(data) else { return };
    let Ok(parameters) = query::parse(text) else { return };
    for (name, value) in parameters.iter() {
        assert_eq!(parameters.get(name), Some(value), "each name is there once");
    }
    let naming = Naming::new(Context::core());
    if let Ok(query) = selection::query(&parameters, &naming) {
        let _ = selection::check_narrow(&query, false, false);
    }
    let _ = selection::order(&parameters, &naming);
    for media in [Media::Json, Media::JsonLd, Media::GeoJson] {
        let _ = Wishes::of(&parameters).shape(Context::core(), media);
    }
}
