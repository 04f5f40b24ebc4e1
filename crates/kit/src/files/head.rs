//! What is known of a file without reading it, and its form as a document. Holds no content.

use super::PIECE_BYTES;
use belfry_kernel::{Error, Time};
use belfry_ngsi_ld::Json;

/// The longest name, bytes.
const MAX_NAME: usize = 128;

/// A file, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its size, bytes.
    pub bytes: usize,
    /// SHA-256 of its content, hexadecimal.
    pub sha256: String,
    /// Its media type.
    pub media: String,
    /// When it was put.
    pub at: Time,
    /// How often a file of this name was put, this one included; from 1 again after it was removed.
    pub edition: u64,
    /// Under which name its pieces lie.
    pub(crate) upload: String,
}

impl File {
    /// How many pieces it has.
    pub(crate) fn pieces(&self) -> usize {
        self.bytes.div_ceil(PIECE_BYTES)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let number = |n: u64| Json::Int(i64::try_from(n).unwrap_or(i64::MAX));
        let mut out = Vec::with_capacity(256);
        Json::Object(vec![
            ("bytes".into(), number(self.bytes as u64)),
            ("sha256".into(), Json::from(self.sha256.as_str())),
            ("media".into(), Json::from(self.media.as_str())),
            ("at".into(), Json::Int(self.at.micros())),
            ("edition".into(), number(self.edition)),
            ("upload".into(), Json::from(self.upload.as_str())),
        ])
        .write(&mut out);
        out
    }

    pub(crate) fn decode(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let damaged = || Error::internal(format!("the head of the file {name} is damaged"));
        let json = Json::parse(bytes, 4).map_err(|_| damaged())?;
        let text = |key| json.get(key).and_then(Json::as_str).map(str::to_owned).ok_or_else(damaged);
        let number = |key| match json.get(key) {
            Some(Json::Int(n)) => Ok(*n),
            _ => Err(damaged()),
        };
        Ok(Self {
            name: name.to_owned(),
            bytes: usize::try_from(number("bytes")?).map_err(|_| damaged())?,
            sha256: text("sha256")?,
            media: text("media")?,
            at: Time::from_micros(number("at")?),
            edition: u64::try_from(number("edition")?).map_err(|_| damaged())?,
            upload: text("upload")?,
        })
    }
}

/// Whether a text can be a file's name.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(plain) {
        Ok(())
    } else {
        Err(Error::invalid("a file's name is 1 to 128 letters, digits, '_', '-' or '.'"))
    }
}
