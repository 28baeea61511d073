//! Any bytes as configuration and rules.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reeld::fuzz::settings(bytes));
