//! The file that tells which version the rest of `store/` has: read before anything else is touched.
//!
//! One line of JSON, `{"format":1,"engine":"…","checksum":"<CRC-32 of number and engine, hexadecimal>"}`. A flipped bit must not
//! turn our own store into one of a newer version, which would be refused until the user acts: a greater number counts only
//! under its checksum. Our own number is taken without one; the database has checksums of its own.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::database::explain;
use super::{StoreError, StoreErrorKind};

/// Version of everything in `store/`.
const FORMAT: u32 = 1;
const ENGINE: &str = "sled 1.0.0-alpha.124";
const NAME: &str = "format";

#[derive(Debug, Serialize, Deserialize)]
struct Format {
    format: u32,
    #[serde(default)]
    engine: String,
    #[serde(default)]
    checksum: String,
}

impl Format {
    fn new(format: u32, engine: &str) -> Self {
        let sum = crc32fast::hash(format!("{format} {engine}").as_bytes());
        Self {
            format,
            engine: engine.into(),
            checksum: format!("{sum:08x}"),
        }
    }

    fn is_whole(&self) -> bool {
        Self::new(self.format, &self.engine).checksum == self.checksum
    }
}

pub(super) fn write(folder: &Path) -> io::Result<()> {
    write_as(folder, FORMAT)
}

pub(super) fn write_as(folder: &Path, format: u32) -> io::Result<()> {
    let format = Format::new(format, ENGINE);
    let mut file = File::create(folder.join(NAME))?;
    writeln!(file, "{}", serde_json::to_string(&format)?)
}

/// # Errors
/// `Newer` or `Damaged`, and what the disk says.
pub(super) fn check(folder: &Path) -> Result<(), StoreError> {
    let text = fs::read(folder.join(NAME)).map_err(|error| explain("opening", &error))?;
    match serde_json::from_slice::<Format>(&text) {
        Ok(found) if found.format == FORMAT => Ok(()),
        Ok(found) if found.format > FORMAT && found.is_whole() => Err(StoreError {
            kind: StoreErrorKind::Newer,
            message: format!(
                "the store in {} was written by a newer reeld (format {}, this one knows {FORMAT}): update reeld, or move that folder away",
                folder.display(),
                found.format
            ),
        }),
        _ => Err(StoreError {
            kind: StoreErrorKind::Damaged,
            message: "the file that tells its version is damaged".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flipped_bit_makes_a_store_of_ours_one_of_a_newer_version() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path()).unwrap();
        assert!(check(folder.path()).is_ok());
        let path = folder.path().join(NAME);
        let whole = fs::read(&path).unwrap();
        let mut damaged = 0;
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, bytes).unwrap();
            if let Err(error) = check(folder.path()) {
                assert_eq!(error.kind, StoreErrorKind::Damaged, "bit {bit}: {error}");
                damaged += 1;
            }
        }
        assert!(damaged > 0, "the number's own bits at least");
    }

    #[test]
    fn a_newer_version_is_believed_under_its_checksum_and_what_it_adds_is_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let kind = |format: &Format| {
            let mut text = serde_json::to_value(format).unwrap();
            text["shape"] = "new".into();
            fs::write(folder.path().join(NAME), text.to_string()).unwrap();
            check(folder.path()).map_err(|error| error.kind)
        };
        let newer = Format::new(2, "another");
        assert_eq!(kind(&newer), Err(StoreErrorKind::Newer));
        assert_eq!(
            kind(&Format { format: 3, ..newer }),
            Err(StoreErrorKind::Damaged)
        );
        let unsealed = |format| Format {
            format,
            engine: String::new(),
            checksum: String::new(),
        };
        assert_eq!(kind(&unsealed(2)), Err(StoreErrorKind::Damaged));
        assert_eq!(kind(&unsealed(1)), Ok(()));
    }
}
