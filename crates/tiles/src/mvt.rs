//! Mapbox Vector Tiles, version 2.1: layers of features with shared keys and values, encoded and decoded. Holds the format;
//! what is worth showing is decided in [`crate::tile`].

mod command;
mod decode;
mod fields;
mod layer;

pub use command::Encoded;
pub use decode::{Decoded, DecodedFeature, DecodedLayer, Limits, MvtError, decode};
pub use fields::Fields;
pub use layer::LayerWriter;

/// The MIME type of a tile (MVT 2.1, 2.2).
pub const MEDIA_TYPE: &str = "application/vnd.mapbox-vector-tile";

/// A value of a feature (MVT 2.1, 4.4), as it is encoded and as it is read back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A text.
    Text(&'a str),
    /// A whole number that may be negative.
    Int(i64),
    /// A whole number.
    Uint(u64),
    /// A number.
    Double(f64),
    /// Yes or no.
    Bool(bool),
}

/// Numbers of fields, from the format's schema.
mod field {
    pub(super) const TILE_LAYER: u64 = 3;
    pub(super) const LAYER_NAME: u64 = 1;
    pub(super) const LAYER_FEATURE: u64 = 2;
    pub(super) const LAYER_KEY: u64 = 3;
    pub(super) const LAYER_VALUE: u64 = 4;
    pub(super) const LAYER_EXTENT: u64 = 5;
    pub(super) const LAYER_VERSION: u64 = 15;
    pub(super) const FEATURE_ID: u64 = 1;
    pub(super) const FEATURE_TAGS: u64 = 2;
    pub(super) const FEATURE_TYPE: u64 = 3;
    pub(super) const FEATURE_GEOMETRY: u64 = 4;
    pub(super) const VALUE_TEXT: u64 = 1;
    pub(super) const VALUE_FLOAT: u64 = 2;
    pub(super) const VALUE_DOUBLE: u64 = 3;
    pub(super) const VALUE_INT: u64 = 4;
    pub(super) const VALUE_UINT: u64 = 5;
    pub(super) const VALUE_SINT: u64 = 6;
    pub(super) const VALUE_BOOL: u64 = 7;
}
