//! What one account may send when: backoff, breaker, budget and turns. Pure; every time here is boot time.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::Random;

/// The first backoff; it doubles from here.
const FIRST: Duration = Duration::from_secs(1);
/// The longest backoff of an account.
pub const LONGEST: Duration = Duration::from_secs(60);
/// The longest wait that a service may ask for.
pub const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// How long to wait after the `failures`th failure in a row: anything up to a limit that doubles from `first` up to
/// `longest` ("full jitter"), so that many clients do not come back in step.
pub fn backoff(failures: u32, first: Duration, longest: Duration, random: &mut Random) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    let limit = first.saturating_mul(1 << doublings).min(longest);
    limit.mul_f64(random.fraction())
}

/// Whether the service as a whole is worth trying. Opens on failure, and one attempt after `until` is its probe.
#[derive(Debug, Clone, Default)]
pub struct Breaker {
    failures: u32,
    until: Duration,
    /// Before this boot time the service itself wants nothing.
    asked: Duration,
}

impl Breaker {
    /// The boot time before which nothing is sent.
    #[must_use]
    pub fn until(&self) -> Duration {
        self.until
    }

    /// An attempt failed; `after` is what the service asked for, and comes first.
    pub fn fail(&mut self, now: Duration, after: Option<Duration>, random: &mut Random) {
        self.failures = self.failures.saturating_add(1);
        let own = backoff(self.failures, FIRST, LONGEST, random);
        let asked = after.map(|asked| now.saturating_add(asked.min(LONGEST_ASKED)));
        self.asked = asked.unwrap_or_default();
        self.until = now.saturating_add(own).max(self.asked);
    }

    /// Nothing was sent, and it is of no use to try before `after`: the service has asked for nothing.
    pub fn stay(&mut self, now: Duration, after: Option<Duration>, random: &mut Random) {
        self.fail(now, after, random);
        self.asked = Duration::ZERO;
    }

    /// The service answered sensibly.
    pub fn succeed(&mut self) {
        *self = Self::default();
    }

    /// Something changed for the better (network, login): try at once, or as soon as the service itself wants.
    pub fn nudge(&mut self) {
        self.failures = 0;
        self.until = self.until.min(self.asked);
    }
}

/// How much a service takes: its published limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Calls …
    pub calls: usize,
    /// … in any stretch of this length.
    pub per: Duration,
}

/// What a delivery is to the budget. The later ones yield to the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A `start` or `stop` of now.
    Edge,
    /// A `progress`, `pause` or `resume` of now.
    Beat,
    /// Anything older.
    Backlog,
}

/// Attempts of late, kept below a published limit with room reserved for what matters more.
#[derive(Debug, Clone)]
pub struct Budget {
    rate: Option<Rate>,
    spent: VecDeque<Duration>,
}

impl Budget {
    /// Without a rate everything may go at once.
    #[must_use]
    pub fn new(rate: Option<Rate>) -> Self {
        Self {
            rate,
            spent: VecDeque::new(),
        }
    }

    /// When one more of this class may go; in the past means now.
    #[must_use]
    pub fn free_at(&self, class: Class) -> Duration {
        let Some(rate) = self.rate else {
            return Duration::ZERO;
        };
        // Sixths of the published limit; the last sixth is never used.
        let share = match class {
            Class::Edge => rate.calls * 10 / 12,
            Class::Beat => rate.calls * 9 / 12,
            Class::Backlog => rate.calls * 8 / 12,
        };
        let over = self.spent.len().checked_sub(share.max(1));
        over.and_then(|over| self.spent.get(over))
            .map_or(Duration::ZERO, |at| at.saturating_add(rate.per))
    }

    /// One attempt is made.
    pub fn spend(&mut self, now: Duration) {
        let Some(rate) = self.rate else { return };
        let over = |at: &Duration| at.saturating_add(rate.per) <= now;
        while self.spent.len() >= rate.calls.max(1) || self.spent.front().is_some_and(over) {
            self.spent.pop_front();
        }
        self.spent.push_back(now);
    }
}

/// Whose turn it is. They take turns so that none starves another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Turn {
    /// What happens now.
    #[default]
    Live,
    /// What waited.
    Backlog,
    /// What failed while others succeeded.
    Aside,
}

impl Turn {
    /// All three, beginning with this one.
    #[must_use]
    pub fn round(self) -> [Self; 3] {
        match self {
            Self::Live => [Self::Live, Self::Backlog, Self::Aside],
            Self::Backlog => [Self::Backlog, Self::Aside, Self::Live],
            Self::Aside => [Self::Aside, Self::Live, Self::Backlog],
        }
    }

    /// The one after this.
    #[must_use]
    pub fn next(self) -> Self {
        self.round()[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn backoff_doubles_from_a_second_to_a_minute_with_full_jitter() {
        let mut random = Random::seeded(7);
        for (failures, limit) in [
            (1, 1),
            (2, 2),
            (3, 4),
            (6, 32),
            (7, 60),
            (8, 60),
            (u32::MAX, 60),
        ] {
            let waits: Vec<Duration> = (0..1000)
                .map(|_| backoff(failures, FIRST, LONGEST, &mut random))
                .collect();
            let longest = waits.iter().max().copied().unwrap_or_default();
            let shortest = waits.iter().min().copied().unwrap_or_default();
            assert!(longest <= s(limit), "after {failures}: {longest:?}");
            assert!(
                longest > s(limit).mul_f64(0.95),
                "after {failures}: {longest:?}"
            );
            assert!(
                shortest < s(limit).mul_f64(0.05),
                "after {failures}: {shortest:?}"
            );
        }
    }

    #[test]
    fn what_the_service_asks_for_comes_first_but_not_beyond_an_hour() {
        let mut random = Random::seeded(7);
        for (asked, least, most) in [(30, 130, 130), (0, 100, 101), (86_400, 3700, 3700)] {
            let mut breaker = Breaker::default();
            breaker.fail(s(100), Some(s(asked)), &mut random);
            let until = breaker.until();
            assert!(
                s(least) <= until && until <= s(most),
                "asked {asked}: {until:?}"
            );
        }
    }

    #[test]
    fn a_nudge_ends_our_own_backoff_and_not_what_the_service_asked_for() {
        let mut random = Random::seeded(7);
        let mut own = Breaker::default();
        own.fail(s(100), None, &mut random);
        own.nudge();
        assert_eq!(own.until(), Duration::ZERO);
        let mut asked = Breaker::default();
        asked.fail(s(100), Some(s(30)), &mut random);
        asked.nudge();
        assert_eq!(asked.until(), s(130));
        // However long we would have waited by ourselves.
        let mut both = Breaker::default();
        for _ in 0..12 {
            both.fail(s(100), Some(s(1)), &mut random);
        }
        assert!(both.until() > s(101));
        both.nudge();
        assert_eq!(both.until(), s(101));
        let mut unsent = Breaker::default();
        unsent.stay(s(100), Some(s(30)), &mut random);
        assert_eq!(unsent.until(), s(130));
        unsent.nudge();
        assert_eq!(unsent.until(), Duration::ZERO);
    }

    const PUBLISHED: Rate = Rate {
        calls: 120,
        per: s(300),
    };

    #[test]
    fn the_budget_stays_below_the_limit_and_keeps_room_for_starts_and_stops() {
        for (class, most) in [(Class::Edge, 100), (Class::Beat, 90), (Class::Backlog, 80)] {
            let mut budget = Budget::new(Some(PUBLISHED));
            let mut sent = 0;
            while budget.free_at(class) <= s(1000) {
                budget.spend(s(1000));
                sent += 1;
            }
            assert_eq!(sent, most, "{class:?}");
            assert_eq!(budget.free_at(class), s(1300), "{class:?}");
        }
    }

    #[test]
    fn no_stretch_of_the_published_length_ever_holds_more_than_its_share() {
        let mut budget = Budget::new(Some(PUBLISHED));
        let mut sent: Vec<Duration> = Vec::new();
        for tenth in 0..20_000 {
            let now = Duration::from_millis(1_000_000 + tenth * 100);
            if budget.free_at(Class::Edge) <= now {
                budget.spend(now);
                sent.push(now);
            }
        }
        for (index, first) in sent.iter().enumerate() {
            let within = sent[index..]
                .iter()
                .take_while(|at| **at < *first + PUBLISHED.per)
                .count();
            assert!(within <= 100, "{within} from {first:?}");
        }
    }

    #[test]
    fn without_a_published_rate_nothing_waits_for_the_budget() {
        let mut budget = Budget::new(None);
        for _ in 0..1000 {
            budget.spend(s(1));
        }
        assert_eq!(budget.free_at(Class::Backlog), Duration::ZERO);
    }

    #[test]
    fn turns_go_round() {
        assert_eq!(Turn::Live.next(), Turn::Backlog);
        assert_eq!(Turn::Backlog.next(), Turn::Aside);
        assert_eq!(Turn::Aside.next(), Turn::Live);
    }
}
