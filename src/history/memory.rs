//! The log in memory, for tests and simulations: it fails on request, and a clone of it is what a crash would leave.

use std::io;

use serde::Serialize;

use super::{Entry, Read, Receipt, Receipted, line, read};
use crate::model::ViewingId;

/// A log without a disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryHistory {
    text: Vec<u8>,
    /// The number of the last line.
    last: u64,
    failing: bool,
}

impl MemoryHistory {
    /// Makes everything fail from now on, or nothing any more.
    pub fn fail(&mut self, failing: bool) {
        self.failing = failing;
    }

    /// As `History::append`.
    ///
    /// # Errors
    /// When it was told to fail.
    pub fn append(&mut self, entry: &Entry) -> io::Result<()> {
        self.write(entry)
    }

    /// As `History::receipt`.
    ///
    /// # Errors
    /// When it was told to fail.
    pub fn receipt(&mut self, viewing: ViewingId, receipt: &Receipt) -> io::Result<()> {
        self.write(&Receipted {
            viewing_id: viewing.to_string(),
            receipt,
        })
    }

    /// As `recent`.
    ///
    /// # Errors
    /// When it was told to fail.
    pub fn recent(&self) -> io::Result<Read> {
        self.usable()?;
        let first = read::Numbers::from_the_first();
        read::take(&mut self.text.as_slice(), usize::MAX, true, first)
    }

    /// Somebody or something changes the file.
    pub fn replace(&mut self, text: Vec<u8>) {
        self.text = text;
    }

    /// The lines, as they would be in the file.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    fn write(&mut self, body: &impl Serialize) -> io::Result<()> {
        self.usable()?;
        let line = line::encode(self.last + 1, body)?;
        self.last += 1;
        self.text.extend_from_slice(line.as_bytes());
        Ok(())
    }

    fn usable(&self) -> io::Result<()> {
        match self.failing {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }
}
