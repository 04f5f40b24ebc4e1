//! Bytes in and out: varints, texts, and a reader that checks every bound. Knows no domain type.

use belfry_kernel::Error;

/// Appends to a buffer.
pub(crate) trait Put {
    fn put_varint(&mut self, n: u64);
    fn put_zigzag(&mut self, n: i64);
    fn put_text(&mut self, text: &str);
    fn put_bytes(&mut self, bytes: &[u8]);
}

impl Put for Vec<u8> {
    fn put_varint(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.push(n as u8);
    }

    fn put_zigzag(&mut self, n: i64) {
        self.put_varint(((n << 1) ^ (n >> 63)) as u64);
    }

    fn put_text(&mut self, text: &str) {
        self.put_bytes(text.as_bytes());
    }

    fn put_bytes(&mut self, bytes: &[u8]) {
        self.put_varint(bytes.len() as u64);
        self.extend_from_slice(bytes);
    }
}

/// Stored bytes do not say what they should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored bytes are damaged: {0}")]
pub struct Damaged(pub &'static str);

impl From<Damaged> for Error {
    fn from(damaged: Damaged) -> Self {
        Self::internal(damaged)
    }
}

/// Reads from a slice; every step is checked.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self.rest.split_first().ok_or(Damaged("they end early"))?;
        self.rest = rest;
        Ok(*first)
    }

    #[inline]
    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8], Damaged> {
        if n > self.rest.len() {
            return Err(Damaged("they end early"));
        }
        let (taken, rest) = self.rest.split_at(n);
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, Damaged> {
        match self.rest.split_first() {
            // Most are one byte long.
            Some((&b, rest)) if b < 0x80 => {
                self.rest = rest;
                Ok(u64::from(b))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Damaged> {
        let mut n = 0_u64;
        for shift in (0..64).step_by(7) {
            let b = self.byte()?;
            n |= u64::from(b & 0x7f) << shift;
            if b < 0x80 {
                return Ok(n);
            }
        }
        Err(Damaged("a number is too long"))
    }

    #[inline]
    pub(crate) fn zigzag(&mut self) -> Result<i64, Damaged> {
        let n = self.varint()?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    /// A count of things of at least one byte each, so that it cannot be larger than what is left.
    #[inline]
    pub(crate) fn count(&mut self) -> Result<usize, Damaged> {
        let n = self.varint()?;
        if n > self.rest.len() as u64 {
            return Err(Damaged("a count is too large"));
        }
        Ok(n as usize)
    }

    #[inline]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let n = self.count()?;
        self.take(n)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Damaged> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Damaged("a text is not UTF-8"))
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Damaged> {
        let b = self.take(8)?;
        Ok(i64::from_le_bytes(b.try_into().expect("eight bytes were taken")))
    }

    pub(crate) fn f64(&mut self) -> Result<f64, Damaged> {
        Ok(f64::from_bits(self.i64()? as u64))
    }

    /// A number such as JSON can hold.
    pub(crate) fn finite(&mut self) -> Result<f64, Damaged> {
        let f = self.f64()?;
        if f.is_finite() { Ok(f) } else { Err(Damaged("a number is not finite")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_trip() {
        for n in [0, 1, -1, 63, -64, 64, i64::MAX, i64::MIN, 1 << 40] {
            let mut b = Vec::new();
            b.put_zigzag(n);
            b.put_varint(n as u64);
            let mut c = Cursor::new(&b);
            assert_eq!((c.zigzag(), c.varint()), (Ok(n), Ok(n as u64)));
            assert!(c.is_empty());
        }
        assert!(Cursor::new(&[0xff; 11]).varint().is_err());
        assert!(Cursor::new(&[200, 1, 7]).bytes().is_err());
    }
}
