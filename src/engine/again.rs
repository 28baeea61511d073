//! When what has failed is tried again: after a second, then each time after twice as long, up to a minute.

use std::time::Duration;

use crate::model::Moment;

/// First and longest delay.
const DELAY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Again {
    failures: u32,
    at: Option<Duration>,
}

impl Again {
    /// It failed.
    pub fn failed(&mut self, now: Moment) {
        let delay = DELAY.0.saturating_mul(1 << self.failures.min(6));
        self.failures = self.failures.saturating_add(1);
        self.at = Some(now.boot + delay.min(DELAY.1));
    }

    /// It works.
    pub fn works(&mut self) {
        *self = Self::default();
    }

    /// It has failed, and did not work since.
    pub fn fails(&self) -> bool {
        self.at.is_some()
    }

    /// It is too early to try again.
    pub fn rests(&self, now: Moment) -> bool {
        self.at.is_some_and(|at| at > now.boot)
    }

    /// The next attempt is made at once.
    pub fn hurry(&mut self, now: Moment) {
        self.at = self.at.map(|at| at.min(now.boot));
    }

    /// Boot time of the next attempt; `None` while it works.
    pub fn at(&self) -> Option<Duration> {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Wall;

    #[test]
    fn each_failure_doubles_the_delay_up_to_a_minute_and_a_success_ends_it() {
        let now = Moment {
            mono: Duration::ZERO,
            boot: Duration::from_secs(100),
            wall: Wall(0),
        };
        let mut again = Again::default();
        assert!(!again.rests(now) && !again.fails());
        let delays: Vec<u64> = (0..8)
            .map(|_| {
                again.failed(now);
                assert!(again.rests(now) && again.fails());
                again.at().unwrap().as_secs() - 100
            })
            .collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 60, 60]);
        again.works();
        assert_eq!((again.rests(now), again.at()), (false, None));
        again.failed(now);
        assert_eq!(again.at(), Some(Duration::from_secs(101)));
    }
}
