//! The one door to the disk for everything that must survive: an ordered map of byte strings with atomic batches.
//!
//! What the records mean is the outbox's business; which database keeps them is the business of `store/`.

use std::fmt;

mod database;
mod folder;
mod format;
mod memory;
mod process;
mod quarantine;
mod record;
mod repair;
mod scan;
mod sled;
mod wire;

#[cfg(test)]
mod tests;

pub use folder::StateFolder;
pub use memory::MemoryStore;
pub use process::{Program, serve_if_asked};
pub use repair::{Loss, Quarantined};
pub use sled::{Opened, SledStore};

use crate::error::CliError;

/// Changes that happen together or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// In order; `None` removes the key.
    pub changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Batch {
    /// Sets a key.
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.changes.push((key.into(), Some(value.into())));
    }

    /// Removes a key; no matter whether it is there.
    pub fn remove(&mut self, key: impl Into<Vec<u8>>) {
        self.changes.push((key.into(), None));
    }
}

/// What a batch must survive once `commit` has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// kill -9 of this process.
    Process,
    /// Loss of power: the bytes have reached the disk, with every batch committed before.
    Disk,
}

/// Durable ordered map. After any error the store must be reopened before it is used again.
pub trait Store {
    /// Calls `each` for every record whose key begins with `prefix`, in key order.
    ///
    /// # Errors
    /// When the medium cannot be read.
    fn scan(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StoreError>;

    /// The value of one key.
    ///
    /// # Errors
    /// When the medium cannot be read.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Makes a batch durable as asked, all of it or nothing.
    ///
    /// # Errors
    /// When it could not be (disk full, read-only, damaged); nothing of it has happened then, or all of it: reopen and look.
    fn commit(&mut self, batch: Batch, durability: Durability) -> Result<(), StoreError>;
}

/// Why the store failed, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError {
    /// What kind.
    pub kind: StoreErrorKind,
    /// What happened.
    pub message: String,
}

/// Kinds of failure that are handled differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// No space left.
    Full,
    /// Read-only or not permitted.
    Denied,
    /// Another daemon has it open.
    Locked,
    /// Written by a newer version of reeld.
    Newer,
    /// Cannot be read; was moved aside.
    Damaged,
    /// Anything else of the medium.
    Io,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let hint = match error.kind {
            StoreErrorKind::Full => "make room on the disk that holds reeld's state folder",
            StoreErrorKind::Denied => "make reeld's state folder writable for you",
            StoreErrorKind::Locked => {
                "another reeld uses it: `systemctl --user status reeld` shows whether it is the service"
            }
            StoreErrorKind::Newer => {
                "install the newer version of reeld again; nothing was touched"
            }
            StoreErrorKind::Damaged | StoreErrorKind::Io => {
                "look at the disk's health with `journalctl -k`"
            }
        };
        Self::user("the database cannot be opened")
            .because(error.message)
            .hint(hint)
    }
}
