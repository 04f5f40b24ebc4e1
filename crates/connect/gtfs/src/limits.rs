//! How much of a feed is taken. Holds numbers alone; every reader counts against them.

/// The most that is read of one feed. What lies beyond is dropped and reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Unpacked bytes of one table.
    pub table_bytes: u64,
    /// Unpacked bytes of all tables together.
    pub total_bytes: u64,
    /// Rows of one table.
    pub rows: u64,
    /// Bytes of one row.
    pub row_bytes: usize,
    /// Columns of one table; further ones are not read.
    pub columns: usize,
    /// Notices of one rule that are kept in full; further ones are counted.
    pub notices: usize,
}

impl Default for Limits {
    /// Enough for the feed of a large country's capital region, in at most about 1 GiB of memory.
    fn default() -> Self {
        Self {
            table_bytes: 512 << 20,
            total_bytes: 1 << 30,
            rows: 10_000_000,
            row_bytes: 64 << 10,
            columns: 200,
            notices: 100,
        }
    }
}
