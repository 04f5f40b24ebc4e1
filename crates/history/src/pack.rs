//! Compression with a context that each thread keeps: making one costs more than packing a small part does.

use std::cell::RefCell;

use zstd::bulk::Compressor;

/// The fast level, for whole blocks.
pub(crate) const FAST: i32 = 1;
/// The thorough level, for dictionaries.
pub(crate) const THOROUGH: i32 = 3;

thread_local! {
    static CONTEXTS: RefCell<[Option<Compressor<'static>>; 2]> = const { RefCell::new([None, None]) };
}

/// The bytes packed at [`FAST`] or [`THOROUGH`]; none when they cannot be packed.
pub(crate) fn pack(bytes: &[u8], level: i32) -> Option<Vec<u8>> {
    CONTEXTS.with_borrow_mut(|contexts| {
        let context = &mut contexts[usize::from(level == THOROUGH)];
        if context.is_none() {
            *context = Compressor::new(level).ok();
        }
        context.as_mut()?.compress(bytes).ok()
    })
}
