//! The database itself, as it lives in the store process. The only file that names sled.
//!
//! Folder: `sled/` is sled's; `witness` holds the number of the last batch.
//! In sled there is one tree: `c` is the census, `r…` are the records, sealed. Every batch is one `apply_batch` with the new
//! census in it, and one `flush`, which returns after the data, the metadata log and its folder were fsynced. The witness is
//! written afterwards and without fsync: it may fall behind the database, never run ahead of it. So a database that is behind
//! its witness has lost batches, which sled does not notice where a log is damaged in its middle.

use std::fs::{self, File};
use std::io;
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::record::{Census, seal, unseal};
use super::wire::{Chunk, Found};
use super::{Batch, StoreError, StoreErrorKind};

/// Records a page of sled holds at most: small pages keep a heartbeat's write small.
const FANOUT: usize = 16;
/// Bytes of pages that sled keeps in memory.
const CACHE: usize = 1 << 20;
/// The least: more takes memory and time, and gains little on so few bytes.
const COMPRESSION: i32 = 1;
/// Bytes of records in one answer to a scan, about.
const CHUNK: usize = 64 << 10;
/// Damaged records that are kept to be looked at.
const SAMPLE: usize = 1000;
/// How long the process of a daemon that was killed may take to let go of the database.
const PATIENCE: Duration = Duration::from_secs(5);

const CENSUS: &[u8] = b"c";
const RECORDS: u8 = b'r';

/// An open database.
pub(super) struct Database {
    sled: sled::Db<FANOUT>,
    census: Census,
    /// Keys of records that cannot be believed; not in the census.
    unsound: Vec<sled::InlineArray>,
    cursor: Option<Cursor>,
    witness: File,
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
        let behind = self.catch_up(expected.generation);
        self.census.count = live.count;
        self.census.digest = live.digest;
        Ok(Found {
            records: live.count,
            expected: expected.count,
            behind,
            differs: (live.count, live.digest) != (expected.count, expected.digest),
            damaged: self.unsound.len() as u64,
            sample,
        })
    }

    /// Takes the census at its word.
    fn trust(&mut self) -> Found {
        Found {
            records: self.census.count,
            expected: self.census.count,
            behind: self.catch_up(self.census.generation),
            ..Found::default()
        }
    }

    /// Goes on from where the witness is, and says how far the database was behind it.
    fn catch_up(&mut self, generation: u64) -> u64 {
        let behind = self.batches_lost();
        self.census.generation = generation.saturating_add(behind);
        behind
    }

    fn batches_lost(&self) -> u64 {
        let mut bytes = [0; 24];
        let witness = self.witness.read_exact_at(&mut bytes, 0);
        let seen = witness.ok().and_then(|()| {
            let (generation, sealed) = bytes.split_first_chunk::<8>()?;
            unseal(generation, sealed.get(..13)?)?;
            Some(u64::from_le_bytes(*generation))
        });
        seen.map_or(0, |seen| seen.saturating_sub(self.census.generation))
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
        for (key, value) in last {
            let there = self
                .sled
                .contains_key(&key)
                .map_err(|error| explain("reading", &error))?;
            match (there, &value) {
                (false, Some(_)) => census.add(&key),
                (true, None) => census.remove(&key),
                _ => {}
            }
            match value {
                Some(value) => batch.insert(key.clone(), seal(&key, &value)),
                None => batch.remove(key),
            }
        }
        self.apply(batch, census)
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

/// A scan under way. It is kept from chunk to chunk because only a long-lived iterator of sled's keeps to its cache's size.
struct Cursor {
    prefix: Vec<u8>,
    last: Option<Vec<u8>>,
    backwards: bool,
    records: sled::Iter<FANOUT>,
}

impl Cursor {
    fn new(sled: &sled::Db<FANOUT>, prefix: &[u8], after: Option<&[u8]>, backwards: bool) -> Self {
        let first = internal(prefix);
        let after = after.map(internal);
        let low = match &after {
            Some(after) if !backwards => Bound::Excluded(after.clone()),
            _ => Bound::Included(first.clone()),
        };
        let high = match after {
            Some(after) if backwards => Bound::Excluded(after),
            _ => successor(&first).map_or(Bound::Unbounded, Bound::Excluded),
        };
        Self {
            prefix: prefix.to_vec(),
            last: None,
            backwards,
            records: sled.range::<Vec<u8>, _>((low, high)),
        }
    }

    fn stands_at(&self, prefix: &[u8], after: Option<&[u8]>, backwards: bool) -> bool {
        self.prefix == prefix
            && self.backwards == backwards
            && after.is_some()
            && self.last.as_deref() == after
    }

    fn chunk(&mut self) -> Result<Chunk, StoreError> {
        let chunk = if self.backwards {
            fill(std::iter::from_fn(|| self.records.next_back()))?
        } else {
            fill(&mut self.records)?
        };
        self.last = chunk.records.iter().last().map(|(key, _)| key.to_vec());
        Ok(chunk)
    }
}

fn fill(
    records: impl Iterator<Item = io::Result<(sled::InlineArray, sled::InlineArray)>>,
) -> Result<Chunk, StoreError> {
    let mut chunk = Chunk::default();
    for record in records {
        let (key, sealed) = match record {
            Ok(record) => record,
            // What was read before the damage counts; the next request meets the error.
            Err(_) if chunk.records.size() > 0 => return Ok(chunk),
            Err(error) => return Err(explain("reading", &error)),
        };
        match (unseal(&key, &sealed), key.get(1..)) {
            (Some(value), Some(key)) => chunk.records.push(key, value),
            _ => chunk.damaged += 1,
        }
        if chunk.records.size() >= CHUNK {
            return Ok(chunk);
        }
    }
    chunk.last = true;
    Ok(chunk)
}

fn internal(key: &[u8]) -> Vec<u8> {
    let mut internal = Vec::with_capacity(1 + key.len());
    internal.push(RECORDS);
    internal.extend_from_slice(key);
    internal
}

/// The first key after all that begin with `prefix`.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let end = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut next = prefix.get(..=end)?.to_vec();
    *next.last_mut()? += 1;
    Some(next)
}

fn open_sled(folder: &Path) -> Result<sled::Db<FANOUT>, StoreError> {
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
        E::WouldBlock => StoreErrorKind::Locked,
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

    #[test]
    fn the_successor_of_a_prefix_ends_exactly_its_keys() {
        for (prefix, next) in [
            (vec![1, 2], Some(vec![1, 3])),
            (vec![1, 255], Some(vec![2])),
            (vec![255, 255], None),
            (vec![], None),
        ] {
            assert_eq!(successor(&prefix), next);
        }
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
