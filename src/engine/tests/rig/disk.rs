//! The disk and the history of a machine: they fail on request, and survive the engine.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use crate::engine::{Edges, Opened, Pause};
use crate::history::{Entry, MemoryHistory, Read, Receipt};
use crate::model::{AccountKey, Moment, ViewingId};
use crate::store::{Batch, Durability, Store, StoreError, StoreErrorKind};
use crate::watch::merge::Started;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// What goes wrong at a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The process dies, and nothing was written.
    CrashBefore,
    /// The process dies, and all of it was written.
    CrashAfter,
    /// An error, and nothing was written.
    FailBefore,
    /// An error, although all of it was written.
    FailAfter,
    /// An error, and everything that ever was written is gone.
    LoseAll,
    /// An error, and what was written in the last so many writes is gone.
    FallBack(usize),
}

#[derive(Debug, Default)]
pub struct Platter {
    pub records: Map,
    older: Vec<Map>,
    broken: Option<StoreError>,
    lost: Option<String>,
    there: bool,
    pub refuses: Option<StoreErrorKind>,
    pub repaired: u32,
}

impl Platter {
    pub fn lose(&mut self, words: &str) {
        self.lost = Some(words.into());
    }

    /// Whoever has it open can do nothing more with it.
    pub fn break_off(&mut self) {
        self.broken = Some(full());
    }
}

/// What survives the engine.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    pub disk: Rc<RefCell<Platter>>,
    pub log: Rc<RefCell<MemoryHistory>>,
    /// Writes so far, to the disk and to the history.
    pub writes: Rc<Cell<u64>>,
    /// At which write something goes wrong, and what.
    pub trouble: Rc<Cell<Option<(u64, Trouble)>>>,
    /// It has.
    pub crashed: Rc<Cell<bool>>,
    /// Keeps every state that there was.
    pub keeps_old: bool,
}

impl Machine {
    fn at_write(&self) -> Option<Trouble> {
        self.writes.set(self.writes.get() + 1);
        let (at, trouble) = self.trouble.get()?;
        (at == self.writes.get()).then_some(trouble)
    }
}

fn full() -> StoreError {
    StoreError {
        kind: StoreErrorKind::Full,
        message: "no space left".into(),
    }
}

/// One opening of the disk.
#[derive(Debug)]
pub struct Handle(Machine);

impl Handle {
    fn usable(&self) -> Result<(), StoreError> {
        if self.0.crashed.get() {
            return Err(full());
        }
        self.0.disk.borrow().broken.clone().map_or(Ok(()), Err)
    }
}

impl Store for Handle {
    fn scan(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        self.usable()?;
        let disk = self.0.disk.borrow();
        let records = disk.records.range(prefix.to_vec()..);
        let mine = records.take_while(|(key, _)| key.starts_with(prefix));
        mine.for_each(|(key, value)| each(key, value));
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.usable()?;
        Ok(self.0.disk.borrow().records.get(key).cloned())
    }

    fn commit(&mut self, batch: Batch, _: Durability) -> Result<(), StoreError> {
        self.usable()?;
        let trouble = self.0.at_write();
        let mut disk = self.0.disk.borrow_mut();
        if self.0.keeps_old {
            let now = disk.records.clone();
            disk.older.push(now);
        }
        if matches!(
            trouble,
            None | Some(Trouble::CrashAfter | Trouble::FailAfter)
        ) {
            for (key, value) in batch.changes {
                match value {
                    Some(value) => disk.records.insert(key, value),
                    None => disk.records.remove(&key),
                };
            }
        }
        match trouble {
            None => return Ok(()),
            Some(Trouble::CrashBefore | Trouble::CrashAfter) => self.0.crashed.set(true),
            Some(Trouble::FailBefore | Trouble::FailAfter) => {}
            Some(Trouble::LoseAll) => {
                disk.records.clear();
                disk.there = false;
            }
            Some(Trouble::FallBack(writes)) => {
                let place = disk.older.len().saturating_sub(writes + 1);
                disk.records = disk.older.get(place).cloned().unwrap_or_default();
                disk.lost = Some(format!("{writes} of the last changes are lost"));
            }
        }
        disk.broken = Some(full());
        Err(full())
    }
}

impl Edges for Machine {
    type Store = Handle;

    fn open_store(&mut self, _: Moment) -> Result<Opened<Handle>, StoreError> {
        let mut disk = self.disk.borrow_mut();
        if let Some(kind) = disk.refuses {
            return Err(StoreError {
                kind,
                message: "refused".into(),
            });
        }
        disk.broken = None;
        let fresh = !std::mem::replace(&mut disk.there, true);
        Ok(Opened {
            store: Handle(self.clone()),
            fresh,
            loss: disk.lost.clone(),
        })
    }

    fn loss_repaired(&mut self, _: &Handle) -> Result<(), StoreError> {
        let mut disk = self.disk.borrow_mut();
        disk.lost = None;
        disk.repaired += 1;
        Ok(())
    }

    fn kinship(&self) -> Started {
        Box::new(|_, _| false)
    }

    fn remember(&mut self, entry: &Entry) -> io::Result<()> {
        self.in_the_log(|log| log.append(entry))
    }

    fn receipt(&mut self, viewing: ViewingId, receipt: &Receipt) -> io::Result<()> {
        self.in_the_log(|log| log.receipt(viewing, receipt))
    }

    fn recall(&mut self) -> io::Result<Read> {
        self.log.borrow().recent()
    }

    fn take_back(&mut self, viewing: ViewingId) -> io::Result<()> {
        let entries = self.recall()?.entries.into_iter();
        let mut watched = entries.filter(|entry| entry.viewing_id == viewing && entry.completed);
        watched
            .next()
            .map_or(Ok(()), |entry| self.remember(&entry.take_back()))
    }

    fn kept_linked(&mut self) -> Option<Vec<AccountKey>> {
        None
    }

    fn keep_linked(&mut self, _: &[AccountKey]) -> io::Result<()> {
        Ok(())
    }

    fn kept_pause(&mut self) -> Option<Pause> {
        None
    }

    fn keep_pause(&mut self, _: Option<&Pause>) -> io::Result<()> {
        Ok(())
    }
}

impl Machine {
    fn in_the_log(
        &self,
        write: impl FnOnce(&mut MemoryHistory) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.crashed.get() {
            return Err(io::ErrorKind::Other.into());
        }
        let trouble = self.at_write();
        let written = match trouble {
            None | Some(Trouble::CrashAfter) => write(&mut self.log.borrow_mut()),
            _ => Err(io::ErrorKind::StorageFull.into()),
        };
        if matches!(trouble, Some(Trouble::CrashBefore | Trouble::CrashAfter)) {
            self.crashed.set(true);
            return Err(io::ErrorKind::Other.into());
        }
        written
    }
}
