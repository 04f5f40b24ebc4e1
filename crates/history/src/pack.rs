//! Compression with a context that each thread keeps: making one costs more than packing a small part does.

use std::cell::RefCell;

use zstd::bulk::{Compressor, Decompressor};

/// The fast level, for whole blocks.
pub(crate) const FAST: i32 = 1;
/// The thorough level, for dictionaries.
pub(crate) const THOROUGH: i32 = 3;

thread_local! {
    static UNPACKING: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
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

/// The packed bytes, which are no more than `limit`; none when they cannot be unpacked.
pub(crate) fn unpack(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    UNPACKING.with_borrow_mut(|context| {
        if context.is_none() {
            *context = Decompressor::new().ok();
        }
        context.as_mut()?.decompress(bytes, limit).ok()
    })
}
