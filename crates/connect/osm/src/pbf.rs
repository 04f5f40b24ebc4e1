//! OSM PBF: a row of blocks, each a length, a header and a packed message. Reads the frame and unpacks; `block` reads what
//! is inside. The format: <https://wiki.openstreetmap.org/wiki/PBF_Format>.

mod block;

use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;

use flate2::read::ZlibDecoder;

use crate::element::Element;
use crate::error::{OsmError, Place, Why};
use crate::limits::{Kinds, Limits};
use crate::sink::{Sink, Summary};
use crate::wire::Fields;

/// Reads a PBF file from its first byte. `name` is what errors call it.
///
/// # Errors
/// What is wrong, with the block's number and offset. Elements before it have been handed out.
pub fn read_pbf(
    name: &str,
    from: impl Read,
    kinds: Kinds,
    limits: &Limits,
    to: &mut dyn FnMut(Element<'_>) -> ControlFlow<()>,
) -> Result<Summary, OsmError> {
    let mut file = Blocks { from, offset: 0, limits: *limits, packed: Vec::new(), unpacked: Vec::new(), total: 0 };
    let mut sink = Sink::new(to, limits);
    for number in 0.. {
        let offset = file.offset;
        match file.one(number, kinds, &mut sink) {
            Ok(true) => {}
            Ok(false) => break,
            Err(why) => {
                return Err(OsmError { file: name.to_owned(), place: Place { offset, block: Some(number) }, why });
            }
        }
    }
    Ok(sink.summary)
}

/// The file as blocks, with the buffers that all of them share.
struct Blocks<R> {
    from: R,
    offset: u64,
    limits: Limits,
    packed: Vec<u8>,
    unpacked: Vec<u8>,
    total: u64,
}

impl<R: Read> Blocks<R> {
    /// Reads one block; whether to go on.
    fn one(&mut self, number: u64, kinds: Kinds, sink: &mut Sink<'_>) -> Result<bool, Why> {
        let Some(header_bytes) = self.length()? else {
            return if number == 0 { Err(Why::Malformed("the file is empty")) } else { Ok(false) };
        };
        within("a block header", u64::from(header_bytes), self.limits.header_bytes)?;
        self.fill(header_bytes as usize, "a block header")?;
        let header = BlobHeader::read(&self.packed)?;
        within("a block", header.size, self.limits.blob_bytes)?;
        let kind = header.kind;
        self.fill(header.size as usize, "a block")?;
        let content = unpack(&self.packed, &mut self.unpacked, self.limits.blob_bytes)?;
        self.total += content.len() as u64;
        if self.total > self.limits.unpacked_bytes {
            let limit = self.limits.unpacked_bytes;
            return Err(Why::TooLarge { what: "a file unpacked", bytes: self.total, limit });
        }
        match (kind, number) {
            (BlobKind::Header, 0) => {
                sink.summary.edition = block::header(content)?;
                Ok(true)
            }
            (_, 0) => Err(Why::Malformed("the first block is no OSMHeader; is this a .osm.pbf file?")),
            (BlobKind::Header, _) => Err(Why::Malformed("a second OSMHeader")),
            (BlobKind::Data, _) => block::data(content, kinds, sink),
            (BlobKind::Other, _) => Ok(true),
        }
    }

    /// The length of the next header, or nothing at the end of the file.
    fn length(&mut self) -> Result<Option<u32>, Why> {
        let mut bytes = [0; 4];
        let mut filled = 0;
        while filled < 4 {
            match self.from.read(&mut bytes[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(Why::Truncated("a length")),
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.offset += 4;
        Ok(Some(u32::from_be_bytes(bytes)))
    }

    /// Reads so many bytes into the buffer. It grows with what arrives and not with what is claimed.
    fn fill(&mut self, bytes: usize, what: &'static str) -> Result<(), Why> {
        self.packed.clear();
        let read = self.from.by_ref().take(bytes as u64).read_to_end(&mut self.packed)?;
        self.offset += read as u64;
        if read < bytes { Err(Why::Truncated(what)) } else { Ok(()) }
    }
}

fn within(what: &'static str, bytes: u64, limit: usize) -> Result<(), Why> {
    if bytes > limit as u64 { Err(Why::TooLarge { what, bytes, limit: limit as u64 }) } else { Ok(()) }
}

/// What a block holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BlobKind {
    Header,
    Data,
    /// Unknown kinds are to be passed over.
    Other,
}

/// The message `BlobHeader`.
struct BlobHeader {
    kind: BlobKind,
    size: u64,
}

impl BlobHeader {
    fn read(bytes: &[u8]) -> Result<Self, Why> {
        let (mut kind, mut size) = (None, None);
        let mut fields = Fields(bytes);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => {
                    kind = Some(match value.bytes()? {
                        b"OSMHeader" => BlobKind::Header,
                        b"OSMData" => BlobKind::Data,
                        _ => BlobKind::Other,
                    });
                }
                3 => size = Some(value.uint()?),
                _ => {}
            }
        }
        match (kind, size) {
            (Some(kind), Some(size)) => Ok(Self { kind, size }),
            _ => Err(Why::Malformed("a block header without type or size")),
        }
    }
}

/// The content of a message `Blob`: as it lies there, or unpacked into the buffer.
fn unpack<'b>(blob: &'b [u8], buffer: &'b mut Vec<u8>, limit: usize) -> Result<&'b [u8], Why> {
    let (mut raw, mut zlib, mut raw_size) = (None, None, None);
    let mut fields = Fields(blob);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => raw = Some(value.bytes()?),
            2 => raw_size = Some(value.uint()?),
            3 => zlib = Some(value.bytes()?),
            4..=7 => {
                let packing = ["LZMA", "bzip2", "LZ4", "Zstandard"][number as usize - 4];
                return Err(Why::Unsupported(format!("a block packed with {packing}")));
            }
            _ => {}
        }
    }
    if let Some(raw) = raw {
        return Ok(raw);
    }
    let zlib = zlib.ok_or(Why::Malformed("a block without content"))?;
    let size = raw_size.ok_or(Why::Malformed("a packed block that does not say its size"))?;
    within("a block unpacked", size, limit)?;
    buffer.clear();
    let read = ZlibDecoder::new(zlib).take(size + 1).read_to_end(buffer)?;
    if read as u64 == size { Ok(buffer) } else { Err(Why::Malformed("a block unpacks to another size than it says")) }
}
