//! Any bytes as what an mpv says.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reeld::fuzz::mpv(bytes));
