//! How often a service is asked for a new token: PunchPlay allows 20 refreshes an hour from one address, Discovr names no
//! limit. Pure; times are boot time.

use std::time::Duration;

use super::record::Unavailable;
use crate::model::ServiceName;
use crate::sender::plan;
use crate::service::Fault;

/// A 401 may force a renewal this often.
const FORCED_EVERY: Duration = Duration::from_secs(60);

/// After the second failure in a row, doubling up to the longest.
const FIRST_HOLD: Duration = Duration::from_secs(10);

/// What stays within the service's limit for ever; where there is none, no longer than anything else waits.
const fn longest_hold(service: ServiceName) -> Duration {
    match service {
        ServiceName::Punchplay => Duration::from_secs(200),
        ServiceName::Discovr => plan::LONGEST,
    }
}

/// The renewals of one service so far.
#[derive(Debug)]
pub(super) struct Pace {
    longest_hold: Duration,
    forced_at: Option<Duration>,
    failures: u32,
    held: Option<Held>,
}

/// Not asked again before …
#[derive(Debug)]
struct Held {
    until: Duration,
    /// … and by the service's own words not before.
    asked: Option<Duration>,
    reason: String,
}

impl Pace {
    pub(super) fn of(service: ServiceName) -> Self {
        Self {
            longest_hold: longest_hold(service),
            forced_at: None,
            failures: 0,
            held: None,
        }
    }

    /// Whether the service may be asked now; `forced` by a 401, and then notes that it was.
    pub(super) fn ask(&mut self, now: Duration, forced: bool) -> Result<(), Unavailable> {
        if let Some(held) = self.held.as_ref().filter(|held| now < held.until) {
            // No token to send with: only where the service asked for it is its patience to be kept.
            let fault = match held.asked.is_some_and(|asked| now < asked) {
                true => Fault::Throttled,
                false => Fault::Unsent,
            };
            return Err(wait(held.until - now, fault, &held.reason));
        }
        if !forced {
            return Ok(());
        }
        let left = self
            .forced_at
            .map(|last| FORCED_EVERY.saturating_sub(now.saturating_sub(last)));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            let reason = "401: the login is refused although it was renewed less than a minute ago";
            return Err(wait(left, Fault::Throttled, reason));
        }
        self.forced_at = Some(now);
        Ok(())
    }

    /// The service answered that it will not, for now.
    pub(super) fn failed(&mut self, now: Duration, after: Option<Duration>, reason: &str) {
        self.failures = self.failures.saturating_add(1);
        let hold = match self.failures {
            0 | 1 => Duration::ZERO,
            more => (FIRST_HOLD * (1 << (more - 2).min(10))).min(self.longest_hold),
        };
        let asked = after.map(|after| now.saturating_add(after));
        self.held = Some(Held {
            until: now.saturating_add(hold).max(asked.unwrap_or_default()),
            asked,
            reason: reason.to_owned(),
        });
    }

    /// The user wants it tried at once: only what the service itself asked for is kept.
    pub(super) fn nudge(&mut self) {
        self.failures = 0;
        if let Some(held) = &mut self.held {
            held.until = held.asked.unwrap_or_default();
        }
    }

    /// There is a new token.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.held = None;
    }
}

fn wait(left: Duration, fault: Fault, reason: &str) -> Unavailable {
    Unavailable::Later {
        after: Some(left),
        fault,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn left(result: &Result<(), Unavailable>) -> Option<u64> {
        match result {
            Err(Unavailable::Later { after, .. }) => after.map(|after| after.as_secs()),
            _ => None,
        }
    }

    #[test]
    fn a_401_forces_once_a_minute_and_what_is_due_is_not_forced() {
        let mut pace = Pace::of(ServiceName::Punchplay);
        assert!(pace.ask(s(100), true).is_ok());
        assert_eq!(left(&pace.ask(s(110), true)), Some(50));
        assert!(pace.ask(s(110), false).is_ok());
        assert!(pace.ask(s(160), true).is_ok());
        assert_eq!(left(&pace.ask(s(160), true)), Some(60));
    }

    #[test]
    fn failures_in_a_row_are_held_ever_longer_and_a_success_ends_that() {
        let mut pace = Pace::of(ServiceName::Punchplay);
        let mut holds = Vec::new();
        for _ in 0..8 {
            pace.failed(s(1000), None, "503");
            holds.push(left(&pace.ask(s(1000), false)).unwrap_or(0));
        }
        assert_eq!(holds, [0, 10, 20, 40, 80, 160, 200, 200]);
        assert!(pace.ask(s(1200), true).is_ok());
        pace.succeeded();
        pace.failed(s(2000), None, "503");
        assert!(pace.ask(s(2000), false).is_ok());
    }

    #[test]
    fn where_no_limit_is_published_a_login_waits_no_longer_than_a_minute() {
        let mut pace = Pace::of(ServiceName::Discovr);
        let mut longest = 0;
        for _ in 0..12 {
            pace.failed(s(1000), None, "503");
            longest = longest.max(left(&pace.ask(s(1000), false)).unwrap_or(0));
        }
        assert_eq!(longest, 60);
    }

    #[test]
    fn what_the_service_asks_for_is_kept() {
        let mut pace = Pace::of(ServiceName::Punchplay);
        pace.failed(s(100), Some(s(300)), "429");
        assert_eq!(left(&pace.ask(s(110), false)), Some(290));
        assert_eq!(left(&pace.ask(s(110), true)), Some(290));
        assert!(pace.ask(s(400), true).is_ok());
    }

    #[test]
    fn a_nudge_ends_our_own_hold_and_not_what_the_service_asked_for() {
        let mut pace = Pace::of(ServiceName::Punchplay);
        for _ in 0..8 {
            pace.failed(s(1000), None, "503");
        }
        assert_eq!(left(&pace.ask(s(1000), false)), Some(200));
        pace.nudge();
        assert!(pace.ask(s(1000), false).is_ok());
        pace.failed(s(1000), Some(s(30)), "429");
        pace.nudge();
        assert_eq!(left(&pace.ask(s(1010), false)), Some(20));
    }

    #[test]
    fn an_hour_of_failures_stays_within_the_limit() {
        let (mut pace, mut asked) = (Pace::of(ServiceName::Punchplay), 0);
        for second in 0..3600 {
            if pace.ask(s(second), false).is_ok() {
                asked += 1;
                pace.failed(s(second), None, "500");
            }
        }
        assert!(asked <= 24, "{asked} times in the first hour");
        let before = asked;
        for second in 3600..7200 {
            if pace.ask(s(second), false).is_ok() {
                asked += 1;
                pace.failed(s(second), None, "500");
            }
        }
        assert!(
            asked - before <= 18,
            "{} times in the second",
            asked - before
        );
    }
}
