//! What fuzzing has found interesting, read once more: `fuzz/corpus`, without a fuzzer.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use reeld::fuzz::TARGETS;
use reeld::identify::sidecar::understand;

/// Far more than any one takes, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder.join(target))
        .unwrap_or_else(|error| panic!("there is no corpus for {target}: {error}"))
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "the corpus for {target} is empty");
    files
}

#[test]
fn everything_in_the_corpora_is_read_without_a_panic_and_in_time() {
    for (target, read) in TARGETS {
        for (file, bytes) in corpus(target) {
            let (done, waiting) = mpsc::channel();
            let reader = thread::spawn(move || {
                read(&bytes);
                done.send(())
            });
            let end = waiting.recv_timeout(PATIENCE);
            assert!(
                end != Err(mpsc::RecvTimeoutError::Timeout),
                "{file} takes too long"
            );
            assert!(reader.join().is_ok(), "{file} panics");
        }
    }
}

#[test]
fn every_target_has_a_fuzzer_and_every_fuzzer_is_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    let mut names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(files, names);
}

#[test]
fn some_files_of_the_corpus_are_understood() {
    let files = corpus("nfo");
    assert!(files.iter().any(|(_, bytes)| understand(bytes).is_some()));
}
