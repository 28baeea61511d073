//! Events that happened while the clock was wrong: they wait, and are dated once it is right.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use super::record::{self, encode};
use super::{Catalogue, Draft, Outbox, plausible};
use crate::model::{Action, DeliveryId, Lifecycle, Moment, SessionId, Wall};
use crate::store::{Durability, Store, StoreError};

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// Dates everything undated, if the clock is right by now: by the boot clock, or, for what happened before this boot,
    /// by its beginning, which is the latest that it can have been.
    pub(super) fn date(&mut self, now: Moment) -> Result<(), StoreError> {
        if self.index.undated() == 0 || !plausible(now.wall) {
            return Ok(());
        }
        let undated: Vec<DeliveryId> = self
            .index
            .iter()
            .filter(|(_, header)| header.undated)
            .map(|(id, _)| id)
            .collect();
        let mut draft = Draft::default();
        let mut last: BTreeMap<(u16, SessionId), Wall> = BTreeMap::new();
        for id in undated {
            let Some((mut header, mut payload)) = self.header_and_payload(id)? else {
                continue;
            };
            let age = if payload.boot_id == self.boot_id {
                now.boot.saturating_sub(payload.event.at.boot)
            } else {
                now.boot
            };
            let floor = last.entry((header.account, header.session)).or_default();
            let stamp = now
                .wall
                .minus(age)
                .max(floor.plus(Duration::from_millis(1)));
            *floor = stamp;
            payload.event.at.wall = stamp;
            header.undated = false;
            draft.batch.put(record::payload(id), encode(&payload)?);
            draft.put(id, header);
        }
        self.commit(draft, Durability::Process)?;
        for ((_, session), stamp) in last {
            let known = self.corrected.entry(session).or_insert(stamp);
            *known = stamp.max(*known);
        }
        Ok(())
    }

    /// The event, later than every corrected stamp of its session.
    pub(super) fn after_corrected<'a>(&mut self, event: &'a Lifecycle) -> Cow<'a, Lifecycle> {
        let mut event = Cow::Borrowed(event);
        let Some(last) = self.corrected.get_mut(&event.session) else {
            return event;
        };
        if plausible(event.at.wall) {
            let stamp = event.at.wall.max(last.plus(Duration::from_millis(1)));
            *last = stamp;
            if stamp != event.at.wall {
                event.to_mut().at.wall = stamp;
            }
        }
        if event.action == Action::Stop {
            self.corrected.remove(&event.session);
        }
        event
    }
}
