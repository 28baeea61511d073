//! `take_back`: the user says that a viewing was none.
//!
//! What tells of its completion and has not been delivered goes, in one batch with the viewing's new state. Where a session
//! would be left open at the service, an unfinished stop takes its place: a new delivery under a new event id, so that
//! nothing in flight or in doubt is ever sent again with another meaning. The history has been told before (`engine/undo.rs`).

use std::time::Duration;

use super::append::{Appended, Purpose};
use super::record::{self, Kind, Outcome, Payload, encode};
use super::{Catalogue, Draft, Outbox};
use crate::model::{
    AccountKey, DeliveryId, Journal, Lifecycle, Step, TAKEN_BACK, Viewing, ViewingId,
};
use crate::store::{Durability, Store, StoreError};

/// How far the completion of a viewing has come at an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Not there: it can be taken back.
    Here,
    /// A request with it ended without a clear answer, or is under way: it may be there.
    Doubtful,
    /// There.
    Delivered,
}

/// A stop, and the accounts that it was for.
pub type Before = (Step, Vec<AccountKey>);

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// How far the completion of a viewing has come at the accounts that were to be told of it.
    ///
    /// # Errors
    /// When the store failed.
    pub fn reach(&self, viewing: ViewingId) -> Result<Vec<(AccountKey, Reach)>, StoreError> {
        let outcomes = self.outcomes_of(viewing)?;
        let mut reached = Vec::new();
        for (number, account) in &self.accounts {
            let mut outcomes = outcomes.0.iter();
            let delivered = outcomes.any(|outcome| {
                outcome.account == *number && outcome.completion && outcome.delivered
            });
            let waiting = self.completions(viewing, *number);
            let doubtful = waiting.iter().any(|id| {
                let in_doubt = self.index.get(*id).is_some_and(|header| header.in_doubt);
                in_doubt || account.in_flight == Some(*id)
            });
            let reach = match (delivered, doubtful, waiting.is_empty()) {
                (true, ..) => Reach::Delivered,
                (_, true, _) => Reach::Doubtful,
                (_, _, false) => Reach::Here,
                _ => continue,
            };
            reached.push((account.key.clone(), reach));
        }
        Ok(reached)
    }

    /// Whether its completion is on its way to an account at this moment.
    #[must_use]
    pub fn is_being_told(&self, viewing: ViewingId) -> bool {
        self.accounts.iter().any(|(number, account)| {
            let completions = self.completions(viewing, *number);
            account
                .in_flight
                .is_some_and(|id| completions.contains(&id))
        })
    }

    /// Takes back what has not been delivered of a viewing's completion, durably. `viewing` as it is from now on; `before`:
    /// where its title was left in other viewings, the newest last.
    ///
    /// # Errors
    /// When the store failed: reopen it and do it again.
    pub fn take_back(&mut self, viewing: &Viewing, before: &[Before]) -> Result<(), StoreError> {
        let reached = self.reach(viewing.id)?;
        let mut draft = Draft {
            touched: true,
            ..Draft::default()
        };
        self.remember(viewing, &mut draft)?;
        let mut made = Appended::default();
        let mut outcomes = self.outcomes_of(viewing.id)?;
        for (key, reach) in reached {
            let Some(number) = self.number(&key) else {
                continue;
            };
            let completions = self.completions(viewing.id, number);
            let Some(first) = completions.first() else {
                continue;
            };
            let payload: Option<Payload> = self.read(&record::payload(*first))?;
            for id in &completions {
                draft.remove(*id);
            }
            if reach == Reach::Delivered {
                continue;
            }
            outcomes.0.retain(|outcome| outcome.account != number);
            outcomes.0.push(Outcome {
                account: number,
                completion: true,
                delivered: false,
                answer: Some(TAKEN_BACK.to_owned()),
            });
            if viewing.completed.is_some() {
                // Another account has it. Where nothing takes its place it would be told as watched to its end.
                let places = self.resume_points(viewing.id, number);
                for id in &places {
                    draft.remove(*id);
                }
                if let Some(id) = places.first() {
                    self.place_before(&key, *id, before, &mut draft, &mut made)?;
                }
            }
            if let Some(payload) = payload {
                self.stop_instead(&key, payload, viewing, &mut draft, &mut made)?;
            }
        }
        draft
            .batch
            .put(record::outcomes(viewing.id), encode(&outcomes)?);
        self.commit(draft, Durability::Disk)
    }

    /// With a title's resume point goes what it had superseded: where the title was left before is told again, unless that is known
    /// there.
    fn place_before(
        &mut self,
        key: &AccountKey,
        gone: DeliveryId,
        before: &[Before],
        draft: &mut Draft,
        made: &mut Appended,
    ) -> Result<(), StoreError> {
        let mut before = before.iter().rev();
        let Some((step, _)) = before.find(|(_, accounts)| accounts.contains(key)) else {
            return Ok(());
        };
        let Some(event) = &step.event else {
            return Ok(());
        };
        let header = self.index.get(gone);
        let lane = header.map(|header| (header.account, header.lane));
        if lane.is_some_and(|lane| self.newest.knows(lane, event.at.wall)) {
            return Ok(());
        }
        self.deliver_to(key, event, step, Purpose::Place, draft, made)
    }

    /// Of what happened before this boot its clocks say nothing in this one.
    fn of_this_boot(&self, payload: Payload) -> Lifecycle {
        let mut event = payload.event;
        if payload.boot_id != self.boot_id {
            (event.at.mono, event.at.boot) = (Duration::ZERO, Duration::ZERO);
        }
        event
    }

    fn stop_instead(
        &mut self,
        key: &AccountKey,
        payload: Payload,
        viewing: &Viewing,
        draft: &mut Draft,
        made: &mut Appended,
    ) -> Result<(), StoreError> {
        let mut event = self.of_this_boot(payload);
        event.watched = false;
        let step = unchanged(viewing.clone());
        self.deliver_to(key, &event, &step, Purpose::Instead, draft, made)
    }

    /// What tells an account of the completion of a viewing, and is not there yet.
    fn completions(&self, viewing: ViewingId, account: u16) -> Vec<DeliveryId> {
        let all = self.index.iter();
        all.filter(|(_, header)| {
            header.viewing == viewing && header.account == account && header.is_completion()
        })
        .map(|(id, _)| id)
        .collect()
    }

    fn resume_points(&self, viewing: ViewingId, account: u16) -> Vec<DeliveryId> {
        let all = self.index.iter();
        all.filter(|(_, header)| {
            header.viewing == viewing
                && header.account == account
                && header.kind == Kind::ResumePoint
        })
        .map(|(id, _)| id)
        .collect()
    }
}

fn unchanged(viewing: Viewing) -> Step {
    Step {
        event: None,
        viewing,
        journal: Journal::Same,
        seeked: false,
    }
}
