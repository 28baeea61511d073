//! The local log: `history.jsonl` in the state folder, what the user owns and the second copy of every finished viewing.
//!
//! **Lines.** One JSON object for every stop of a viewing, appended and fsynced, never changed. `v` is the version, `n` grows by one
//! with every line, and `crc`, the last member, is the CRC-32 of everything before it. The newest line of a viewing tells how
//! it stands, except that a completed one is never replaced by one that is not. A second kind of line, the receipt, says that a
//! completion has reached an account, or never will.
//!
//! **What survives what.** `append` has returned: the line is on the disk. A crash in the middle leaves an unfinished last
//! line, which nobody was promised; the next one starts on a line of its own. A failed append takes back what it wrote. The
//! file is opened anew for each line, so it may be moved, edited or deleted at any time.
//!
//! **Damage** is noticed and skipped: a line whose checksum is wrong is counted, and a gap in the numbers that such lines do
//! not explain is a hole. So it is at the beginning, and where lines went from the end while it was being written. Lines that
//! went from the end before are noticed by the store, which knows what was written last, and what it said (`engine/refill.rs`).
//!
//! A line holds enough to tell a lost database a viewing and its completion again: `Entry::viewing`, `Entry::completion_step`.

mod entry;
mod line;
mod memory;
mod read;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::model::ViewingId;
use crate::paths::open_at_once;

pub use entry::{Completion, Entry, Receipt};
pub use memory::MemoryHistory;
pub use read::{Read, read, recent};

/// How far back the last number is looked for before the whole file is read, in bytes.
const TAIL: u64 = 64 << 10;

/// The log, for appending. Clones are one.
#[derive(Debug, Clone)]
pub struct History {
    path: PathBuf,
    /// The highest number that is known to have been in the file.
    last: Arc<AtomicU64>,
}

impl History {
    /// The log at a place where the file is, or will be made, 0600.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            last: Arc::default(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last lines, as `recent`. If they are gone when the next one is written, its number says so.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn recall(&self) -> io::Result<Read> {
        let read = recent(&self.path)?;
        self.last.fetch_max(read.last, Ordering::Relaxed);
        Ok(read)
    }

    /// Writes the line of a stop; it has reached the disk when this returns.
    ///
    /// # Errors
    /// When it has not; nothing of it stays then, and it may be appended again.
    pub fn append(&self, entry: &Entry) -> io::Result<()> {
        self.write(entry)
    }

    /// Writes that nothing more is owed to an account for the completion of a viewing.
    ///
    /// # Errors
    /// As `append`.
    pub fn receipt(&self, viewing: ViewingId, receipt: &Receipt) -> io::Result<()> {
        self.write(&Receipted {
            viewing_id: viewing.to_string(),
            receipt,
        })
    }

    fn write(&self, body: &impl Serialize) -> io::Result<()> {
        let mut file = self.file()?;
        let end = End::of(&mut file)?;
        let mut text = String::new();
        if !end.on_new_line {
            text.push('\n');
        }
        let last = self.last.load(Ordering::Relaxed);
        let number = end.next.max(last.saturating_add(1));
        text.push_str(&line::encode(number, body)?);
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_data());
        if written.is_err() {
            // If not even this works, the next line starts on a line of its own.
            let _ = file.set_len(end.length);
        }
        written?;
        self.last.fetch_max(number, Ordering::Relaxed);
        Ok(())
    }

    fn file(&self) -> io::Result<File> {
        let open = |create| {
            let mut options = OpenOptions::new();
            options.read(true).append(true);
            options.create_new(create).mode(0o600);
            open_at_once(&mut options, &self.path)
        };
        match open(false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        let file = open(true)?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        Ok(file)
    }
}

#[derive(Serialize)]
struct Receipted<'a> {
    viewing_id: String,
    receipt: &'a Receipt,
}

/// What the end of the file says.
#[derive(Debug)]
struct End {
    length: u64,
    /// Number of the next line.
    next: u64,
    /// The last line is finished.
    on_new_line: bool,
}

impl End {
    fn of(file: &mut File) -> io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        let mut end = Self {
            length,
            next: 1,
            on_new_line: true,
        };
        if length == 0 {
            return Ok(end);
        }
        let start = length.saturating_sub(TAIL);
        file.seek(SeekFrom::Start(start))?;
        let mut tail = Vec::new();
        file.take(TAIL).read_to_end(&mut tail)?;
        end.on_new_line = tail.ends_with(b"\n");
        end.next = match last_number(&tail) {
            Some(number) => number.saturating_add(1),
            // Nothing but damage for so long, or a line of unusual length.
            None => {
                file.seek(SeekFrom::Start(0))?;
                let last = read::numbers(&mut io::BufReader::new(file))?;
                last.saturating_add(1)
            }
        };
        Ok(end)
    }
}

/// Of the last good line, counting the damaged ones after it.
fn last_number(tail: &[u8]) -> Option<u64> {
    let mut damaged = 0;
    let lines = tail.split(|byte| *byte == b'\n').rev();
    for text in lines.filter(|line| !line.is_empty()) {
        match line::head(text) {
            Some(head) => return Some(head.number.saturating_add(damaged)),
            None => damaged += 1,
        }
    }
    None
}
