//! Any bytes as what a player puts on the bus.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reeld::fuzz::mpris(bytes));
