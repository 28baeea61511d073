//! A file that takes its place when it is whole: what had the name before stays until then.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Written beside the file that it becomes, 0600. What is no file (a pipe, a device) is written to itself.
#[derive(Debug)]
pub struct Part {
    out: File,
    /// Where it is, and where it goes.
    moves: Option<(PathBuf, PathBuf)>,
}

impl Part {
    /// Begins it.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn of(file: &Path) -> io::Result<Self> {
        if fs::metadata(file).is_ok_and(|there| !there.is_file()) {
            let out = OpenOptions::new().write(true).open(file)?;
            return Ok(Self { out, moves: None });
        }
        let mut beside = OsString::from(file);
        beside.push(".part");
        let beside = PathBuf::from(beside);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        Ok(Self {
            out: options.open(&beside)?,
            moves: Some((beside, file.to_owned())),
        })
    }

    /// It is whole.
    ///
    /// # Errors
    /// It could not take its place; it is still beside it.
    pub fn end(mut self) -> io::Result<()> {
        self.out.flush()?;
        match &self.moves {
            Some((from, to)) => fs::rename(from, to),
            None => Ok(()),
        }
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_stays_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.jsonl");
        fs::write(&file, "old").unwrap();
        let mut part = Part::of(&file).unwrap();
        part.write_all(b"new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        part.end().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_device_is_written_to_itself() {
        let mut part = Part::of(Path::new("/dev/null")).unwrap();
        part.write_all(b"new").unwrap();
        part.end().unwrap();
        assert!(!Path::new("/dev/null.part").exists());
    }
}
