//! The fields of one feature, encoded as they come: equal fields are equal bytes, which is how lines that belong together
//! are found. Holds no layer.

use crate::mvt::{Value, field};
use crate::wire::{Reader, put_bytes, put_double, put_uint, put_varint, zigzag};

/// Fields in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fields {
    bytes: Vec<u8>,
}

impl Fields {
    /// Adds a field. Each key is given once: a tile whose keys repeat within a feature is not valid.
    pub fn push(&mut self, key: &str, value: Value<'_>) {
        debug_assert!(self.iter().all(|(known, _)| known != key.as_bytes()), "{key} twice");
        put_varint(&mut self.bytes, key.len() as u64);
        self.bytes.extend_from_slice(key.as_bytes());
        match value {
            Value::Text(text) => {
                let message = crate::wire::varint_len(text.len() as u64) + 1 + text.len();
                put_varint(&mut self.bytes, message as u64);
                put_bytes(&mut self.bytes, field::VALUE_TEXT, text.as_bytes());
            }
            other => {
                let mut message = Vec::with_capacity(11);
                match other {
                    Value::Int(number) if number < 0 => put_uint(&mut message, field::VALUE_SINT, zigzag(number)),
                    Value::Int(number) => put_uint(&mut message, field::VALUE_INT, number as u64),
                    Value::Uint(number) => put_uint(&mut message, field::VALUE_UINT, number),
                    Value::Double(number) => put_double(&mut message, field::VALUE_DOUBLE, number),
                    Value::Bool(yes) => put_uint(&mut message, field::VALUE_BOOL, u64::from(yes)),
                    Value::Text(_) => {}
                }
                put_varint(&mut self.bytes, message.len() as u64);
                self.bytes.extend_from_slice(&message);
            }
        }
    }

    /// Bytes that they take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Each key with its encoded value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut reader = Reader(&self.bytes);
        std::iter::from_fn(move || {
            let mut next = || {
                let len = reader.varint().ok()? as usize;
                let (bytes, rest) = reader.0.split_at_checked(len)?;
                reader.0 = rest;
                Some(bytes)
            };
            Some((next()?, next()?))
        })
    }
}
