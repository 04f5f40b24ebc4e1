//! The libFuzzer entry of the target `answer`; nothing when built without a fuzzer.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| belfry_fuzz::answer::run(data));

#[cfg(not(fuzzing))]
fn main() {}
