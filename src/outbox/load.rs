//! Reading everything anew: at start, and after the store failed. Writes nothing; what must be tidied goes out with the
//! next batch.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Account;
use super::gather::{self, Gathered};
use super::heard::outlived;
use super::ids::{IdCache, TitleKey};
use super::newest::Newest;
use super::notes::Note;
use super::reader::{Reader, Sum};
use super::record::{self, Known, Remembrance, Tally, heard_of, newest_of, number, session_of};
use super::{Catalogue, Outbox, Remembered};
use crate::model::{AccountKey, Playback, SessionId, Span, Viewing, ViewingId, Wall};
use crate::sender::plan::Budget;
use crate::store::{Store, StoreError, StoreErrorKind};

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// Replaces everything that mirrors the disk; what is not on disk (backoff, requests in flight) stays.
    pub(super) fn reload(&mut self, store: S) -> Result<Remembered, StoreError> {
        let deferred = self.deferred.clone();
        let mut reader = Reader::new(&store, &deferred);
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
        let mut newest_points = Newest::default();
        reader.each::<Wall>(b"r", |key, stamp| {
            newest_points.put(newest_of(key)?, stamp);
            Some(())
        })?;
        let mut recent = BTreeMap::new();
        reader.each::<u64>(b"x", |key, fingerprint| {
            recent.insert(number(key)?, fingerprint);
            Some(())
        })?;
        let mut remembered = Remembered::default();
        let mut touched = BTreeMap::new();
        let mut played_in: BTreeMap<ViewingId, Playback> = BTreeMap::new();
        reader.each(b"c", |key, playback| {
            played_in.insert(ViewingId(number(key)?), playback);
            Some(())
        })?;
        reader.each::<u64>(b"e", |key, entry| {
            if let Some(playback) = played_in.get_mut(&ViewingId(number(key)?)) {
                playback.entry = Some(entry);
            }
            Some(())
        })?;
        reader.each::<Remembrance>(b"v", |key, record| {
            let id = ViewingId(number(key)?);
            touched.insert(id, record.touch);
            remembered.viewings.push(Viewing {
                played_in: played_in.remove(&id),
                ..record.viewing
            });
            Some(())
        })?;
        let mut open: BTreeSet<SessionId> = BTreeSet::new();
        reader.each::<Span>(b"s", |_, span| {
            open.insert(span.session);
            remembered.open.push(span);
            Some(())
        })?;
        reader.each::<Vec<AccountKey>>(b"u", |key, accounts| {
            remembered.told_to.insert(session_of(key)?, accounts);
            Some(())
        })?;
        let mut heard = BTreeSet::new();
        reader.each::<()>(b"l", |key, ()| heard.insert(heard_of(key)?).then_some(()))?;
        // Only a store that has lost something knows of less.
        heard.extend(&self.heard);
        let mut notes = BTreeSet::new();
        reader.each::<Note>(b"h", |key, _| {
            notes.insert(number(key)?);
            Some(())
        })?;
        let mut told = None;
        reader.each::<SessionId>(record::TOLD, |_, session| {
            told = Some(session);
            Some(())
        })?;
        let mut lost_lines = 0;
        reader.each::<u64>(record::LOST_LINES, |_, lost| {
            lost_lines = lost;
            Some(())
        })?;
        let was = tallies.first().copied();
        let known = gather::Known {
            tally: was,
            accounts: &keys,
            ids: &ids,
            heard: &heard,
        };
        let gathered = self.gather(&mut reader, &known)?;
        let Gathered {
            index,
            sum,
            last,
            dirty,
        } = gathered;
        if reader.newer {
            return Err(StoreError {
                kind: StoreErrorKind::Newer,
                message: "the database was written by a newer version of reeld".into(),
            });
        }
        for session in remembered.told_to.keys().filter(|id| !open.contains(*id)) {
            reader.tidy.remove(record::told_to(*session));
        }
        remembered
            .told_to
            .retain(|session, _| open.contains(session));
        for place in outlived(&heard, &open, index.iter()) {
            heard.remove(&place);
            reader.tidy.remove(record::heard(place.0, place.1));
        }
        let (tidy, damaged) = (reader.tidy, reader.damaged);
        self.report(damaged, was, sum, (touched.len(), open.len()));
        self.tally = Tally {
            // A request may be in flight under a number that the disk does not know any more.
            next: was
                .map_or(0, |t| t.next)
                .max(last.saturating_add(1))
                .max(self.tally.next),
            touch: was
                .map_or(0, |t| t.touch)
                .max(newest(&touched))
                .max(notes.last().map_or(0, |note| note.saturating_add(1))),
            deliveries: index.len() as u64,
            sum: index.iter().fold(0, |sum, (id, _)| id.0.wrapping_add(sum)),
            viewings: u32::try_from(touched.len()).unwrap_or(u32::MAX),
            spans: u32::try_from(open.len()).unwrap_or(u32::MAX),
        };
        self.stored_accounts = keys.keys().copied().collect();
        self.adopt_accounts(keys);
        self.index = index;
        self.ids = ids;
        self.newest = newest_points;
        self.recent = recent;
        self.viewings = touched;
        self.open = open;
        self.told_to.clone_from(&remembered.told_to);
        self.heard = heard;
        self.notes = notes;
        self.told = told;
        self.lost_lines = lost_lines;
        self.deferred.extend(tidy.changes);
        self.dirty.extend(dirty);
        self.written = was.unwrap_or_default();
        self.store = Some(store);
        self.stale = false;
        Ok(remembered)
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
    fn report(&mut self, damaged: u64, was: Option<Tally>, sum: Sum, here: (usize, usize)) {
        let (viewings, spans) = here;
        if damaged > 0 {
            self.problems.push(format!(
                "{damaged} records of the database could not be read; they were kept aside and left out"
            ));
        }
        let Some(was) = was else {
            if sum.count > 0 || viewings > 0 {
                self.problems
                    .push("the database lost its own count of what it holds".into());
            }
            return;
        };
        if (was.deliveries, was.sum) != (sum.count, sum.numbers) {
            self.problems.push(format!(
                "the database held {} queued deliveries and now has {}",
                was.deliveries, sum.count
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
    touched
        .values()
        .max()
        .map_or(0, |touch| touch.saturating_add(1))
}
