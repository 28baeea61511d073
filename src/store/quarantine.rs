//! What cannot be read is moved aside, whole, and some of it kept.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::model::Wall;

use super::folder::sync;
use super::wire::Record;

/// How many quarantine folders are kept; each is as large as the database was.
const KEPT: usize = 3;
const PREFIX: &str = "quarantine-";

/// A new quarantine folder in the state folder, named by the time.
pub(super) fn make(state: &Path, now: Wall) -> io::Result<PathBuf> {
    let stamp: String = now
        .to_string()
        .chars()
        .filter(|c| !matches!(c, '-' | ':' | '.'))
        .collect();
    let names = (1..).map(|n| match n {
        1 => format!("{PREFIX}{stamp}"),
        n => format!("{PREFIX}{stamp}-{n}"),
    });
    for name in names {
        let path = state.join(name);
        match fs::create_dir(&path) {
            Ok(()) => {
                prune(state, &path)?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Removes the oldest by name; never the new one, whatever a clock that was wrong has called it.
fn prune(state: &Path, new: &Path) -> io::Result<()> {
    let mut old = Vec::new();
    for entry in fs::read_dir(state)? {
        let path = entry?.path();
        let ours = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
        if ours && path != new {
            old.push(path);
        }
    }
    old.sort();
    let surplus = (old.len() + 1).saturating_sub(KEPT);
    for path in old.iter().take(surplus) {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

/// Moves one folder of the state folder into a quarantine folder.
pub(super) fn move_in(state: &Path, name: &str, quarantine: &Path) -> io::Result<()> {
    fs::rename(state.join(name), quarantine.join(name))?;
    sync(quarantine)?;
    sync(state)
}

/// Writes records that cannot be believed into a quarantine folder, as JSON with hexadecimal digits, one a line.
pub(super) fn keep_records(quarantine: &Path, records: &[Record]) -> io::Result<()> {
    let mut file = io::BufWriter::new(fs::File::create(quarantine.join("records.jsonl"))?);
    for (key, value) in records {
        let line = serde_json::json!({ "key": hex(key), "record": hex(value) });
        writeln!(file, "{line}")?;
    }
    file.flush()?;
    file.get_ref().sync_all()?;
    sync(quarantine)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_three_are_kept_and_always_the_one_just_made() {
        let state = tempfile::tempdir().unwrap();
        for day in 1..=5 {
            make(state.path(), Wall(day * 86_400_000)).unwrap();
        }
        let in_1970 = make(state.path(), Wall(0)).unwrap();
        let again = make(state.path(), Wall(0)).unwrap();
        assert_ne!(in_1970, again);
        assert!(again.exists());
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), KEPT);
    }
}
