//! One pass over the store, and over what is still to be written to it. What cannot be read is moved into quarantine with
//! the next batch.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use super::record::{self, Block, Entry, Unreadable, decode};
use crate::model::DeliveryId;
use crate::store::{Batch, Store, StoreError};

pub struct Reader<'a, S> {
    pub store: &'a S,
    pub deferred: &'a BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// What must be written for the disk to agree with what was read.
    pub tidy: Batch,
    pub damaged: u64,
    pub newer: bool,
}

/// How many deliveries there are, and the sum of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    pub count: u64,
    pub numbers: u64,
}

impl Sum {
    pub fn add(&mut self, id: DeliveryId) {
        self.count += 1;
        self.numbers = self.numbers.wrapping_add(id.0);
    }
}

impl<'a, S: Store> Reader<'a, S> {
    pub fn new(store: &'a S, deferred: &'a BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Self {
        Self {
            store,
            deferred,
            tidy: Batch::default(),
            damaged: 0,
            newer: false,
        }
    }

    /// Calls `each` for every record of a kind that makes sense; it says if the key does as well.
    pub fn each<T: DeserializeOwned>(
        &mut self,
        prefix: &[u8],
        mut each: impl FnMut(&[u8], T) -> Option<()>,
    ) -> Result<(), StoreError> {
        let (store, deferred) = (self.store, self.deferred);
        let mut take = |key: &[u8], value: &[u8]| {
            let understood = decode::<T>(value).map(|record| each(key, record).is_some());
            match understood {
                Ok(true) => {}
                Err(Unreadable::Newer) => self.newer = true,
                Ok(false) | Err(Unreadable::Damaged) => self.quarantine(key, value),
            }
        };
        store.scan(prefix, &mut |key, value| {
            if !deferred.contains_key(key) {
                take(key, value);
            }
        })?;
        for (key, value) in deferred.iter().filter(|(key, _)| key.starts_with(prefix)) {
            if let Some(value) = value {
                take(key, value);
            }
        }
        Ok(())
    }

    /// Calls `each` for every entry that is not about to be removed; what is on disk of them, which is `None` if a block
    /// cannot be read.
    pub fn entries(
        &mut self,
        mut each: impl FnMut(DeliveryId, Entry),
    ) -> Result<Option<Sum>, StoreError> {
        let going = self.going();
        let mut sum = Some(Sum::default());
        self.store
            .scan(b"d", &mut |key, value| match decode::<Block>(value) {
                Ok(Block(entries)) => {
                    for (id, entry) in entries {
                        sum.iter_mut().for_each(|sum| sum.add(id));
                        if !going.contains(&id) {
                            each(id, entry);
                        }
                    }
                }
                Err(Unreadable::Newer) => self.newer = true,
                Err(Unreadable::Damaged) => {
                    sum = None;
                    self.damaged += 1;
                    self.tidy.put(record::quarantined(key), value);
                }
            })?;
        Ok(sum)
    }

    /// Deliveries on disk that are about to be removed.
    pub fn going(&self) -> BTreeSet<DeliveryId> {
        let removed = self.deferred.iter().filter(|(_, value)| value.is_none());
        removed
            .filter(|(key, _)| key.starts_with(b"p"))
            .filter_map(|(key, _)| record::number(key).map(DeliveryId))
            .collect()
    }

    /// Keeps a record aside.
    pub fn quarantine(&mut self, key: &[u8], value: &[u8]) {
        self.damaged += 1;
        self.tidy.put(record::quarantined(key), value);
        self.tidy.remove(key);
    }

    /// Keeps a delivery aside.
    pub fn set_aside(&mut self, id: DeliveryId) -> Result<(), StoreError> {
        for key in [record::payload(id), record::attempts(id)] {
            if let Some(value) = self.store.get(&key)? {
                self.quarantine(&key, &value);
            }
        }
        Ok(())
    }

    pub fn remove(&mut self, id: DeliveryId) {
        self.tidy.remove(record::payload(id));
        self.tidy.remove(record::attempts(id));
    }
}
