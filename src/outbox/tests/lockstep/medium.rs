//! What the outbox lies on while it runs beside its model.

use std::cell::Cell;

use crate::outbox::tests::support::*;
use crate::store::{Program, SledStore, StateFolder, Store};

/// What an outbox may lie on.
pub(super) trait Medium {
    type S: Store + std::fmt::Debug;
    /// Whether something committed may not have reached the disk.
    const CAN_LOSE_POWER: bool;
    fn open(&self) -> Self::S;
    /// Lets the next commit fail; false if not like this.
    fn fail_next(&self, failure: Failure) -> bool;
    /// There was no commit: lets the next one succeed after all. False if the store must be reopened for that.
    fn mend(&self) -> bool;
    /// Forgets what has not reached the disk.
    fn power_loss(&self);
}

impl Medium for Disk {
    type S = Self;
    const CAN_LOSE_POWER: bool = true;

    fn open(&self) -> Self {
        self.clone()
    }

    fn fail_next(&self, failure: Failure) -> bool {
        Self::fail_next(self, failure);
        true
    }

    fn mend(&self) -> bool {
        self.0.borrow_mut().fail_next = None;
        true
    }

    fn power_loss(&self) {
        Self::power_loss(self);
    }
}

/// The real store, in a folder of its own. A commit fails when its process is killed.
pub(super) struct OnDisk {
    state: StateFolder,
    process: Cell<u32>,
    _folder: tempfile::TempDir,
}

impl OnDisk {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            state: StateFolder::claim(folder.path()).unwrap(),
            process: Cell::new(0),
            _folder: folder,
        }
    }
}

impl Medium for OnDisk {
    type S = SledStore;
    /// Every commit is flushed.
    const CAN_LOSE_POWER: bool = false;

    fn open(&self) -> SledStore {
        let (store, opened) = SledStore::open(&self.state, NOW, &Program::test()).unwrap();
        assert_eq!(opened.loss, None);
        self.process.set(store.process_id());
        store
    }

    fn fail_next(&self, failure: Failure) -> bool {
        if failure == Failure::All {
            return false;
        }
        let pid = i32::try_from(self.process.get()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        true
    }

    fn mend(&self) -> bool {
        false
    }

    fn power_loss(&self) {}
}
