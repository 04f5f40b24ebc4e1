//! One layer being written: features one after another, keys and values once each (MVT 2.1, 4.1).

use hashbrown::HashMap;

use crate::grid::EXTENT;
use crate::mvt::command::Encoded;
use crate::mvt::field;
use crate::mvt::fields::Fields;
use crate::wire::{put_bytes, put_uint, put_varint};

/// A layer being written. The same features in the same order give the same bytes.
pub struct LayerWriter {
    name: &'static str,
    features: Vec<u8>,
    keys: Table,
    values: Table,
    count: usize,
    tags: Vec<u8>,
    feature: Vec<u8>,
}

/// Byte strings, each with the number under which it was first used.
#[derive(Default)]
struct Table {
    numbers: HashMap<Box<[u8]>, u64>,
    encoded: Vec<u8>,
}

impl Table {
    /// The number of a byte string, which is added with its field when it is new.
    fn number(&mut self, field: u64, bytes: &[u8]) -> u64 {
        if let Some(number) = self.numbers.get(bytes) {
            return *number;
        }
        let number = self.numbers.len() as u64;
        self.numbers.insert(bytes.into(), number);
        put_bytes(&mut self.encoded, field, bytes);
        number
    }
}

impl LayerWriter {
    /// An empty layer of this name.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            features: Vec::new(),
            keys: Table::default(),
            values: Table::default(),
            count: 0,
            tags: Vec::new(),
            feature: Vec::new(),
        }
    }

    /// Features in it.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes that it takes in the tile.
    pub fn bytes(&self) -> usize {
        // Name, extent, version and the lengths around them.
        self.features.len() + self.keys.encoded.len() + self.values.encoded.len() + self.name.len() + 20
    }

    /// Adds a feature.
    pub fn add(&mut self, id: Option<u64>, geometry: &Encoded, fields: &Fields) {
        self.tags.clear();
        for (key, value) in fields.iter() {
            put_varint(&mut self.tags, self.keys.number(field::LAYER_KEY, key));
            put_varint(&mut self.tags, self.values.number(field::LAYER_VALUE, value));
        }
        self.feature.clear();
        if let Some(id) = id {
            put_uint(&mut self.feature, field::FEATURE_ID, id);
        }
        if !self.tags.is_empty() {
            put_bytes(&mut self.feature, field::FEATURE_TAGS, &self.tags);
        }
        put_uint(&mut self.feature, field::FEATURE_TYPE, geometry.kind);
        put_bytes(&mut self.feature, field::FEATURE_GEOMETRY, &geometry.commands);
        put_bytes(&mut self.features, field::LAYER_FEATURE, &self.feature);
        self.count += 1;
    }

    /// Appends the layer to a tile; nothing when it is empty.
    pub fn finish(self, tile: &mut Vec<u8>) {
        if self.is_empty() {
            return;
        }
        let mut layer = Vec::with_capacity(self.bytes());
        put_uint(&mut layer, field::LAYER_VERSION, 2);
        put_bytes(&mut layer, field::LAYER_NAME, self.name.as_bytes());
        layer.extend_from_slice(&self.features);
        layer.extend_from_slice(&self.keys.encoded);
        layer.extend_from_slice(&self.values.encoded);
        put_uint(&mut layer, field::LAYER_EXTENT, u64::from(EXTENT));
        put_bytes(tile, field::TILE_LAYER, &layer);
    }
}
