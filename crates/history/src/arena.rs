//! Append-only bytes in pages, addressed by 32 bits. Growing never moves what is there.

/// Low bits of an address: the place within a page.
const PAGE_BITS: u32 = 18;
const PAGE: usize = 1 << PAGE_BITS;
/// The most pages that an address reaches.
const MAX_PAGES: usize = 1 << (32 - PAGE_BITS);

/// No address at all.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// Pages. One that holds a single long piece may be longer than the others.
#[derive(Default)]
pub(crate) struct Arena {
    pages: Vec<Vec<u8>>,
    bytes: usize,
}

impl Arena {
    /// Memory that it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether addresses are left.
    pub(crate) fn has_room(&self) -> bool {
        self.pages.len() < MAX_PAGES / 2
    }

    /// Copies `piece` in and returns its address. The caller has seen [`Self::has_room`].
    pub(crate) fn push(&mut self, piece: &[u8]) -> u32 {
        let fits = self.pages.last().is_some_and(|p| p.len() < PAGE && p.len() + piece.len() <= PAGE);
        if !fits {
            self.pages.push(Vec::with_capacity(piece.len().max(PAGE)));
        }
        let at = self.pages.len() - 1;
        let page = &mut self.pages[at];
        let place = page.len();
        page.extend_from_slice(piece);
        self.bytes += piece.len();
        (at as u32) << PAGE_BITS | place as u32
    }

    /// All bytes of the page from `address` on.
    pub(crate) fn from(&self, address: u32) -> &[u8] {
        &self.pages[(address >> PAGE_BITS) as usize][address as usize & (PAGE - 1)..]
    }

    /// `len` bytes at `address`.
    pub(crate) fn at(&self, address: u32, len: usize) -> &[u8] {
        &self.from(address)[..len]
    }
}
