//! A file on the disk: opened, told apart by what it begins with, unpacked on the way. Parses no element.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
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
    let failed = |why: std::io::Error| OsmError {
        file: path.display().to_string(),
        place: Place { offset: 0, block: None },
        why: Why::Io(why),
    };
    let mut file = File::open(path).map_err(failed)?;
    let mut start = [0; 4];
    let read = file.by_ref().take(4).read(&mut start).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let xml = |from: &mut dyn BufRead, to| read_xml(&name, from, kinds, limits, to);
    match &start[..read] {
        [0x1f, 0x8b, ..] => xml(&mut BufReader::new(MultiGzDecoder::new(BufReader::new(file))), to),
        [b'B', b'Z', b'h', ..] => xml(&mut BufReader::new(MultiBzDecoder::new(BufReader::new(file))), to),
        // A PBF file begins with the length of a short header, most significant byte first.
        [0, ..] => read_pbf(&name, BufReader::new(file), kinds, limits, to),
        _ => xml(&mut BufReader::new(file), to),
    }
}
