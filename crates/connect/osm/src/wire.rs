//! The wire format of protocol buffers, as slices of what was read: fields one after another, and packed lists of numbers.
//! Allocates nothing, so a block costs no more memory than its bytes, whatever they claim. Knows no message.

use crate::error::Why;

const BROKEN: Why = Why::Malformed("the protocol buffer is broken");

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// A variable-length integer.
    Varint(u64),
    /// A text, a message or a packed list.
    Bytes(&'a [u8]),
    /// Four or eight bytes, of which these messages have none.
    Fixed,
}

impl<'a> Value<'a> {
    pub(crate) fn bytes(self) -> Result<&'a [u8], Why> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(BROKEN) }
    }

    pub(crate) fn uint(self) -> Result<u64, Why> {
        if let Self::Varint(value) = self { Ok(value) } else { Err(BROKEN) }
    }

    /// An `int64` or `int32`.
    pub(crate) fn int(self) -> Result<i64, Why> {
        self.uint().map(|value| value as i64)
    }

    /// A `sint64`.
    pub(crate) fn sint(self) -> Result<i64, Why> {
        self.uint().map(zigzag)
    }

    pub(crate) fn text(self) -> Result<&'a str, Why> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Why::Malformed("a text is not UTF-8"))
    }
}

/// The fields of a message, in the order in which they were written.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    /// The next field's number and value.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, Why> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = varint(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Varint(varint(&mut self.0)?),
            1 => self.skip(8)?,
            2 => {
                let len = varint(&mut self.0)?;
                let len = usize::try_from(len).map_err(|_| BROKEN)?;
                let (bytes, rest) = self.0.split_at_checked(len).ok_or(BROKEN)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            5 => self.skip(4)?,
            _ => return Err(BROKEN),
        };
        Ok(Some((key >> 3, value)))
    }

    fn skip(&mut self, len: usize) -> Result<Value<'a>, Why> {
        self.0 = self.0.get(len..).ok_or(BROKEN)?;
        Ok(Value::Fixed)
    }
}

/// A packed list of integers.
#[derive(Clone, Copy, Default)]
pub(crate) struct Packed<'a>(pub(crate) &'a [u8]);

impl Packed<'_> {
    /// The next `int64`, `int32`, `uint32` or enumeration.
    pub(crate) fn next(&mut self) -> Result<Option<u64>, Why> {
        if self.0.is_empty() { Ok(None) } else { varint(&mut self.0).map(Some) }
    }

    /// The next `sint64`.
    pub(crate) fn next_sint(&mut self) -> Result<Option<i64>, Why> {
        Ok(self.next()?.map(zigzag))
    }
}

fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// A variable-length integer: seven bits a byte, the lowest first, at most ten bytes.
fn varint(bytes: &mut &[u8]) -> Result<u64, Why> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            *bytes = &bytes[index + 1..];
            return Ok(value);
        }
    }
    Err(BROKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (bytes, value, sint) in [
            (&[0_u8][..], 0, 0),
            (&[1], 1, -1),
            (&[2], 2, 1),
            (&[0xac, 0x02], 300, 150),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], u64::MAX, i64::MIN),
        ] {
            assert_eq!(Packed(bytes).next().unwrap(), Some(value));
            assert_eq!(Packed(bytes).next_sint().unwrap(), Some(sint));
        }
        for broken in [&[0x80_u8][..], &[0x80; 11]] {
            assert!(Packed(broken).next().is_err());
        }
    }

    #[test]
    fn fields_are_read_or_passed_over_and_never_beyond_their_message() {
        let mut fields = Fields(&[0x08, 5, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0x1a, 2, b'a', b'b', 0x25, 0, 0, 0, 0]);
        assert_eq!(fields.next().unwrap(), Some((1, Value::Varint(5))));
        assert_eq!(fields.next().unwrap(), Some((2, Value::Fixed)));
        assert_eq!(fields.next().unwrap(), Some((3, Value::Bytes(b"ab"))));
        assert_eq!(fields.next().unwrap(), Some((4, Value::Fixed)));
        assert_eq!(fields.next().unwrap(), None);
        for broken in [&[0x1a_u8, 3, b'a'][..], &[0x0b], &[0x11, 0], &[0x08]] {
            assert!(Fields(broken).next().is_err(), "{broken:?}");
        }
    }
}
