//! Any bytes as a file name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reeld::identify::name::parse;

fuzz_target!(|bytes: &[u8]| {
    let name = parse(&String::from_utf8_lossy(bytes));
    assert!(name.episode.len() <= 400 && name.absolute_episode.len() <= 400 && name.season.len() <= 400);
    assert!(name.title.is_none_or(|title| !title.trim().is_empty()));
});
