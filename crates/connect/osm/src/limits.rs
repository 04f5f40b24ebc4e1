//! What a reader takes at most, and which kinds it hands out. Holds no reader.

/// Limits of one file. The defaults take every file that the usual writers make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest block of a PBF file, packed or unpacked, bytes. The format's own limit is 32 MiB.
    pub blob_bytes: usize,
    /// Largest header of a block, bytes. The format's own limit is 64 KiB.
    pub header_bytes: usize,
    /// Longest start tag, comment or text of an XML file, bytes.
    pub event_bytes: usize,
    /// Texts and numbers of one XML element together, bytes.
    pub element_bytes: usize,
    /// A file unpacked, bytes: what a small file that unpacks forever is stopped at.
    pub unpacked_bytes: u64,
    /// Rejected elements that are named one by one ([`Summary::first_rejected`](crate::Summary::first_rejected)).
    pub named_rejected: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            blob_bytes: 32 << 20,
            header_bytes: 64 << 10,
            event_bytes: 64 << 10,
            element_bytes: 8 << 20,
            unpacked_bytes: 1 << 40,
            named_rejected: 100,
        }
    }
}

/// Which kinds of elements are handed out; others are passed over at little cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// Nodes.
    pub nodes: bool,
    /// Ways.
    pub ways: bool,
    /// Relations.
    pub relations: bool,
}

impl Kinds {
    /// Everything.
    pub const ALL: Self = Self { nodes: true, ways: true, relations: true };
    /// Nodes alone.
    pub const NODES: Self = Self { nodes: true, ways: false, relations: false };
    /// Ways and relations: the first of the two passes by which roads are read.
    pub const WAYS_AND_RELATIONS: Self = Self { nodes: false, ways: true, relations: true };
}
