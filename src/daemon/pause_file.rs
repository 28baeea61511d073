//! `pause.json` in the state folder: there while the user has paused reeld, gone otherwise.
//!
//! Replaced as a whole: a crash leaves the old or the new. What cannot be read still
//! says that somebody wanted to be left alone: then it is a pause without an end.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tracing::warn;

use crate::engine::Pause;
use crate::model::Wall;
use crate::paths::{read_small, replace};

const VERSION: u64 = 1;

/// See the module's documentation.
#[derive(Debug)]
pub struct PauseFile {
    folder: PathBuf,
}

impl PauseFile {
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The pause that is kept.
    pub fn read(&self) -> Option<Pause> {
        let text = match read_small(&self.path()) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => return Some(unreadable(&error.to_string())),
        };
        Some(parse(&text).unwrap_or_else(|| unreadable("it is damaged, or of a newer reeld")))
    }

    /// Keeps it, durably; `None` removes it.
    ///
    /// # Errors
    /// Of the disk.
    pub fn write(&self, pause: Option<&Pause>) -> io::Result<()> {
        match pause {
            None => match fs::remove_file(self.path()) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            },
            Some(pause) => {
                return replace(&self.path(), render(pause).as_bytes());
            }
        }
        File::open(&self.folder)?.sync_all()
    }

    fn path(&self) -> PathBuf {
        self.folder.join("pause.json")
    }
}

fn unreadable(why: &str) -> Pause {
    warn!(
        "pause.json cannot be read ({why}): reeld stays paused. Hint: `reeld resume` ends the pause"
    );
    Pause {
        since: Wall(0),
        until: None,
    }
}

fn body(pause: &Pause) -> Value {
    json!({
        "since": pause.since.to_string(),
        "until": pause.until.map(|until| until.to_string()),
    })
}

fn checksum(body: &Value) -> String {
    format!("{:08x}", crc32fast::hash(body.to_string().as_bytes()))
}

fn render(pause: &Pause) -> String {
    let body = body(pause);
    let checksum = checksum(&body);
    let whole = json!({ "version": VERSION, "checksum": checksum, "pause": body });
    format!("{whole}\n")
}

fn parse(text: &[u8]) -> Option<Pause> {
    let whole: Value = serde_json::from_slice(text).ok()?;
    let body = whole.get("pause")?;
    let sound = whole.get("version")?.as_u64()? == VERSION
        && whole.get("checksum")?.as_str()? == checksum(body);
    let time = |value: &Value| Wall::parse(value.as_str()?);
    let until = match body.get("until")? {
        Value::Null => None,
        until => Some(time(until)?),
    };
    sound.then_some(Pause {
        since: time(body.get("since")?)?,
        until,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_pause_is_kept_for_its_owner_alone_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let file = PauseFile::in_folder(folder.path());
        assert_eq!(file.read(), None);
        for until in [Some(Wall(1_795_312_800_250)), None] {
            let since = Wall(1_795_000_000_000);
            let pause = Pause { since, until };
            file.write(Some(&pause)).unwrap();
            assert_eq!(file.read(), Some(pause));
        }
        let mode = fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        file.write(None).unwrap();
        file.write(None).unwrap();
        assert_eq!(file.read(), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_cannot_be_read_is_a_pause_without_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = PauseFile::in_folder(folder.path());
        let since = Wall(0);
        let sound = render(&Pause {
            since,
            until: Some(Wall(9000)),
        });
        for text in [
            String::new(),
            "{}".into(),
            sound.replace("09.000Z", "08.000Z"),
            sound.replace("\"version\":1", "\"version\":2"),
        ] {
            fs::write(file.path(), &text).unwrap();
            assert_eq!(file.read(), Some(Pause { since, until: None }), "{text}");
        }
    }
}
