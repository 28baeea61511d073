//! What is due: which delivery is tried next, and when there will be one.

use std::time::Duration;

use super::account::{Account, Login};
use super::index::Header;
use super::{Catalogue, Outbox, milliseconds, plausible};
use crate::model::{AccountKey, Action, DeliveryId, Moment};
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

/// Whether something can be sent as an account now.
fn is_served(account: &Account) -> bool {
    account.login == Login::In && account.in_flight.is_none()
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
        let accounts = self.accounts.iter();
        let due = accounts.filter_map(|(number, account)| self.due(*number, account, now));
        due.min()
    }

    /// Whether there is no such moment.
    #[must_use]
    pub fn is_at_rest(&self, now: Moment) -> bool {
        let mut accounts = self.accounts.iter();
        accounts.all(|(number, account)| self.due(*number, account, now).is_none())
    }

    /// The accounts as which [`Self::next`] may return something now.
    pub fn due_now(&self, now: Moment) -> impl Iterator<Item = &AccountKey> {
        let accounts = self.accounts.iter();
        let due = accounts.filter(move |(number, account)| self.is_due_as(**number, account, now));
        due.map(|(_, account)| &account.key)
    }

    fn is_due_as(&self, number: u16, account: &Account, now: Moment) -> bool {
        let clock = || plausible(now.wall) && self.waits_for_clock(number);
        is_served(account) && (clock() || self.pick_for(number, account, now).is_some())
    }

    fn due(&self, number: u16, account: &Account, now: Moment) -> Option<(Duration, &'static str)> {
        if !is_served(account) || self.index.is_empty(number) {
            return None;
        }
        let clock = self.waits_for_clock(number).then(|| {
            let wait = if plausible(now.wall) {
                Duration::ZERO
            } else {
                CLOCK
            };
            (now.boot + wait, "clock")
        });
        let mut earliest = None;
        for turn in Turn::Live.round() {
            self.visit(number, account, turn, now, |candidate| {
                let at = earliest.map_or(candidate.at, |before: Duration| before.min(candidate.at));
                earliest = Some(at);
            });
        }
        let delivery = earliest.map(|at| (at.max(account.breaker.until()), "delivery"));
        clock.into_iter().chain(delivery).min()
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
        let account = self.accounts.get(&number)?;
        self.pick_for(number, account, now)
    }

    fn pick_for(&self, number: u16, account: &Account, now: Moment) -> Option<(DeliveryId, Turn)> {
        if !is_served(account) || account.breaker.until() > now.boot {
            return None;
        }
        let mut second_choice = None;
        for turn in account.turn.round() {
            let mut choice = None;
            self.visit(number, account, turn, now, |Candidate { id, at }| {
                if at > now.boot {
                    return;
                }
                if account.last_failed == Some(id) {
                    // After a failure another is tried first: then it shows whose fault it was.
                    second_choice = Some((id, turn));
                } else if choice.is_none() || turn == Turn::Live {
                    // Of what is live the newest were looked at, and the oldest of them goes first.
                    choice = Some((id, turn));
                }
            });
            if choice.is_some() {
                return choice;
            }
        }
        second_choice
    }

    /// Shows who may go in a turn, with the time at which it may: what is live from the newest on, everything else from the
    /// oldest on. Of those in line only the few that can matter.
    fn visit(
        &self,
        number: u16,
        account: &Account,
        turn: Turn,
        now: Moment,
        mut show: impl FnMut(Candidate),
    ) {
        let own = |id: DeliveryId, header: &Header| {
            let paced = header.beat.then(|| account.paced(header.lane));
            account.not_before(id).max(paced.unwrap_or_default())
        };
        let after = |own: Duration, id: DeliveryId, header: &Header| Candidate {
            id,
            at: own.max(account.budget.free_at(class(header, now))),
        };
        let candidate = |id, header: &Header| after(own(id, header), id, header);
        match turn {
            Turn::Live => {
                let newest = self.index.ready(number).rev().take(LOOK);
                newest
                    .take_while(|(_, header)| !is_stale(header, now))
                    .for_each(|(id, header)| show(candidate(id, header)));
            }
            Turn::Backlog => {
                // Those that failed lately are few, or they would stand aside.
                for (id, header) in self.index.ready(number) {
                    let own = own(id, header);
                    show(after(own, id, header));
                    if own <= now.boot && account.last_failed != Some(id) {
                        break;
                    }
                }
            }
            Turn::Aside => account
                .troubled()
                .filter_map(|(id, _)| Some((id, self.index.get(id)?)))
                .filter(|(_, header)| {
                    (header.aside || header.needs_id) && !header.dead && !header.dormant
                })
                .for_each(|(id, header)| show(candidate(id, header))),
        }
    }
}
