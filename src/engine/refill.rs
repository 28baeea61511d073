//! Writing lines of the history again that it has lost.
//!
//! **Noticed** by the session of the last stop that the history was told of, which the store keeps: a file that does not have
//! it was cut, emptied, replaced or deleted; or by lines in its middle that are damaged or missing. What the store remembers of
//! viewings is compared then with what is left, and a line is written for each that is not there or is behind.
//!
//! **What survives what.** What the history was told of last is noted after the last line, so after a crash in between it is
//! looked at again, and what is there by then is not written twice.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::{Edges, Engine};
use crate::history::{Entry, Read};
use crate::model::{
    AccountKey, Action, Lifecycle, Moment, ServiceName, SessionId, Viewing, ViewingId, Wall,
};
use crate::outbox::{Outbox, Standing};
use crate::service::Catalogue;
use crate::store::{Store, StoreError};

/// Why it stopped.
pub(super) enum Stopped {
    /// The history cannot be written.
    History(io::Error),
    /// The store cannot be read.
    Store(StoreError),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::History(error)
    }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<E: Edges> Engine<E> {
    /// Writes again what the history has lost. Not for a store that is behind the history itself.
    pub(super) fn refill(&mut self, log: &Read, now: Moment) -> Result<(), Stopped> {
        let Some(outbox) = self.storage.ready(&mut self.edges, now) else {
            return Ok(());
        };
        let told = outbox.last_told();
        let cut = told.is_some_and(|session| !log.sessions.contains(&session));
        if !cut && log.damaged_lines + log.holes == 0 {
            return Ok(());
        }
        let open: BTreeSet<ViewingId> = self.debouncer.spans().iter().map(|s| s.viewing).collect();
        let elsewhere: BTreeSet<ViewingId> = &open | &outbox.untold_viewings(&log.sessions)?;
        let there: BTreeMap<ViewingId, &Entry> =
            log.entries.iter().map(|e| (e.viewing_id, e)).collect();
        let since = first_of(log);
        let mut lost: Vec<&Viewing> = self
            .debouncer
            .viewings()
            .filter(|viewing| viewing.updated_at >= since && !elsewhere.contains(&viewing.id))
            .filter(|viewing| is_behind(there.get(&viewing.id).copied(), viewing))
            .collect();
        lost.sort_by_key(|viewing| viewing.updated_at);
        let lines = lines(outbox, &lost, now)?;
        for entry in &lines {
            self.edges.remember(entry).map_err(Stopped::History)?;
        }
        if cut || !lines.is_empty() {
            let last = lines.last().map(|entry| entry.session_id);
            outbox.tell_anew(last)?;
            let completions = lines.iter().flat_map(|entry| {
                let accounts = entry.completion.iter().flat_map(|c| c.accounts.clone());
                accounts.map(|account| (entry.viewing_id, account))
            });
            let standings = outbox.standings(completions.collect())?;
            self.diary.owes_all(standings, now);
            self.diary.lost(log.entries.is_empty(), lines.len());
        }
        Ok(())
    }
}

/// From when on everything ought to be in what was read.
fn first_of(log: &Read) -> Wall {
    let first = log.entries.iter().map(|entry| entry.ended_at).min();
    first.filter(|_| log.partial).unwrap_or(Wall(i64::MIN))
}

/// Whether what the history says of a viewing is not all that is known of it.
fn is_behind(line: Option<&Entry>, viewing: &Viewing) -> bool {
    line.is_none_or(|line| match (line.completed, viewing.completed) {
        (true, _) => false,
        (false, Some(_)) => !line.taken_back,
        (false, None) => line.ended_at < viewing.updated_at,
    })
}

/// The lines, made again from viewings, from what is queued of them, and from what became of them.
fn lines<S: Store>(
    outbox: &Outbox<S, Catalogue>,
    lost: &[&Viewing],
    now: Moment,
) -> Result<Vec<Entry>, StoreError> {
    let mut stops: BTreeMap<ViewingId, Lifecycle> = BTreeMap::new();
    let all: BTreeSet<ViewingId> = lost.iter().map(|viewing| viewing.id).collect();
    outbox.queue(now, &mut |queued| {
        let event = queued.event;
        if event.action == Action::Stop && all.contains(&event.viewing) {
            stops.insert(event.viewing, event);
        }
    })?;
    let mut told: BTreeMap<ViewingId, Vec<AccountKey>> = BTreeMap::new();
    for one in outbox.told(&all)? {
        told.entry(one.viewing).or_default().push(one.account);
    }
    let asked = told.iter().flat_map(|(viewing, accounts)| {
        let accounts = accounts.iter().cloned();
        accounts.map(|account| (*viewing, account))
    });
    let standings = outbox.standings(asked.collect())?;
    let line = |viewing: &&Viewing| {
        let mut accounts = told.remove(&viewing.id).unwrap_or_default();
        let watched = viewing.completed.is_some();
        // An older one that waits may be another user's.
        let single = watched || keep_single(&mut accounts);
        let is_last = |stop: &Lifecycle| single || stop.at.wall >= viewing.updated_at;
        let stop = stops.remove(&viewing.id).filter(|s| s.watched == watched);
        let stop = stop.filter(is_last);
        let stop = stop.unwrap_or_else(|| stop_of(viewing));
        let mut entry = Entry::of(viewing, &stop, &accounts);
        entry.ended_at = viewing.updated_at;
        if let Some(completion) = &mut entry.completion {
            completion.accounts.retain(|account| {
                let place = (viewing.id, account.clone());
                !matches!(standings.get(&place), None | Some(Standing::Unknown))
            });
        }
        entry
    };
    Ok(lost.iter().map(line).collect())
}

/// Of two users of one service nobody knows any more to whom the last stop was told. Whether there are none.
fn keep_single(accounts: &mut Vec<AccountKey>) -> bool {
    let services: Vec<ServiceName> = accounts.iter().map(|account| account.service).collect();
    let users = |service: ServiceName| services.iter().filter(|other| **other == service).count();
    accounts.retain(|account| users(account.service) == 1);
    accounts.len() == services.len()
}

/// A stop that leaves a viewing as it is, in a session that nobody was told of.
fn stop_of(viewing: &Viewing) -> Lifecycle {
    let at = Moment {
        mono: std::time::Duration::ZERO,
        boot: std::time::Duration::ZERO,
        wall: viewing.completed.unwrap_or(viewing.updated_at),
    };
    Lifecycle {
        action: Action::Stop,
        at,
        viewing: viewing.id,
        session: SessionId(uuid::Uuid::from_u128(viewing.id.0.into())),
        media: viewing.media.clone(),
        position: viewing.position,
        duration: viewing.duration,
        watched: viewing.completed.is_some(),
        player: viewing.player.clone(),
        file_name: None,
    }
}
