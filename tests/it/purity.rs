//! The core does no I/O, reads no clock and waits for nothing. Held to its word by reading its source.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders and files of the core; `except` is where I/O is the point.
const CORE: [&str; 8] = [
    "src/model",
    "src/debounce",
    "src/identify",
    "src/outbox",
    "src/sender",
    "src/engine",
    "src/service/punchplay/classify.rs",
    "src/service/discovr/classify.rs",
];
const EXCEPT: [&str; 1] = ["src/identify/sidecar/read.rs"];

const FORBIDDEN: [&str; 15] = [
    "tokio::",
    "zbus::",
    "reqwest",
    "sled::",
    "std::fs",
    "std::net",
    "std::env::",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
    "clock::now",
    "async fn",
    ".await",
    "mpsc",
    "println!",
];

fn sources(place: &Path, found: &mut Vec<PathBuf>) {
    if place.is_dir() {
        for entry in fs::read_dir(place).unwrap() {
            sources(&entry.unwrap().path(), found);
        }
    } else if place.extension().is_some_and(|kind| kind == "rs") {
        found.push(place.to_owned());
    }
}

/// The lines of a file that are neither comments nor tests. Test modules stand last, or in files of their own.
fn code(file: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(file).unwrap();
    let lines = text
        .lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line.trim().to_owned()));
    lines
        .take_while(|(_, line)| line != "mod tests {")
        .filter(|(_, line)| !line.starts_with("//"))
        .collect()
}

/// The word itself, not the beginning of a longer one (`.await`, not `.awaiting`).
fn says(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let next = line[at + word.len()..].chars().next();
        !(word.ends_with(char::is_alphanumeric)
            && next.is_some_and(|c| c.is_alphanumeric() || c == '_'))
    })
}

fn is_test(file: &Path) -> bool {
    let tests = [
        "tests",
        "cases",
        "properties",
        "rig",
        "hostile",
        "support",
        "corpus",
    ];
    file.components().any(|part| {
        let name = part.as_os_str().to_string_lossy();
        let name = name.trim_end_matches(".rs");
        tests.contains(&name) || name.ends_with("_tests")
    })
}

#[test]
fn the_core_does_no_io_reads_no_clock_and_waits_for_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for place in CORE {
        sources(&root.join(place), &mut files);
    }
    let except = EXCEPT.map(|place| root.join(place));
    let is_core = |file: &&PathBuf| {
        let inside = file.strip_prefix(root).unwrap();
        !is_test(inside) && !except.iter().any(|place| file.starts_with(place))
    };
    let core: Vec<_> = files.iter().filter(is_core).collect();
    assert!(core.len() > 40, "the core has moved: {}", core.len());
    let mut sins = Vec::new();
    for file in core {
        for (number, line) in code(file) {
            sins.extend(
                FORBIDDEN
                    .iter()
                    .filter(|word| says(&line, word))
                    .map(|word| {
                        format!(
                            "{}:{number}: {word}",
                            file.strip_prefix(root).unwrap().display()
                        )
                    }),
            );
        }
    }
    assert!(sins.is_empty(), "{sins:#?}");
}
