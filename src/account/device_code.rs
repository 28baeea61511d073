//! Waiting for a device code to be approved: when to ask again, and when to give up. Pure; times are in boot time,
//! for a code expires while a laptop sleeps.

use std::time::Duration;

/// Between two polls, unless the service wants more.
const POLL_EVERY: Duration = Duration::from_secs(5);

/// What a code lives, should the service not say. It never counts for longer than an hour.
const USUAL_LIFE: Duration = Duration::from_secs(600);
const LONGEST_LIFE: Duration = Duration::from_secs(3600);

/// What a poll was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard<T> {
    /// Not yet.
    Pending,
    /// Not yet, and ask less often.
    SlowDown,
    /// Too many requests: this one was not looked at.
    Throttled(Option<Duration>),
    /// No answer, or none of the service itself.
    Trouble(String),
    /// Somebody said no.
    Denied,
    /// The code is dead.
    Expired,
    /// Anything else that ends it, in the service's words.
    Refused(String),
    /// Yes.
    Approved(T),
}

#[cfg(test)]
impl<T> Heard<T> {
    /// For tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::SlowDown => "slow down",
            Self::Throttled(_) => "throttled",
            Self::Trouble(_) => "trouble",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Refused(_) => "refused",
            Self::Approved(_) => "approved",
        }
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next<T> {
    /// Poll at this time.
    PollAt(Duration),
    /// It is over, well.
    Approved(T),
    /// It is over.
    Failed(Failure),
}

/// Why a code came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Somebody said no.
    Denied,
    /// Nobody said yes in time.
    Expired,
    /// The service could not be asked until the time was over.
    Unreachable(String),
    /// In the service's words.
    Refused(String),
}

/// One attempt, from the code to its end.
#[derive(Debug)]
pub struct DeviceCode {
    deadline: Duration,
    every: Duration,
    /// What went wrong with the last poll, if it did.
    trouble: Option<String>,
}

impl DeviceCode {
    /// A code given now; the first poll is due at once.
    #[must_use]
    pub fn given(now: Duration, life: Option<Duration>) -> Self {
        Self {
            deadline: now + life.unwrap_or(USUAL_LIFE).min(LONGEST_LIFE),
            every: POLL_EVERY,
            trouble: None,
        }
    }

    /// Takes the answer to a poll.
    pub fn heard<T>(&mut self, now: Duration, heard: Heard<T>) -> Next<T> {
        let mut wait = self.every;
        let mut trouble = None;
        match heard {
            Heard::Approved(it) => return Next::Approved(it),
            Heard::Denied => return Next::Failed(Failure::Denied),
            Heard::Expired => return Next::Failed(Failure::Expired),
            Heard::Refused(words) => return Next::Failed(Failure::Refused(words)),
            Heard::Pending => {}
            Heard::SlowDown => {
                self.every += POLL_EVERY;
                wait = self.every;
            }
            Heard::Throttled(after) => wait = after.unwrap_or(self.every * 2).max(self.every),
            Heard::Trouble(words) => trouble = Some(words),
        }
        self.trouble = trouble;
        self.next(now + wait)
    }

    fn next<T>(&mut self, at: Duration) -> Next<T> {
        if at < self.deadline {
            return Next::PollAt(at);
        }
        Next::Failed(match self.trouble.take() {
            Some(words) => Failure::Unreachable(words),
            None => Failure::Expired,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Duration = Duration::from_secs(1000);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn poll_at(next: &Next<()>) -> u64 {
        match next {
            Next::PollAt(at) => (*at - T0).as_secs(),
            other => panic!("expected another poll, got {other:?}"),
        }
    }

    #[test]
    fn polls_come_every_five_seconds_and_later_when_asked() {
        let mut code = DeviceCode::given(T0, Some(seconds(600)));
        assert_eq!(poll_at(&code.heard(T0, Heard::Pending)), 5);
        assert_eq!(poll_at(&code.heard(T0, Heard::Trouble("x".into()))), 5);
        assert_eq!(poll_at(&code.heard(T0, Heard::Throttled(None))), 10);
        assert_eq!(
            poll_at(&code.heard(T0, Heard::Throttled(Some(seconds(60))))),
            60
        );
        assert_eq!(
            poll_at(&code.heard(T0, Heard::Throttled(Some(seconds(1))))),
            5
        );
        assert_eq!(poll_at(&code.heard(T0, Heard::SlowDown)), 10);
        assert_eq!(poll_at(&code.heard(T0, Heard::Pending)), 10);
        assert_eq!(poll_at(&code.heard(T0, Heard::SlowDown)), 15);
    }

    #[test]
    fn one_deadline_holds_for_the_whole_attempt() {
        let mut code = DeviceCode::given(T0, Some(seconds(60)));
        let late = T0 + seconds(56);
        assert_eq!(
            code.heard::<()>(late, Heard::Pending),
            Next::Failed(Failure::Expired)
        );
        let mut code = DeviceCode::given(T0, Some(seconds(60)));
        assert_eq!(
            code.heard::<()>(late, Heard::Trouble("no route".into())),
            Next::Failed(Failure::Unreachable("no route".into()))
        );
        let mut absurd = DeviceCode::given(T0, Some(Duration::MAX));
        let much_later = T0 + LONGEST_LIFE;
        assert_eq!(
            absurd.heard::<()>(much_later, Heard::Pending),
            Next::Failed(Failure::Expired)
        );
    }

    #[test]
    fn an_end_is_an_end() {
        let next = |heard| DeviceCode::given(T0, None).heard::<u8>(T0, heard);
        assert_eq!(next(Heard::Approved(7)), Next::Approved(7));
        assert_eq!(next(Heard::Denied), Next::Failed(Failure::Denied));
        assert_eq!(next(Heard::Expired), Next::Failed(Failure::Expired));
        assert_eq!(
            next(Heard::Refused("w".into())),
            Next::Failed(Failure::Refused("w".into()))
        );
    }
}
