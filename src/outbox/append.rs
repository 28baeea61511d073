//! `append`: one step of the debouncer becomes one atomic batch.

use std::borrow::Cow;

use super::ids::{Fnv, Trust, id_of_stop};
use super::index::Header;
use super::notes::{MOST_NOTES, Note};
use super::record::{self, Attempts, Entry, Kind, Payload, Remembrance, encode};
use super::{Catalogue, Draft, MOST_VIEWINGS, Outbox, RECENT, TitleKey};
use crate::model::{
    AccountKey, Action, DeliveryId, EventId, Journal, Lifecycle, Moment, SessionId, Span, Step,
    Viewing, ViewingId, Wall,
};
use crate::service::Call;
use crate::store::{Durability, Store, StoreError};

/// Why deliveries are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It has just happened.
    News,
    /// In place of one that was taken back.
    Instead,
    /// What superseded its resume point was taken back.
    Place,
    /// A stop that has perhaps arrived.
    Again {
        /// Its resume point is still the title's newest.
        newest: bool,
    },
}

/// What a step led to, for the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Appended {
    /// New deliveries.
    pub made: Vec<DeliveryId>,
    /// Deliveries that this made pointless and that are gone.
    pub superseded: Vec<DeliveryId>,
    /// The event was there already (its commit had landed although it failed): nothing was done.
    pub already: bool,
}

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// Remembers a step: its event as deliveries for `accounts` (those its session is for), what that supersedes, the viewing
    /// and the journal, in one atomic write. A stop has reached the disk when this returns; anything else survives kill -9.
    ///
    /// # Errors
    /// When the store failed: reopen it and append the same step again; it is never taken twice.
    pub fn append(
        &mut self,
        step: &Step,
        accounts: &[AccountKey],
        now: Moment,
    ) -> Result<Appended, StoreError> {
        self.open_store()?;
        self.date(now)?;
        let fingerprint = step.event.as_ref().map(fingerprint);
        let event = step.event.as_ref().map(|event| self.after_corrected(event));
        let told = event.as_deref();
        if fingerprint.is_some_and(|print| self.recent.values().any(|known| *known == print)) {
            told.into_iter().for_each(|event| self.is_written(event));
            return Ok(Appended {
                already: true,
                ..Appended::default()
            });
        }
        let mut draft = Draft {
            touched: true,
            ..Draft::default()
        };
        if let Some(print) = fingerprint {
            let slot = self.tally.touch % RECENT;
            draft.batch.put(record::fingerprint(slot), encode(&print)?);
            draft.recent = Some((slot, print));
        }
        self.remember(&step.viewing, &mut draft)?;
        let stamp = told.map(|event| event.at.wall);
        self.keep_journal(&step.journal, stamp, accounts, &mut draft)?;
        let accounts = match step.viewing.local_only {
            Some(_) => &[],
            None => accounts,
        };
        let mut appended = Appended::default();
        if let Some(event) = told {
            for account in accounts {
                for event in self.introduced_to(account, event) {
                    let news = Purpose::News;
                    self.deliver_to(account, &event, step, news, &mut draft, &mut appended)?;
                }
            }
        }
        let stop = told.filter(|event| event.action == Action::Stop);
        if let Some(event) = stop {
            self.leave_note(event, step, accounts, &mut draft)?;
        }
        let durability = match stop {
            Some(_) => Durability::Disk,
            None => Durability::Process,
        };
        self.commit(draft, durability)?;
        told.into_iter().for_each(|event| self.is_written(event));
        if let Some(title) = TitleKey::of(&step.viewing.key) {
            self.learn_as(title, &step.viewing.media.ids, Trust::Evidence)?;
        }
        Ok(appended)
    }

    pub(super) fn remember(&self, viewing: &Viewing, draft: &mut Draft) -> Result<(), StoreError> {
        let touch = self.tally.touch;
        draft.remember(&Remembrance { touch, viewing })?;
        if let Some(oldest) = self.surplus_viewing(viewing.id) {
            draft.batch.remove(record::viewing(oldest));
            draft.batch.remove(record::outcomes(oldest));
            draft.batch.remove(record::played_in(oldest));
            draft.batch.remove(record::entry(oldest));
            draft.pruned = Some(oldest);
        }
        Ok(())
    }

    /// The viewing to forget when this one is touched.
    fn surplus_viewing(&self, coming: ViewingId) -> Option<ViewingId> {
        if self.viewings.len() < MOST_VIEWINGS || self.viewings.contains_key(&coming) {
            return None;
        }
        let oldest = self.viewings.iter().min_by_key(|(_, touch)| **touch);
        oldest.map(|(id, _)| *id)
    }

    fn keep_journal(
        &self,
        journal: &Journal,
        stamp: Option<Wall>,
        accounts: &[AccountKey],
        draft: &mut Draft,
    ) -> Result<(), StoreError> {
        match journal {
            Journal::Open(span) => {
                let mut span = Cow::Borrowed(&**span);
                if let Some(stamp) = stamp.filter(|stamp| span.stamp < *stamp) {
                    span.to_mut().stamp = stamp;
                }
                self.open_in(&span, accounts, draft)
            }
            Journal::Closed(session) => {
                Self::close_in(*session, draft);
                Ok(())
            }
            Journal::Same => Ok(()),
        }
    }

    /// The journal says that a session is open, and whom it is told to. A stop must be later than what was told, whoever makes it.
    pub(super) fn open_in(
        &self,
        span: &Span,
        accounts: &[AccountKey],
        draft: &mut Draft,
    ) -> Result<(), StoreError> {
        let session = span.session;
        let mut span = Cow::Borrowed(span);
        if let Some(last) = self
            .corrected
            .get(&session)
            .filter(|last| span.stamp < **last)
        {
            span.to_mut().stamp = *last;
        }
        draft.batch.put(record::span(session), encode(&span)?);
        draft.opened.push(session);
        if self
            .told_to
            .get(&session)
            .is_none_or(|known| known != accounts)
        {
            draft
                .batch
                .put(record::told_to(session), encode(&accounts)?);
            draft.told_to.push((session, accounts.to_vec()));
        }
        Ok(())
    }

    pub(super) fn close_in(session: SessionId, draft: &mut Draft) {
        draft.batch.remove(record::span(session));
        draft.batch.remove(record::told_to(session));
        draft.closed.push(session);
    }

    /// The history is to be told of a stop.
    fn leave_note(
        &mut self,
        event: &Lifecycle,
        step: &Step,
        accounts: &[AccountKey],
        draft: &mut Draft,
    ) -> Result<(), StoreError> {
        let note = Note {
            event,
            viewing: &step.viewing,
            accounts,
        };
        let number = self.tally.touch;
        draft.batch.put(record::note(number), encode(&note)?);
        draft.note = Some(number);
        if self.notes.len() >= MOST_NOTES
            && let Some(oldest) = self.notes.pop_first()
        {
            draft.batch.remove(record::note(oldest));
            self.problems.push(format!(
                "the history has not been written for so long that of more than {MOST_NOTES} stops the oldest is left out"
            ));
        }
        Ok(())
    }

    /// What an account is told of an event: see `heard.rs`. Resume points tell of themselves.
    fn introduced_to<'a>(
        &mut self,
        key: &AccountKey,
        event: &'a Lifecycle,
    ) -> Vec<Cow<'a, Lifecycle>> {
        let calls = self.catalogue.calls(key.service, event);
        match self.number_or_new(key) {
            Some(account) if calls.contains(&Call::Event) => self.introduced(account, event),
            _ => vec![Cow::Borrowed(event)],
        }
    }

    /// Makes one account's deliveries of an event.
    pub(super) fn deliver_to(
        &mut self,
        key: &AccountKey,
        event: &Lifecycle,
        step: &Step,
        purpose: Purpose,
        draft: &mut Draft,
        appended: &mut Appended,
    ) -> Result<(), StoreError> {
        let mut calls = self.catalogue.calls(key.service, event);
        let outdated = purpose == (Purpose::Again { newest: false });
        // Another player's end, or the credits once more, do not make it unfinished again.
        let over = step.viewing.completed.is_some() && !event.watched;
        if outdated || over {
            calls.retain(|call| *call != Call::ResumePoint);
        }
        if purpose == Purpose::Place {
            calls.retain(|call| *call == Call::ResumePoint);
        }
        let Some(account) = self.number_or_new(key).filter(|_| !calls.is_empty()) else {
            return Ok(());
        };
        if !self.stored_accounts.contains(&account) && !draft.accounts.contains(&account) {
            draft.accounts.push(account);
        }
        for call in calls {
            let ids = [&event.media.ids, &step.viewing.media.ids];
            let payload = Payload {
                account,
                title: TitleKey::of(&step.viewing.key),
                tmdb: ids.into_iter().find_map(|ids| ids.tmdb),
                boot_id: self.boot_id,
                event_id: match event.action {
                    Action::Stop if !matches!(purpose, Purpose::Instead | Purpose::Place) => {
                        id_of_stop(event.session, key, &call)
                    }
                    _ => EventId::random(&mut self.random),
                },
                call,
                event,
            };
            let attempts = Attempts {
                in_doubt: matches!(purpose, Purpose::Again { .. }),
                ..Attempts::default()
            };
            let entry = Entry::from(&payload);
            let mut header = Header::new(&entry, self.boot_id, &self.ids, &attempts);
            header.beat &= !step.seeked;
            header.heard = self.heard.contains(&(account, event.session)) || attempts.in_doubt;
            // What is told again was weighed by the history, and is older than all of this run by the boot clock; and what made
            // a place outdated is gone.
            let weighed = matches!(purpose, Purpose::Again { .. } | Purpose::Place);
            if !weighed && self.is_outdated(&header, event.at.wall)? {
                continue;
            }
            for old in self.superseded_by(&header) {
                // What could not wait still cannot, now that this tells it.
                header.beat &= self
                    .index
                    .get(old)
                    .is_none_or(|old| old.beat || old.needs_id);
                draft.remove(old);
                appended.superseded.push(old);
            }
            let id = DeliveryId(self.tally.next + appended.made.len() as u64);
            draft.batch.put(record::payload(id), encode(&payload)?);
            if attempts.in_doubt {
                draft.batch.put(record::attempts(id), encode(&attempts)?);
            }
            draft.put(id, header);
            appended.made.push(id);
        }
        Ok(())
    }

    /// Whether a resume point tells of a time before that of another one. The account remembers what was made since the start; of
    /// what was made before it, what waits is looked at. What happened before this boot has nothing but its stamp.
    fn is_outdated(&mut self, header: &Header, stamp: Wall) -> Result<bool, StoreError> {
        let Some(made) = header.made().filter(|_| header.kind == Kind::ResumePoint) else {
            return Ok(false);
        };
        let waiting = self.index.lane(header.account, header.lane);
        for (id, old) in waiting.filter(|(_, old)| old.kind == Kind::ResumePoint && !old.dead) {
            let newer = match old.made().filter(|old| *old > 0) {
                Some(old) => old > made,
                None if made > 0 || header.undated || old.undated => false,
                None => {
                    let old: Option<Payload> = self.read(&record::payload(id))?;
                    old.is_some_and(|old| stamp < old.event.at.wall)
                }
            };
            if newer {
                return Ok(true);
            }
        }
        let account = self.accounts.get_mut(&header.account);
        Ok(account.is_some_and(|account| account.is_outdated(header.lane, made)))
    }

    /// What is undelivered in a lane, not in flight, and pointless once `header` is appended.
    pub(super) fn superseded_by(&self, header: &Header) -> Vec<DeliveryId> {
        let in_flight = self.accounts.get(&header.account).and_then(|a| a.in_flight);
        self.index
            .lane(header.account, header.lane)
            .filter(|(id, old)| header.supersedes(old) && in_flight != Some(*id))
            .map(|(id, _)| id)
            .collect()
    }
}

/// Tells an event from every other: stamps strictly increase in a session.
fn fingerprint(event: &Lifecycle) -> u64 {
    let mut print = Fnv::default();
    print.add(event.session.0.as_bytes());
    print.add(event.action.as_str().as_bytes());
    print.add(&event.at.wall.0.to_be_bytes());
    print.0
}
