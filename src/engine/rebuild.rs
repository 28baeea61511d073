//! Making the store, the debouncer's memory and the history agree, whenever the store was read anew: at every start, after every
//! failure, after a loss.
//!
//! It looks at how things are, never at what happened to them, so a crash in the middle is mended by the next time, and a
//! store that was damaged, deleted or put back to an older state is one and the same case:
//!
//! | what is so | what follows |
//! | --- | --- |
//! | the store cannot be opened at the start | what was watched is known by the history until it can |
//! | a viewing is remembered here or told by the history (up to `LATE` ago), and not in the store, or less of it | the store gets it |
//! | the history took a viewing back, and the store says that it was watched | the store takes it back as well |
//! | the history says that a viewing was watched and is damaged, and the store, which is as new, says that it was not | the history lost that it was taken back, and is told again |
//! | a session is open here, and not in the journal | the journal gets it |
//! | a session is open in the journal, and the history has its stop | it is closed already: no second stop |
//! | … and it was opened for others than those linked now | it ends for them; until that is known no player goes on with it |
//! | the store is behind the history | what it has queued has perhaps arrived: in doubt, or out of date |
//! | a completion has no receipt from an account that it was made for, and the store knows nothing of it | queued again, in doubt, under the same `event_id` |
//! | … and the store knows that it has ended | the receipt is written |
//! | the store is behind with a viewing, or wholly, and it was left unfinished within a `DAY` | that stop is queued again as well |
//! | a stop is noted in the store, and the history has it | the note goes |
//! | … and has another one, as it went ahead of the store and could not be read when that guessed where the session ended | it takes the place of the guess; where that may have been told under the stop's id it stands, and a completion gets a session of its own, in the history first |
//! | the history says that a viewing was taken back at one account, and there it is queued | it is taken back there |
//! | the history has not, or not whole, what it was told | its lines are written again (`refill.rs`) |
//!
//! Services are told of nothing that they were not to be told of when it happened, and of nothing older than `LATE`.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use tracing::{info, warn};

use super::refill::Stopped;
use super::{Edges, Engine};
use crate::history::{Entry, Read};
use crate::model::{AccountKey, Moment, SessionId, Span, Viewing, ViewingId, Wall};
use crate::outbox::{Before, Completed, Owed, Standing, Standings, TitleKey, plausible};
use crate::store::StoreError;

/// How far back the history is believed to be of interest: 90 days.
const LATE: Duration = Duration::from_secs(90 * 24 * 3600);

/// After a loss, unfinished stops of so long ago are told again: a service may still show their sessions as playing.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What was made good for.
#[derive(Debug)]
struct Made {
    viewings: usize,
    sessions: usize,
    completions: usize,
    behind: bool,
}

impl<E: Edges> Engine<E> {
    /// Looks at what was read anew, if anything was. Waits for what must be appended first, and for the history.
    pub(super) fn rebuild(&mut self, now: Moment) {
        if self.debouncer.peek().is_some() {
            return;
        }
        self.recall_found(now);
        if self.storage.found().is_none() {
            return;
        }
        let log = match self.recall(now) {
            Ok(Some(log)) => log,
            Ok(None) => return,
            Err(Stopped::History(error)) => return self.diary.failed(&error, now),
            Err(Stopped::Store(error)) => return self.storage.failed(&error, now),
        };
        self.diary.works();
        let made = match self.agree(&log, now) {
            Ok(Some(made)) => made,
            Ok(None) => return,
            Err(error) => return self.storage.failed(&error, now),
        };
        if !made.behind {
            match self.refill(&log, now) {
                Ok(()) => {}
                Err(Stopped::History(error)) => return self.diary.failed(&error, now),
                Err(Stopped::Store(error)) => return self.storage.failed(&error, now),
            }
        }
        self.tell_made(&made, &log);
        if let Err(error) = self.tell_lost_lines(&log, now) {
            return self.storage.failed(&error, now);
        }
        self.storage.looked_at(&mut self.edges, now);
    }

    /// Something was read anew and the history could not be asked about it.
    pub(super) fn unread(&self) -> bool {
        self.storage.has_found()
    }

    /// A store that cannot be opened at the start tells nothing: until it can, what was watched is known by the history.
    pub(super) fn recall_by_history(&mut self, now: Moment) {
        if self.storage.outbox().is_some() {
            return;
        }
        match self.edges.recall() {
            Ok(log) => self.revive(&late(&log, now)),
            Err(error) => self.diary.failed(&error, now),
        }
    }

    fn revive(&mut self, late: &[&Entry]) {
        let viewings = late.iter().map(|entry| entry.viewing());
        self.debouncer.revive(viewings);
    }

    /// The debouncer learns of it whether or not the history can be read.
    fn recall_found(&mut self, now: Moment) {
        let Some(found) = self.storage.found().filter(|found| !found.recalled) else {
            return;
        };
        found.recalled = true;
        let viewings = found.remembered.viewings.clone();
        let open = found.remembered.open.clone();
        let told_to = found.remembered.told_to.clone();
        let outbox = self.storage.outbox();
        // What was appended since may have closed some.
        let still = |id: SessionId| outbox.is_some_and(|outbox| outbox.is_open(id));
        let open: Vec<Span> = open
            .into_iter()
            .filter(|span| still(span.session))
            .collect();
        self.bind_former(&open, told_to);
        self.debouncer.recall(viewings, open, now);
    }

    /// What the history says, once it was told what it is to know before anything follows from it; nothing while it rests.
    fn recall(&mut self, now: Moment) -> Result<Option<Read>, Stopped> {
        if self.diary.rests(now) {
            return Ok(None);
        }
        let log = self.edges.recall()?;
        let told = self.take_back_what_was_lost(&log)? | self.complete_elsewhere(&log, now)?;
        Ok(Some(match told {
            false => log,
            true => self.edges.recall()?,
        }))
    }

    /// It is told again what it had lost of being taken back; whether there was anything.
    fn take_back_what_was_lost(&mut self, log: &Read) -> io::Result<bool> {
        let is_whole = log.damaged_lines + log.holes == 0;
        if is_whole || self.storage.found().is_none_or(|found| found.lost) {
            return Ok(false);
        }
        let is_void = |entry: &&Entry| {
            let viewing = self.debouncer.viewing(entry.viewing_id);
            entry.completed && viewing.is_some_and(Viewing::is_taken_back)
        };
        let void: Vec<&Entry> = log.entries.iter().filter(is_void).collect();
        for entry in &void {
            self.edges.take_back(entry.viewing_id)?;
        }
        Ok(!void.is_empty())
    }

    /// Completions whose session's stop has been told otherwise, under the id that it has, get a session of their own; whether
    /// there are any.
    fn complete_elsewhere(&mut self, log: &Read, now: Moment) -> Result<bool, Stopped> {
        let Some(outbox) = self.storage.ready(&mut self.edges, now) else {
            return Ok(false);
        };
        let spent = outbox.spent(&log.sessions)?;
        let of = |entry: &Entry| {
            let session = entry.completion.as_ref()?.session_id;
            let is_spent = spent.iter().any(|(other, _)| *other == session);
            is_spent.then(|| entry.completed_in(session.after_it()))
        };
        let elsewhere: Vec<Entry> = log.entries.iter().filter_map(of).collect();
        for entry in &elsewhere {
            self.edges.remember(entry)?;
        }
        Ok(!elsewhere.is_empty())
    }

    /// Does what was ordered before a crash or a failing disk came in between: the history has it, and the store does not.
    fn take_back_again(
        &mut self,
        log: &Read,
        late: &[&Entry],
        now: Moment,
    ) -> Result<(), StoreError> {
        let Some(outbox) = self.storage.ready(&mut self.edges, now) else {
            return Ok(());
        };
        for entry in late.iter().filter(|entry| entry.taken_back) {
            let stored = outbox.remembered(entry.viewing_id)?;
            let known = self.debouncer.viewing(entry.viewing_id).cloned();
            let mut both = stored.iter().chain(&known);
            if both.all(Viewing::is_taken_back) {
                continue;
            }
            if let Some(mut viewing) = known.or(stored) {
                viewing.take_back();
                outbox.take_back(&viewing, &[])?;
                self.debouncer.take_back(viewing.id, now);
                info!(viewing = %viewing.id, "taken back, as the user had ordered");
            }
        }
        let standings = outbox.standings(late.iter().copied().flat_map(void_of).collect())?;
        let queued = standings.iter().filter(|(_, s)| **s == Standing::Queued);
        let queued: BTreeSet<ViewingId> = queued.map(|((viewing, _), _)| *viewing).collect();
        for viewing in queued {
            if let Some(viewing) = outbox.remembered(viewing)? {
                outbox.take_back(&viewing, &left_before(log, &viewing))?;
                info!(viewing = %viewing.id, "taken back where it was queued, as the user had ordered");
            }
        }
        Ok(())
    }

    /// What it made good for; nothing while the store cannot be had, which is read anew when it can.
    fn agree(&mut self, log: &Read, now: Moment) -> Result<Option<Made>, StoreError> {
        let late = late(log, now);
        let Some(outbox) = self.storage.ready(&mut self.edges, now) else {
            return Ok(None);
        };
        let noted = outbox.noted_before(&log.sessions)?;
        let spent = outbox.spent(&log.sessions)?;
        self.take_back_again(log, &late, now)?;
        self.revive(&late);
        self.debouncer.forget_sessions(&log.sessions);
        self.close_former(now);
        let mut known = BTreeMap::new();
        let mut behind = false;
        if let Some(found) = self.storage.found() {
            behind = found.lost || found.fresh;
            let viewings = std::mem::take(&mut found.remembered.viewings);
            known.extend(viewings.into_iter().map(|viewing| (viewing.id, viewing)));
        }
        let mut open = self.open_with_owners();
        let Some(outbox) = self.storage.ready(&mut self.edges, now) else {
            return Ok(None);
        };
        let (mut viewings, mut gone_on) = (Vec::new(), BTreeSet::new());
        for viewing in self.debouncer.viewings() {
            if known.get(&viewing.id) == Some(viewing) {
                continue;
            }
            // Something may have been appended since.
            let stored = outbox.remembered(viewing.id)?;
            if is_behind(stored.as_ref(), viewing) {
                gone_on.insert(viewing.id);
            }
            if stored.as_ref() != Some(viewing) {
                viewings.push(viewing.clone());
            }
        }
        let arrived = receipts(log, &outbox.untold_viewings(&log.sessions)?);
        let queued = outbox.standings(arrived.clone())?;
        behind |= queued.values().any(|s| *s == Standing::Queued);
        let wholly = behind;
        behind |= !gone_on.is_empty();
        open.retain(|(accounts, span)| !outbox.knows_whose(span.session, accounts));
        outbox.remember_again(&viewings)?;
        outbox.journal_again(&open, &log.sessions)?;
        if behind {
            outbox.doubt(&gone_on, &arrived, &noted)?;
        }
        let standings = outbox.standings(late.iter().copied().flat_map(owed_of).collect())?;
        let mut owed = owed(&late, &standings);
        let completions = owed.len();
        if behind {
            let day = now.wall.minus(DAY);
            let lost = |id: ViewingId| wholly || gone_on.contains(&id);
            let stops = late
                .iter()
                .filter(|e| e.ended_at >= day && lost(e.viewing_id));
            owed.extend(stops.filter_map(|entry| unfinished(entry, &spent)));
        }
        let newest = newest_of_titles(self.debouncer.viewings());
        for owed in &mut owed {
            let title = TitleKey::of(&owed.step.viewing.key);
            let newest = title.and_then(|title| newest.get(&title));
            let stop = owed.step.event.as_ref().map(|event| event.at.wall);
            owed.newest = newest.is_some_and(|newest| stop >= Some(*newest));
        }
        outbox.owe(&owed, now)?;
        // Until then they tell what was guessed.
        outbox.forget_noted(&noted)?;
        self.diary.owes_all(standings, now);
        self.debouncer.weighed();
        Ok(Some(Made {
            viewings: viewings.len(),
            sessions: open.len(),
            completions,
            behind,
        }))
    }

    fn tell_made(&mut self, made: &Made, log: &Read) {
        let Made {
            viewings,
            sessions,
            completions,
            behind,
        } = made;
        if *behind && !log.entries.is_empty() {
            warn!(
                viewings,
                sessions,
                completions,
                "the database had lost something: it was filled again from memory and history. Completions that nobody has confirmed are sent again; what the services have already they take only once"
            );
        } else if *completions > 0 {
            info!(completions, "completions without a receipt are sent again");
        }
    }

    /// Says what the history has lost, once.
    fn tell_lost_lines(&mut self, log: &Read, now: Moment) -> Result<(), StoreError> {
        let lost = log.damaged_lines + log.holes;
        let outbox = self.storage.ready(&mut self.edges, now);
        let is_news = outbox.map_or(Ok(lost > 0), |outbox| outbox.note_lost_lines(lost))?;
        if is_news {
            warn!("{lost} lines of the local history are damaged or missing");
        }
        Ok(())
    }
}

/// What is looked at of the history. A clock that is behind it is wrong; and what was written in 1970 is as late as what was
/// written next may be.
fn late(log: &Read, now: Moment) -> Vec<&Entry> {
    let newest = log.entries.iter().map(|entry| entry.ended_at).max();
    let newest = now.wall.max(newest.unwrap_or(now.wall));
    let mut until = newest;
    let is_late = |entry: &&Entry| {
        if plausible(entry.ended_at) {
            until = entry.ended_at;
        }
        until >= newest.minus(LATE)
    };
    let mut late: Vec<&Entry> = log.entries.iter().rev().filter(is_late).collect();
    late.reverse();
    late
}

/// Whether what is stored of a viewing is older than what is known of it.
fn is_behind(stored: Option<&Viewing>, viewing: &Viewing) -> bool {
    stored.is_none_or(|stored| {
        stored.updated_at < viewing.updated_at
            || (viewing.completed.is_some() && stored.completed.is_none())
    })
}

/// Completions that neither the history nor the store knows to have ended.
fn owed(late: &[&Entry], standings: &Standings) -> Vec<Owed> {
    let of = |entry: &&Entry| {
        let (step, mut accounts) = entry.completion_step()?;
        accounts.retain(|account| {
            standings.get(&(entry.viewing_id, account.clone())) == Some(&Standing::Unknown)
        });
        (!accounts.is_empty()).then_some(Owed {
            step,
            accounts,
            newest: false,
        })
    };
    late.iter().filter_map(of).collect()
}

/// The last stop of a viewing that was not completed; of one that was taken back it was told otherwise, under the same id, and so it
/// was where a guess has `spent` that.
fn unfinished(entry: &Entry, spent: &BTreeSet<(SessionId, AccountKey)>) -> Option<Owed> {
    if entry.taken_back && !entry.goes_on {
        return None;
    }
    let (step, mut accounts) = entry.unfinished_step()?;
    accounts.retain(|account| !spent.contains(&(entry.session_id, account.clone())));
    Some(Owed {
        step,
        accounts,
        newest: false,
    })
}

/// Where it was taken back at one account alone.
fn void_of(entry: &Entry) -> impl Iterator<Item = Completed> {
    let void = entry.receipts.iter().filter(|receipt| receipt.is_void());
    void.map(|receipt| (entry.viewing_id, receipt.account.clone()))
}

/// Where a viewing's title was left in others, the newest last.
pub(super) fn left_before(log: &Read, viewing: &Viewing) -> Vec<Before> {
    let others = log.entries.iter().filter(|entry| {
        entry.viewing_id != viewing.id
            && entry.local_only.is_none()
            && entry.key.same_title(&viewing.key)
    });
    others.filter_map(Entry::last_step).collect()
}

/// Completions that have ended, as far as the history knows, or that the user took back; not of what was watched again, and the
/// history is yet to be told of.
fn receipts(log: &Read, untold: &BTreeSet<ViewingId>) -> BTreeSet<Completed> {
    let of = |entry: &Entry| {
        let viewing = entry.viewing_id;
        let is_void = entry.taken_back && !untold.contains(&viewing);
        let void = entry.accounts.iter().filter(|_| is_void);
        let ended = entry.receipts.iter().map(|receipt| &receipt.account);
        let accounts = ended.chain(void).cloned();
        accounts
            .map(move |account| (viewing, account))
            .collect::<Vec<_>>()
    };
    log.entries.iter().flat_map(of).collect()
}

/// To whom its completion is owed, as far as the history knows.
fn owed_of(entry: &Entry) -> Vec<Completed> {
    let accounts = entry.completion_step().map(|(_, accounts)| accounts);
    let accounts = accounts.unwrap_or_default().into_iter();
    accounts
        .map(|account| (entry.viewing_id, account))
        .collect()
}

/// Of each title the time at which it was watched last.
fn newest_of_titles<'a>(viewings: impl Iterator<Item = &'a Viewing>) -> BTreeMap<TitleKey, Wall> {
    let mut newest = BTreeMap::new();
    for viewing in viewings.filter(|viewing| viewing.local_only.is_none()) {
        if let Some(title) = TitleKey::of(&viewing.key) {
            let before = newest.entry(title).or_insert(viewing.updated_at);
            *before = viewing.updated_at.max(*before);
        }
    }
    newest
}
