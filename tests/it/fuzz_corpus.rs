//! What fuzzing has found interesting, read once more: `fuzz/corpus`, without a fuzzer.

use std::fs;
use std::path::Path;

use reeld::identify::name::parse;
use reeld::identify::sidecar::understand;

fn each(target: &str, mut read: impl FnMut(&str, &[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        read(&path.display().to_string(), &fs::read(&path).unwrap());
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}

#[test]
fn every_name_of_the_corpus_is_read_within_bounds() {
    each("name", |file, bytes| {
        let name = parse(&String::from_utf8_lossy(bytes));
        assert!(
            name.episode.len() <= 400 && name.season.len() <= 400,
            "{file}"
        );
        assert!(
            name.title.is_none_or(|title| !title.trim().is_empty()),
            "{file}"
        );
    });
}

#[test]
fn every_file_of_the_corpus_is_understood_or_not_but_never_fails() {
    let mut understood = 0;
    each("nfo", |_, bytes| {
        understood += usize::from(understand(bytes).is_some())
    });
    assert!(understood > 0);
}
