//! The libFuzzer entry of the target `pmtiles`; nothing when built without a fuzzer.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| belfry_fuzz::pmtiles::run(data));

#[cfg(not(fuzzing))]
fn main() {}
