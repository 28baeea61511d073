//! One account as it is served: what it may send now. None of it is on disk; a restart tries everything at once.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{AccountKey, DeliveryId, Random, Wall};
use crate::sender::plan::{Breaker, Budget, Turn, backoff};

/// Failures of one delivery, while others succeeded, after which it stands aside.
pub const FAULTS_ASIDE: u8 = 5;
/// Backoff of one delivery that stands in line.
const IN_LINE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Backoff of one that stands aside.
const ASIDE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(15 * 60));
/// How often a service is asked again whether it knows a title by now.
const NEEDS_ID: Duration = Duration::from_secs(3600);

/// Lanes whose newest resume point is remembered: titles watched in one run.
const MOST_LANES: usize = 1000;

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Login {
    /// Nobody has said that it is linked.
    #[default]
    Off,
    /// It is.
    In,
    /// It was; the service refuses the login.
    Refused,
}

/// A delivery that failed though its service may be well.
#[derive(Debug, Clone, Copy)]
struct Trouble {
    /// Failures with a success of another between each; none if the service just does not know the title.
    faults: u8,
    /// The account's successes at the last of them.
    seen: u64,
    /// Boot time before which it is not tried.
    not_before: Duration,
}

/// An account.
#[derive(Debug)]
pub struct Account {
    pub key: AccountKey,
    pub login: Login,
    pub in_flight: Option<DeliveryId>,
    /// In flight, and the first that the account hears of its session.
    pub introduces: Option<DeliveryId>,
    /// What was in flight at the last login: it says nothing of the new one.
    before_login: Option<DeliveryId>,
    pub breaker: Breaker,
    pub budget: Budget,
    pub turn: Turn,
    pub delivered_at: Option<Wall>,
    pub last_error: Option<String>,
    /// Live events that were dropped: too late, or refused.
    pub dropped: u64,
    successes: u64,
    trouble: BTreeMap<DeliveryId, Trouble>,
    /// The one that failed last: another is tried first, to learn whose fault it is.
    pub last_failed: Option<DeliveryId>,
    /// Boot time before which each lane takes no further beat.
    paced: BTreeMap<u64, Duration>,
    /// What the newest resume point of each lane tells of, in milliseconds after boot.
    newest: BTreeMap<u64, u64>,
}

impl Account {
    pub fn new(key: AccountKey, budget: Budget) -> Self {
        Self {
            key,
            login: Login::Off,
            in_flight: None,
            introduces: None,
            before_login: None,
            breaker: Breaker::default(),
            budget,
            turn: Turn::Live,
            delivered_at: None,
            last_error: None,
            dropped: 0,
            successes: 0,
            trouble: BTreeMap::new(),
            last_failed: None,
            paced: BTreeMap::new(),
            newest: BTreeMap::new(),
        }
    }

    /// A resume point goes out: the next beat of its lane waits for `pace`.
    pub fn keep_pace(&mut self, lane: u64, now: Duration, pace: Duration) {
        self.paced.retain(|_, until| *until > now);
        if !pace.is_zero() {
            self.paced.insert(lane, now + pace);
        }
    }

    /// Boot time before which a beat of this lane waits.
    pub fn paced(&self, lane: u64) -> Duration {
        self.paced.get(&lane).copied().unwrap_or_default()
    }

    /// Whether a resume point tells of a time before that of the newest of its lane: a session of the last run may be closed
    /// after another has begun.
    pub fn is_outdated(&mut self, lane: u64, made: u64) -> bool {
        if self.newest.len() > MOST_LANES {
            self.newest.clear();
        }
        let newest = self.newest.entry(lane).or_default();
        *newest = made.max(*newest);
        made < *newest
    }

    /// It is linked, perhaps anew.
    pub fn log_in(&mut self) {
        self.login = Login::In;
        self.before_login = self.in_flight;
        self.breaker.nudge();
    }

    /// The service refused the login with which `id` was sent.
    pub fn refuse_login(&mut self, id: DeliveryId) {
        if self.login == Login::In && self.before_login != Some(id) {
            self.login = Login::Refused;
        }
    }

    /// The request is no longer in flight.
    pub fn land(&mut self, id: DeliveryId) {
        if self.in_flight == Some(id) {
            self.in_flight = None;
            self.introduces = None;
            self.before_login = None;
        }
    }

    /// The service answered; if it took something, that says that others need not fail.
    pub fn answered(&mut self, took_something: bool) {
        self.breaker.succeed();
        self.last_failed = None;
        if took_something {
            self.successes += 1;
            self.last_error = None;
        }
    }

    /// A delivery failed, perhaps through its own fault. True if it stands aside from now on.
    pub fn fault(&mut self, id: DeliveryId, now: Duration, random: &mut Random) -> bool {
        let seen = self.successes;
        let before = self.trouble.get(&id);
        let faults = match before {
            None => 1,
            Some(trouble) if trouble.seen < seen => trouble.faults.saturating_add(1),
            Some(trouble) => trouble.faults.max(1),
        };
        let over = faults.saturating_sub(FAULTS_ASIDE);
        let aside = faults >= FAULTS_ASIDE;
        let ((first, longest), doublings) = if aside {
            (ASIDE, over + 1)
        } else {
            (IN_LINE, faults)
        };
        let not_before = now + backoff(doublings.into(), first, longest, random);
        let trouble = Trouble {
            faults,
            seen,
            not_before,
        };
        self.trouble.insert(id, trouble);
        self.last_failed = Some(id);
        aside
    }

    /// It is too early for a delivery, and not its fault.
    pub fn postpone(&mut self, id: DeliveryId, until: Duration) {
        let seen = self.successes;
        let trouble = self.trouble.entry(id).or_insert(Trouble {
            faults: 1,
            seen,
            not_before: until,
        });
        trouble.not_before = until;
    }

    /// The service itself did not know the title: it may another time.
    pub fn ask_again(&mut self, id: DeliveryId, now: Duration) {
        let trouble = Trouble {
            faults: 0,
            seen: self.successes,
            not_before: now + NEEDS_ID,
        };
        self.trouble.insert(id, trouble);
    }

    /// Forgets the failures of a delivery.
    pub fn forgive(&mut self, id: DeliveryId) {
        self.trouble.remove(&id);
        if self.last_failed == Some(id) {
            self.last_failed = None;
        }
    }

    /// Whether a delivery failed so often that it stands aside.
    pub fn is_aside(&self, id: DeliveryId) -> bool {
        let trouble = self.trouble.get(&id);
        trouble.is_some_and(|trouble| trouble.faults >= FAULTS_ASIDE)
    }

    /// Whether the service did not know a delivery's title.
    pub fn is_unknown(&self, id: DeliveryId) -> bool {
        self.trouble
            .get(&id)
            .is_some_and(|trouble| trouble.faults == 0)
    }

    /// Boot time before which this delivery is not tried.
    pub fn not_before(&self, id: DeliveryId) -> Duration {
        self.trouble
            .get(&id)
            .map_or(Duration::ZERO, |trouble| trouble.not_before)
    }

    /// Deliveries with a backoff of their own.
    pub fn troubled(&self) -> impl Iterator<Item = (DeliveryId, Duration)> {
        self.trouble.iter().map(|(id, t)| (*id, t.not_before))
    }
}
