//! Tiles read back: for tests, and to look at what comes in from other archives. Bounded by what it is given.

use crate::draw::Drawing;
use crate::mvt::{Value, command, field};
use crate::wire::{self, Broken, Reader, unzigzag};

/// What a reader takes at most. Memory is some forty times the bytes in the worst case, of empty values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a tile, unpacked.
    pub bytes: usize,
    /// Layers of a tile.
    pub layers: usize,
    /// Features of all layers.
    pub features: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 8 << 20, layers: 256, features: 1 << 18 }
    }
}

/// Why a tile cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MvtError {
    /// More than a limit.
    #[error("more than {limit} {what}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The wire format is broken.
    #[error(transparent)]
    Wire(#[from] Broken),
    /// A layer breaks a rule of the format.
    #[error("{0}")]
    Layer(&'static str),
    /// A geometry breaks a rule of the format.
    #[error("{0}")]
    Geometry(&'static str),
}

/// A tile, lent from its bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded<'a> {
    /// Its layers, in order.
    pub layers: Vec<DecodedLayer<'a>>,
}

/// A layer.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedLayer<'a> {
    /// Its name.
    pub name: &'a str,
    /// Version of the format: 1 or 2.
    pub version: u32,
    /// Places along one side of the tile.
    pub extent: u32,
    /// Its features, in order.
    pub features: Vec<DecodedFeature>,
    keys: Vec<&'a str>,
    values: Vec<Value<'a>>,
}

/// A feature; its fields are asked of its layer.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedFeature {
    /// Its number, if it has one.
    pub id: Option<u64>,
    /// Its geometry; `None` of the unknown kind.
    pub drawing: Option<Drawing>,
    tags: Vec<(u32, u32)>,
}

impl<'a> DecodedLayer<'a> {
    /// The fields of one of its features.
    pub fn fields<'s>(&'s self, feature: &'s DecodedFeature) -> impl Iterator<Item = (&'a str, Value<'a>)> + 's {
        feature
            .tags
            .iter()
            .filter_map(|(key, value)| Some((*self.keys.get(*key as usize)?, *self.values.get(*value as usize)?)))
    }

    /// The value of one field.
    pub fn field(&self, feature: &DecodedFeature, key: &str) -> Option<Value<'a>> {
        self.fields(feature).find(|(name, _)| *name == key).map(|(_, value)| value)
    }
}

/// Reads a tile. Structure, references and the order of commands are checked; whether rings cross is not.
///
/// # Errors
/// What is wrong; nothing is read half.
pub fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoded<'a>, MvtError> {
    if bytes.len() > limits.bytes {
        return Err(MvtError::TooMuch { what: "bytes", limit: limits.bytes });
    }
    let mut tile = Decoded::default();
    let mut left = limits.features;
    let mut reader = Reader(bytes);
    while let Some((number, value)) = reader.field()? {
        if number != field::TILE_LAYER {
            continue;
        }
        if tile.layers.len() == limits.layers {
            return Err(MvtError::TooMuch { what: "layers", limit: limits.layers });
        }
        let layer = layer(value.bytes()?, &mut left, limits)?;
        if tile.layers.iter().any(|other| other.name == layer.name) {
            return Err(MvtError::Layer("two layers of one name"));
        }
        tile.layers.push(layer);
    }
    Ok(tile)
}

fn layer<'a>(bytes: &'a [u8], left: &mut usize, limits: &Limits) -> Result<DecodedLayer<'a>, MvtError> {
    let (mut name, mut version, mut extent) = (None, 1_u64, 4096_u64);
    let (mut keys, mut values, mut features) = (Vec::new(), Vec::new(), Vec::new());
    let mut reader = Reader(bytes);
    while let Some((number, value)) = reader.field()? {
        match number {
            field::LAYER_NAME => name = Some(value.text()?),
            field::LAYER_VERSION => version = value.uint()?,
            field::LAYER_EXTENT => extent = value.uint()?,
            field::LAYER_KEY => keys.push(value.text()?),
            field::LAYER_VALUE => values.push(read_value(value.bytes()?)?),
            field::LAYER_FEATURE => {
                *left = left.checked_sub(1).ok_or(MvtError::TooMuch { what: "features", limit: limits.features })?;
                features.push(feature(value.bytes()?)?);
            }
            _ => {}
        }
    }
    if !(1..=2).contains(&version) {
        return Err(MvtError::Layer("a version that is not known"));
    }
    let name = name.ok_or(MvtError::Layer("a layer without a name"))?;
    let extent =
        u32::try_from(extent).ok().filter(|extent| *extent > 0).ok_or(MvtError::Layer("an extent of nothing"))?;
    let known = |(key, value): &(u32, u32)| (*key as usize) < keys.len() && (*value as usize) < values.len();
    if !features.iter().all(|feature: &DecodedFeature| feature.tags.iter().all(known)) {
        return Err(MvtError::Layer("a field that names no key or value"));
    }
    Ok(DecodedLayer { name, version: version as u32, extent, features, keys, values })
}

fn feature(bytes: &[u8]) -> Result<DecodedFeature, MvtError> {
    let (mut id, mut kind, mut tags, mut commands) = (None, 0, Vec::new(), None);
    let mut reader = Reader(bytes);
    while let Some((number, value)) = reader.field()? {
        match number {
            field::FEATURE_ID => id = Some(value.uint()?),
            field::FEATURE_TYPE => kind = value.uint()?,
            field::FEATURE_GEOMETRY => commands = Some(value.bytes()?),
            field::FEATURE_TAGS => tags = read_tags(value.bytes()?)?,
            _ => {}
        }
    }
    let commands = commands.ok_or(MvtError::Geometry("a feature without a geometry"))?;
    Ok(DecodedFeature { id, drawing: command::decode(kind, commands)?, tags })
}

fn read_tags(bytes: &[u8]) -> Result<Vec<(u32, u32)>, MvtError> {
    let mut packed = Reader(bytes);
    let mut tags = Vec::new();
    let index = |number: u64| u32::try_from(number).map_err(|_| MvtError::Layer("a field that names no key or value"));
    while let Some(key) = packed.packed()? {
        let value = packed.packed()?.ok_or(MvtError::Layer("a key without a value"))?;
        tags.push((index(key)?, index(value)?));
    }
    Ok(tags)
}

fn read_value(bytes: &[u8]) -> Result<Value<'_>, MvtError> {
    let mut found = None;
    let mut reader = Reader(bytes);
    while let Some((number, value)) = reader.field()? {
        found = Some(match (number, value) {
            (field::VALUE_TEXT, value) => Value::Text(value.text()?),
            (field::VALUE_FLOAT, wire::Value::Four(bytes)) => Value::Double(f64::from(f32::from_le_bytes(bytes))),
            (field::VALUE_DOUBLE, wire::Value::Eight(bytes)) => Value::Double(f64::from_le_bytes(bytes)),
            (field::VALUE_INT, value) => Value::Int(value.uint()? as i64),
            (field::VALUE_UINT, value) => Value::Uint(value.uint()?),
            (field::VALUE_SINT, value) => Value::Int(unzigzag(value.uint()?)),
            (field::VALUE_BOOL, value) => Value::Bool(value.uint()? != 0),
            (field::VALUE_FLOAT | field::VALUE_DOUBLE, _) => return Err(Broken.into()),
            _ => continue,
        });
    }
    found.ok_or(MvtError::Layer("a value that is none"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mvt::{Encoded, Fields, LayerWriter};

    fn fields(given: &[(&str, Value<'_>)]) -> Fields {
        let mut fields = Fields::default();
        given.iter().for_each(|(key, value)| fields.push(key, *value));
        fields
    }

    fn tile() -> Vec<u8> {
        let mut layer = LayerWriter::new("road");
        let line = Encoded::new(&Drawing::Lines(vec![vec![[0, 0], [5, 5]]]));
        layer.add(Some(7), &line, &fields(&[("class", Value::Text("primary")), ("lanes", Value::Uint(2))]));
        let others = [
            ("class", Value::Text("primary")),
            ("level", Value::Int(-1)),
            ("w", Value::Double(2.5)),
            ("b", Value::Bool(true)),
        ];
        layer.add(None, &Encoded::new(&Drawing::Points(vec![[1, 2]])), &fields(&others));
        let mut bytes = Vec::new();
        layer.finish(&mut bytes);
        LayerWriter::new("empty").finish(&mut bytes);
        bytes
    }

    #[test]
    fn what_was_written_is_read_with_keys_and_values_once() {
        let bytes = tile();
        let decoded = decode(&bytes, &Limits::default()).unwrap();
        let [road] = &decoded.layers[..] else { panic!("{decoded:?}") };
        assert_eq!((road.name, road.version, road.extent), ("road", 2, 4096));
        assert_eq!((road.keys.len(), road.values.len()), (5, 5));
        assert_eq!(road.features[0].id, Some(7));
        assert_eq!(road.fields(&road.features[0]).count(), 2);
        assert_eq!(road.field(&road.features[0], "class"), Some(Value::Text("primary")));
        assert_eq!(road.field(&road.features[1], "level"), Some(Value::Int(-1)));
        assert_eq!(road.field(&road.features[1], "b"), Some(Value::Bool(true)));
        assert_eq!(road.features[1].drawing, Some(Drawing::Points(vec![[1, 2]])));
    }

    #[test]
    fn every_cut_and_limit_is_an_error_and_no_panic() {
        let bytes = tile();
        for end in 1..bytes.len() {
            assert!(decode(&bytes[..end], &Limits::default()).is_err(), "{end}");
        }
        let twice = [&bytes[..], &bytes[..]].concat();
        assert_eq!(decode(&twice, &Limits::default()), Err(MvtError::Layer("two layers of one name")));
        let few = Limits { features: 1, ..Limits::default() };
        assert!(matches!(decode(&bytes, &few), Err(MvtError::TooMuch { what: "features", .. })));
        assert!(decode(&bytes, &Limits { bytes: 10, ..Limits::default() }).is_err());
        assert!(decode(&bytes, &Limits { layers: 0, ..Limits::default() }).is_err());
        assert_eq!(decode(&[], &Limits::default()).unwrap(), Decoded::default());
    }
}
