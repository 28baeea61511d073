//! What people see of the queue, and what they do to it.

use std::collections::BTreeSet;

use super::account::Login;
use super::index::Header;
use super::record::{self, Attempts, Kind, Payload, encode};
use super::{Catalogue, Draft, Outbox, TitleKey};
use crate::model::{AccountKey, DeliveryId, EventId, Lifecycle, Media, Moment, ViewingId, Wall};
use crate::service::numbering::Unplaced;
use crate::service::{Call, Frozen};
use crate::store::{Durability, Store, StoreError};

/// Changes that go into one batch.
const CHUNK: usize = 256;

/// A delivery, with everything that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// Its number.
    pub id: DeliveryId,
    /// For whom.
    pub account: AccountKey,
    /// The call.
    pub call: Call,
    /// Names it at the service.
    pub event_id: EventId,
    /// What it tells.
    pub event: Lifecycle,
    /// As it was or is being sent; `None` before the first attempt.
    pub request: Option<Frozen>,
    /// Attempts so far.
    pub attempts: u16,
    /// When it may be tried again, if it waits for a time.
    pub next_attempt_at: Option<Wall>,
    /// What it waits for.
    pub state: QueuedState,
    /// Why the last attempt failed, or in the service's words why it was refused.
    pub last_error: Option<String>,
    /// The TMDB id of its film or series, as far as it is known.
    pub tmdb: Option<u64>,
}

/// What a delivery waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueuedState {
    /// Its turn, or a backoff.
    Due,
    /// The account's login.
    WaitingLogin,
    /// An id.
    WaitingId,
    /// Failed while others succeeded; tried now and then.
    Aside,
    /// The user: it was refused for good.
    Dead,
}

impl QueuedState {
    /// As in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::WaitingLogin => "waiting_login",
            Self::WaitingId => "waiting_id",
            Self::Aside => "aside",
            Self::Dead => "dead",
        }
    }
}

/// Which deliveries are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Every one.
    All,
    /// The dead letters.
    Dead,
    /// Those of an account.
    Account(AccountKey),
    /// Those of a viewing.
    Viewing(ViewingId),
    /// These.
    Ids(BTreeSet<DeliveryId>),
}

/// An account's queue in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting, for whatever.
    pub queued: u64,
    /// Of these, waiting for an id.
    pub without_id: u64,
    /// Dead letters.
    pub dead: u64,
    /// Live events of this run that were too late or refused.
    pub dropped: u64,
    /// The service refuses the login.
    pub needs_login: bool,
    /// The last attempt failed, and the next one waits.
    pub failing: bool,
    /// When something was last delivered in this run.
    pub delivered_at: Option<Wall>,
    /// Why the last attempt failed, if it did.
    pub last_error: Option<String>,
}

/// What became of a viewing at an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Which viewing.
    pub viewing: ViewingId,
    /// Whom.
    pub account: AccountKey,
    /// What.
    pub state: ToldState,
    /// The service's words, or the reason.
    pub answer: Option<String>,
}

/// See [`Told`]. Where an account is not mentioned it was not linked at that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ToldState {
    /// The service has it.
    Delivered,
    /// It will not be sent.
    Skipped,
    /// It waits.
    Queued,
    /// It was refused.
    Dead,
}

impl ToldState {
    /// As in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Skipped => "skipped",
            Self::Queued => "queued",
            Self::Dead => "dead",
        }
    }
}

/// A title that something waits for the ids of.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// By what `learn` knows it.
    pub title: TitleKey,
    /// What is known.
    pub media: Media,
}

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// Calls `each` for every delivery, oldest first.
    ///
    /// # Errors
    /// When the store failed.
    pub fn queue(&self, now: Moment, each: &mut dyn FnMut(Queued)) -> Result<(), StoreError> {
        for (id, header) in self.index.iter().filter(|(_, header)| !header.dormant) {
            if let Some(queued) = self.queued(id, header, now)? {
                each(queued);
            }
        }
        Ok(())
    }

    fn queued(
        &self,
        id: DeliveryId,
        header: &Header,
        now: Moment,
    ) -> Result<Option<Queued>, StoreError> {
        let payload: Option<Payload> = self.read(&record::payload(id))?;
        let (Some(payload), Some(account)) = (payload, self.accounts.get(&header.account)) else {
            return Ok(None);
        };
        let attempts: Attempts = self.read(&record::attempts(id))?.unwrap_or_default();
        let state = state(header, account.login);
        let until = account.breaker.until().max(account.not_before(id));
        let waits = until.checked_sub(now.boot).filter(|wait| !wait.is_zero());
        let timed = matches!(state, QueuedState::Due | QueuedState::Aside);
        Ok(Some(Queued {
            id,
            account: account.key.clone(),
            call: payload.call,
            event_id: payload.event_id,
            event: payload.event,
            request: attempts.request,
            attempts: header.attempts,
            next_attempt_at: waits.filter(|_| timed).map(|wait| now.wall.plus(wait)),
            state,
            last_error: attempts.last_error,
            tmdb: self.id_of(header),
        }))
    }

    /// Every account that is linked or has something in the queue, with its numbers.
    #[must_use]
    pub fn counts(&self, now: Moment) -> Vec<(AccountKey, Counts)> {
        let mut counts: Vec<Counts> = Vec::new();
        for account in self.accounts.values() {
            counts.push(Counts {
                dropped: account.dropped,
                needs_login: account.login == Login::Refused,
                failing: account.breaker.until() > now.boot,
                delivered_at: account.delivered_at,
                last_error: account.last_error.clone(),
                ..Counts::default()
            });
        }
        let place = |number: u16| self.accounts.keys().position(|key| *key == number);
        for (_, header) in self.index.iter().filter(|(_, header)| !header.dormant) {
            if let Some(counts) = place(header.account).and_then(|place| counts.get_mut(place)) {
                if header.dead {
                    counts.dead += 1;
                } else {
                    counts.queued += 1;
                    counts.without_id += u64::from(header.needs_id);
                }
            }
        }
        let keys = self.accounts.values().map(|account| account.key.clone());
        keys.zip(counts).collect()
    }

    /// What became of these viewings at the accounts.
    ///
    /// # Errors
    /// When the store failed.
    pub fn told(&self, viewings: &BTreeSet<ViewingId>) -> Result<Vec<Told>, StoreError> {
        let mut told: Vec<Told> = Vec::new();
        for (id, header) in self.index.iter() {
            if header.dormant || !viewings.contains(&header.viewing) {
                continue;
            }
            let Some(account) = self.accounts.get(&header.account) else {
                continue;
            };
            let state = if header.dead {
                ToldState::Dead
            } else {
                ToldState::Queued
            };
            let attempts: Option<Attempts> = self.read(&record::attempts(id))?;
            let new = Told {
                viewing: header.viewing,
                account: account.key.clone(),
                state,
                answer: attempts.and_then(|attempts| attempts.last_error),
            };
            let same = |old: &&mut Told| old.viewing == new.viewing && old.account == new.account;
            match told.iter_mut().find(same) {
                Some(old) if old.state < new.state => *old = new,
                Some(_) => {}
                None => told.push(new),
            }
        }
        for viewing in viewings {
            for outcome in self.outcomes_of(*viewing)?.0 {
                let Some(account) = self.accounts.get(&outcome.account) else {
                    continue;
                };
                let same = |old: &Told| old.viewing == *viewing && old.account == account.key;
                if !told.iter().any(same) {
                    told.push(Told {
                        viewing: *viewing,
                        account: account.key.clone(),
                        state: if outcome.delivered {
                            ToldState::Delivered
                        } else {
                            ToldState::Skipped
                        },
                        answer: outcome.answer,
                    });
                }
            }
        }
        Ok(told)
    }

    /// What waits for ids, and could be sent with them; not what a service itself does not know.
    fn waiting_for_id(&self) -> impl Iterator<Item = (DeliveryId, &Header)> {
        self.index.needy().filter(|(id, header)| {
            let account = self.accounts.get(&header.account);
            let serves = account.is_some_and(|a| a.login == Login::In && !a.is_unknown(*id));
            header.kind != Kind::Event && !header.dead && serves
        })
    }

    /// How many deliveries wait for ids, and the last of them; `None` if there are none. Changes when there is news for
    /// `wanted`.
    #[must_use]
    pub fn waiting_for_ids(&self) -> Option<(usize, DeliveryId)> {
        let mut waiting = self.waiting_for_id();
        let (first, _) = waiting.next()?;
        Some(waiting.fold((1, first), |(count, _), (id, _)| (count + 1, id)))
    }

    /// Titles that deliveries wait for the ids of, and episodes of titles with ids that wait for season and number; at most
    /// `limit`.
    ///
    /// # Errors
    /// When the store failed.
    pub fn wanted(&self, limit: usize) -> Result<Vec<Wanted>, StoreError> {
        let mut lanes = BTreeSet::new();
        let mut episodes = BTreeSet::new();
        let mut wanted = Vec::new();
        for (id, header) in self.waiting_for_id() {
            if wanted.len() == limit {
                break;
            }
            let tmdb = self.id_of(header);
            if tmdb.is_none() && !lanes.insert(header.lane) {
                continue;
            }
            let payload: Option<Payload> = self.read(&record::payload(id))?;
            let Some((title, payload)) = header.title().zip(payload) else {
                continue;
            };
            let mut media = payload.event.media;
            media.ids.tmdb = media.ids.tmdb.or(tmdb);
            if tmdb.is_none() || episodes.insert((header.lane, Unplaced::of(&media))) {
                wanted.push(Wanted { title, media });
            }
        }
        Ok(wanted)
    }

    /// Tries again at once, dead letters too. What was clearly refused is made anew, under a new event id: the service
    /// would take the old one for a repetition.
    ///
    /// # Errors
    /// When the store failed; some may have been taken up then.
    pub fn retry(&mut self, which: &Selection) -> Result<usize, StoreError> {
        let chosen = self.select(which);
        for ids in chosen.chunks(CHUNK) {
            let mut draft = Draft::default();
            for id in ids {
                self.revive(*id, &mut draft)?;
            }
            self.commit(draft, Durability::Disk)?;
        }
        for id in &chosen {
            let number = self.index.get(*id).map(|header| header.account);
            if let Some(account) = number.and_then(|number| self.accounts.get_mut(&number)) {
                account.forgive(*id);
                account.breaker.nudge();
            }
        }
        Ok(chosen.len())
    }

    fn revive(&mut self, id: DeliveryId, draft: &mut Draft) -> Result<(), StoreError> {
        let Some(header) = self.index.get(id) else {
            return Ok(());
        };
        let mut header = *header;
        if header.dead {
            let mut attempts = self.attempts_of(id)?;
            attempts.dead = false;
            let payload: Option<Payload> = self.read(&record::payload(id))?;
            if let Some(mut payload) = payload.filter(|_| !attempts.in_doubt) {
                attempts.request = None;
                payload.event_id = EventId::random(&mut self.random);
                draft.batch.put(record::payload(id), encode(&payload)?);
            }
            draft.batch.put(record::attempts(id), encode(&attempts)?);
        }
        header.dead = false;
        header.aside = false;
        header.needs_id = false;
        draft.put(id, header);
        Ok(())
    }

    /// Removes deliveries, whatever they are.
    ///
    /// # Errors
    /// When the store failed; some may be gone then.
    pub fn drop_deliveries(&mut self, which: &Selection) -> Result<usize, StoreError> {
        let chosen = self.select(which);
        for ids in chosen.chunks(CHUNK) {
            for id in ids {
                if let Some(header) = self.index.get(*id) {
                    let draft = self.skipped(*id, header, "dropped by the user")?;
                    self.defer(draft);
                }
            }
            self.commit(Draft::default(), Durability::Disk)?;
        }
        Ok(chosen.len())
    }

    fn select(&self, which: &Selection) -> Vec<DeliveryId> {
        let number = match which {
            Selection::Account(key) => self.number(key),
            _ => None,
        };
        let chosen = |id: &DeliveryId, header: &Header| match which {
            Selection::All => true,
            Selection::Dead => header.dead,
            Selection::Account(_) => number == Some(header.account),
            Selection::Viewing(viewing) => header.viewing == *viewing,
            Selection::Ids(ids) => ids.contains(id),
        };
        let all = self.index.iter();
        all.filter(|(id, header)| !header.dormant && chosen(id, header))
            .map(|(id, _)| id)
            .collect()
    }
}

fn state(header: &Header, login: Login) -> QueuedState {
    if header.dead {
        QueuedState::Dead
    } else if login != Login::In {
        QueuedState::WaitingLogin
    } else if header.needs_id {
        QueuedState::WaitingId
    } else if header.aside {
        QueuedState::Aside
    } else {
        QueuedState::Due
    }
}
