//! Reading everything anew: at start, and after the store failed. Writes nothing; what must be tidied goes out with the
//! next batch.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use super::account::Account;
use super::ids::{IdCache, TitleKey};
use super::index::{Header, Index};
use super::record::{self, Attempts, Entry, Known, Remembrance, Tally, Unreadable, decode, number};
use super::{Catalogue, Outbox, Remembered};
use crate::model::{AccountKey, DeliveryId, SessionId, Span, ViewingId};
use crate::sender::plan::Budget;
use crate::store::{Batch, Store, StoreError, StoreErrorKind};

/// One pass over the store, and over what is still to be written to it: what cannot be read is moved into quarantine.
struct Reader<'a, S> {
    store: &'a S,
    deferred: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// Entries on disk that are to be removed.
    going: Vec<DeliveryId>,
    tidy: Batch,
    damaged: u64,
    newer: bool,
}

impl<S: Store> Reader<'_, S> {
    /// Calls `each` for every record of a kind that makes sense; it says if the key does as well.
    fn each<T: DeserializeOwned>(
        &mut self,
        prefix: &[u8],
        mut each: impl FnMut(&[u8], T) -> Option<()>,
    ) -> Result<(), StoreError> {
        let Self {
            store,
            deferred,
            going,
            tidy,
            damaged,
            newer,
        } = self;
        let mut take = |key: &[u8], value: &[u8]| {
            let understood = match decode::<T>(value) {
                Ok(record) => each(key, record).is_some(),
                Err(Unreadable::Newer) => {
                    *newer = true;
                    return;
                }
                Err(Unreadable::Damaged) => false,
            };
            if !understood {
                *damaged += 1;
                tidy.put(record::quarantined(key), value);
                tidy.remove(key);
            }
        };
        store.scan(prefix, &mut |key, value| {
            if !deferred.contains_key(key) {
                take(key, value);
            } else if key.first() == Some(&b'd') {
                going.extend(number(key).map(DeliveryId));
            }
        })?;
        for (key, value) in deferred.iter().filter(|(key, _)| key.starts_with(prefix)) {
            if let Some(value) = value {
                take(key, value);
            }
        }
        Ok(())
    }

    /// A payload whose entry went into quarantine goes there too.
    fn set_aside_payloads(&mut self) -> Result<(), StoreError> {
        let removed = self
            .tidy
            .changes
            .iter()
            .filter(|(_, value)| value.is_none());
        let of_entries = removed.filter(|(key, _)| key.first() == Some(&b'd'));
        let lost: Vec<_> = of_entries.filter_map(|(key, _)| number(key)).collect();
        for id in lost.into_iter().map(DeliveryId) {
            let key = record::payload(id);
            if let Some(value) = self.store.get(&key)? {
                self.tidy.put(record::quarantined(&key), value);
                self.tidy.remove(key);
            }
        }
        Ok(())
    }

    fn remove_delivery(&mut self, id: DeliveryId) {
        self.tidy.remove(record::entry(id));
        self.tidy.remove(record::payload(id));
        self.tidy.remove(record::attempts(id));
    }
}

/// The deliveries, as far as they can be read.
struct Deliveries {
    headers: Vec<(DeliveryId, Header)>,
    /// Begun when the last run ended; something later may have made them pointless.
    begun: Vec<DeliveryId>,
    count: u64,
    sum: u64,
    last: Option<u64>,
}

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// Replaces everything that mirrors the disk; what is not on disk (backoff, requests in flight) stays.
    pub(super) fn reload(&mut self, store: S) -> Result<Remembered, StoreError> {
        let mut reader = Reader {
            store: &store,
            deferred: self.deferred.clone(),
            going: Vec::new(),
            tidy: Batch::default(),
            damaged: 0,
            newer: false,
        };
        let mut tallies = Vec::new();
        reader.each::<Tally>(record::TALLY, |_, tally| {
            tallies.push(tally);
            Some(())
        })?;
        let mut keys: BTreeMap<u16, AccountKey> = BTreeMap::new();
        reader.each(b"a", |key, account| {
            keys.insert(u16::try_from(number(key)?).ok()?, account);
            Some(())
        })?;
        let mut ids = IdCache::default();
        reader.each::<Known>(b"i", |key, known| {
            ids.put(TitleKey(number(key)?), known);
            Some(())
        })?;
        let mut recent = BTreeMap::new();
        reader.each::<u64>(b"x", |key, fingerprint| {
            recent.insert(number(key)?, fingerprint);
            Some(())
        })?;
        let mut remembered = Remembered::default();
        let mut touched = BTreeMap::new();
        reader.each::<Remembrance>(b"v", |key, record| {
            touched.insert(ViewingId(number(key)?), record.touch);
            remembered.viewings.push(record.viewing);
            Some(())
        })?;
        let mut open: BTreeSet<SessionId> = BTreeSet::new();
        reader.each::<Span>(b"s", |_, span| {
            open.insert(span.session);
            remembered.open.push(span);
            Some(())
        })?;
        let found = self.read_deliveries(&mut reader, &keys, &ids)?;
        if reader.newer {
            return Err(StoreError {
                kind: StoreErrorKind::Newer,
                message: "the database was written by a newer version of reeld".into(),
            });
        }

        let mut index = Index::load(found.headers);
        for id in found.begun {
            if index.is_superseded(id) {
                index.remove(id);
                reader.remove_delivery(id);
            }
        }
        let (tidy, damaged) = (reader.tidy, reader.damaged);
        let was = tallies.first().copied();
        let here = (found.count, found.sum, touched.len(), open.len());
        self.report(damaged, was, here);
        self.tally = Tally {
            next: was
                .map_or(0, |t| t.next)
                .max(found.last.map_or(1, |id| id + 1)),
            touch: was.map_or(0, |t| t.touch).max(newest(&touched)),
            deliveries: index.len() as u64,
            sum: index.iter().fold(0, |sum, (id, _)| id.0.wrapping_add(sum)),
            viewings: u32::try_from(touched.len()).unwrap_or(u32::MAX),
            spans: u32::try_from(open.len()).unwrap_or(u32::MAX),
        };
        self.stored_accounts = keys.keys().copied().collect();
        self.adopt_accounts(keys);
        self.index = index;
        self.ids = ids;
        self.recent = recent;
        self.viewings = touched;
        self.open = open;
        self.deferred.extend(tidy.changes);
        self.written = was.unwrap_or_default();
        self.store = Some(store);
        self.stale = false;
        Ok(remembered)
    }

    fn read_deliveries(
        &self,
        reader: &mut Reader<'_, S>,
        accounts: &BTreeMap<u16, AccountKey>,
        ids: &IdCache,
    ) -> Result<Deliveries, StoreError> {
        let mut attempts: BTreeMap<DeliveryId, Attempts> = BTreeMap::new();
        let mut unreadable = BTreeSet::new();
        reader.each::<Attempts>(b"m", |key, record| {
            attempts.insert(
                DeliveryId(number(key)?),
                Attempts {
                    request: None,
                    last_error: None,
                    ..record
                },
            );
            Some(())
        })?;
        for (key, _) in &reader.tidy.changes {
            if let Some((b'm', _)) = key.split_first() {
                unreadable.extend(number(key).map(DeliveryId));
            }
        }
        let mut found = Deliveries {
            headers: Vec::new(),
            begun: Vec::new(),
            count: 0,
            sum: 0,
            last: None,
        };
        let mut over = Vec::new();
        reader.each::<Entry>(b"d", |key, entry| {
            let id = DeliveryId(number(key)?);
            accounts.get(&entry.account)?;
            found.count += 1;
            found.sum = found.sum.wrapping_add(id.0);
            found.last = Some(id.0);
            let mut record = attempts.remove(&id).unwrap_or_default();
            let in_flight = self.is_in_flight(id);
            // Of an attempt that cannot be read it is not known how it ended.
            if unreadable.contains(&id) {
                record.count = 1;
                record.in_doubt = true;
            }
            if record.begun && !in_flight {
                record.in_doubt = true;
                found.begun.push(id);
            }
            let tmdb = entry.tmdb.or_else(|| ids.get(entry.title?)?.tmdb);
            record.needs_id &= tmdb.is_none();
            let lane = lane(&entry, tmdb);
            let mut header = Header::new(&entry, lane, self.boot_id, &record);
            let account = self.accounts.get(&entry.account);
            header.aside = account.is_some_and(|account| account.is_aside(id));
            header.needs_id |= account.is_some_and(|account| account.is_unknown(id));
            if header.is_live() && header.made.is_none() && !in_flight {
                over.push(id);
            } else {
                found.headers.push((id, header));
            }
            Some(())
        })?;
        for id in reader.going.drain(..) {
            found.count += 1;
            found.sum = found.sum.wrapping_add(id.0);
            found.last = found.last.max(Some(id.0));
        }
        reader.set_aside_payloads()?;
        for id in over {
            reader.remove_delivery(id);
        }
        for id in attempts.into_keys() {
            reader.tidy.remove(record::attempts(id));
        }
        Ok(found)
    }

    fn is_in_flight(&self, id: DeliveryId) -> bool {
        let mut accounts = self.accounts.values();
        accounts.any(|account| account.in_flight == Some(id))
    }

    /// Accounts as the disk numbers them, with what memory knew of them.
    fn adopt_accounts(&mut self, keys: BTreeMap<u16, AccountKey>) {
        let mut before: Vec<Account> = std::mem::take(&mut self.accounts).into_values().collect();
        for (number, key) in keys {
            let place = before.iter().position(|account| account.key == key);
            let account = place.map(|place| before.swap_remove(place));
            let account = account.unwrap_or_else(|| {
                let budget = Budget::new(self.catalogue.rate(key.service));
                Account::new(key, budget)
            });
            self.accounts.insert(number, account);
        }
        for account in before {
            if let Some(number) = self.number_or_new(&account.key) {
                self.accounts.insert(number, account);
            }
        }
    }

    /// Says what is damaged or missing.
    fn report(&mut self, damaged: u64, was: Option<Tally>, here: (u64, u64, usize, usize)) {
        let (count, sum, viewings, spans) = here;
        if damaged > 0 {
            self.problems.push(format!(
                "{damaged} records of the database could not be read; they were kept aside and left out"
            ));
        }
        let Some(was) = was else {
            if count > 0 || viewings > 0 {
                self.problems
                    .push("the database lost its own count of what it holds".into());
            }
            return;
        };
        if (was.deliveries, was.sum) != (count, sum) {
            self.problems.push(format!(
                "the database held {} queued deliveries and now has {count}",
                was.deliveries
            ));
        }
        if was.viewings as usize != viewings || was.spans as usize != spans {
            self.problems.push(format!(
                "the database held {} viewings and {} open sessions and now has {viewings} and {spans}",
                was.viewings, was.spans
            ));
        }
    }
}

fn newest(touched: &BTreeMap<ViewingId, u64>) -> u64 {
    touched.values().max().map_or(0, |touch| touch + 1)
}

/// The lane of a delivery, given what is known of its title by now.
pub(super) fn lane(entry: &Entry, tmdb: Option<u64>) -> u64 {
    match (entry.kind, entry.title) {
        (record::Kind::Event, _) | (_, None) => entry.viewing.0,
        (_, Some(title)) => title.lane(tmdb),
    }
}
