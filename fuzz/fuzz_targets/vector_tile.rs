//! The libFuzzer entry of the target `vector_tile`; nothing when built without a fuzzer.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| belfry_fuzz::vector_tile::run(data));

#[cfg(not(fuzzing))]
fn main() {}
