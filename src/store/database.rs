//! The database itself, as it lives in the store process. With `scan.rs` the only file that names sled.
//!
//! Folder: `sled/` is sled's; `witness` holds the number of the last batch.
//! In sled there is one tree: `c` is the census, `r…` are the records, sealed. Every batch is one `apply_batch` with the new
//! census in it, and one `flush`, which returns after the data, the metadata log and its folder were fsynced. The witness is
//! written afterwards and without fsync: it may fall behind the database, never run ahead of it. So a database that is behind
//! its witness has lost batches, which sled does not notice where a log is damaged in its middle. But pages are written to
//! places that older pages have left, so an old state may come back with a new census in it: only the census, compared with
//! all records, tells for sure. A small database is read through when it is opened, a large one between requests.

use std::fs::{self, File};
use std::io;
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::record::{Census, seal, unseal};
use super::scan::{Cursor, RECORDS, internal};
use super::wire::{Chunk, Found};
use super::{Batch, StoreError, StoreErrorKind};

/// Records a page of sled holds at most: small pages keep a heartbeat's write small.
const FANOUT: usize = 16;
/// Bytes of pages that sled keeps in memory.
const CACHE: usize = 1 << 20;
/// The least: more takes memory and time, and gains little on so few bytes.
const COMPRESSION: i32 = 1;
/// Records that are inspected before the next request is looked for.
const PIECE: usize = 200;
/// Damaged records that are kept to be looked at.
const SAMPLE: usize = 1000;
/// How long the process of a daemon that was killed may take to let go of the database.
const PATIENCE: Duration = Duration::from_secs(5);

const CENSUS: &[u8] = b"c";

/// sled, and its iterator, with pages of that size.
pub(super) type Sled = sled::Db<FANOUT>;
pub(super) type SledIter = sled::Iter<FANOUT>;

/// An open database.
pub(super) struct Database {
    sled: Sled,
    census: Census,
    /// Keys of records that cannot be believed; not in the census.
    unsound: Vec<sled::InlineArray>,
    cursor: Option<Cursor>,
    inspection: Option<Inspection>,
    witness: File,
}

/// A large database being read through, piece by piece, while it is used.
struct Inspection {
    /// Everything up to this key has been seen.
    seen: Vec<u8>,
    /// And this is the census of it.
    live: Census,
    records: SledIter,
}

impl Database {
    /// Makes an empty one. The folder exists and is empty.
    pub fn create(folder: &Path) -> Result<(), StoreError> {
        let sled = open_sled(folder)?;
        let census = Census::default();
        sled.insert(CENSUS, seal(CENSUS, &census.to_bytes()))
            .and_then(|_| sled.flush())
            .map_err(|error| explain("writing to", &error))?;
        let witness = open_witness(folder, true)?;
        write_witness(&witness, &census)
            .and_then(|()| witness.sync_all())
            .map_err(|error| explain("writing to", &error))
    }

    /// Opens one that `create` made, and reads through it if it has at most `verify` records. With `None` nothing is
    /// required of it, and it is not to be written to.
    pub fn open(folder: &Path, verify: Option<u64>) -> Result<(Self, Found), StoreError> {
        let mut database = Self {
            sled: open_sled(folder)?,
            census: Census::default(),
            unsound: Vec::new(),
            cursor: None,
            inspection: None,
            witness: open_witness(folder, false)?,
        };
        let Some(most) = verify else {
            return Ok((database, Found::default()));
        };
        database.census = database.read_census()?;
        let found = if database.census.count <= most {
            database.verify()?
        } else {
            database.trust()
        };
        Ok((database, found))
    }

    fn read_census(&self) -> Result<Census, StoreError> {
        let sealed = self
            .sled
            .get(CENSUS)
            .map_err(|error| explain("reading", &error))?;
        sealed
            .as_deref()
            .and_then(|sealed| unseal(CENSUS, sealed))
            .and_then(Census::from_bytes)
            .ok_or_else(|| damaged("the count of its records is missing".into()))
    }

    /// Reads everything. Afterwards the census is that of what is sound; what was expected is in the answer.
    fn verify(&mut self) -> Result<Found, StoreError> {
        let expected = self.census;
        let mut live = Census::default();
        let mut sample = Vec::new();
        for record in self.sled.range(vec![RECORDS]..vec![RECORDS + 1]) {
            let (key, sealed) = record.map_err(|error| explain("reading", &error))?;
            if unseal(&key, &sealed).is_some() {
                live.add(&key);
            } else {
                if sample.len() < SAMPLE {
                    sample.push((key.to_vec(), sealed.to_vec()));
                }
                self.unsound.push(key);
            }
        }
        let witnessed = self.witnessed();
        let behind = self.catch_up(expected.generation, witnessed);
        self.census.count = live.count;
        self.census.digest = live.digest;
        Ok(Found {
            records: live.count,
            expected: expected.count,
            behind,
            unwitnessed: witnessed.is_none(),
            differs: (live.count, live.digest) != (expected.count, expected.digest),
            damaged: self.unsound.len() as u64,
            sample,
        })
    }

    /// Takes the census at its word for now.
    fn trust(&mut self) -> Found {
        self.inspect_from(Vec::new(), Census::default());
        let witnessed = self.witnessed();
        Found {
            records: self.census.count,
            expected: self.census.count,
            behind: self.catch_up(self.census.generation, witnessed),
            unwitnessed: witnessed.is_none(),
            ..Found::default()
        }
    }

    fn inspect_from(&mut self, seen: Vec<u8>, live: Census) {
        let low = if seen.is_empty() {
            Bound::Included(vec![RECORDS])
        } else {
            Bound::Excluded(seen.clone())
        };
        let rest = (low, Bound::Excluded(vec![RECORDS + 1]));
        self.inspection = Some(Inspection {
            seen,
            live,
            records: self.sled.range::<Vec<u8>, _>(rest),
        });
    }

    /// Whether not all of it has been read through.
    pub fn is_to_be_inspected(&self) -> bool {
        self.inspection.is_some()
    }

    /// Reads a piece of what has not been read yet; true if there may be more.
    pub fn inspect(&mut self) -> Result<bool, StoreError> {
        let Some(inspection) = &mut self.inspection else {
            return Ok(false);
        };
        for _ in 0..PIECE {
            let Some(record) = inspection.records.next() else {
                let live = (inspection.live.count, inspection.live.digest);
                self.inspection = None;
                return if live == (self.census.count, self.census.digest) {
                    Ok(false)
                } else {
                    Err(damaged("records of it are missing".into()))
                };
            };
            let (key, sealed) = record.map_err(|error| explain("reading", &error))?;
            if unseal(&key, &sealed).is_none() {
                return Err(damaged("one of its records is not what was written".into()));
            }
            inspection.live.add(&key);
            inspection.seen = key.to_vec();
        }
        Ok(true)
    }

    /// Lets the inspection know of a batch: what it has seen changes, and what it has read ahead is out of date.
    fn inspect_on(&mut self, changed: impl Iterator<Item = (Vec<u8>, Change)>) {
        let Some(mut inspection) = self.inspection.take() else {
            return;
        };
        for (key, change) in changed.filter(|(key, _)| *key <= inspection.seen) {
            match change {
                Change::Added => inspection.live.add(&key),
                Change::Removed => inspection.live.remove(&key),
            }
        }
        self.inspect_from(inspection.seen, inspection.live);
    }

    /// Goes on from where the witness is, and says how far the database was behind it.
    fn catch_up(&mut self, generation: u64, witnessed: Option<u64>) -> u64 {
        let behind = witnessed.map_or(0, |seen| seen.saturating_sub(self.census.generation));
        self.census.generation = generation.saturating_add(behind);
        behind
    }

    /// The number of the last batch by the witness; `None` if it cannot be believed.
    fn witnessed(&self) -> Option<u64> {
        let mut bytes = [0; 24];
        let witness = self.witness.read_exact_at(&mut bytes, 0);
        witness.ok().and_then(|()| {
            let (generation, sealed) = bytes.split_first_chunk::<8>()?;
            unseal(generation, sealed.get(..13)?)?;
            Some(u64::from_le_bytes(*generation))
        })
    }

    /// Makes what is sound all there is: the next opening finds nothing to tell.
    pub fn settle(&mut self) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for key in self.unsound.drain(..) {
            batch.remove(key);
        }
        self.apply(batch, self.census)
    }

    /// All changes or none, on the disk.
    pub fn commit(&mut self, changes: Batch) -> Result<(), StoreError> {
        let mut census = self.census;
        census.generation = census.generation.wrapping_add(1);
        // What this batch has done to a key counts, not what it did first.
        let mut last = std::collections::BTreeMap::new();
        for (key, value) in changes.changes {
            last.insert(internal(&key), value);
        }
        let mut batch = sled::Batch::default();
        let mut changed = Vec::new();
        for (key, value) in last {
            let there = self
                .sled
                .contains_key(&key)
                .map_err(|error| explain("reading", &error))?;
            match (there, &value) {
                (false, Some(_)) => {
                    census.add(&key);
                    changed.push((key.clone(), Change::Added));
                }
                (true, None) => {
                    census.remove(&key);
                    changed.push((key.clone(), Change::Removed));
                }
                _ => {}
            }
            match value {
                Some(value) => batch.insert(key.clone(), seal(&key, &value)),
                None => batch.remove(key),
            }
        }
        self.apply(batch, census)?;
        self.inspect_on(changed.into_iter());
        Ok(())
    }

    fn apply(&mut self, mut batch: sled::Batch, census: Census) -> Result<(), StoreError> {
        batch.insert(CENSUS, seal(CENSUS, &census.to_bytes()));
        self.cursor = None;
        self.sled
            .apply_batch(batch)
            .and_then(|()| self.sled.flush())
            .map_err(|error| explain("writing to", &error))?;
        self.census = census;
        write_witness(&self.witness, &census).map_err(|error| explain("writing to", &error))
    }

    /// The value; `Err(())` inside: it is there and cannot be believed.
    pub fn get(&self, key: &[u8]) -> Result<Result<Option<Vec<u8>>, ()>, StoreError> {
        let key = internal(key);
        let sealed = self
            .sled
            .get(&key)
            .map_err(|error| explain("reading", &error))?;
        Ok(match sealed {
            None => Ok(None),
            Some(sealed) => unseal(&key, &sealed)
                .map(|value| Some(value.to_vec()))
                .ok_or(()),
        })
    }

    /// The next chunk of the records whose key begins with `prefix`, after the key `after`.
    pub fn scan(
        &mut self,
        prefix: &[u8],
        after: Option<&[u8]>,
        backwards: bool,
    ) -> Result<Chunk, StoreError> {
        let mut cursor = match self.cursor.take() {
            Some(cursor) if cursor.stands_at(prefix, after, backwards) => cursor,
            _ => Cursor::new(&self.sled, prefix, after, backwards),
        };
        let chunk = cursor.chunk()?;
        if !chunk.last {
            self.cursor = Some(cursor);
        }
        Ok(chunk)
    }
}

/// What a batch does to a key.
enum Change {
    Added,
    Removed,
}

fn open_sled(folder: &Path) -> Result<Sled, StoreError> {
    let path = folder.join("sled");
    guard_snapshot(&path.join("metadata")).map_err(|error| explain("opening", &error))?;
    // No flusher thread: it would wake up five times a second, and abort the process when the disk is full.
    let config = sled::Config::new()
        .path(&path)
        .flush_every_ms(None)
        .cache_capacity_bytes(CACHE)
        .zstd_compression_level(COMPRESSION);
    let step = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        match config.open() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && waited < PATIENCE => {
                thread::sleep(step);
                waited += step;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(held()),
            opened => return opened.map_err(|error| explain("opening", &error)),
        }
    }
}

/// Keeps sled from deleting its only snapshot. Opening, sled folds its logs into a new snapshot and then deletes the one
/// before, by name; without any log, which is how a crash in the middle of that leaves it, both have the same name. An empty
/// log gives the new one another.
fn guard_snapshot(metadata: &Path) -> io::Result<()> {
    let names = match fs::read_dir(metadata) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut snapshot = None;
    let mut log = None;
    for entry in names {
        let name = entry?.file_name();
        let name = String::from_utf8_lossy(name.as_bytes()).into_owned();
        let number = |kind| {
            let digits = name.strip_prefix(kind)?;
            u64::from_str_radix(digits, 16).ok()
        };
        snapshot = snapshot.max(number("snapshot_"));
        log = log.max(number("log_"));
    }
    if let Some(snapshot) = snapshot
        && log.is_none_or(|log| log <= snapshot)
    {
        let name = format!("log_{:016x}", snapshot.wrapping_add(1));
        File::create(metadata.join(name))?.sync_all()?;
        File::open(metadata)?.sync_all()?;
    }
    Ok(())
}

fn open_witness(folder: &Path, create: bool) -> Result<File, StoreError> {
    fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(create)
        .open(folder.join("witness"))
        .map_err(|error| explain("opening", &error))
}

fn write_witness(witness: &File, census: &Census) -> io::Result<()> {
    let generation = census.generation.to_le_bytes();
    let mut bytes = [0; 24];
    for (to, from) in bytes.iter_mut().zip(
        generation
            .iter()
            .copied()
            .chain(seal(&generation, &generation)),
    ) {
        *to = from;
    }
    witness.write_all_at(&bytes, 0)
}

/// Nobody but a store process opens it, and its daemon has the lock of the state folder: this one's daemon is gone, and it waits
/// for its disk.
fn held() -> StoreError {
    StoreError {
        kind: StoreErrorKind::Io,
        message: "the store process of a reeld that was killed has not let go of the database; its disk may be slow to answer"
            .into(),
    }
}

fn damaged(message: String) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Damaged,
        message: format!("the database cannot be read: {message}"),
    }
}

/// In words for people, and by the kind that decides what is done.
pub(super) fn explain(doing: &str, error: &io::Error) -> StoreError {
    use io::ErrorKind as E;
    let kind = match error.kind() {
        E::StorageFull | E::QuotaExceeded | E::FileTooLarge => StoreErrorKind::Full,
        E::PermissionDenied | E::ReadOnlyFilesystem => StoreErrorKind::Denied,
        E::InvalidData | E::UnexpectedEof | E::NotFound | E::Unsupported => StoreErrorKind::Damaged,
        E::IsADirectory | E::NotADirectory | E::InvalidInput => StoreErrorKind::Damaged,
        _ => StoreErrorKind::Io,
    };
    StoreError {
        kind,
        message: format!("{doing} the database failed: {}", innermost(error)),
    }
}

/// sled wraps errors in the places they passed: `sled:/path/file.rs:12 -> reason`.
fn innermost(error: &io::Error) -> String {
    let text = error.to_string();
    text.rsplit(" -> ").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(folder: &Path, records: u32) {
        Database::create(folder).unwrap();
        let (mut database, _) = Database::open(folder, Some(0)).unwrap();
        let mut batch = Batch::default();
        for n in 0..records {
            batch.put(n.to_be_bytes(), "value");
        }
        database.commit(batch).unwrap();
    }

    fn inspect_all(database: &mut Database) -> Result<(), StoreError> {
        while database.inspect()? {}
        Ok(())
    }

    #[test]
    fn a_large_database_is_inspected_while_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path(), 2000);
        let mut random = fastrand::Rng::with_seed(7);
        let (mut database, _) = Database::open(folder.path(), Some(1999)).unwrap();
        let mut pieces = 0;
        while database.inspect().unwrap() {
            pieces += 1;
            let mut batch = Batch::default();
            for _ in 0..20 {
                batch.put(random.u32(..4000).to_be_bytes(), "new");
                batch.remove(random.u32(..4000).to_be_bytes());
            }
            database.commit(batch).unwrap();
        }
        assert!(pieces >= 2000 / PIECE, "{pieces}");
    }

    #[test]
    fn a_hole_in_a_large_database_is_found_by_the_inspection() {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path(), 2000);
        let (mut database, found) = Database::open(folder.path(), Some(0)).unwrap();
        assert_eq!((found.records, found.differs), (2000, false));
        inspect_all(&mut database).unwrap();
        drop(database);
        let (database, _) = Database::open(folder.path(), Some(0)).unwrap();
        database
            .sled
            .remove(internal(&1234u32.to_be_bytes()))
            .unwrap();
        database.sled.flush().unwrap();
        drop(database);
        let (mut database, _) = Database::open(folder.path(), Some(0)).unwrap();
        let error = inspect_all(&mut database).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Damaged);
        drop(database);
        let (_, found) = Database::open(folder.path(), Some(2000)).unwrap();
        assert!(found.differs);
    }

    #[test]
    fn sleds_error_trail_is_left_out_and_the_kind_kept() {
        let error = io::Error::new(
            io::ErrorKind::StorageFull,
            "sled:/x/heap.rs:907 -> sled:/x/heap.rs:435 -> No space left on device (os error 28)",
        );
        let explained = explain("writing to", &error);
        assert_eq!(explained.kind, StoreErrorKind::Full);
        assert_eq!(
            explained.message,
            "writing to the database failed: No space left on device (os error 28)"
        );
    }
}
