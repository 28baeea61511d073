//! Any bytes as what lies in the database.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reeld::fuzz::records(bytes));
