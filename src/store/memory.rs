//! The store in memory, for tests and simulations: it fails on request, loses its power on request, and a clone of it is what a
//! crash would leave.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::{Batch, Durability, Store, StoreError, StoreErrorKind};

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// A store without a disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    records: Records,
    /// What the disk has instead of what was committed since it was last waited for; `None`: nothing.
    older: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    commits: u64,
    fail: Option<(u64, StoreErrorKind)>,
    broken: OnceCell<StoreError>,
}

impl MemoryStore {
    /// Batches committed so far, failed ones not counted.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits
    }

    /// Makes the `nth` commit from now on fail (1 is the next), and everything after it, until `reopen`.
    pub fn fail_at(&mut self, nth: u64, kind: StoreErrorKind) {
        self.fail = Some((nth, kind));
    }

    /// As dropping and opening again does for a store on disk: errors are over, records are still there.
    pub fn reopen(&mut self) {
        self.broken = OnceCell::new();
    }

    /// Loses everything that was not yet on the disk, and opens again.
    pub fn lose_power(&mut self) {
        for (key, value) in std::mem::take(&mut self.older) {
            set(&mut self.records, key, value);
        }
        self.reopen();
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    fn usable(&self) -> Result<(), StoreError> {
        self.broken.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    fn fails_now(&mut self) -> Option<StoreErrorKind> {
        let (left, kind) = self.fail?;
        self.fail = (left > 1).then(|| (left - 1, kind));
        (left <= 1).then_some(kind)
    }
}

impl Store for MemoryStore {
    fn scan(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        self.usable()?;
        self.records
            .range(prefix.to_vec()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .for_each(|(key, value)| each(key, value));
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.usable()?;
        Ok(self.records.get(key).cloned())
    }

    fn commit(&mut self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        self.usable()?;
        if let Some(kind) = self.fails_now() {
            let error = StoreError {
                kind,
                message: "the store fails because it was told to".into(),
            };
            let _ = self.broken.set(error.clone());
            return Err(error);
        }
        for (key, value) in batch.changes {
            let before = set(&mut self.records, key.clone(), value);
            if durability == Durability::Process {
                self.older.entry(key).or_insert(before);
            }
        }
        if durability == Durability::Disk {
            self.older.clear();
        }
        self.commits += 1;
        Ok(())
    }
}

/// What was there before.
fn set(records: &mut Records, key: Vec<u8>, value: Option<Vec<u8>>) -> Option<Vec<u8>> {
    match value {
        Some(value) => records.insert(key, value),
        None => records.remove(&key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(store: &mut MemoryStore, key: &str, durability: Durability) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.put(key, "");
        store.commit(batch, durability)
    }

    #[test]
    fn power_loss_takes_what_was_not_yet_on_the_disk() {
        let mut store = MemoryStore::default();
        put(&mut store, "a", Durability::Process).unwrap();
        put(&mut store, "b", Durability::Disk).unwrap();
        put(&mut store, "c", Durability::Process).unwrap();
        let mut crashed = store.clone();
        assert_eq!(crashed.len(), 3, "a crash of the process takes nothing");
        crashed.lose_power();
        assert_eq!(crashed.len(), 2);
        assert_eq!(store.commits(), 3);
    }

    #[test]
    fn power_loss_brings_back_what_was_removed_or_changed_since() {
        let mut store = MemoryStore::default();
        put(&mut store, "a", Durability::Disk).unwrap();
        put(&mut store, "b", Durability::Disk).unwrap();
        for value in ["1", "2"] {
            let mut batch = Batch::default();
            batch.remove("a");
            batch.put("b", value);
            store.commit(batch, Durability::Process).unwrap();
        }
        store.lose_power();
        assert_eq!(store.get(b"a").unwrap(), Some(Vec::new()));
        assert_eq!(store.get(b"b").unwrap(), Some(Vec::new()));
    }

    #[test]
    fn after_a_failed_commit_nothing_works_until_it_is_opened_again() {
        let mut store = MemoryStore::default();
        store.fail_at(2, StoreErrorKind::Full);
        put(&mut store, "a", Durability::Disk).unwrap();
        for _ in 0..2 {
            let error = put(&mut store, "b", Durability::Disk).unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Full);
        }
        assert!(store.get(b"a").is_err());
        store.reopen();
        put(&mut store, "b", Durability::Disk).unwrap();
        assert_eq!(store.len(), 2);
    }
}
