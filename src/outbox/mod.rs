//! The outbox: what the debouncer said, durably, until every account that is concerned has heard it. The heart of
//! *exactly once*.
//!
//! # A delivery's life
//! ```text
//! append ──► waiting ──next──► begun ──settle──► gone (delivered, skipped; live: refused)
//!    │          ▲   ▲            │  ├──────────► dead (refused; a completed stop ignored at once)
//!    │          │   └──retry─────┘  └──────────► needs an id ──learn──► waiting
//!    │          └──────────────── reload of what had begun: waiting, in doubt
//!    └─► superseded or expired: gone, unless a request is in flight; then when that has ended
//! ```
//! # What survives what
//! * `append` writes the event's deliveries for all accounts, what they supersede, the viewing and the journal in one
//!   batch. A stop has reached the disk when `append` returns; a live event survives kill -9, and not the boot: after a
//!   loss of power nothing plays any more, so what was live is dropped at load.
//! * `next` writes the frozen body and *begun* before it returns a job, on the disk where an earlier attempt has not
//!   already left the delivery in doubt. Whatever is found begun at load has perhaps landed: it is sent again with the
//!   same body and `in_doubt`.
//! * `append` of an event that is already there does nothing: after a failed commit the caller reopens the store and
//!   appends again, whether or not the batch had landed.
//! * A stop leaves a *note* in the same batch: what the history must be told. It goes when the caller says that it was. That a
//!   completion has reached an account, or never will, is told once ([`Outbox::take_ended`]) and stays with the viewing.
//! * A stop's `event_id` follows from its session, account and call: made again from the history after the database was lost
//!   ([`Outbox::owe`]) it is the same delivery, in doubt. Everything else gets a random one.
//! * What would come out the same after a crash is *deferred*: it goes out with the next batch. That a live event was
//!   delivered (it is told again, and superseded soon), that something in doubt was tried once more: an outage of days
//!   writes nothing.
//! * Memory changes only after the commit. After a failed one everything is refused until `reopen`, which reads all anew.
//!
//! # Order
//! Deliveries stand in lanes (a viewing; at services that keep resume points, a title), and only the first of a lane is
//! sent. Dead ones, those without an id and those that failed five times while others succeeded stand aside: they keep
//! nobody waiting. A session that an account was told of needs its own stop there; what it was never told of needs none, and a
//! session that it hears of late begins with a `start`. One request at a time per account; accounts know nothing of each other. A resume point that only says
//! that a title goes on playing keeps the service's pace; a start, seek, pause or stop goes at once. None goes after a newer one of the same title, even if
//! it is learnt only later that they are of one (`newest.rs`).
//!
//! Synchronous and pure but for [`Store`]: no clock, no channel, no task. Payloads stay on disk.

mod account;
mod append;
mod attempt;
mod dates;
mod due;
mod gather;
mod heard;
mod ids;
mod index;
mod learn;
mod load;
mod newest;
mod notes;
mod outlook;
mod queue;
mod reader;
mod record;
mod restore;
mod settle;
mod take_back;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::model::{
    AccountKey, DeliveryId, EventId, Lifecycle, Moment, Random, ServiceName, SessionId, Span,
    Viewing, ViewingId, Wall,
};
use crate::sender::plan::{Budget, Rate};
use crate::service::{Call, Context, Prepared};
use crate::store::{Batch, Durability, Store, StoreError, StoreErrorKind};

use account::{Account, Login};
pub use append::Appended;
use ids::IdCache;
pub use ids::TitleKey;
use index::{Header, Index};
use newest::{Newest, Place};
pub use notes::{Ended, Note};
pub use queue::{Counts, Queued, QueuedState, Selection, Told, ToldState, Wanted};
use record::{Remembrance, Tally};
pub use restore::{Completed, Owed, Standing, Standings};
pub use settle::Settled;
pub use take_back::{Before, Reach};

/// Most viewings that are remembered; those touched longest ago go first.
pub const MOST_VIEWINGS: usize = 5_000;
/// Appended events that are recognised if they are appended again.
const RECENT: u64 = 64;

/// What events mean at the services: the pure half of each.
pub trait Catalogue {
    /// The calls an event leads to, in the order in which they must be made.
    fn calls(&self, service: ServiceName, event: &Lifecycle) -> Vec<Call>;

    /// The request of one call.
    fn freeze(
        &self,
        service: ServiceName,
        call: &Call,
        event: &Lifecycle,
        event_id: EventId,
        stamp: Wall,
        context: &Context,
    ) -> Prepared;

    /// The published limit on calls, if there is one.
    fn rate(&self, service: ServiceName) -> Option<Rate>;

    /// The least time from one resume point of a title to the next, while it only goes on playing.
    fn pace(&self, _service: ServiceName) -> Duration {
        Duration::ZERO
    }
}

/// What the debouncer goes on from.
#[derive(Debug, Default)]
pub struct Remembered {
    /// The viewings of late, in no particular order.
    pub viewings: Vec<Viewing>,
    /// Sessions that were open when the last run ended.
    pub open: Vec<Span>,
    /// Whom they are told to; of one that is not in it that is not known.
    pub told_to: BTreeMap<SessionId, Vec<AccountKey>>,
    /// Damage that was found, in words for people.
    pub problems: Vec<String>,
}

/// Something that makes it worth trying at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// The network is back.
    NetworkBack,
    /// The machine woke up.
    Resumed,
    /// The account is linked and may be used. Nothing is sent as an account before this was said of it.
    LoggedIn(AccountKey),
    /// The account is no longer linked; what is queued for it stays.
    LoggedOut(AccountKey),
}

/// The outbox. See the module.
#[derive(Debug)]
pub struct Outbox<S, C> {
    store: Option<S>,
    /// A commit failed: memory may not be what is on disk.
    stale: bool,
    catalogue: C,
    random: Random,
    boot_id: u64,
    tally: Tally,
    /// As it is on disk.
    written: Tally,
    index: Index,
    accounts: BTreeMap<u16, Account>,
    /// Numbers of the accounts that are on disk.
    stored_accounts: BTreeSet<u16>,
    ids: IdCache,
    newest: Newest,
    viewings: BTreeMap<ViewingId, u64>,
    open: BTreeSet<SessionId>,
    /// Whom those are told to, by the disk.
    told_to: BTreeMap<SessionId, Vec<AccountKey>>,
    /// What the accounts were told of and perhaps take to be playing.
    heard: BTreeSet<(u16, SessionId)>,
    /// What the history has not been told yet.
    notes: BTreeSet<u64>,
    /// The last that it was told of.
    told: Option<SessionId>,
    /// Lines of it that are known to be lost.
    lost_lines: u64,
    /// Completions that need nothing more, not taken yet.
    ended: Vec<Ended>,
    recent: BTreeMap<u64, u64>,
    /// Sessions with corrected stamps, and the last of them: what follows must be later.
    corrected: BTreeMap<SessionId, Wall>,
    /// Goes out with the next batch, and is read before the store.
    deferred: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// Blocks that go out with the next batch.
    dirty: BTreeSet<u64>,
    problems: Vec<String>,
}

/// A key and what it is set to, or that it is removed.
type Change = (Vec<u8>, Option<Vec<u8>>);

/// Changes that are made in the store first and in memory afterwards.
#[derive(Debug, Default)]
struct Draft {
    batch: Batch,
    put: Vec<(DeliveryId, Header)>,
    gone: BTreeSet<DeliveryId>,
    viewings: Vec<(ViewingId, u64)>,
    pruned: Option<ViewingId>,
    opened: Vec<SessionId>,
    told_to: Vec<(SessionId, Vec<AccountKey>)>,
    closed: Vec<SessionId>,
    heard: Vec<(u16, SessionId)>,
    hushed: Vec<(u16, SessionId)>,
    note: Option<u64>,
    ended: Vec<(Header, Ended)>,
    accounts: Vec<u16>,
    recent: Option<(u64, u64)>,
    newest: Option<(Place, Wall)>,
    outlived: Option<Place>,
    touched: bool,
}

impl Draft {
    /// Keeps a viewing, and in what it was completed.
    fn remember(&mut self, record: &Remembrance<&Viewing>) -> Result<(), StoreError> {
        let id = record.viewing.id;
        self.batch.put(record::viewing(id), record::encode(record)?);
        if let Some(playback) = &record.viewing.played_in {
            self.batch
                .put(record::played_in(id), record::encode(playback)?);
            match playback.entry {
                Some(entry) => self.batch.put(record::entry(id), record::encode(&entry)?),
                None => self.batch.remove(record::entry(id)),
            }
        }
        self.viewings.push((id, record.touch));
        Ok(())
    }

    /// Removes a delivery with everything of it.
    fn remove(&mut self, id: DeliveryId) {
        self.batch.remove(record::payload(id));
        self.batch.remove(record::attempts(id));
        self.gone.insert(id);
    }

    /// Puts a delivery's header into memory.
    fn put(&mut self, id: DeliveryId, header: Header) {
        self.put.push((id, header));
    }
}

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// Reads what is there. `random` must not repeat that of an earlier run; `boot_id` names this boot of the machine.
    /// No account sends before [`Hint::LoggedIn`].
    ///
    /// # Errors
    /// When the store cannot be read, or was written by a newer version. Damage is no error: see
    /// [`Remembered::problems`].
    pub fn load(
        store: S,
        catalogue: C,
        random: Random,
        boot_id: u64,
    ) -> Result<(Self, Remembered), StoreError> {
        let mut outbox = Self {
            store: None,
            stale: true,
            catalogue,
            random,
            boot_id,
            tally: Tally::default(),
            written: Tally::default(),
            index: Index::default(),
            accounts: BTreeMap::new(),
            stored_accounts: BTreeSet::new(),
            ids: IdCache::default(),
            newest: Newest::default(),
            viewings: BTreeMap::new(),
            open: BTreeSet::new(),
            told_to: BTreeMap::new(),
            heard: BTreeSet::new(),
            notes: BTreeSet::new(),
            told: None,
            lost_lines: 0,
            ended: Vec::new(),
            recent: BTreeMap::new(),
            corrected: BTreeMap::new(),
            deferred: BTreeMap::new(),
            dirty: BTreeSet::new(),
            problems: Vec::new(),
        };
        let mut remembered = outbox.reload(store)?;
        remembered.problems = outbox.take_problems();
        Ok((outbox, remembered))
    }

    /// Gives the store back open again. If it failed or changed meanwhile everything is read anew, and returned; requests in
    /// flight go on.
    ///
    /// # Errors
    /// As [`Self::load`]; the outbox stays closed then.
    pub fn reopen(&mut self, store: S) -> Result<Option<Remembered>, StoreError> {
        let there = store.get(record::TALLY)?;
        let there: Option<Tally> = there.and_then(|bytes| record::decode(&bytes).ok());
        if self.stale || there.unwrap_or_default() != self.written {
            let mut remembered = self.reload(store)?;
            remembered.problems = self.take_problems();
            return Ok(Some(remembered));
        }
        self.store = Some(store);
        Ok(None)
    }

    /// Takes the store, to close it. Until `reopen`, whatever needs it fails; `poll_timeout` and `hint` work.
    pub fn close(&mut self) -> Option<S> {
        self.store.take()
    }

    /// Whether `reopen` is needed before anything else.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.stale || self.store.is_none()
    }

    /// The store, if it is open.
    pub fn store_mut(&mut self) -> Option<&mut S> {
        self.store.as_mut()
    }

    /// Ends it.
    #[must_use]
    pub fn into_store(self) -> Option<S> {
        self.store
    }

    /// Damage found since this was last asked, in words for people.
    pub fn take_problems(&mut self) -> Vec<String> {
        std::mem::take(&mut self.problems)
    }

    /// Something happened that makes it worth trying at once.
    pub fn hint(&mut self, hint: &Hint) {
        match hint {
            Hint::NetworkBack | Hint::Resumed => {
                for account in self.accounts.values_mut() {
                    account.breaker.nudge();
                }
            }
            Hint::LoggedIn(key) => {
                if let Some(account) = self.account_mut(key) {
                    account.log_in();
                }
            }
            Hint::LoggedOut(key) => {
                if let Some(account) = self.account_mut(key) {
                    account.login = Login::Off;
                }
            }
        }
    }

    /// The number of an account, if it has one.
    fn number(&self, key: &AccountKey) -> Option<u16> {
        let mut accounts = self.accounts.iter();
        accounts
            .find(|(_, account)| account.key == *key)
            .map(|(number, _)| *number)
    }

    /// The number of an account, which is given one if it has none yet; `None` if there are too many.
    fn number_or_new(&mut self, key: &AccountKey) -> Option<u16> {
        if let Some(number) = self.number(key) {
            return Some(number);
        }
        let number = match self.accounts.last_key_value() {
            Some((last, _)) => last.checked_add(1)?,
            None => 0,
        };
        let budget = Budget::new(self.catalogue.rate(key.service));
        self.accounts
            .insert(number, Account::new(key.clone(), budget));
        Some(number)
    }

    fn account_mut(&mut self, key: &AccountKey) -> Option<&mut Account> {
        let number = self.number_or_new(key)?;
        self.accounts.get_mut(&number)
    }

    fn open_store(&self) -> Result<&S, StoreError> {
        let store = self.store.as_ref().filter(|_| !self.stale);
        store.ok_or_else(|| StoreError {
            kind: StoreErrorKind::Io,
            message: "the store is closed".into(),
        })
    }

    /// Writes a draft with everything deferred, then makes memory agree with it.
    fn commit(&mut self, mut draft: Draft, durability: Durability) -> Result<(), StoreError> {
        self.open_store()?;
        let tally = self.tally_after(&draft);
        let blocks = self.blocks_after(&draft)?;
        let written = (record::TALLY.to_vec(), Some(record::encode(&tally)?));
        let deferred = self.deferred.iter();
        let deferred = deferred.map(|(key, value)| (key.clone(), value.clone()));
        let changes = deferred.chain(draft.batch.changes.drain(..)).chain(blocks);
        let mut batch = Batch {
            changes: changes.chain([written]).collect(),
        };
        for number in &draft.accounts {
            if let Some(account) = self.accounts.get(number) {
                batch.put(record::account(*number), record::encode(&account.key)?);
            }
        }
        if let Some(store) = self.store.as_mut()
            && let Err(error) = store.commit(batch, durability)
        {
            self.stale = true;
            return Err(error);
        }
        self.deferred.clear();
        self.dirty.clear();
        self.written = tally;
        self.apply(draft, tally);
        Ok(())
    }

    /// Makes memory agree with a draft that goes out with the next batch. Of entries it may only remove some.
    fn defer(&mut self, mut draft: Draft) {
        let blocks = self.blocks_changed(&draft);
        self.dirty.extend(blocks);
        self.deferred.extend(draft.batch.changes.drain(..));
        let tally = self.tally_after(&draft);
        self.apply(draft, tally);
    }

    /// The blocks that a draft changes; some perhaps more than once.
    fn blocks_changed(&self, draft: &Draft) -> Vec<u64> {
        let entry = |header: &Header| header.entry(self.boot_id);
        let put = draft.put.iter().filter(|(id, header)| {
            let before = self.index.get(*id);
            before.map(entry) != Some(entry(header))
        });
        let put = put.map(|(id, _)| id);
        put.chain(&draft.gone)
            .map(|id| record::block_of(*id))
            .collect()
    }

    /// Every block that must be written with a draft, as it is after it.
    fn blocks_after(&self, draft: &Draft) -> Result<Vec<Change>, StoreError> {
        let mut blocks = self.dirty.clone();
        blocks.extend(self.blocks_changed(draft));
        let mut after: BTreeMap<DeliveryId, Option<&Header>> = BTreeMap::new();
        after.extend(draft.gone.iter().map(|id| (*id, None)));
        after.extend(draft.put.iter().map(|(id, header)| (*id, Some(header))));
        let change = |block| {
            let record = self.block_after(block, &after);
            let bytes = (!record.0.is_empty()).then(|| record::encode(&record));
            Ok((record::block(block).into(), bytes.transpose()?))
        };
        blocks.into_iter().map(change).collect()
    }

    /// A block, as it is once some of its deliveries have changed or gone.
    fn block_after(
        &self,
        block: u64,
        changed: &BTreeMap<DeliveryId, Option<&Header>>,
    ) -> record::Block {
        let ids = record::in_block(block);
        let stay = self.index.range(ids.clone());
        let stay = stay.filter(|(id, _)| !changed.contains_key(id));
        let put = changed.range(ids);
        let put = put.filter_map(|(id, header)| Some((*id, (*header)?)));
        let entries = stay.chain(put);
        let entries = entries.map(|(id, header)| (id, header.entry(self.boot_id)));
        let mut entries: Vec<_> = entries.collect();
        entries.sort_unstable_by_key(|(id, _)| *id);
        record::Block(entries)
    }

    fn apply(&mut self, draft: Draft, tally: Tally) {
        self.tally = tally;
        self.stored_accounts.extend(draft.accounts);
        self.recent.extend(draft.recent);
        self.viewings.extend(draft.viewings);
        if let Some(pruned) = draft.pruned {
            self.viewings.remove(&pruned);
        }
        self.open.extend(draft.opened);
        self.told_to.extend(draft.told_to);
        for closed in draft.closed {
            self.open.remove(&closed);
            self.told_to.remove(&closed);
        }
        self.heard.extend(draft.heard);
        for hushed in draft.hushed {
            self.heard.remove(&hushed);
        }
        self.notes.extend(draft.note);
        if let Some(outlived) = draft.outlived {
            self.newest.remove(outlived);
        }
        if let Some((place, stamp)) = draft.newest {
            self.newest.put(place, stamp);
        }
        for id in draft.gone {
            self.forget(id);
        }
        for (id, header) in draft.put {
            self.index.put(id, header);
        }
        for (header, ended) in draft.ended {
            self.end(&header, ended);
        }
    }

    /// The bytes of a record, as they are or will be on disk.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let store = self.open_store()?;
        match self.deferred.get(key) {
            Some(value) => Ok(value.clone()),
            None => store.get(key),
        }
    }

    /// A record; `None` if it is not there or makes no sense.
    fn read<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        let bytes = self.get(key)?;
        Ok(bytes.and_then(|bytes| record::decode(&bytes).ok()))
    }

    /// Forgets a delivery that is no longer on disk.
    fn forget(&mut self, id: DeliveryId) {
        let account = self.index.get(id).map(|header| header.account);
        self.index.remove(id);
        if let Some(account) = account.and_then(|number| self.accounts.get_mut(&number)) {
            account.forgive(id);
        }
    }

    fn tally_after(&self, draft: &Draft) -> Tally {
        let mut tally = self.tally;
        for (id, _) in &draft.put {
            if self.index.get(*id).is_none() {
                tally.next = tally.next.max(id.0.saturating_add(1));
                tally.deliveries += 1;
                tally.sum = tally.sum.wrapping_add(id.0);
            }
        }
        for id in &draft.gone {
            if self.index.get(*id).is_some() {
                tally.deliveries = tally.deliveries.saturating_sub(1);
                tally.sum = tally.sum.wrapping_sub(id.0);
            }
        }
        tally.touch = tally.touch.saturating_add(draft.touched.into());
        let viewings = draft.viewings.iter().map(|(id, _)| id);
        tally.viewings += count(viewings.filter(|id| !self.viewings.contains_key(*id)));
        tally.viewings -= u32::from(draft.pruned.is_some() && tally.viewings > 0);
        tally.spans += count(draft.opened.iter().filter(|id| !self.open.contains(*id)));
        let closed = count(draft.closed.iter().filter(|id| self.open.contains(*id)));
        tally.spans = tally.spans.saturating_sub(closed);
        tally
    }
}

fn count<T>(things: impl Iterator<Item = T>) -> u32 {
    u32::try_from(things.count()).unwrap_or(u32::MAX)
}

/// Whether a clock that shows this can be right. A machine without a battery boots in 1970.
pub(crate) fn plausible(wall: Wall) -> bool {
    const YEAR_2024: Wall = Wall(1_704_067_200_000);
    wall >= YEAR_2024
}

/// Boot time in milliseconds.
fn milliseconds(now: Moment) -> u64 {
    u64::try_from(now.boot.as_millis()).unwrap_or(u64::MAX)
}
