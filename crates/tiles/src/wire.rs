//! The wire format of protocol buffers, written and read: variable-length integers, fields, packed lists. Reading lends slices
//! of what was given and allocates nothing. Knows no message.

/// Kinds of fields, the three lowest bits of a key.
const VARINT: u64 = 0;
const EIGHT: u64 = 1;
const BYTES: u64 = 2;
const FOUR: u64 = 5;

/// What cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the protocol buffer is broken")]
pub struct Broken;

/// Appends an integer: seven bits a byte, the lowest first.
pub(crate) fn put_varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

/// Bytes that an integer takes.
pub(crate) fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// Appends a field that is an integer.
pub(crate) fn put_uint(to: &mut Vec<u8>, field: u64, value: u64) {
    put_varint(to, field << 3 | VARINT);
    put_varint(to, value);
}

/// Appends a field that is a text, a message or a packed list.
pub(crate) fn put_bytes(to: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_varint(to, field << 3 | BYTES);
    put_varint(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

/// Appends a field of eight bytes.
pub(crate) fn put_double(to: &mut Vec<u8>, field: u64, value: f64) {
    put_varint(to, field << 3 | EIGHT);
    to.extend_from_slice(&value.to_le_bytes());
}

/// Small negative numbers as small positive ones.
pub(crate) fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

/// And back.
pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Eight([u8; 8]),
    Four([u8; 4]),
}

impl<'a> Value<'a> {
    pub(crate) fn uint(self) -> Result<u64, Broken> {
        if let Self::Varint(value) = self { Ok(value) } else { Err(Broken) }
    }

    pub(crate) fn bytes(self) -> Result<&'a [u8], Broken> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(Broken) }
    }

    pub(crate) fn text(self) -> Result<&'a str, Broken> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Broken)
    }
}

/// What is left of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next field's number and value.
    pub(crate) fn field(&mut self) -> Result<Option<(u64, Value<'a>)>, Broken> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let value = match key & 7 {
            VARINT => Value::Varint(self.varint()?),
            EIGHT => Value::Eight(self.fixed()?),
            FOUR => Value::Four(self.fixed()?),
            BYTES => {
                let len = usize::try_from(self.varint()?).map_err(|_| Broken)?;
                let (bytes, rest) = self.0.split_at_checked(len).ok_or(Broken)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            _ => return Err(Broken),
        };
        Ok(Some((key >> 3, value)))
    }

    /// The next integer of a packed list.
    pub(crate) fn packed(&mut self) -> Result<Option<u64>, Broken> {
        if self.0.is_empty() { Ok(None) } else { self.varint().map(Some) }
    }

    /// An integer of at most ten bytes.
    pub(crate) fn varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0_u64;
        for (index, byte) in self.0.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.0 = &self.0[index + 1..];
                return Ok(value);
            }
        }
        Err(Broken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Broken)?;
        self.0 = rest;
        Ok(*bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_there_and_back() {
        for value in [0, 1, 127, 128, 300, 1 << 35, u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            assert_eq!(bytes.len(), varint_len(value));
            assert_eq!(Reader(&bytes).varint(), Ok(value));
        }
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(unzigzag(zigzag(value)), value);
        }
        assert_eq!((zigzag(-1), zigzag(1)), (1, 2));
    }

    #[test]
    fn fields_are_never_read_beyond_their_message() {
        for broken in [&[0x1a_u8, 3, b'a'][..], &[0x0b], &[0x11, 0], &[0x08], &[0x80; 11], &[0x0d, 1, 2, 3]] {
            let mut reader = Reader(broken);
            assert_eq!(reader.field(), Err(Broken), "{broken:?}");
        }
    }
}
