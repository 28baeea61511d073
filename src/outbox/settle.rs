//! `settle`: what an answer does to a delivery.

use std::time::Duration;

use super::ids::Trust;
use super::index::Header;
use super::record::{self, Attempts, Outcome, Outcomes, encode};
use super::{Catalogue, Draft, Outbox, TitleKey};
use crate::model::{DeliveryId, Ids, Moment, ViewingId};
use crate::sender::plan::LONGEST;
use crate::service::{Disposition, Fault};
use crate::store::{Durability, Store, StoreError};

/// Most dead letters that are kept for an account; the oldest go first.
pub(super) const MOST_DEAD: usize = 1_000;
/// Longest answer that is kept.
const LONGEST_ANSWER: usize = 500;

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The service has it.
    Delivered {
        /// It took it and will not use it, in its words.
        ignored: Option<String>,
        /// It had it before.
        deduped: bool,
        /// Ids of the title that were not known before.
        learnt: Option<(TitleKey, Ids)>,
    },
    /// Not sent, for this reason; gone.
    Skipped(String),
    /// A live event was refused; gone.
    Refused(String),
    /// Refused for good; kept as a dead letter.
    Dead(String),
    /// Made pointless meanwhile; gone.
    Superseded,
    /// Tried again at this boot time at the earliest.
    Retried(Duration),
    /// Waits for a login, with everything of its account.
    NeedsLogin(String),
    /// Waits for an id.
    NeedsId,
    /// There is no such delivery (any more).
    Unknown,
}

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// Takes the answer to a job. After an error: reopen the store and settle again.
    ///
    /// # Errors
    /// When the store failed.
    pub fn settle(
        &mut self,
        id: DeliveryId,
        outcome: Disposition,
        now: Moment,
    ) -> Result<Settled, StoreError> {
        self.open_store()?;
        let Some(header) = self.index.get(id).copied() else {
            self.land(id);
            return Ok(Settled::Unknown);
        };
        let settled = self.settle_known(id, &header, outcome, now)?;
        self.land(id);
        Ok(settled)
    }

    /// The request is no longer in flight.
    fn land(&mut self, id: DeliveryId) {
        for account in self.accounts.values_mut() {
            account.land(id);
        }
    }

    fn settle_known(
        &mut self,
        id: DeliveryId,
        header: &Header,
        outcome: Disposition,
        now: Moment,
    ) -> Result<Settled, StoreError> {
        match outcome {
            Disposition::Delivered {
                ids,
                deduped,
                ignored,
            } => {
                self.answered(header, now, true);
                match ignored {
                    // Nothing of ours had arrived before: the watch was not recorded.
                    Some(words) if header.is_completion() && !header.in_doubt => {
                        self.bury(id, header, words)
                    }
                    ignored => self.delivered(id, header, &ids, deduped, ignored),
                }
            }
            Disposition::Skip { reason } => {
                self.answered(header, now, false);
                self.skip(id, &reason)?;
                Ok(Settled::Skipped(reason))
            }
            _ if self.index.is_superseded(id) => {
                let mut draft = Draft::default();
                if !header.in_doubt && !may_have_landed(&outcome) {
                    self.unhear(id, header, &mut draft);
                }
                self.commit_what_was_unheard(draft)?;
                self.note_failure(id, header, &outcome, now);
                self.remove(id);
                Ok(match outcome {
                    Disposition::NeedsLogin { reason } => Settled::NeedsLogin(reason),
                    _ => Settled::Superseded,
                })
            }
            Disposition::Reject { reason } => {
                self.answered(header, now, false);
                self.refused(id, header, reason)
            }
            Disposition::NeedsId => {
                self.answered(header, now, false);
                self.ask_again(id, header, now)?;
                Ok(Settled::NeedsId)
            }
            Disposition::Retry { .. } | Disposition::NeedsLogin { .. } => {
                self.failed(id, header, outcome, now)
            }
        }
    }

    fn answered(&mut self, header: &Header, now: Moment, took: bool) {
        if let Some(account) = self.accounts.get_mut(&header.account) {
            account.answered(took);
            if took {
                account.delivered_at = Some(now.wall);
            }
        }
    }

    fn delivered(
        &mut self,
        id: DeliveryId,
        header: &Header,
        ids: &Ids,
        deduped: bool,
        ignored: Option<String>,
    ) -> Result<Settled, StoreError> {
        let mut draft = Draft::default();
        draft.remove(id);
        self.hush(header, &mut draft);
        self.note_outcome(header, true, ignored.clone(), &mut draft)?;
        self.note_newest(id, header, &mut draft)?;
        self.commit_unless_live(header, draft)?;
        let mut learnt = None;
        if let Some(title) = header.title()
            && self.ids.with(title, ids, Trust::Answer).is_some()
        {
            self.learn_as(title, ids, Trust::Answer)?;
            learnt = self.ids.get(title).cloned().map(|ids| (title, ids));
        }
        Ok(Settled::Delivered {
            ignored,
            deduped,
            learnt,
        })
    }

    /// Refused for good. What is live is not worth a dead letter.
    fn refused(
        &mut self,
        id: DeliveryId,
        header: &Header,
        reason: String,
    ) -> Result<Settled, StoreError> {
        if !header.is_live() {
            return self.bury(id, header, reason);
        }
        if let Some(account) = self.accounts.get_mut(&header.account) {
            account.dropped += 1;
        }
        self.remove(id);
        Ok(Settled::Refused(reason))
    }

    /// Makes a dead letter.
    fn bury(
        &mut self,
        id: DeliveryId,
        header: &Header,
        words: String,
    ) -> Result<Settled, StoreError> {
        let words = shortened(words);
        let mut attempts = self.attempts_of(id)?;
        attempts.begun = false;
        attempts.dead = true;
        attempts.last_error = Some(words.clone());
        let mut header = *header;
        header.dead = true;
        header.heard = false;
        let mut draft = noted(id, header, &attempts)?;
        self.hush(&header, &mut draft);
        self.commit(draft, Durability::Disk)?;
        self.forget_the_oldest_dead(header.account)?;
        Ok(Settled::Dead(words))
    }

    /// Dead letters wait for the user, who may never come.
    fn forget_the_oldest_dead(&mut self, account: u16) -> Result<(), StoreError> {
        let all = self.index.iter();
        let dead = all.filter(|(_, header)| header.account == account && header.dead);
        let dead: Vec<DeliveryId> = dead.map(|(id, _)| id).collect();
        for id in dead.iter().take(dead.len().saturating_sub(MOST_DEAD)) {
            let words = self.attempts_of(*id)?.last_error.unwrap_or_default();
            self.skip(
                *id,
                &format!(
                    "forgotten, as the oldest of more than {MOST_DEAD} that were refused: {words}"
                ),
            )?;
            self.problems.push(format!(
                "delivery {id} was refused long ago ({words}) and is forgotten: more than {MOST_DEAD} wait for you. `reeld queue` shows them"
            ));
        }
        Ok(())
    }

    /// Not sent, and not to be: gone, and remembered with the viewing.
    pub(super) fn skip(&mut self, id: DeliveryId, reason: &str) -> Result<(), StoreError> {
        let Some(header) = self.index.get(id).copied() else {
            return Ok(());
        };
        let draft = self.skipped(id, &header, reason)?;
        self.commit_unless_live(&header, draft)
    }

    pub(super) fn skipped(
        &self,
        id: DeliveryId,
        header: &Header,
        reason: &str,
    ) -> Result<Draft, StoreError> {
        let mut draft = Draft::default();
        draft.remove(id);
        self.hush(header, &mut draft);
        self.note_outcome(header, false, Some(reason.to_owned()), &mut draft)?;
        Ok(draft)
    }

    /// What is not live must not come back after a loss of power; what is live soon goes by itself.
    fn commit_unless_live(&mut self, header: &Header, draft: Draft) -> Result<(), StoreError> {
        if header.is_live() {
            self.defer(draft);
            return Ok(());
        }
        self.commit(draft, Durability::Disk)
    }

    fn remove(&mut self, id: DeliveryId) {
        let mut draft = Draft::default();
        draft.remove(id);
        self.defer(draft);
    }

    /// Waits aside for an id: nothing but `learn` can change that.
    pub(super) fn wait_for_id(
        &mut self,
        id: DeliveryId,
        mut attempts: Attempts,
    ) -> Result<(), StoreError> {
        attempts.needs_id = true;
        self.note_needs_id(id, &attempts)
    }

    fn note_needs_id(&mut self, id: DeliveryId, attempts: &Attempts) -> Result<(), StoreError> {
        let Some(mut header) = self.index.get(id).copied() else {
            return Ok(());
        };
        header.needs_id = true;
        let draft = noted(id, header, attempts)?;
        if header.is_live() {
            self.defer(draft);
        } else {
            self.commit(draft, Durability::Process)?;
        }
        if let Some(account) = self.accounts.get_mut(&header.account) {
            account.forgive(id);
        }
        Ok(())
    }

    /// The service itself does not know the title: asked again in an hour or after a restart, with whatever is known by
    /// then.
    fn ask_again(
        &mut self,
        id: DeliveryId,
        header: &Header,
        now: Moment,
    ) -> Result<(), StoreError> {
        let mut attempts = self.attempts_of(id)?;
        attempts.begun = false;
        if !attempts.in_doubt {
            attempts.request = None;
        }
        self.note_needs_id(id, &attempts)?;
        if let Some(account) = self.accounts.get_mut(&header.account) {
            account.ask_again(id, now.boot);
        }
        Ok(())
    }

    fn failed(
        &mut self,
        id: DeliveryId,
        header: &Header,
        outcome: Disposition,
        now: Moment,
    ) -> Result<Settled, StoreError> {
        let mut attempts = self.attempts_of(id)?;
        let mut header = *header;
        header.in_doubt |= may_have_landed(&outcome);
        attempts.in_doubt = header.in_doubt;
        // Left as it is on disk, the next attempt need not be written: an outage of days writes nothing.
        attempts.begun = is_unsent(&outcome) && !header.in_doubt && !header.is_live();
        attempts.last_error = reason(&outcome).map(shortened);
        if !header.in_doubt {
            let mut draft = Draft::default();
            self.unhear(id, &header, &mut draft);
            self.commit_what_was_unheard(draft)?;
        }
        let draft = noted(id, header, &attempts)?;
        if header.is_live() || header.in_doubt || attempts.begun {
            self.defer(draft);
        } else {
            // On disk it has begun, which would be taken for doubt.
            self.commit(draft, Durability::Process)?;
        }
        self.note_failure(id, &header, &outcome, now);
        let account = self.accounts.get(&header.account);
        let until = account.map_or(now.boot, |a| a.breaker.until().max(a.not_before(id)));
        Ok(match outcome {
            Disposition::NeedsLogin { reason } => Settled::NeedsLogin(reason),
            _ => Settled::Retried(until),
        })
    }

    fn commit_what_was_unheard(&mut self, draft: Draft) -> Result<(), StoreError> {
        match (draft.hushed.is_empty(), draft.gone.is_empty()) {
            (true, _) => Ok(()),
            (false, true) => self.commit(draft, Durability::Process),
            (false, false) => self.commit(draft, Durability::Disk),
        }
    }

    /// What a failure says of the account and of the delivery.
    fn note_failure(
        &mut self,
        id: DeliveryId,
        header: &Header,
        outcome: &Disposition,
        now: Moment,
    ) {
        let Some(account) = self.accounts.get_mut(&header.account) else {
            return;
        };
        account.last_error = reason(outcome).map(shortened);
        match outcome {
            Disposition::NeedsLogin { .. } => account.refuse_login(id),
            Disposition::Retry {
                after,
                fault: Fault::TooEarly,
                ..
            } => {
                account.breaker.succeed();
                account.postpone(id, now.boot + after.unwrap_or(LONGEST));
            }
            Disposition::Retry {
                after,
                fault: Fault::Unsent,
                ..
            } => account.breaker.stay(now.boot, *after, &mut self.random),
            Disposition::Retry { after, fault, .. } => {
                account.breaker.fail(now.boot, *after, &mut self.random);
                if *fault == Fault::Throttled {
                    return;
                }
                let aside = account.fault(id, now.boot, &mut self.random);
                if let Some(header) = self.index.get(id) {
                    let mut header = *header;
                    header.aside = aside;
                    self.index.put(id, header);
                }
            }
            _ => account.answered(false),
        }
    }

    /// Remembers with the viewing what an account made of it. What is said of its completion outranks the rest.
    pub(super) fn note_outcome(
        &self,
        header: &Header,
        delivered: bool,
        answer: Option<String>,
        draft: &mut Draft,
    ) -> Result<(), StoreError> {
        let answer = answer.map(shortened);
        draft
            .ended
            .extend(self.ending(header, delivered, answer.as_deref()));
        if header.is_live() || !self.viewings.contains_key(&header.viewing) {
            return Ok(());
        }
        let completion = header.watched;
        let mut outcomes = self.outcomes_of(header.viewing)?;
        let place = outcomes.0.iter().position(|o| o.account == header.account);
        if let Some(place) = place {
            if outcomes.0.get(place).is_some_and(|o| o.completion) && !completion {
                return Ok(());
            }
            outcomes.0.remove(place);
        }
        outcomes.0.push(Outcome {
            account: header.account,
            completion,
            delivered,
            answer,
        });
        draft
            .batch
            .put(record::outcomes(header.viewing), encode(&outcomes)?);
        Ok(())
    }

    pub(super) fn outcomes_of(&self, viewing: ViewingId) -> Result<Outcomes, StoreError> {
        let outcomes = self.read(&record::outcomes(viewing))?;
        Ok(outcomes.unwrap_or_default())
    }
}

/// How far a delivery has come, to be written.
fn noted(id: DeliveryId, header: Header, attempts: &Attempts) -> Result<Draft, StoreError> {
    let mut draft = Draft::default();
    draft.batch.put(record::attempts(id), encode(attempts)?);
    draft.put(id, header);
    Ok(draft)
}

/// Without a clear answer it may have.
fn may_have_landed(outcome: &Disposition) -> bool {
    matches!(outcome, Disposition::Retry { fault, .. } if fault.leaves_doubt())
}

fn is_unsent(outcome: &Disposition) -> bool {
    let unsent = Fault::Unsent;
    matches!(outcome, Disposition::Retry { fault, .. } if *fault == unsent)
}

fn reason(outcome: &Disposition) -> Option<String> {
    match outcome {
        Disposition::Retry { reason, .. } | Disposition::NeedsLogin { reason } => {
            Some(reason.clone())
        }
        _ => None,
    }
}

/// An answer of bearable length.
fn shortened(mut words: String) -> String {
    if words.len() > LONGEST_ANSWER {
        let end = (0..=LONGEST_ANSWER)
            .rev()
            .find(|end| words.is_char_boundary(*end))
            .unwrap_or(0);
        words.truncate(end);
    }
    words
}
