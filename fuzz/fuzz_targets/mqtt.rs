//! The libFuzzer entry of the target `mqtt`; nothing when built without a fuzzer.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| belfry_fuzz::mqtt::run(data));

#[cfg(not(fuzzing))]
fn main() {}
