//! Reading the deliveries: the blocks if they can be believed, otherwise the payloads.

use std::collections::{BTreeMap, BTreeSet};

use super::index::{Header, Index};
use super::reader::{Reader, Sum};
use super::record::{self, Attempts, Entry, Payload, Tally, number};
use super::{Catalogue, Outbox};
use crate::model::{AccountKey, DeliveryId, SessionId};
use crate::outbox::ids::IdCache;
use crate::store::{Store, StoreError};

/// What is known besides the deliveries.
pub struct Known<'a> {
    pub tally: Option<Tally>,
    pub accounts: &'a BTreeMap<u16, AccountKey>,
    pub ids: &'a IdCache,
    pub heard: &'a BTreeSet<(u16, SessionId)>,
}

/// The deliveries.
pub struct Gathered {
    pub index: Index,
    /// What there is on disk.
    pub sum: Sum,
    pub last: u64,
    /// Blocks on disk that say something else.
    pub dirty: BTreeSet<u64>,
}

/// What is read while one goes through them.
#[derive(Default)]
struct Haul {
    headers: Vec<(DeliveryId, Header)>,
    /// Begun when the last run ended; something later may have made them pointless.
    begun: Vec<DeliveryId>,
    /// Live, of an earlier boot.
    over: Vec<DeliveryId>,
    /// Of an account that nobody knows.
    homeless: Vec<DeliveryId>,
    last: u64,
}

impl<S: Store, C: Catalogue> Outbox<S, C> {
    pub(super) fn gather(
        &self,
        reader: &mut Reader<'_, S>,
        known: &Known<'_>,
    ) -> Result<Gathered, StoreError> {
        let attempts = attempts(reader)?;
        let mut haul = Haul::default();
        let told =
            reader.entries(|id, entry| self.take(&mut haul, known, &attempts, id, &entry))?;
        let expected = known.tally.map(|tally| Sum {
            count: tally.deliveries,
            numbers: tally.sum,
        });
        let believed = told.is_some() && told == Some(expected.unwrap_or_default());
        let sum = match told.filter(|_| believed) {
            Some(sum) => sum,
            None => {
                haul = Haul::default();
                self.take_payloads(reader, &mut haul, known, &attempts)?
            }
        };
        for id in &haul.homeless {
            reader.set_aside(*id)?;
        }
        let mut index = Index::load(std::mem::take(&mut haul.headers));
        haul.begun.retain(|id| index.is_superseded(*id));
        for id in haul.begun.iter().chain(&haul.over) {
            index.remove(*id);
            reader.remove(*id);
        }
        for id in attempts.keys().filter(|id| index.get(**id).is_none()) {
            reader.tidy.remove(record::attempts(*id));
        }
        let gone = haul.begun.iter().chain(&haul.over).chain(&haul.homeless);
        let mut changed: BTreeSet<u64> = gone.map(|id| record::block_of(*id)).collect();
        if !believed {
            reader
                .store
                .scan(b"d", &mut |key, _| changed.extend(number(key)))?;
            changed.extend(index.iter().map(|(id, _)| record::block_of(id)));
        }
        Ok(Gathered {
            index,
            sum,
            last: haul.last,
            dirty: changed,
        })
    }

    /// Makes the entries anew from the payloads.
    fn take_payloads(
        &self,
        reader: &mut Reader<'_, S>,
        haul: &mut Haul,
        known: &Known<'_>,
        attempts: &BTreeMap<DeliveryId, Option<Attempts>>,
    ) -> Result<Sum, StoreError> {
        let mut sum = Sum::default();
        reader.each::<Payload>(b"p", |key, payload| {
            let id = DeliveryId(number(key)?);
            known.accounts.get(&payload.account)?;
            sum.add(id);
            self.take(haul, known, attempts, id, &Entry::from(&payload));
            Some(())
        })?;
        // What is about to be removed was there as well.
        let going = reader.going();
        reader.store.scan(b"p", &mut |key, _| {
            let id = number(key).map(DeliveryId);
            id.filter(|id| going.contains(id))
                .iter()
                .for_each(|id| sum.add(*id));
        })?;
        Ok(sum)
    }

    fn take(
        &self,
        haul: &mut Haul,
        known: &Known<'_>,
        attempts: &BTreeMap<DeliveryId, Option<Attempts>>,
        id: DeliveryId,
        entry: &Entry,
    ) {
        haul.last = haul.last.max(id.0);
        if !known.accounts.contains_key(&entry.account) {
            haul.homeless.push(id);
            return;
        }
        let account = self.accounts.get(&entry.account);
        let in_flight = account.is_some_and(|account| account.in_flight == Some(id));
        let untried = Attempts::default();
        // Of an attempt that cannot be read it is not known how it ended.
        let unreadable = Attempts {
            count: 1,
            in_doubt: true,
            ..Attempts::default()
        };
        let attempts = match attempts.get(&id) {
            None => &untried,
            Some(None) => &unreadable,
            Some(Some(attempts)) => attempts,
        };
        let mut header = Header::new(entry, self.boot_id, known.ids, attempts);
        header.heard = known.heard.contains(&(entry.account, entry.session));
        if attempts.begun && !in_flight {
            header.in_doubt = true;
            haul.begun.push(id);
        }
        let title = entry.title.and_then(|title| known.ids.get(title));
        header.needs_id &= entry.tmdb.or(title.and_then(|ids| ids.tmdb)).is_none();
        header.needs_id |= account.is_some_and(|account| account.is_unknown(id));
        header.aside = account.is_some_and(|account| account.is_aside(id));
        if header.is_live() && header.made().is_none() && !in_flight {
            haul.over.push(id);
        } else {
            haul.headers.push((id, header));
        }
    }
}

/// How far deliveries have come; `None` for what cannot be read. Without the bulk.
fn attempts<S: Store>(
    reader: &mut Reader<'_, S>,
) -> Result<BTreeMap<DeliveryId, Option<Attempts>>, StoreError> {
    let mut attempts = BTreeMap::new();
    reader.each::<Attempts>(b"m", |key, record| {
        let slim = Attempts {
            request: None,
            last_error: None,
            ..record
        };
        attempts.insert(DeliveryId(number(key)?), Some(slim));
        Some(())
    })?;
    for (key, value) in &reader.tidy.changes {
        if value.is_none() && key.first() == Some(&b'm') {
            attempts.extend(number(key).map(|id| (DeliveryId(id), None)));
        }
    }
    Ok(attempts)
}
