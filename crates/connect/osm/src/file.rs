//! A file on the disk or a stream of its bytes: told apart by what it begins with, unpacked on the way. Parses no element.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;

use crate::element::Element;
use crate::error::{OsmError, Place, Why};
use crate::limits::{Kinds, Limits};
use crate::pbf::read_pbf;
use crate::sink::Summary;
use crate::xml::read_xml;

/// Bytes taken from the file at one time.
const BUFFER: usize = 256 << 10;

/// Reads a file: PBF, or XML that is plain, gzip or bzip2, whatever it is called.
///
/// # Errors
/// What is wrong, with file, offset and block. Elements before it have been handed out.
pub fn read_file(
    path: &Path,
    kinds: Kinds,
    limits: &Limits,
    to: &mut dyn FnMut(Element<'_>) -> ControlFlow<()>,
) -> Result<Summary, OsmError> {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => read(&name, file, kinds, limits, to),
        Err(why) => Err(unreadable(&name, why)),
    }
}

/// Reads the bytes of a file, as [`read_file`] does. `name` is what errors call it.
///
/// # Errors
/// As [`read_file`].
pub fn read(
    name: &str,
    from: impl Read,
    kinds: Kinds,
    limits: &Limits,
    to: &mut dyn FnMut(Element<'_>) -> ControlFlow<()>,
) -> Result<Summary, OsmError> {
    let mut from = BufReader::with_capacity(BUFFER, from);
    let start = from.fill_buf().map_err(|why| unreadable(name, why))?;
    let xml = |from: &mut dyn BufRead, to| read_xml(name, from, kinds, limits, to);
    match start {
        [0x1f, 0x8b, ..] => xml(&mut BufReader::with_capacity(BUFFER, MultiGzDecoder::new(from)), to),
        [b'B', b'Z', b'h', ..] => xml(&mut BufReader::with_capacity(BUFFER, MultiBzDecoder::new(from)), to),
        // A PBF file begins with the length of a short header, most significant byte first.
        [0, ..] => read_pbf(name, from, kinds, limits, to),
        _ => xml(&mut from, to),
    }
}

fn unreadable(name: &str, why: std::io::Error) -> OsmError {
    OsmError { file: name.to_owned(), place: Place { offset: 0, block: None }, why: Why::Io(why) }
}
