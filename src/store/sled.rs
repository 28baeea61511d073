//! The store on disk.
//!
//! # Which sled, and where it lives
//! sled 1.0.0-alpha.124, in a process of its own (`process.rs`), started when the store is opened and killed when it is closed.
//! `ARCHITECTURE.md`, "The store", has the figures; in short: 0.34.7 wakes up 420 times a minute once anything was written, does
//! not wait for the disk and opens damaged files with records silently missing; the alpha sleeps when nobody asks, uses fsync
//! and checksums, but keeps its memory when closed, hangs after any error and runs `sync` when opened. Its own process costs
//! 2 to 3 MiB while it is open and nothing when it is not, and makes all of that harmless.
//!
//! # Files, in the state folder
//! | name | what |
//! | --- | --- |
//! | `lock` | flock of the daemon, for its whole life |
//! | `store/format` | version of what follows, see `format.rs`; read before sled touches anything |
//! | `store/sled/`, `store/witness` | see `database.rs` |
//! | `store.new-PID/` | a store being made; renamed to `store` when complete, so a `store` is never half made |
//! | `suspect` | the store failed in use, and not for want of room |
//! | `loss` | what was lost, JSON; until the owner of the records has made good for it |
//! | `quarantine-TIME/` | a `store` that could not be read, or records that could not be believed; the newest three |
//!
//! # What survives what
//! Every commit is fsynced before it returns, whichever durability was asked for: sled has nothing between memory and that. So
//! acknowledged means kept, through kill -9 of either process and loss of power. A failed commit has happened or has not; the
//! store answers with that same error from then on, until it is dropped and opened again.
//!
//! # Opening
//! `format` newer: refused, nothing touched. Behind its witness: batches are lost. Everything is read through once; if it is so
//! much that the user would wait for it, it is done between requests, and what is found then is an error that makes the store
//! `suspect`: opened again, it is read through first. Some records unsound or missing: go on without them. Not readable as a
//! whole: `repair.rs`. Full, denied, locked, a disk that does not answer: refused, nothing moved. Whatever was lost is reported
//! at every opening until it is said to be repaired, so that a crash in between cannot make it silent.

use std::cell::OnceCell;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tracing::warn;

use crate::model::Wall;

use super::database::explain;
use super::folder::{StateFolder, make_all_private, sync, sync_all};
use super::process::{Process, Program, bytes_of};
use super::repair::{self, Loss};
use super::wire::{Chunk, Found, Reply, Request};
use super::{Batch, Durability, Store, StoreError, StoreErrorKind, format};

pub(super) const FOLDER: &str = "store";
const NEW: &str = "store.new-";
const SUSPECT: &str = "suspect";
/// Up to so many records are read through before opening returns; this takes some 2 µs each.
const SMALL: u64 = 20_000;

/// A store on disk, open. Closed by dropping it.
#[derive(Debug)]
pub struct SledStore {
    process: Process,
    state: PathBuf,
    broken: OnceCell<StoreError>,
}

/// What opening the store found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opened {
    /// There was none: this one is new.
    pub fresh: bool,
    /// Records in it.
    pub records: u64,
    /// What was committed and is gone, now or at an earlier opening: to be rebuilt from the history as far as can be, and then
    /// ended by [`SledStore::loss_repaired`].
    pub loss: Option<Loss>,
}

/// For people: one sentence.
impl fmt::Display for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.loss, self.fresh) {
            (Some(loss), _) => write!(f, "{loss}; the store holds {} records", self.records),
            (None, true) => f.write_str("a new store was made"),
            (None, false) => write!(f, "the store holds {} records", self.records),
        }
    }
}

impl SledStore {
    /// Whether there is a store in a state folder, as far as can be seen without opening it.
    #[must_use]
    pub fn is_there(state: &Path) -> bool {
        state.join(FOLDER).exists()
    }

    /// Opens the store in a state folder, or makes one. Waits for the disk, up to 20 s for each of a few steps.
    /// `now` names the quarantine, should there be need of one.
    ///
    /// # Errors
    /// `Newer`, `Full`, `Denied`, `Locked`, `Io`. What is damaged is repaired instead, and told in [`Opened::loss`].
    pub fn open(
        state: &StateFolder,
        now: Wall,
        program: &Program,
    ) -> Result<(Self, Opened), StoreError> {
        let state = state.path();
        repair::finish(state).map_err(|error| refused(&error))?;
        let folder = state.join(FOLDER);
        if !fs::exists(&folder).map_err(|error| refused(&error))? {
            return create(state, program);
        }
        make_all_private(&folder).map_err(|error| refused(&error))?;
        let suspect = state.join(SUSPECT).exists();
        let most = if suspect { u64::MAX } else { SMALL };
        let (store, records) = match open_existing(state, &folder, most, program) {
            Ok((store, found)) => {
                repair::note(state, now, &found)?;
                if found.lost_something() {
                    store.done(&Request::Settle)?;
                }
                (store, found.records)
            }
            Err(error) if error.kind == StoreErrorKind::Damaged => {
                repair::replace(state, now, program, error.message)?;
                let (store, found) = open_existing(state, &folder, SMALL, program)?;
                (store, found.records)
            }
            Err(error) => return Err(error),
        };
        if suspect {
            fs::remove_file(state.join(SUSPECT)).map_err(|error| refused(&error))?;
        }
        let opened = Opened {
            fresh: false,
            records,
            loss: Loss::read(state).map_err(|error| refused(&error))?,
        };
        Ok((store, opened))
    }

    /// The loss that opening told of has been made good for as far as can be: it is not told again.
    ///
    /// # Errors
    /// When the note of it cannot be removed.
    pub fn loss_repaired(&self, state: &StateFolder) -> Result<(), StoreError> {
        Loss::forget(state.path()).map_err(|error| refused(&error))
    }

    /// The process id of the store process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    pub(super) fn new(state: &Path, process: Process) -> Self {
        Self {
            process,
            state: state.to_owned(),
            broken: OnceCell::new(),
        }
    }

    fn call(&self, request: &Request) -> Result<Reply, StoreError> {
        if let Some(error) = self.broken.get() {
            return Err(error.clone());
        }
        self.process.call(request).inspect_err(|error| {
            if matches!(error.kind, StoreErrorKind::Damaged | StoreErrorKind::Io) {
                // If there is no room even for this, the next access finds the same damage.
                let _ = File::create(self.state.join(SUSPECT));
            }
            let _ = self.broken.set(error.clone());
        })
    }

    /// Damaged records were met: the next opening reads everything, takes them out and tells.
    fn left_out(&self, damaged: u64) {
        if damaged > 0 {
            warn!(
                "{damaged} damaged records of the database were left out; they are looked at when it is opened next"
            );
            let _ = File::create(self.state.join(SUSPECT));
        }
    }

    fn done(&self, request: &Request) -> Result<(), StoreError> {
        match self.call(request)? {
            Reply::Done => Ok(()),
            _ => Err(out_of_order()),
        }
    }

    /// Some records from `after` on.
    pub(super) fn chunk(
        &self,
        prefix: &[u8],
        after: Option<Vec<u8>>,
        backwards: bool,
    ) -> Result<Chunk, StoreError> {
        let prefix = prefix.to_vec();
        match self.call(&Request::Scan {
            prefix,
            after,
            backwards,
        })? {
            Reply::Records(chunk) => {
                self.left_out(chunk.damaged);
                Ok(chunk)
            }
            _ => Err(out_of_order()),
        }
    }
}

impl Store for SledStore {
    fn scan(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let chunk = self.chunk(prefix, after, false)?;
            for (key, value) in chunk.records.iter() {
                each(key, value);
            }
            after = chunk.records.iter().last().map(|(key, _)| key.to_vec());
            if chunk.last || after.is_none() {
                return Ok(());
            }
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.call(&Request::Get { key: key.to_vec() })? {
            Reply::Value(value) => Ok(value),
            Reply::BadValue => {
                self.left_out(1);
                Ok(None)
            }
            _ => Err(out_of_order()),
        }
    }

    fn commit(&mut self, batch: Batch, _: Durability) -> Result<(), StoreError> {
        self.done(&Request::Commit(batch))
    }
}

pub(super) fn out_of_order() -> StoreError {
    StoreError {
        kind: StoreErrorKind::Io,
        message: "the store process gave an answer to another question".into(),
    }
}

/// What the disk said when something else than the database was touched: never `Damaged`.
pub(super) fn refused(error: &io::Error) -> StoreError {
    let told = explain("opening", error);
    let kind = match told.kind {
        StoreErrorKind::Damaged => StoreErrorKind::Io,
        kind => kind,
    };
    StoreError { kind, ..told }
}

/// Asks something at which a crash means damage.
pub(super) fn ask(process: &mut Process, request: &Request) -> Result<Reply, StoreError> {
    process.call(request).map_err(|mut error| {
        if error.kind == StoreErrorKind::Io && process.crashed() {
            error.kind = StoreErrorKind::Damaged;
            error.message = "the database cannot be read: sled crashed".into();
        }
        error
    })
}

pub(super) fn open_existing(
    state: &Path,
    folder: &Path,
    verify: u64,
    program: &Program,
) -> Result<(SledStore, Found), StoreError> {
    format::check(folder)?;
    let mut process = Process::start(program)?;
    let request = Request::Open {
        folder: bytes_of(folder),
        verify: Some(verify),
    };
    match ask(&mut process, &request)? {
        Reply::Opened(found) => Ok((SledStore::new(state, process), found)),
        _ => Err(out_of_order()),
    }
}

fn create(state: &Path, program: &Program) -> Result<(SledStore, Opened), StoreError> {
    let new = make_new(state, program)?;
    fs::rename(new, state.join(FOLDER))
        .and_then(|()| sync(state))
        .map_err(|error| refused(&error))?;
    let (store, _) = open_existing(state, &state.join(FOLDER), SMALL, program)?;
    let opened = Opened {
        fresh: true,
        ..Opened::default()
    };
    Ok((store, opened))
}

/// Makes a complete and empty store, closed, and returns where. Its name has the number of the process that makes it: that of
/// a daemon that was killed may still be at work on another one.
pub(super) fn make_new(state: &Path, program: &Program) -> Result<PathBuf, StoreError> {
    let mut process = Process::start(program)?;
    let new = state.join(format!("{NEW}{}", process.id()));
    remove_unfinished(state)
        .and_then(|()| fs::create_dir(&new))
        .map_err(|error| refused(&error))?;
    let request = Request::Create {
        folder: bytes_of(&new),
    };
    ask(&mut process, &request)?;
    drop(process);
    // sled leaves it to chance when some of its files reach the disk.
    format::write(&new)
        .and_then(|()| make_all_private(&new))
        .and_then(|()| sync_all(&new))
        .map_err(|error| refused(&error))?;
    Ok(new)
}

fn remove_unfinished(state: &Path) -> io::Result<()> {
    for entry in fs::read_dir(state)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(NEW) {
            // One that is still being made can be removed another time.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}
