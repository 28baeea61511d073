//! Any bytes as an answer of a service.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reeld::fuzz::answers(bytes));
