//! `linked.json` in the state folder: who was linked when the daemon last looked, for a run that cannot read who it is
//! (`standing_in.rs`), and for a session of which the database does not say whom it is told to.
//!
//! Replaced as a whole. What cannot be read is not known.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::model::AccountKey;
use crate::paths::{read_small, replace};

const FILE: &str = "linked.json";
const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
struct Kept {
    version: u64,
    checksum: String,
    linked: Vec<AccountKey>,
}

/// Who was linked; `None` if that is not known.
#[must_use]
pub fn read(folder: &Path) -> Option<Vec<AccountKey>> {
    let kept: Kept = serde_json::from_slice(&read_small(&folder.join(FILE)).ok()?).ok()?;
    let sound = kept.version == VERSION && kept.checksum == checksum(&kept.linked).ok()?;
    sound.then_some(kept.linked)
}

/// Keeps who is linked; nothing is written if that is known.
///
/// # Errors
/// Of the disk.
pub fn write(folder: &Path, linked: &[AccountKey]) -> io::Result<()> {
    if read(folder).is_some_and(|known| known == linked) {
        return Ok(());
    }
    let kept = Kept {
        version: VERSION,
        checksum: checksum(linked)?,
        linked: linked.to_vec(),
    };
    replace(&folder.join(FILE), &serde_json::to_vec(&kept)?)
}

fn checksum(linked: &[AccountKey]) -> io::Result<String> {
    let text = serde_json::to_vec(linked)?;
    Ok(format!("{:08x}", crc32fast::hash(&text)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::model::ServiceName;

    #[test]
    fn who_is_linked_comes_back_as_it_was_or_is_not_known() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()), None);
        let ann = AccountKey {
            service: ServiceName::Discovr,
            user: "7".into(),
            profile: Some("p".into()),
        };
        for linked in [vec![], vec![ann]] {
            write(folder.path(), &linked).unwrap();
            assert_eq!(read(folder.path()), Some(linked));
        }
        let file = folder.path().join(FILE);
        let text = fs::read_to_string(&file).unwrap();
        for bad in [text.replace("\"7\"", "\"8\""), String::new()] {
            fs::write(&file, bad).unwrap();
            assert_eq!(read(folder.path()), None);
        }
    }
}
