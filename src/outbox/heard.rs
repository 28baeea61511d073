//! Which sessions an account was told of: from the first attempt of a live event until the session's stop is settled there. An
//! attempt that certainly did not arrive has told nothing.
//!
//! The account perhaps takes such a session to be playing, so its stop is never superseded by that of a later one. A session
//! that an account has not heard of begins there with a `start`, whatever happens first.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::index::Header;
use super::record::{self, Kind, encode};
use super::{Catalogue, Draft, Outbox};
use crate::model::{Action, DeliveryId, Lifecycle, SessionId};
use crate::store::{Store, StoreError};

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// A live event is about to be sent: from now on the account has perhaps heard of its session.
    pub(super) fn tell_of(&self, header: &Header, draft: &mut Draft) -> Result<(), StoreError> {
        if header.kind == Kind::Event && header.is_live() {
            self.mark_heard(header.account, header.session, draft)?;
        }
        Ok(())
    }

    pub(super) fn mark_heard(
        &self,
        account: u16,
        session: SessionId,
        draft: &mut Draft,
    ) -> Result<(), StoreError> {
        if !self.heard.contains(&(account, session)) {
            draft
                .batch
                .put(record::heard(account, session), encode(&())?);
            draft.heard.push((account, session));
        }
        Ok(())
    }

    /// The request in flight did not arrive: if it was the first of its session, the account has not heard of that, and stops
    /// that were kept for its sake are superseded like others.
    pub(super) fn unhear(&mut self, id: DeliveryId, header: &Header, draft: &mut Draft) {
        let account = self.accounts.get(&header.account);
        if account.and_then(|account| account.introduces) != Some(id) {
            return;
        }
        let (account, session) = (header.account, header.session);
        draft.batch.remove(record::heard(account, session));
        draft.hushed.push((account, session));
        let stops = self.index.lane(account, header.lane);
        let stops = stops.filter(|(_, stop)| stop.session == session && stop.heard);
        let stops: Vec<(DeliveryId, Header)> = stops.map(|(id, stop)| (id, *stop)).collect();
        for (id, mut stop) in stops {
            stop.heard = false;
            let mut later = self.index.lane(account, header.lane);
            if later.any(|(later, new)| later > id && new.supersedes(&stop)) {
                draft.remove(id);
            } else {
                draft.put(id, stop);
            }
        }
    }

    /// The session's stop is settled: nothing more is said of it there.
    pub(super) fn hush(&self, header: &Header, draft: &mut Draft) {
        let place = (header.account, header.session);
        if header.kind == Kind::Event && !header.is_live() && self.heard.contains(&place) {
            draft.batch.remove(record::heard(place.0, place.1));
            draft.hushed.push(place);
        }
    }

    /// What an account is to be told of an event: itself, after a `start` if it has not heard of the session yet.
    pub(super) fn introduced<'a>(
        &self,
        account: u16,
        event: &'a Lifecycle,
    ) -> Vec<Cow<'a, Lifecycle>> {
        let known = matches!(event.action, Action::Start | Action::Stop)
            || self.heard.contains(&(account, event.session))
            || self.is_queued(account, event);
        if known {
            return vec![Cow::Borrowed(event)];
        }
        let mut start = Lifecycle {
            action: Action::Start,
            ..event.clone()
        };
        if event.action != Action::Pause {
            return vec![Cow::Owned(start)];
        }
        start.at.wall = start.at.wall.minus(std::time::Duration::from_millis(1));
        vec![Cow::Owned(start), Cow::Borrowed(event)]
    }

    /// Whether something of the event's session waits for the account.
    fn is_queued(&self, account: u16, event: &Lifecycle) -> bool {
        let mut lane = self.index.lane(account, event.viewing.0);
        lane.any(|(_, old)| old.kind == Kind::Event && old.session == event.session)
    }
}

/// Marks of sessions that are over and of which nothing waits any more.
pub(super) fn outlived<'a>(
    heard: &BTreeSet<(u16, SessionId)>,
    open: &BTreeSet<SessionId>,
    queued: impl Iterator<Item = (DeliveryId, &'a Header)>,
) -> Vec<(u16, SessionId)> {
    let queued: BTreeSet<(u16, SessionId)> = queued.map(|(_, h)| (h.account, h.session)).collect();
    let over = |place: &&(u16, SessionId)| !open.contains(&place.1) && !queued.contains(place);
    heard.iter().filter(over).copied().collect()
}
