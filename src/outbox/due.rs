//! What is due: which delivery is tried next, and when there will be one.

use std::time::Duration;

use super::account::{Account, Login};
use super::index::Header;
use super::{Catalogue, Outbox, milliseconds, plausible};
use crate::model::{Action, DeliveryId, Moment};
use crate::sender::plan::{Class, Turn};
use crate::store::Store;

/// What is live and could not be sent for so long is no longer worth it.
pub(super) const STALE: Duration = Duration::from_secs(600);
/// Of what happens now, so many are looked at: enough for every player of a desktop.
const LOOK: usize = 64;
/// How often a clock that is wrong is looked at while something waits for it.
const CLOCK: Duration = Duration::from_secs(60);

/// Whether an event happened so long ago that it is worth nothing if live, and backlog if not.
pub(super) fn is_stale(header: &Header, now: Moment) -> bool {
    let stale = u64::try_from(STALE.as_millis()).unwrap_or(u64::MAX);
    header
        .made()
        .is_none_or(|made| milliseconds(now).saturating_sub(made) >= stale)
}

fn class(header: &Header, now: Moment) -> Class {
    if is_stale(header, now) {
        return Class::Backlog;
    }
    match header.action {
        Action::Start | Action::Stop => Class::Edge,
        Action::Progress | Action::Pause | Action::Resume => Class::Beat,
    }
}

/// A delivery that may be tried at some time.
struct Candidate {
    id: DeliveryId,
    at: Duration,
}

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// The boot time of the next moment at which [`Self::next`] may return something for some account, and why then; in
    /// the past if that is now. `None`: only an event, an answer or a hint can bring something.
    #[must_use]
    pub fn poll_timeout(&self, now: Moment) -> Option<(Duration, &'static str)> {
        let numbers = self.accounts.keys();
        numbers.filter_map(|number| self.due(*number, now)).min()
    }

    fn due(&self, number: u16, now: Moment) -> Option<(Duration, &'static str)> {
        let account = self.account_to_serve(number)?;
        let clock = self.waits_for_clock(number).then(|| {
            let wait = if plausible(now.wall) {
                Duration::ZERO
            } else {
                CLOCK
            };
            (now.boot + wait, "clock")
        });
        let candidates = Turn::Live.round().into_iter();
        let delivery = candidates
            .flat_map(|turn| self.candidates(number, account, turn, now))
            .map(|candidate| candidate.at)
            .min()
            .map(|at| (at.max(account.breaker.until()), "delivery"));
        clock.into_iter().chain(delivery).min()
    }

    /// The account, unless nothing can be sent as it now.
    fn account_to_serve(&self, number: u16) -> Option<&Account> {
        let account = self.accounts.get(&number)?;
        (account.login == Login::In && account.in_flight.is_none()).then_some(account)
    }

    fn waits_for_clock(&self, number: u16) -> bool {
        self.index.undated() > 0
            && self
                .index
                .iter()
                .any(|(_, header)| header.undated && header.account == number)
    }

    /// The delivery to try now, and whose turn it uses.
    pub(super) fn pick(&self, number: u16, now: Moment) -> Option<(DeliveryId, Turn)> {
        let account = self.account_to_serve(number)?;
        if account.breaker.until() > now.boot {
            return None;
        }
        let mut second_choice = None;
        for turn in account.turn.round() {
            for candidate in self.candidates(number, account, turn, now) {
                if candidate.at > now.boot {
                    continue;
                }
                let choice = (candidate.id, turn);
                // After a failure another is tried first: then it shows whose fault it was.
                if account.last_failed != Some(candidate.id) {
                    return Some(choice);
                }
                second_choice = Some(choice);
            }
        }
        second_choice
    }

    /// Who may go in a turn, with the time at which it may. Of those in line only the few that can matter.
    fn candidates(
        &self,
        number: u16,
        account: &Account,
        turn: Turn,
        now: Moment,
    ) -> Vec<Candidate> {
        let own = |id: DeliveryId, header: &Header| {
            let paced = header.beat.then(|| account.paced(header.lane));
            account.not_before(id).max(paced.unwrap_or_default())
        };
        let candidate = |id: DeliveryId, header: &Header| Candidate {
            id,
            at: own(id, header).max(account.budget.free_at(class(header, now))),
        };
        match turn {
            Turn::Live => {
                let newest = self.index.ready(number).rev().take(LOOK);
                let mut fresh: Vec<Candidate> = newest
                    .take_while(|(_, header)| !is_stale(header, now))
                    .map(|(id, header)| candidate(id, header))
                    .collect();
                fresh.reverse();
                fresh
            }
            Turn::Backlog => {
                let oldest = self.index.ready(number);
                // Those that failed lately are few, or they would stand aside.
                let mut found = Vec::new();
                for (id, header) in oldest {
                    found.push(candidate(id, header));
                    let waits = own(id, header) > now.boot;
                    if !waits && account.last_failed != Some(id) {
                        break;
                    }
                }
                found
            }
            Turn::Aside => account
                .troubled()
                .filter_map(|(id, _)| {
                    let header = self.index.get(id)?;
                    let apart = header.aside || header.needs_id;
                    (apart && !header.dead && !header.dormant).then(|| candidate(id, header))
                })
                .collect(),
        }
    }
}
