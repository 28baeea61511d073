//! What the caller passes on: to the history what was watched, and of each completion whether an account has it.
//!
//! A note is written with its stop and goes when the history has been told, so a crash between the two loses nothing: a history
//! that was told and forgot to say so is told by the caller, who can look whether the line is there. Which stop it was told of last
//! stays here: a history that does not have it has lost something.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::index::Header;
use super::record::{self, encode};
use super::{Catalogue, Draft, Outbox};
use crate::model::{AccountKey, DeliveryId, Lifecycle, SessionId, Viewing, ViewingId};
use crate::service::Call;
use crate::store::{Durability, Store, StoreError};

/// Most notes that are kept while the history cannot be written; the oldest go first.
pub(super) const MOST_NOTES: usize = 10_000;

/// A stop that the history must be told of: its own when it is read, borrowed when it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note<E = Lifecycle, V = Viewing, A = Vec<AccountKey>> {
    /// The stop.
    pub event: E,
    /// Its viewing after it.
    pub viewing: V,
    /// Whom it was appended for.
    pub accounts: A,
}

/// Nothing more is owed to an account for the completion of a viewing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Which viewing.
    pub viewing: ViewingId,
    /// To whom.
    pub account: AccountKey,
    /// It has it; otherwise it never will.
    pub delivered: bool,
    /// The service's words, or the reason.
    pub answer: Option<String>,
}

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// The oldest stop that the history has not been told of, and its number.
    ///
    /// # Errors
    /// When the store failed.
    pub fn note(&mut self) -> Result<Option<(u64, Note)>, StoreError> {
        while let Some(number) = self.notes.first().copied() {
            if let Some(note) = self.read(&record::note(number))? {
                return Ok(Some((number, note)));
            }
            self.forget_note(number);
            self.problems
                .push("a stop that the history was not told of yet could not be read".to_owned());
        }
        Ok(None)
    }

    /// The history has been told of the stop of a session.
    pub fn noted(&mut self, number: u64, session: SessionId) {
        self.forget_note(number);
        // It is a session's id: nothing of it can fail, and without it only a loss would not be noticed.
        let _ = self.note_told(Some(session));
    }

    fn forget_note(&mut self, number: u64) {
        self.notes.remove(&number);
        self.deferred.insert(record::note(number).to_vec(), None);
    }

    /// The session of the stop that the history was told of last.
    #[must_use]
    pub fn last_told(&self) -> Option<SessionId> {
        self.told
    }

    /// What it says last after it had lost something, durably; `None`: nothing that is known of.
    ///
    /// # Errors
    /// When the store failed.
    pub fn tell_anew(&mut self, session: Option<SessionId>) -> Result<(), StoreError> {
        self.note_told(session)?;
        self.commit(Draft::default(), Durability::Disk)
    }

    fn note_told(&mut self, session: Option<SessionId>) -> Result<(), StoreError> {
        let record = session.map(|session| encode(&session)).transpose()?;
        self.deferred.insert(record::TOLD.to_vec(), record);
        self.told = session;
        Ok(())
    }

    /// So many lines of the history are lost; whether that is more than was known, also to former runs.
    ///
    /// # Errors
    /// When the store failed.
    pub fn note_lost_lines(&mut self, lost: u64) -> Result<bool, StoreError> {
        let known = self.lost_lines;
        if lost != known {
            let record = encode(&lost)?;
            self.deferred
                .insert(record::LOST_LINES.to_vec(), Some(record));
            self.lost_lines = lost;
            self.commit(Draft::default(), Durability::Process)?;
        }
        Ok(lost > known)
    }

    /// The viewings of stops that the history has not been told of; of these sessions it has.
    ///
    /// # Errors
    /// When the store failed.
    pub fn untold_viewings(
        &self,
        known: &BTreeSet<SessionId>,
    ) -> Result<BTreeSet<ViewingId>, StoreError> {
        let notes = self.read_notes()?.into_iter();
        let untold = notes.filter(|(_, note)| !known.contains(&note.event.session));
        Ok(untold.map(|(_, note)| note.viewing.id).collect())
    }

    /// Which of these sessions, whose stops the history knows, have a note all the same. Either it was told just before the last run
    /// ended, or ahead of the store, which has guessed the stop since: the store knows what the services were told.
    ///
    /// # Errors
    /// When the store failed.
    pub fn noted_before(
        &self,
        known: &BTreeSet<SessionId>,
    ) -> Result<BTreeSet<SessionId>, StoreError> {
        let notes = self.read_notes()?.into_iter();
        let sessions = notes.map(|(_, note)| note.event.session);
        Ok(sessions.filter(|session| known.contains(session)).collect())
    }

    /// Of these sessions, whose stops the history knows, those of which the store has guessed another stop that an account which
    /// goes by ids was told, or may have been.
    ///
    /// # Errors
    /// When the store failed.
    pub fn spent(
        &self,
        known: &BTreeSet<SessionId>,
    ) -> Result<BTreeSet<(SessionId, AccountKey)>, StoreError> {
        let mut spent = BTreeSet::new();
        for (_, note) in self.read_notes()? {
            let session = note.event.session;
            if note.event.watched || !known.contains(&session) {
                continue;
            }
            let by_id = |account: &AccountKey| {
                let calls = self.catalogue.calls(account.service, &note.event);
                calls.contains(&Call::Event) && !self.is_untold(session, account)
            };
            let accounts = note.accounts.iter().filter(|account| by_id(account));
            spent.extend(accounts.map(|account| (session, account.clone())));
        }
        Ok(spent)
    }

    /// The stop of a session waits for an account, and was never on its way there.
    fn is_untold(&self, session: SessionId, account: &AccountKey) -> bool {
        let number = self.number(account);
        let waiting = |(id, header): (DeliveryId, &Header)| {
            let is_stop = header.session == session && !header.is_live();
            is_stop && number == Some(header.account) && self.is_untouched(id, header)
        };
        self.index.iter().any(waiting)
    }

    /// No request with it was ever made.
    pub(super) fn is_untouched(&self, id: DeliveryId, header: &Header) -> bool {
        let account = self.accounts.get(&header.account);
        let in_flight = account.is_some_and(|account| account.in_flight == Some(id));
        header.attempts == 0 && !header.in_doubt && !in_flight
    }

    /// The notes of these sessions go.
    ///
    /// # Errors
    /// When the store failed.
    pub fn forget_noted(&mut self, sessions: &BTreeSet<SessionId>) -> Result<(), StoreError> {
        for (number, note) in self.read_notes()? {
            if sessions.contains(&note.event.session) {
                self.noted(number, note.event.session);
            }
        }
        Ok(())
    }

    fn read_notes(&self) -> Result<Vec<(u64, Note)>, StoreError> {
        let mut notes = Vec::new();
        for number in &self.notes {
            let note: Option<Note> = self.read(&record::note(*number))?;
            notes.extend(note.map(|note| (*number, note)));
        }
        Ok(notes)
    }

    /// How many stops the history has not been told of.
    #[must_use]
    pub fn untold(&self) -> usize {
        self.notes.len()
    }

    /// Completions that have reached an account, or never will, since this was last asked.
    pub fn take_ended(&mut self) -> Vec<Ended> {
        std::mem::take(&mut self.ended)
    }

    /// One delivery of a completion has ended; the completion has if it was the last one.
    pub(super) fn end(&mut self, header: &Header, ended: Ended) {
        let mut rest = self.index.lane(header.account, header.lane);
        if !rest.any(|(_, other)| other.viewing == header.viewing && other.is_completion()) {
            self.ended.push(ended);
        }
    }

    /// What `take_ended` will tell of a delivery that leaves with these words; `None` if it completes nothing.
    pub(super) fn ending(
        &self,
        header: &Header,
        delivered: bool,
        answer: Option<&str>,
    ) -> Option<(Header, Ended)> {
        let account = self.accounts.get(&header.account);
        let account = account.filter(|_| header.is_completion())?;
        let ended = Ended {
            viewing: header.viewing,
            account: account.key.clone(),
            delivered,
            answer: answer.map(str::to_owned),
        };
        Some((*header, ended))
    }
}
