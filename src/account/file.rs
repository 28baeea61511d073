//! `credentials.json`: the logins, on disk.
//!
//! One JSON object with a version and a checksum over the accounts. A change is read-modify-write under a lock file,
//! so that two processes never undo each other; it is written beside, flushed, renamed over and the folder flushed, so
//! that a reader or a power cut finds the old file or the new one, never half of one. What cannot be read is moved
//! aside and reported: a login is lost then, but never a queue.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use serde_json::{Value, json};

use super::error::AccountError;
use super::record::{Account, Record};
use crate::paths::{open_file, replace};

const VERSION: u64 = 1;

/// More than any real one; what is longer is damaged.
const LONGEST: u64 = 1 << 20;

/// Another process holds the lock for milliseconds only.
const LOCK_ATTEMPTS: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug, Clone)]
pub(super) struct CredentialsFile {
    folder: PathBuf,
}

/// What the file says.
enum Content {
    Records(Vec<Record>),
    Damaged(String),
}

impl CredentialsFile {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("credentials.json")
    }

    /// The logins as they are now; none if there is no file.
    pub(super) fn read(&self) -> Result<Vec<Record>, AccountError> {
        match self.content()? {
            Content::Records(records) => Ok(records),
            Content::Damaged(why) => {
                let _lock = self.lock()?;
                self.quarantine(&why)?;
                Ok(Vec::new())
            }
        }
    }

    /// Changes the logins; `known` stands in for a file that turns out to be damaged.
    pub(super) fn update(
        &self,
        known: &[Record],
        change: impl FnOnce(&mut Vec<Record>),
    ) -> Result<Vec<Record>, AccountError> {
        let _lock = self.lock()?;
        let mut records = match self.content()? {
            Content::Records(records) => records,
            Content::Damaged(why) => {
                self.quarantine(&why)?;
                known.to_vec()
            }
        };
        let before = records.clone();
        change(&mut records);
        if records != before {
            self.write(&records)
                .map_err(|error| AccountError::unwritable(&self.path(), &error))?;
        }
        Ok(records)
    }

    fn content(&self) -> Result<Content, AccountError> {
        let path = self.path();
        let unreadable = |error| AccountError::unreadable(&path, &error);
        let file = match open_file(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Content::Records(Vec::new()));
            }
            Err(error) => return Err(unreadable(error)),
        };
        keep_private(&file, &path);
        let mut text = String::new();
        match file.take(LONGEST).read_to_string(&mut text) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Ok(Content::Damaged("it is not text".to_owned()));
            }
            Err(error) => return Err(unreadable(error)),
        }
        match parse(&text) {
            Ok(records) => Ok(Content::Records(records)),
            Err(Unparsed::Damaged(why)) => Ok(Content::Damaged(why)),
            Err(Unparsed::Newer) => Err(AccountError::Newer { path }),
        }
    }

    fn quarantine(&self, why: &str) -> Result<(), AccountError> {
        let path = self.path();
        let aside = self.folder.join("credentials.json.damaged");
        fs::rename(&path, &aside).map_err(|error| AccountError::unwritable(&path, &error))?;
        tracing::error!(
            "credentials.json cannot be read ({why}); it was moved aside as {}. Log in again: reeld login SERVICE",
            aside.display()
        );
        Ok(())
    }

    fn write(&self, records: &[Record]) -> io::Result<()> {
        replace(&self.path(), render(records)?.as_bytes())
    }

    fn lock(&self) -> Result<File, AccountError> {
        let path = self.folder.join("credentials.lock");
        let unwritable = |error| AccountError::unwritable(&path, &error);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(unwritable)?;
        let file = private().open(&path).map_err(unwritable)?;
        for _ in 0..LOCK_ATTEMPTS {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(file),
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => sleep(LOCK_PAUSE),
                Err(error) => return Err(unwritable(error.into())),
            }
        }
        Err(AccountError::Locked { path })
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options
}

/// A copied or restored file may have lost its mode.
fn keep_private(file: &File, path: &Path) {
    let Ok(metadata) = file.metadata() else {
        return;
    };
    if metadata.permissions().mode() & 0o077 == 0 {
        return;
    }
    tracing::warn!(
        "{} could be read by others; that is corrected",
        path.display()
    );
    if let Err(error) = file.set_permissions(fs::Permissions::from_mode(0o600)) {
        tracing::warn!("it could not be corrected: {error}");
    }
}

fn render(records: &[Record]) -> io::Result<String> {
    let accounts = serde_json::to_value(records)?;
    let checksum = checksum(&accounts);
    let mut text = serde_json::to_string_pretty(&json!({
        "version": VERSION,
        "checksum": checksum,
        "accounts": accounts,
    }))?;
    text.push('\n');
    Ok(text)
}

/// Over the compact form, so that only what is said counts and not how it is laid out.
fn checksum(accounts: &Value) -> String {
    format!("{:08x}", crc32fast::hash(accounts.to_string().as_bytes()))
}

/// The accounts in the text of a `credentials.json`; `None` if this version cannot use it.
#[must_use]
pub fn look(text: &str) -> Option<Vec<Account>> {
    let records = parse(text).ok()?;
    Some(records.iter().map(Account::from).collect())
}

enum Unparsed {
    Damaged(String),
    Newer,
}

fn parse(text: &str) -> Result<Vec<Record>, Unparsed> {
    let damaged = |why: &str| Unparsed::Damaged(why.to_owned());
    // The message of the parser is not kept: it may quote a token.
    let mut file: Value = serde_json::from_str(text).map_err(|_| damaged("it is not JSON"))?;
    match file.get("version").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(version) if version > VERSION => return Err(Unparsed::Newer),
        _ => return Err(damaged("it has no version")),
    }
    let accounts = file
        .get_mut("accounts")
        .map(Value::take)
        .ok_or_else(|| damaged("it has no accounts"))?;
    if file.get("checksum").and_then(Value::as_str) != Some(checksum(&accounts).as_str()) {
        return Err(damaged("its checksum is wrong"));
    }
    serde_json::from_value(accounts).map_err(|_| damaged("its accounts make no sense"))
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
