//! JSON as a value: what the body of a Property may be. Holds the tree, a parser with a depth limit and a writer.
//! Knows nothing of NGSI-LD.

use belfry_kernel::Error;
use compact_str::CompactString;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;

/// Deeper than any body that a configuration lets in, and what stands around it: for documents of our own, which must be
/// readable whatever was accepted.
pub const KEPT_DEPTH: usize = 576;

/// A JSON value. Numbers keep whether they were whole; texts up to 24 bytes live inline; members keep their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number without fraction that fits 64 bits. (A text with a longer one is refused: it could not be kept as it is.)
    Int(i64),
    /// Any other number; always finite, with a fraction or beyond 2^53.
    Float(f64),
    /// A text.
    Str(CompactString),
    /// An array.
    Array(Vec<Json>),
    /// An object, members in the order of the text; the last of equal keys is the one that counts.
    Object(Vec<(CompactString, Json)>),
}

impl Json {
    /// Parses one JSON text (UTF-8, RFC 8259), at most `max_depth` levels deep.
    ///
    /// # Errors
    /// `InvalidRequest` with the place of the first offence; `BadRequestData` for a whole number beyond 64 bits.
    pub fn parse(text: &[u8], max_depth: usize) -> Result<Self, Error> {
        let huge = Cell::new(false);
        let mut de = sonic_rs::Deserializer::from_slice(text);
        let value = Node { depth: max_depth, huge: &huge }.deserialize(&mut de).map_err(|e| syntax(&e))?;
        de.end().map_err(|e| syntax(&e))?;
        if huge.get()
            && let Some(digits) = long_whole_number(text)
        {
            return Err(Error::bad_data(format!(
                "the whole number {digits} is beyond 64 bits, and would be kept as another: send it as a text, or with a fraction or an exponent"
            )));
        }
        Ok(value)
    }

    /// A finite number. One without a fraction is a whole number however it was written (JSON-LD 1.1 section 10.6), so
    /// that 20.0 and 20 are one value wherever they are kept.
    pub fn number(f: f64) -> Self {
        const EXACT: f64 = (1_u64 << 53) as f64;
        let whole = f.fract() == 0.0 && f.abs() <= EXACT && !(f == 0.0 && f.is_sign_negative());
        if whole { Self::Int(f as i64) } else { Self::Float(f) }
    }

    /// The member of this name, when this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The text, when this is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(s) => Some(s),
            _ => None,
        }
    }

    /// The number, when this is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(i) => Some(*i as f64),
            Self::Float(f) => Some(*f),
            _ => None,
        }
    }

    /// Whether both are the same value: the order of members says nothing, and `1.0` is `1`.
    pub fn says_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Array(a), Self::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.says_same(b)),
            (Self::Object(a), Self::Object(b)) => {
                let in_order = || a.iter().zip(b).all(|((k, a), (l, b))| k == l && a.says_same(b));
                a.len() == b.len() && (in_order() || same_by_key(a, b))
            }
            (Self::Int(_), Self::Float(_)) | (Self::Float(_), Self::Int(_)) => self.as_f64() == other.as_f64(),
            (a, b) => a == b,
        }
    }

    /// "an object", "a number" and so on, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Str(_) => "a text",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// Appends the compact JSON text.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Int(i) => write_i64(*i, out),
            Self::Float(f) => write_f64(*f, out),
            Self::Str(s) => write_str(s, out),
            Self::Array(items) => {
                out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Self::Object(members) => {
                out.push(b'{');
                for (i, (key, value)) in members.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    write_str(key, out);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }
}

/// Compares members whatever their order.
fn same_by_key(a: &[(CompactString, Json)], b: &[(CompactString, Json)]) -> bool {
    let by_key = |members: &[(CompactString, Json)]| {
        let mut places: Vec<usize> = (0..members.len()).collect();
        places.sort_by(|x, y| members[*x].0.cmp(&members[*y].0));
        places
    };
    by_key(a).into_iter().zip(by_key(b)).all(|(x, y)| a[x].0 == b[y].0 && a[x].1.says_same(&b[y].1))
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        self.write(&mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

impl From<&str> for Json {
    fn from(s: &str) -> Self {
        Self::Str(s.into())
    }
}

/// Appends a whole number.
pub fn write_i64(i: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(i).as_bytes());
}

/// Appends a number so that reading it gives the same double (shortest form); whole ones keep a `.0`, so that a
/// float stays a float.
pub fn write_f64(f: f64, out: &mut Vec<u8>) {
    debug_assert!(f.is_finite(), "JSON has no infinities");
    out.extend_from_slice(ryu::Buffer::new().format_finite(f).as_bytes());
}

/// Appends a quoted, escaped text.
pub fn write_str(s: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = s.as_bytes();
    while let Some(at) = first_escaped(rest) {
        out.extend_from_slice(&rest[..at]);
        write_escaped(rest[at], out);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn is_escaped(b: u8) -> bool {
    (b < 0x20) | (b == b'"') | (b == b'\\')
}

/// Where the first byte stands that a JSON text cannot hold as it is. Looks at 16 together, which the compiler makes
/// one comparison of.
fn first_escaped(bytes: &[u8]) -> Option<usize> {
    let (chunks, _) = bytes.as_chunks::<16>();
    let clean = chunks.iter().take_while(|chunk| !chunk.iter().fold(false, |any, &b| any | is_escaped(b))).count() * 16;
    bytes[clean..].iter().position(|&b| is_escaped(b)).map(|at| clean + at)
}

fn write_escaped(b: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match b {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(b >> 4)]);
            out.push(HEX[usize::from(b & 15)]);
        }
    }
}

/// The first whole number in a JSON text that does not fit 64 bits, shortened. Looked for only where there is a number as
/// large as that, since the parser does not tell how one is written.
fn long_whole_number(text: &[u8]) -> Option<String> {
    let (mut at, mut quoted) = (0, false);
    while let Some(byte) = text.get(at) {
        let length = match byte {
            b'\\' if quoted => 2,
            b'"' => {
                quoted = !quoted;
                1
            }
            b'-' | b'0'..=b'9' if !quoted => {
                let is_part = |b: &&u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                let number = &text[at..at + text[at..].iter().take_while(is_part).count()];
                let digits = std::str::from_utf8(number).unwrap_or_default();
                if !number.iter().any(|b| matches!(b, b'.' | b'e' | b'E')) && digits.parse::<i64>().is_err() {
                    let short: String = digits.chars().take(40).collect();
                    return Some(if short.len() < digits.len() { format!("{short}…") } else { short });
                }
                number.len()
            }
            _ => 1,
        };
        at += length;
    }
    None
}

fn syntax(e: &sonic_rs::Error) -> Error {
    let text = e.to_string();
    let first = text.lines().next().unwrap_or_default();
    Error::invalid(format!("the body is not valid JSON: {first}"))
}

/// From here on a double is no 64-bit whole number.
const HUGE: f64 = (1_u64 << 63) as f64;

struct Node<'h> {
    depth: usize,
    /// Set by a number that is as large as this.
    huge: &'h Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Json;
    fn deserialize<D: Deserializer<'de>>(self, de: D) -> Result<Json, D::Error> {
        de.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E>(self, b: bool) -> Result<Json, E> {
        Ok(Json::Bool(b))
    }
    fn visit_i64<E>(self, i: i64) -> Result<Json, E> {
        Ok(Json::Int(i))
    }
    fn visit_u64<E>(self, u: u64) -> Result<Json, E> {
        Ok(i64::try_from(u).map_or_else(|_| self.large(u as f64), Json::Int))
    }
    fn visit_f64<E: serde::de::Error>(self, f: f64) -> Result<Json, E> {
        if f.abs() < HUGE {
            Ok(Json::number(f))
        } else if f.is_finite() {
            Ok(self.large(f))
        } else {
            Err(E::custom("a number is out of range"))
        }
    }
    fn visit_str<E>(self, s: &str) -> Result<Json, E> {
        Ok(Json::Str(s.into()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let depth = deeper(self.depth)?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Node { depth, huge: self.huge })? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let depth = deeper(self.depth)?;
        let mut members = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            members.push((key, map.next_value_seed(Node { depth, huge: self.huge })?));
        }
        Ok(Json::Object(members))
    }
}

impl Node<'_> {
    fn large(&self, f: f64) -> Json {
        self.huge.set(true);
        Json::Float(f)
    }
}

fn deeper<E: serde::de::Error>(depth: usize) -> Result<usize, E> {
    depth.checked_sub(1).ok_or_else(|| E::custom("it is nested deeper than allowed"))
}

struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = CompactString;
    fn deserialize<D: Deserializer<'de>>(self, de: D) -> Result<CompactString, D::Error> {
        de.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = CompactString;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }
    fn visit_str<E>(self, s: &str) -> Result<CompactString, E> {
        Ok(s.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        for text in [
            "null",
            "true",
            "-9223372036854775808",
            "1.5",
            "1e300",
            r#""a\"b\\c\u0001\né""#,
            r#"[1,[2,{"a":null}],"x"]"#,
            r#"{"b":1,"a":{"c":[]}}"#,
        ] {
            let json = Json::parse(text.as_bytes(), 16).unwrap();
            assert_eq!(Json::parse(json.to_string().as_bytes(), 16).unwrap(), json, "{text}");
        }
        // What is no whole number may be large.
        for large in ["1e300", "-18446744073709551615.0", "[9223372036854775808.5]", "1E19"] {
            assert!(Json::parse(large.as_bytes(), 2).is_ok(), "{large}");
        }
    }

    #[test]
    fn escapes_wherever_it_stands() {
        for b in 0..128_u8 {
            for at in [0, 2, 15, 16, 18, 31, 32, 40] {
                let mut text = "ü23456789abcdef".repeat(3);
                text.insert(at, char::from(b));
                let mut out = Vec::new();
                write_str(&text, &mut out);
                assert_eq!(Json::parse(&out, 1).unwrap(), Json::from(text.as_str()));
                assert!(out.iter().all(|b| *b >= 0x20));
            }
        }
    }

    #[test]
    fn refuses() {
        for bad in ["", "{", "[1,]", "{\"a\"}", "nul", "1 2", "\"\u{1}\"", "1e999", "{\"a\":1,}", "+1", "01"] {
            assert!(Json::parse(bad.as_bytes(), 16).is_err(), "{bad:?}");
        }
        assert!(Json::parse(b"\"\xff\"", 16).is_err());
        assert!(Json::parse("[".repeat(100_000).as_bytes(), 64).is_err());
        assert!(Json::parse(b"[[[1]]]", 2).is_err());
        assert!(Json::parse(b"[[[1]]]", 3).is_ok());
        for beyond in ["9223372036854775808", "-9223372036854775809", "18446744073709551616", "12345678901234567890"] {
            for text in [beyond.to_owned(), format!("[1e300,\"\\\"\",{{\"1\":{beyond}}}]")] {
                let error = Json::parse(text.as_bytes(), 4).unwrap_err();
                assert!(error.public().contains(beyond), "{text}: {}", error.public());
            }
            assert!(Json::parse(format!("[1e300,\"\\\"{beyond}\"]").as_bytes(), 4).is_ok(), "a text holds any digits");
        }
        let long = Json::parse("7".repeat(100_000).as_bytes(), 1).map(drop);
        assert!(long.is_err_and(|e| e.public().len() < 300));
    }
}
