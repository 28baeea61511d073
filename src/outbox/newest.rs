//! The newest resume point that each account has of each title, so that no older one follows it: what two spellings name
//! may turn out to be one title only when an id is found, long after the newer of them was delivered.

use std::collections::BTreeMap;
use std::time::Duration;

use super::index::Header;
use super::record::{self, Kind, Payload, encode};
use super::{Catalogue, Draft, Outbox, plausible};
use crate::model::{DeliveryId, Wall};
use crate::store::{Store, StoreError};

/// Most titles of all accounts whose newest resume point is remembered; the oldest go first.
pub(super) const MOST_TITLES: usize = 5_000;

/// Stamps of one session differ, if only by inventing a few milliseconds.
const AHEAD: Duration = Duration::from_secs(1);

/// Of an account, by its number, and a lane.
pub type Place = (u16, u64);

/// When the newest resume point of each place was true.
#[derive(Debug, Default)]
pub struct Newest(BTreeMap<Place, Wall>);

impl Newest {
    pub fn put(&mut self, place: Place, stamp: Wall) {
        self.0.insert(place, stamp);
    }

    pub fn remove(&mut self, place: Place) {
        self.0.remove(&place);
    }

    /// Whether what was true at `stamp` comes too late.
    pub fn is_after(&self, place: Place, stamp: Wall, now: Wall) -> bool {
        // One that is yet to come is that of a wrong clock, and holds nothing up.
        let real = |newest: &Wall| *newest <= now.plus(AHEAD) || !plausible(now);
        let newest = self.0.get(&place);
        newest.is_some_and(|newest| stamp < *newest && real(newest))
    }

    /// Whether this or something later was delivered.
    pub fn knows(&self, place: Place, stamp: Wall) -> bool {
        self.0.get(&place).is_some_and(|newest| stamp <= *newest)
    }

    /// The one to forget when another comes in.
    fn surplus(&self, coming: Place) -> Option<Place> {
        if self.0.len() < MOST_TITLES || self.0.contains_key(&coming) {
            return None;
        }
        let oldest = self.0.iter().min_by_key(|(_, stamp)| **stamp);
        oldest.map(|(place, _)| *place)
    }
}

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// Remembers a resume point that was delivered.
    pub(super) fn note_newest(
        &self,
        id: DeliveryId,
        header: &Header,
        draft: &mut Draft,
    ) -> Result<(), StoreError> {
        if header.kind != Kind::ResumePoint {
            return Ok(());
        }
        let Some(payload) = self.read::<Payload>(&record::payload(id))? else {
            return Ok(());
        };
        let place = (header.account, header.lane);
        if let Some(oldest) = self.newest.surplus(place) {
            draft.batch.remove(record::newest(oldest));
            draft.outlived = Some(oldest);
        }
        let stamp = payload.event.at.wall;
        draft.batch.put(record::newest(place), encode(&stamp)?);
        draft.newest = Some((place, stamp));
        Ok(())
    }
}
