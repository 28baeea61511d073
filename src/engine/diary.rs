//! The local history, as the engine writes it: a line for every stop, a receipt for every completion that has ended at an account.
//!
//! **Order.** A line is written after its stop is in the store and before anything of it is sent; a receipt after the line. Only
//! while the store cannot be written, lines go ahead of it: then a stop outlives at least the process, and `rebuild.rs` finds it.
//! **What survives what.** What the file does not take stays in the store as a note, and is written when the file takes it
//! again, tried with a growing delay. Receipts wait in memory: after a restart the store says what they said (`rebuild.rs`).

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::time::Duration;

use tracing::warn;

use super::again::Again;
use super::{Edges, Engine};
use crate::history::{Entry, Receipt};
use crate::model::{Moment, SessionId, ViewingId};
use crate::outbox::{Standing, Standings};

/// Receipts that wait; more are left to the next start.
const MOST: usize = 1_000;

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Diary {
    receipts: VecDeque<(ViewingId, Receipt)>,
    /// Sessions whose stop has a line and is not in the store yet, or has been put there since.
    ahead: BTreeSet<SessionId>,
    again: Again,
    problem: Option<String>,
    /// What it had lost, for people; for the rest of the run.
    loss: Option<String>,
}

impl Diary {
    /// What is wrong, for people.
    pub fn problems(&self) -> impl Iterator<Item = &String> {
        self.problem.iter().chain(&self.loss)
    }

    /// It had lost lines, and so many were written again.
    pub fn lost(&mut self, whole: bool, lines: usize) {
        let what = if whole {
            "the local history was empty or gone"
        } else {
            "lines of the local history were damaged or missing"
        };
        let loss = format!("{what}: {lines} viewings were written to it again from the database");
        warn!(
            "{loss}. Hint: check the disk if nobody did this on purpose; to have reeld forget what was watched, remove its whole state folder while it is stopped"
        );
        self.loss = Some(loss);
    }

    /// The stop of a session has a line although the store does not have it.
    pub fn is_ahead(&self, session: SessionId) -> bool {
        self.ahead.contains(&session)
    }

    /// It failed, and is not tried again yet.
    pub fn rests(&self, now: Moment) -> bool {
        self.again.rests(now)
    }

    /// A receipt to be written.
    fn owes(&mut self, viewing: ViewingId, receipt: Receipt) {
        let same = |(other, old): &(ViewingId, Receipt)| {
            *other == viewing && old.account == receipt.account
        };
        if self.receipts.len() < MOST && !self.receipts.iter().any(same) {
            self.receipts.push_back((viewing, receipt));
        }
    }

    /// Receipts for what has ended by the store.
    pub fn owes_all(&mut self, standings: Standings, now: Moment) {
        for ((viewing, account), standing) in standings {
            if let Standing::Ended { delivered, answer } = standing {
                let at = now.wall;
                let receipt = Receipt {
                    account,
                    at,
                    delivered,
                    answer,
                };
                self.owes(viewing, receipt);
            }
        }
    }

    /// The file works.
    pub fn works(&mut self) {
        self.again.works();
        self.problem = None;
    }

    /// The file does not.
    pub fn failed(&mut self, error: &io::Error, now: Moment) {
        self.again.failed(now);
        let problem = format!(
            "the local history cannot be used: {error}. What it should say is kept in the database until it can"
        );
        if self.problem.as_ref() != Some(&problem) {
            warn!("{problem}. Hint: check the space and the permissions of reeld's state folder");
        }
        self.problem = Some(problem);
    }
}

impl<E: Edges> Engine<E> {
    /// Tells the history of the stops that it has not been told of.
    pub(super) fn write_notes(&mut self, now: Moment) {
        if self.diary.rests(now) || self.storage.found().is_some() {
            return;
        }
        while let Some((number, note)) = self.storage.note(&mut self.edges, now) {
            let entry = Entry::of(&note.viewing, &note.event, &note.accounts);
            if !self.diary.ahead.remove(&entry.session_id)
                && let Err(error) = self.edges.remember(&entry)
            {
                return self.diary.failed(&error, now);
            }
            self.storage.noted(number, entry.session_id);
            self.diary.works();
            // It may have taken so long that the services have it by now.
            let standings = self.storage.standings(&entry, now);
            self.diary.owes_all(standings, now);
        }
    }

    /// Tells the history of stops that the store cannot take now.
    pub(super) fn write_ahead(&mut self, now: Moment) {
        if self.diary.rests(now) {
            return;
        }
        for step in self.debouncer.held_stops() {
            let Some(event) = &step.event else { continue };
            if self.diary.ahead.contains(&event.session) {
                continue;
            }
            let entry = Entry::of(&step.viewing, event, &self.told_of(step));
            if let Err(error) = self.edges.remember(&entry) {
                return self.diary.failed(&error, now);
            }
            self.diary.ahead.insert(event.session);
            self.diary.works();
        }
    }

    /// Tells it of the completions that have ended.
    pub(super) fn write_receipts(&mut self, now: Moment) {
        for ended in self.storage.take_ended() {
            let receipt = Receipt {
                account: ended.account,
                at: now.wall,
                delivered: ended.delivered,
                answer: ended.answer,
            };
            self.diary.owes(ended.viewing, receipt);
        }
        if self.diary.rests(now) || self.storage.has_notes() {
            return;
        }
        while let Some((viewing, receipt)) = self.diary.receipts.front() {
            match self.edges.receipt(*viewing, receipt) {
                Ok(()) => {
                    self.diary.receipts.pop_front();
                    self.diary.works();
                }
                Err(error) => return self.diary.failed(&error, now),
            }
        }
    }

    /// Boot time at which the history is tried again, and why.
    pub(super) fn diary_timeout(&self) -> Option<(Duration, &'static str)> {
        let waits = self.storage.has_notes() || !self.diary.receipts.is_empty() || self.unread();
        let at = self.diary.again.at().filter(|_| waits)?;
        Some((at, "the history is tried again"))
    }
}
