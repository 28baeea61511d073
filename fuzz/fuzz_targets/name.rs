//! Any bytes as a file's name.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reeld::fuzz::name(bytes));
