//! Events that happened while the clock was wrong: they wait, and are dated once it is right.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::record::{self, encode};
use super::{Catalogue, Draft, Outbox, plausible};
use crate::model::{Action, DeliveryId, Lifecycle, Moment, SessionId, Span, Wall};
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
        let mut over = BTreeSet::new();
        for id in undated {
            let Some((mut header, mut payload)) = self.header_and_payload(id)? else {
                continue;
            };
            let age = if payload.boot_id == self.boot_id {
                now.boot.saturating_sub(payload.event.at.boot)
            } else {
                now.boot
            };
            // What was corrected before may have been sent.
            let known = self.corrected.get(&header.session).copied();
            let floor = last.entry((header.account, header.session));
            let floor = floor.or_insert_with(|| known.unwrap_or_default());
            let stamp = now
                .wall
                .minus(age)
                .max(floor.plus(Duration::from_millis(1)));
            *floor = stamp;
            payload.event.at.wall = stamp;
            if payload.event.action == Action::Stop {
                over.insert(header.session);
            }
            header.undated = false;
            draft.batch.put(record::payload(id), encode(&payload)?);
            draft.put(id, header);
        }
        for ((_, session), stamp) in &last {
            self.date_journal(*session, *stamp, &mut draft)?;
        }
        self.commit(draft, Durability::Process)?;
        for ((_, session), stamp) in last {
            let known = self.corrected.entry(session).or_insert(stamp);
            *known = stamp.max(*known);
        }
        self.corrected.retain(|session, _| !over.contains(session));
        Ok(())
    }

    /// The journal of a session that is open knows its corrected stamp: if the daemon dies, its stop must still be later.
    fn date_journal(
        &self,
        session: SessionId,
        stamp: Wall,
        draft: &mut Draft,
    ) -> Result<(), StoreError> {
        let key = record::span(session);
        let open = self.open.contains(&session);
        if open && let Some(mut span) = self.read::<Span>(&key)? {
            span.at.wall = stamp.max(span.at.wall);
            span.stamp = stamp.max(span.stamp);
            draft.batch.put(key, encode(&span)?);
        }
        Ok(())
    }

    /// The event, later than every corrected stamp of its session: the same however often it has to be written.
    pub(super) fn after_corrected<'a>(&self, event: &'a Lifecycle) -> Cow<'a, Lifecycle> {
        let mut event = Cow::Borrowed(event);
        // One of a clock that was wrong is dated later, by `date`.
        let last = self.corrected.get(&event.session);
        if let Some(last) = last.filter(|_| plausible(event.at.wall)) {
            let floor = last.plus(Duration::from_millis(1));
            if event.at.wall < floor {
                event.to_mut().at.wall = floor;
            }
        }
        event
    }

    /// It is written: what follows must be later, and nothing follows a stop.
    pub(super) fn is_written(&mut self, event: &Lifecycle) {
        if !plausible(event.at.wall) {
            return;
        }
        if event.action == Action::Stop {
            self.corrected.remove(&event.session);
        } else if let Some(last) = self.corrected.get_mut(&event.session) {
            *last = event.at.wall.max(*last);
        }
    }
}
