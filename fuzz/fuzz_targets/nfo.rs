//! Any bytes as a file beside a video.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reeld::fuzz::nfo(bytes));
