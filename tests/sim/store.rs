//! A disk on which everything can go wrong, and the store on it.
//!
//! Every operation is counted; the script says which of them fail and how. A batch that was asked to survive the process
//! only is undone by a loss of power within the next half minute (then the system has written it); one that was asked to reach the disk never is,
//! nor is anything before it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use reeld::store::{Batch, Durability, Store, StoreError, StoreErrorKind};

use crate::script::StoreFault;

/// Until then the system has written what nobody asked to be written.
pub const WRITTEN_BACK: Duration = Duration::from_secs(35);

type Record = (Vec<u8>, Option<Vec<u8>>);

/// What lies on the disk; shared by all who open it.
#[derive(Debug, Default)]
pub struct Disk {
    records: BTreeMap<Vec<u8>, Vec<u8>>,
    /// How to undo the batches that have not reached the disk, oldest first, and when they were written.
    undo: VecDeque<(Duration, Vec<Record>)>,
    pub now: Duration,
    faults: BTreeMap<u32, StoreFault>,
    operations: u32,
    /// Power will fail at some time; otherwise nothing need be undone.
    loses_power: bool,
    /// The process died in the middle of an operation.
    pub died: bool,
    /// Nothing works.
    pub down: bool,
    /// Something has failed since this was last looked at.
    pub failed: bool,
    /// Written since the last failure.
    pub written: bool,
}

/// The store, open.
#[derive(Debug)]
pub struct SimStore {
    disk: Rc<RefCell<Disk>>,
    broken: Cell<bool>,
}

impl Disk {
    pub fn new(faults: BTreeMap<u32, StoreFault>, loses_power: bool) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            faults,
            loses_power,
            ..Self::default()
        }))
    }

    pub fn open(disk: &Rc<RefCell<Self>>) -> Result<SimStore, StoreError> {
        disk.borrow_mut().operate()?;
        Ok(SimStore {
            disk: Rc::clone(disk),
            broken: Cell::new(false),
        })
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Everything on it is gone.
    pub fn lose_everything(&mut self) {
        self.records.clear();
        self.undo.clear();
    }

    /// The process dies in the operation that is the so-many-th from now.
    pub fn dies_in(&mut self, operations: u32, after: bool) {
        let fault = match after {
            true => StoreFault::DieAfter,
            false => StoreFault::DieBefore,
        };
        self.faults.insert(self.operations + operations, fault);
    }

    pub fn no_more_faults(&mut self) {
        self.faults.clear();
        self.down = false;
    }

    /// Undoes so many of the batches that had not reached the disk.
    pub fn lose_power(&mut self, batches: usize) {
        for _ in 0..batches.min(self.undo.len()) {
            let (_, batch) = self.undo.pop_back().unwrap_or_default();
            for (key, value) in batch.into_iter().rev() {
                self.set(key, value);
            }
        }
        self.undo.clear();
    }

    fn set(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) -> Option<Vec<u8>> {
        match value {
            Some(value) => self.records.insert(key, value),
            None => self.records.remove(&key),
        }
    }

    /// Counts an operation. `Ok`: it is to be done, and the fault may come after it.
    fn operate(&mut self) -> Result<Option<StoreFault>, StoreError> {
        let number = self.operations;
        self.operations += 1;
        let fault = self.faults.remove(&number);
        if self.died || self.down {
            self.failed |= self.down;
            return Err(error(StoreErrorKind::Io));
        }
        match fault {
            Some(StoreFault::Fail) => {
                self.failed = true;
                Err(error(StoreErrorKind::Io))
            }
            Some(StoreFault::Full) => {
                self.failed = true;
                Err(error(StoreErrorKind::Full))
            }
            Some(StoreFault::DieBefore) => {
                self.died = true;
                Err(error(StoreErrorKind::Io))
            }
            fault => Ok(fault),
        }
    }

    fn commit(&mut self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        let fault = self.operate()?;
        match durability {
            Durability::Process if self.loses_power => {
                let mut undo = Vec::with_capacity(batch.changes.len());
                for (key, value) in batch.changes {
                    let before = self.set(key.clone(), value);
                    undo.push((key, before));
                }
                self.undo.push_back((self.now, undo));
                let old = |(at, _): &(Duration, _)| *at + WRITTEN_BACK < self.now;
                while self.undo.front().is_some_and(old) {
                    self.undo.pop_front();
                }
            }
            Durability::Process | Durability::Disk => {
                for (key, value) in batch.changes {
                    self.set(key, value);
                }
                self.undo.clear();
            }
        }
        match fault {
            Some(StoreFault::Torn) => {
                self.failed = true;
                Err(error(StoreErrorKind::Io))
            }
            Some(StoreFault::DieAfter) => {
                self.died = true;
                Err(error(StoreErrorKind::Io))
            }
            _ => {
                self.written = true;
                Ok(())
            }
        }
    }
}

fn error(kind: StoreErrorKind) -> StoreError {
    StoreError {
        kind,
        message: "the disk fails because it was told to".into(),
    }
}

impl SimStore {
    fn usable<T>(
        &self,
        work: impl FnOnce(&mut Disk) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.broken.get() {
            return Err(error(StoreErrorKind::Io));
        }
        let result = work(&mut self.disk.borrow_mut());
        self.broken.set(result.is_err());
        result
    }
}

impl Store for SimStore {
    fn scan(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        self.usable(|disk| {
            disk.operate()?;
            disk.records
                .range(prefix.to_vec()..)
                .take_while(|(key, _)| key.starts_with(prefix))
                .for_each(|(key, value)| each(key, value));
            Ok(())
        })
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.usable(|disk| {
            disk.operate()?;
            Ok(disk.records.get(key).cloned())
        })
    }

    fn commit(&mut self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        self.usable(|disk| disk.commit(batch, durability))
    }
}
