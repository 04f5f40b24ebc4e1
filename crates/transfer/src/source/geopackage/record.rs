//! A row's record: its values by their serial types. Knows no columns.

use super::pages::{BROKEN, SqliteError};

/// A value as SQLite keeps it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'r> {
    Null,
    Integer(i64),
    Real(f64),
    /// Bytes of a text, in the encoding of the file.
    Text(&'r [u8]),
    Blob(&'r [u8]),
}

/// A variable-length integer: seven bits a byte, the highest first, the ninth byte whole.
pub(super) fn varint(bytes: &mut &[u8]) -> Result<i64, SqliteError> {
    let mut value = 0_u64;
    for at in 0..9 {
        let byte = *bytes.get(at).ok_or(BROKEN)?;
        if at == 8 {
            value = value << 8 | u64::from(byte);
        } else {
            value = value << 7 | u64::from(byte & 0x7f);
        }
        if at == 8 || byte & 0x80 == 0 {
            *bytes = &bytes[at + 1..];
            break;
        }
    }
    Ok(value as i64)
}

/// The values of a record.
pub(super) fn values(record: &[u8]) -> Result<Vec<Value<'_>>, SqliteError> {
    let mut head = record;
    let length = usize::try_from(varint(&mut head)?).map_err(|_| BROKEN)?;
    let used = record.len() - head.len();
    let mut kinds = record.get(used..length.max(used)).ok_or(BROKEN)?;
    let mut body = record.get(length..).ok_or(BROKEN)?;
    let mut values = Vec::new();
    while !kinds.is_empty() {
        let kind = varint(&mut kinds)?;
        let width = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind as usize,
            5 => 6,
            6 | 7 => 8,
            12.. => usize::try_from((kind - 12) / 2).map_err(|_| BROKEN)?,
            _ => return Err(BROKEN),
        };
        let (bytes, rest) = body.split_at_checked(width).ok_or(BROKEN)?;
        body = rest;
        values.push(match kind {
            0 => Value::Null,
            7 => Value::Real(f64::from_bits(integer(bytes) as u64)),
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            1..=6 => Value::Integer(integer(bytes)),
            kind if kind % 2 == 0 => Value::Blob(bytes),
            _ => Value::Text(bytes),
        });
    }
    Ok(values)
}

/// A signed integer, the highest byte first.
fn integer(bytes: &[u8]) -> i64 {
    let sign = if bytes.first().is_some_and(|first| first & 0x80 != 0) { -1 } else { 0 };
    bytes.iter().fold(sign, |value: i64, byte| value << 8 | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_hold_values_of_every_kind() {
        let record = [
            9, 0, 1, 2, 6, 7, 9, 17, 16, 0xff, 0x01, 0x02, 0, 0, 0, 0, 0, 0, 0, 5, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, b'a',
            b'b', 1, 2,
        ];
        let expected = [
            Value::Null,
            Value::Integer(-1),
            Value::Integer(258),
            Value::Integer(5),
            Value::Real(1.5),
            Value::Integer(1),
            Value::Text(b"ab"),
            Value::Blob(&[1, 2]),
        ];
        assert_eq!(values(&record).unwrap(), expected);
        for broken in [&[][..], &[5, 1], &[2, 6, 0], &[2, 10], &[0x80], &[3, 0xff, 0xff]] {
            assert!(values(broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn integers_of_variable_length() {
        for (bytes, expected) in
            [(&[0x7f][..], 127), (&[0x81, 0x00], 128), (&[0xff; 9], -1), (&[0x81, 0x80, 0x80, 0x00], 1 << 21)]
        {
            assert_eq!(varint(&mut &*bytes).unwrap(), expected);
        }
    }
}
