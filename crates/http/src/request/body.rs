//! The body of a request: read whole, within the limit, unpacked when it is packed. Parses nothing.

use super::Exchange;
use axum::body::Body;
use belfry_kernel::{Error, Kind};
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use std::io::Read;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Not at all.
    Plain,
    /// gzip
    Gzip,
}

/// How the body is packed.
///
/// # Errors
/// `UnsupportedMediaType` for any way but gzip (RFC 9110 section 8.4).
pub fn coding(headers: &HeaderMap) -> Result<Coding, Error> {
    match headers.get(header::CONTENT_ENCODING) {
        None => Ok(Coding::Plain),
        Some(value) if value.as_bytes().eq_ignore_ascii_case(b"identity") => Ok(Coding::Plain),
        Some(value)
            if value.as_bytes().eq_ignore_ascii_case(b"gzip") || value.as_bytes().eq_ignore_ascii_case(b"x-gzip") =>
        {
            Ok(Coding::Gzip)
        }
        Some(_) => Err(Error::new(Kind::UnsupportedMediaType, "a body may be packed with gzip only")),
    }
}

/// Whether a request says nothing about a body: neither its length nor that it comes in pieces.
pub fn is_absent(headers: &HeaderMap) -> bool {
    !headers.contains_key(header::CONTENT_LENGTH) && !headers.contains_key(header::TRANSFER_ENCODING)
}

impl Exchange {
    /// The whole body, unpacked.
    ///
    /// # Errors
    /// `PayloadTooLarge` when it is over the limit, packed or unpacked; `InvalidRequest` when it breaks off.
    pub async fn read_body(&mut self) -> Result<Bytes, Error> {
        self.read_body_up_to(self.app.limits.max_body_bytes).await
    }

    /// The whole body, unpacked, up to another limit in bytes.
    ///
    /// # Errors
    /// As [`Self::read_body`].
    pub async fn read_body_up_to(&mut self, limit: usize) -> Result<Bytes, Error> {
        let coding = coding(&self.head.headers)?;
        let body = std::mem::take(self.body.get_mut());
        let bytes = whole(body, limit).await?;
        match coding {
            Coding::Plain => Ok(bytes),
            Coding::Gzip => unpack(&bytes, limit),
        }
    }
}

/// The body as one piece. One that comes in one piece is not copied.
async fn whole(mut body: Body, limit: usize) -> Result<Bytes, Error> {
    let too_large = || Error::new(Kind::PayloadTooLarge, format!("the body is larger than {limit} bytes"));
    let broken = |_| Error::invalid("the body breaks off");
    let announced = body.size_hint();
    if announced.lower() > limit as u64 {
        return Err(too_large());
    }
    let mut first: Option<Bytes> = None;
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        match first.take() {
            None if all.is_empty() => {
                if data.len() > limit {
                    return Err(too_large());
                }
                first = Some(data);
            }
            before => {
                if let Some(before) = before {
                    let expected = announced.exact().map_or(0, |n| usize::try_from(n).unwrap_or(limit));
                    all.reserve(expected.clamp(before.len() + data.len(), limit.max(before.len() + data.len())));
                    all.extend_from_slice(&before);
                }
                if all.len() + data.len() > limit {
                    return Err(too_large());
                }
                all.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| all.freeze()))
}

/// Unpacks, stopping as soon as it gets too large.
fn unpack(packed: &[u8], limit: usize) -> Result<Bytes, Error> {
    let mut out = Vec::with_capacity(packed.len().saturating_mul(4).min(limit));
    MultiGzDecoder::new(packed)
        .take(limit as u64 + 1)
        .read_to_end(&mut out)
        .map_err(|_| Error::invalid("the body is not sound gzip"))?;
    if out.len() > limit {
        return Err(Error::new(Kind::PayloadTooLarge, format!("the body is larger than {limit} bytes when unpacked")));
    }
    Ok(out.into())
}
