//! Why a file could not be read, and where. Holds no reader.

use std::fmt;

/// A file that could not be read to its end.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {place}: {why}")]
pub struct OsmError {
    /// The file, as its reader called it.
    pub file: String,
    /// Where.
    pub place: Place,
    /// What is wrong.
    #[source]
    pub why: Why,
}

impl OsmError {
    /// Where and why, for who sent the file as bytes: of these only the unpacking can fail, and its own words would tell nobody more.
    pub fn of_bytes(&self) -> String {
        match &self.why {
            Why::Io(_) => format!("{}: it cannot be unpacked, or ends before its end", self.place),
            why => format!("{}: {why}", self.place),
        }
    }
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bytes before it; of a packed XML file, bytes after unpacking.
    pub offset: u64,
    /// The block of a PBF file, from 0; XML has none.
    pub block: Option<u64>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.block {
            Some(block) => write!(f, "block {block} at byte {}", self.offset),
            None => write!(f, "byte {}", self.offset),
        }
    }
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Why {
    /// The file system or the unpacking said no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It ends before its end.
    #[error("the file ends in the middle of {0}")]
    Truncated(&'static str),
    /// Larger than a limit.
    #[error("{what} of {bytes} bytes; the limit is {limit}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// How large.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Breaks its format.
    #[error("{0}")]
    Malformed(&'static str),
    /// Not well-formed XML.
    #[error("{0}")]
    Xml(#[from] quick_xml::Error),
    /// Needs what this reader does not have.
    #[error("not supported: {0}")]
    Unsupported(String),
}
