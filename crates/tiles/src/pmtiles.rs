//! PMTiles, version 3: many tiles in one file with an index that a reader needs two or three reads for. Written and read;
//! where the bytes lie is handed in. Knows nothing of what is in a tile.
//!
//! What is written: gzip for directories, metadata and tiles; clustered, the same tile kept once; the root directory at the
//! front, as the format demands, then the tiles as they come, then leaf directories and metadata, so that one pass
//! suffices and nothing but the index is held in memory.

mod directory;
mod header;
mod hilbert;
mod metadata;
mod pack;
mod read;
mod write;

pub use directory::Entry;
pub use header::{Compression, Header, TileType};
pub use hilbert::{address_of, id_of};
pub use metadata::{Metadata, VectorLayer};
pub use read::{Limits, Reader, Source, Tiles};
pub use write::{Summary, Writer};

/// The MIME type of an archive.
pub const MEDIA_TYPE: &str = "application/vnd.pmtiles";

/// Why an archive cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PmtilesError {
    /// The place where the bytes lie said no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Breaks the format.
    #[error("{0}")]
    Malformed(&'static str),
    /// Larger than a limit.
    #[error("{what} of more than {limit} bytes")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// Needs what this reader does not have.
    #[error("not supported: {0}")]
    Unsupported(&'static str),
    /// The metadata is not what it must be.
    #[error("the metadata: {0}")]
    Metadata(#[from] serde_json::Error),
    /// Tiles must come in the order of their numbers, each once.
    #[error("tile {0} comes after one of a higher number, or twice")]
    Order(crate::Address),
}
