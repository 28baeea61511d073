//! Filling a store again after it was lost, in whole or in part: from what the debouncer remembers and the history says.
//!
//! Everything here may be repeated: what is there already stays as it is.

use std::collections::{BTreeMap, BTreeSet};

use super::append::Purpose;
use super::index::Header;
use super::record::{self, Kind, Payload, Remembrance, encode};
use super::{Appended, Catalogue, Draft, MOST_VIEWINGS, Outbox};
use crate::model::{
    AccountKey, DeliveryId, Lifecycle, Moment, Playback, SessionId, Span, Step, Viewing, ViewingId,
};
use crate::store::{Durability, Store, StoreError};

/// Changes that go into one batch.
const CHUNK: usize = 256;
/// Completions that go into one batch.
const FEW: usize = 32;

/// A stop that the history knows and that has perhaps not arrived.
#[derive(Debug, Clone)]
pub struct Owed {
    /// The stop.
    pub step: Step,
    /// To whom.
    pub accounts: Vec<AccountKey>,
    /// Nothing of the same title was watched later: its resume point is still the newest.
    pub newest: bool,
}

/// The completion of a viewing, at an account.
pub type Completed = (ViewingId, AccountKey);

/// See [`Standing`].
pub type Standings = BTreeMap<Completed, Standing>;

/// How a completion stands at an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It waits, or it is a dead letter.
    Queued,
    /// It has ended there.
    Ended {
        /// It has it; otherwise it never will.
        delivered: bool,
        /// The service's words, or the reason.
        answer: Option<String>,
    },
    /// Nothing is known of it.
    Unknown,
}

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// Something was lost of what lies in the store: `reopen` must read everything anew.
    pub fn mistrust(&mut self) {
        self.stale = true;
    }

    /// Whether a session is open by the journal.
    #[must_use]
    pub fn is_open(&self, session: SessionId) -> bool {
        self.open.contains(&session)
    }

    /// Whether a session is open by the journal, and for these.
    #[must_use]
    pub fn knows_whose(&self, session: SessionId, accounts: &[AccountKey]) -> bool {
        let known = self.told_to.get(&session);
        self.is_open(session) && known.is_some_and(|known| known == accounts)
    }

    /// A viewing as it lies in the store.
    ///
    /// # Errors
    /// When the store failed.
    pub fn remembered(&self, viewing: ViewingId) -> Result<Option<Viewing>, StoreError> {
        let record: Option<Remembrance> = self.read(&record::viewing(viewing))?;
        let mut played_in: Option<Playback> = self.read(&record::played_in(viewing))?;
        if let Some(playback) = &mut played_in {
            playback.entry = self.read(&record::entry(viewing))?;
        }
        Ok(record.map(|record| Viewing {
            played_in,
            ..record.viewing
        }))
    }

    /// How completions stand at accounts.
    ///
    /// # Errors
    /// When the store failed.
    pub fn standings(&self, asked: BTreeSet<Completed>) -> Result<Standings, StoreError> {
        // Of a long queue hardly anything is asked about.
        let viewings: BTreeSet<ViewingId> = asked.iter().map(|(viewing, _)| *viewing).collect();
        let queued: BTreeSet<(ViewingId, u16)> = self
            .index
            .iter()
            .filter(|(_, header)| header.is_completion() && viewings.contains(&header.viewing))
            .map(|(_, header)| (header.viewing, header.account))
            .collect();
        let mut standings = Standings::new();
        for (viewing, key) in asked {
            let standing = match self.number(&key) {
                None => Standing::Unknown,
                Some(number) if queued.contains(&(viewing, number)) => Standing::Queued,
                Some(number) => self.standing(viewing, number)?,
            };
            standings.insert((viewing, key), standing);
        }
        Ok(standings)
    }

    fn standing(&self, viewing: ViewingId, account: u16) -> Result<Standing, StoreError> {
        let mut outcomes = self.outcomes_of(viewing)?.0.into_iter();
        let ended = outcomes.find(|outcome| outcome.account == account && outcome.completion);
        Ok(ended.map_or(Standing::Unknown, |outcome| Standing::Ended {
            delivered: outcome.delivered,
            answer: outcome.answer,
        }))
    }

    /// The store is an older one: what it has queued has perhaps arrived since. Completions that have are gone, others are in
    /// doubt; what else is queued of the viewings that have gone on since is out of date, but for the stops of the sessions in
    /// `noted`, which are replaced if anything is (`owe`).
    ///
    /// # Errors
    /// When the store failed.
    pub fn doubt(
        &mut self,
        gone_on: &BTreeSet<ViewingId>,
        arrived: &BTreeSet<Completed>,
        noted: &BTreeSet<SessionId>,
    ) -> Result<(), StoreError> {
        let arrived: BTreeSet<(ViewingId, u16)> = arrived
            .iter()
            .filter_map(|(viewing, key)| Some((*viewing, self.number(key)?)))
            .collect();
        let mut draft = Draft::default();
        for (id, header) in self.index.iter() {
            let place = (header.viewing, header.account);
            if !header.is_completion() {
                let is_guess = !header.is_live() && noted.contains(&header.session);
                if gone_on.contains(&header.viewing) && !is_guess {
                    draft.remove(id);
                }
            } else if arrived.contains(&place) {
                draft.remove(id);
            } else if !header.in_doubt && !header.dead {
                let mut attempts = self.attempts_of(id)?;
                attempts.in_doubt = true;
                draft.batch.put(record::attempts(id), encode(&attempts)?);
                let mut header = *header;
                header.in_doubt = true;
                draft.put(id, header);
            }
        }
        if draft.gone.is_empty() && draft.put.is_empty() {
            return Ok(());
        }
        self.commit(draft, Durability::Disk)
    }

    /// Remembers viewings again, as many as there is room for.
    ///
    /// # Errors
    /// When the store failed; some may have been remembered then.
    pub fn remember_again(&mut self, viewings: &[Viewing]) -> Result<(), StoreError> {
        for chunk in viewings.chunks(CHUNK) {
            let mut draft = Draft {
                touched: true,
                ..Draft::default()
            };
            let mut room = MOST_VIEWINGS.saturating_sub(self.viewings.len());
            for viewing in chunk {
                let touch = self.viewings.get(&viewing.id).copied();
                if touch.is_none() && room == 0 {
                    continue;
                }
                room -= usize::from(touch.is_none());
                let record = Remembrance {
                    touch: touch.unwrap_or(self.tally.touch),
                    viewing,
                };
                draft.remember(&record)?;
            }
            self.commit(draft, Durability::Disk)?;
        }
        Ok(())
    }

    /// Makes the journal say which sessions are open, whom each is told to, and who has heard of it.
    ///
    /// # Errors
    /// When the store failed.
    pub fn journal_again(
        &mut self,
        open: &[(Vec<AccountKey>, Span)],
        over: &BTreeSet<SessionId>,
    ) -> Result<(), StoreError> {
        let mut draft = Draft::default();
        let new = self.accounts.keys();
        let new = new.filter(|number| !self.stored_accounts.contains(number));
        draft.accounts.extend(new);
        for (accounts, span) in open {
            self.open_in(span, accounts, &mut draft)?;
        }
        let open = |session: &SessionId| open.iter().any(|(_, span)| span.session == *session);
        for (account, session) in self.heard.iter().filter(|(_, session)| open(session)) {
            let key = record::heard(*account, *session);
            draft.batch.put(key, encode(&())?);
        }
        for session in over.iter().filter(|session| self.open.contains(*session)) {
            Self::close_in(*session, &mut draft);
        }
        if draft.opened.is_empty() && draft.closed.is_empty() {
            return Ok(());
        }
        self.commit(draft, Durability::Disk)
    }

    /// Queues stops again, unless they are queued. They have perhaps arrived, so they are in doubt from the beginning.
    ///
    /// # Errors
    /// When the store failed; some may have been queued then.
    pub fn owe(&mut self, owed: &[Owed], now: Moment) -> Result<Appended, StoreError> {
        self.open_store()?;
        self.date(now)?;
        let mut all = Appended::default();
        for chunk in owed.chunks(FEW) {
            let mut draft = Draft::default();
            let mut appended = Appended::default();
            for owed in chunk {
                self.owe_one(owed, &mut draft, &mut appended)?;
            }
            self.commit(draft, Durability::Disk)?;
            all.made.extend(appended.made);
            all.superseded.extend(appended.superseded);
        }
        Ok(all)
    }

    fn owe_one(
        &mut self,
        owed: &Owed,
        draft: &mut Draft,
        appended: &mut Appended,
    ) -> Result<(), StoreError> {
        let Some(event) = &owed.step.event else {
            return Ok(());
        };
        let purpose = Purpose::Again {
            newest: owed.newest,
        };
        for account in &owed.accounts {
            let Some(number) = self.number_or_new(account) else {
                continue;
            };
            let same = |h: &Header| h.session == event.session && h.account == number;
            let queued = self.index.iter();
            let queued: Vec<(DeliveryId, Header)> = queued
                .filter(|(_, header)| same(header) && !header.is_live())
                .map(|(id, header)| (id, *header))
                .collect();
            if !self.are_guesses(&queued, event)? {
                continue;
            }
            for (id, header) in queued {
                if self.is_untouched(id, &header) {
                    draft.remove(id);
                }
            }
            self.mark_heard(number, event.session, draft)?;
            self.deliver_to(account, event, &owed.step, purpose, draft, appended)?;
        }
        Ok(())
    }

    /// Whether what is queued of a session's stop, if anything is, tells something else than `event` does, and no service that goes by
    /// ids was told so.
    fn are_guesses(
        &self,
        queued: &[(DeliveryId, Header)],
        event: &Lifecycle,
    ) -> Result<bool, StoreError> {
        for (id, header) in queued {
            let told = header.kind == Kind::Event && !self.is_untouched(*id, header);
            if told || header.is_completion() {
                return Ok(false);
            }
            let payload: Option<Payload> = self.read(&record::payload(*id))?;
            if payload.is_none_or(|payload| payload.event.at.wall == event.at.wall) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
