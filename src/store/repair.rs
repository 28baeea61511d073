//! What happens when the store is damaged: what can be read goes on, the rest goes into quarantine, and it is said.
//!
//! Replacing a store that cannot be read, in the order that a crash at any point can be taken up from:
//! 1. a new one is made beside it, and what can be read of the old one is copied into it;
//! 2. `loss` says what happens (from here on it will be told, come what may);
//! 3. `store` is moved into the quarantine folder; 4. the new one becomes `store`. A crash between these two leaves no `store`
//!    and a `loss` that names both: the next opening does the last step.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::Wall;

use super::folder::sync;
use super::process::{Process, Program, bytes_of};
use super::quarantine;
use super::sled::{FOLDER, SledStore, ask, make_new, open_existing, refused};
use super::wire::{Found, Request};
use super::{Batch, Durability, Store, StoreError};

const NOTE: &str = "loss";
/// Bytes of records that are copied in one batch.
const COPY: usize = 1 << 20;

/// What was committed and is gone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Loss {
    /// A whole store that could not be read.
    pub quarantined: Option<Quarantined>,
    /// Records that ought to be there and are not; unknown (0) for a whole store.
    pub missing: u64,
    /// Records that could not be believed and were taken out.
    pub damaged: u64,
    /// Changes that were made last and are undone.
    pub batches_lost: u64,
    /// What tells the last change from those before cannot be read: whether changes are undone is not known.
    #[serde(default)]
    pub unwitnessed: bool,
    /// Where damaged records were put.
    pub kept_in: Option<PathBuf>,
}

/// A store that was moved aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Where it is now.
    pub to: PathBuf,
    /// Why.
    pub why: String,
    /// Records that could be copied out of it.
    pub saved: u64,
    /// The new one, until it has taken its place.
    successor: PathBuf,
}

/// For people.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let Some(Quarantined { to, why, saved, .. }) = &self.quarantined {
            let to = to.display();
            parts.push(format!(
                "the store could not be read ({why}) and was moved to {to}; {saved} records of it could be saved"
            ));
        }
        for (count, what) in [
            (self.missing, "records are missing"),
            (self.damaged, "records were damaged and taken out"),
            (self.batches_lost, "of the last changes are lost"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        if self.unwitnessed {
            let what = "the file that tells which change was the last cannot be read, so some of the last may be lost";
            parts.push(what.to_owned());
        }
        if parts.is_empty() {
            let what = "what was lost is not known: the file that tells it cannot be read";
            parts.push(what.to_owned());
        }
        f.write_str(&parts.join("; "))
    }
}

impl Loss {
    /// The one noted, if there is one. A note that cannot be read is a loss of unknown size.
    pub(super) fn read(state: &Path) -> io::Result<Option<Self>> {
        match fs::read(state.join(NOTE)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text).unwrap_or_default())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write(&self, state: &Path) -> io::Result<()> {
        let temporary = state.join("loss.new");
        let mut file = fs::File::create(&temporary)?;
        writeln!(file, "{}", serde_json::to_string(self)?)?;
        file.sync_all()?;
        fs::rename(temporary, state.join(NOTE))?;
        sync(state)
    }

    pub(super) fn forget(state: &Path) -> io::Result<()> {
        match fs::remove_file(state.join(NOTE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => sync(state),
        }
    }
}

/// Notes what opening found wrong, before it is made the new state of things.
pub(super) fn note(state: &Path, now: Wall, found: &Found) -> Result<(), StoreError> {
    if !found.lost_something() {
        return Ok(());
    }
    write_note(state, now, found).map_err(|error| refused(&error))
}

fn write_note(state: &Path, now: Wall, found: &Found) -> io::Result<()> {
    let mut loss = Loss::read(state)?.unwrap_or_default();
    if !found.sample.is_empty() {
        let folder = quarantine::make(state, now)?;
        quarantine::keep_records(&folder, &found.sample)?;
        loss.kept_in = Some(folder);
    }
    loss.missing += found.missing();
    loss.damaged += found.damaged;
    loss.batches_lost += found.behind;
    loss.unwitnessed |= found.unwitnessed;
    loss.write(state)
}

impl Found {
    /// Whether anything is not as it was committed.
    pub(super) fn lost_something(&self) -> bool {
        self.differs || self.behind > 0 || self.damaged > 0 || self.unwitnessed
    }

    /// Records that are not there at all. Other keys than expected, although as many, are at least one.
    fn missing(&self) -> u64 {
        let fewer = self.expected.saturating_sub(self.records + self.damaged);
        fewer.max(u64::from(self.differs && self.damaged == 0))
    }
}

/// Does what a crash has kept `replace` from doing.
pub(super) fn finish(state: &Path) -> io::Result<()> {
    if fs::exists(state.join(FOLDER))? {
        return Ok(());
    }
    if let Some(old) = Loss::read(state)?.and_then(|loss| loss.quarantined)
        && fs::exists(&old.successor)?
        && fs::exists(old.to.join(FOLDER))?
    {
        fs::rename(&old.successor, state.join(FOLDER))?;
        sync(state)?;
    }
    Ok(())
}

/// Moves the store into quarantine and puts a new one in its place, with what can be read of the old one.
pub(super) fn replace(
    state: &Path,
    now: Wall,
    program: &Program,
    why: String,
) -> Result<(), StoreError> {
    let successor = make_new(state, program)?;
    let saved = rescue(state, &successor, program)?;
    let quarantined = |to| Quarantined {
        to,
        why,
        saved,
        successor,
    };
    quarantine::make(state, now)
        .map(quarantined)
        .and_then(|old| exchange(state, old))
        .map_err(|error| refused(&error))
}

fn exchange(state: &Path, old: Quarantined) -> io::Result<()> {
    let mut loss = Loss::read(state)?.unwrap_or_default();
    loss.quarantined = Some(old.clone());
    loss.write(state)?;
    quarantine::move_in(state, FOLDER, &old.to)?;
    fs::rename(old.successor, state.join(FOLDER))?;
    sync(state)
}

/// Copies what can be read: from the first record to the damage, then from the last one back to it. Each direction in a process
/// of its own, as sled is of no use after an error. Returns the number of records.
fn rescue(state: &Path, to: &Path, program: &Program) -> Result<u64, StoreError> {
    let from = &state.join(FOLDER);
    let (new, _) = open_existing(state, to, 0, program)?;
    // The same in every store, so it should not be what keeps the rest from being read.
    let settings = Path::new("sled/durability_cookie");
    let _ = fs::copy(to.join(settings), from.join(settings));
    let mut copy = Copy {
        to: new,
        batch: Batch::default(),
        size: 0,
        saved: 0,
    };
    let mut reached = None;
    for backwards in [false, true] {
        let mut process = Process::start(program)?;
        let request = Request::Open {
            folder: bytes_of(from),
            verify: None,
        };
        if ask(&mut process, &request).is_ok() {
            let old = SledStore::new(state, process);
            reached = copy.until_damage(&old, backwards, reached)?;
        }
    }
    copy.flush()?;
    Ok(copy.saved)
}

struct Copy {
    to: SledStore,
    batch: Batch,
    size: usize,
    saved: u64,
}

impl Copy {
    /// Copies from one end to the first error, or to the key `stop`. Returns the last key.
    fn until_damage(
        &mut self,
        old: &SledStore,
        backwards: bool,
        stop: Option<Vec<u8>>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let mut reached = None;
        while let Ok(chunk) = old.chunk(b"", reached.clone(), backwards) {
            for (key, value) in chunk.records.iter() {
                if stop.as_deref().is_some_and(|stop| key <= stop) {
                    return Ok(reached);
                }
                reached = Some(key.to_vec());
                self.put(key, value)?;
            }
            if chunk.last || chunk.records.size() == 0 {
                break;
            }
        }
        Ok(reached)
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.size += key.len() + value.len();
        self.saved += 1;
        self.batch.put(key, value);
        if self.size < COPY {
            return Ok(());
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.size = 0;
        self.to
            .commit(std::mem::take(&mut self.batch), Durability::Disk)
    }
}
