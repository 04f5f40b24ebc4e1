//! The libFuzzer entry of the target `gtfs_zip`; nothing when built without a fuzzer.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| belfry_fuzz::gtfs_zip::run(data));

#[cfg(not(fuzzing))]
fn main() {}
