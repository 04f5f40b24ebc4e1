//! A place in a distributed trace and its text form, the `traceparent` header (W3C Trace Context, level 1, section 3.2).
//! Makes no identifiers, records nothing.

use std::fmt;

/// A place in a distributed trace. Its `Display` is the value of a `traceparent` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The trace; not zero.
    pub trace_id: u128,
    /// The span within it; not zero.
    pub span_id: u64,
    /// Whether whoever made the span records it.
    pub sampled: bool,
}

/// The length of a header of version 00, bytes.
const LENGTH: usize = 55;

impl TraceContext {
    /// Reads the value of a `traceparent` header. `None` for what the standard says is to be ignored: another form,
    /// capital letters, the version ff, identifiers of zeros. Of later versions the part that version 00 has is read.
    pub fn parse(header: &str) -> Option<Self> {
        let (head, rest) = header.split_at_checked(LENGTH)?;
        let mut parts = head.split('-');
        let version = hex(parts.next()?, 2)?;
        let (trace_id, span_id) = (hex(parts.next()?, 32)?, hex(parts.next()?, 16)?);
        let flags = hex(parts.next()?, 2)?;
        let whole = parts.next().is_none() && if version == 0 { rest.is_empty() } else { continues(rest) };
        let good = whole && version != 0xff && trace_id != 0 && span_id != 0;
        good.then_some(Self { trace_id, span_id: u64::try_from(span_id).ok()?, sampled: flags & 1 == 1 })
    }
}

/// Whether what a later version has more begins as a further field.
fn continues(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('-')
}

/// A number of exactly so many lower-case hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let good = text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if good { u128::from_str_radix(text, 16).ok() } else { None }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn reads_and_writes_the_header() {
        let read = TraceContext::parse(GOOD).unwrap();
        assert_eq!(read.trace_id, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!((read.span_id, read.sampled), (0xb7ad_6b71_6920_3331, true));
        assert_eq!(read.to_string(), GOOD);
        let other = TraceContext { trace_id: 1, span_id: 2, sampled: false };
        assert_eq!(other.to_string(), "00-00000000000000000000000000000001-0000000000000002-00");
        assert_eq!(TraceContext::parse(&other.to_string()), Some(other));
    }

    #[test]
    fn other_flags_and_later_versions_are_read_as_far_as_they_are_known() {
        for (text, sampled) in [
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03", true),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe", false),
            ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true),
            ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-brings", true),
        ] {
            assert_eq!(TraceContext::parse(text).map(|c| c.sampled), Some(sampled), "{text}");
        }
    }

    #[test]
    fn what_is_no_header_is_ignored() {
        for text in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319cb-7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-001",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
            "0é-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        ] {
            assert_eq!(TraceContext::parse(text), None, "{text}");
        }
    }
}
