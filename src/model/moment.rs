//! Time as a parameter: one reading of the three clocks that matter.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One reading of all clocks, taken where something was observed (`clock.rs` is the only place that takes one).
///
/// `mono` stops while the machine sleeps: played time is counted in it. `boot` does not: retry deadlines are kept in
/// it, and `boot` growing without `mono` is how a suspend shows. `wall` is what people and services see, and it jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// `CLOCK_MONOTONIC`.
    pub mono: Duration,
    /// `CLOCK_BOOTTIME`.
    pub boot: Duration,
    /// `CLOCK_REALTIME`.
    pub wall: Wall,
}

impl Moment {
    /// The moment `by` later, with the machine awake and no clock stepping.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self {
            mono: self.mono + by,
            boot: self.boot + by,
            wall: self.wall.plus(by),
        }
    }

    /// How long the machine slept between `earlier` and `self`.
    #[must_use]
    pub fn slept_since(&self, earlier: &Self) -> Duration {
        let boot = self.boot.saturating_sub(earlier.boot);
        boot.saturating_sub(self.mono.saturating_sub(earlier.mono))
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Wall(pub i64);

impl Wall {
    /// This much later; saturates.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// This much earlier; saturates.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero if it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Parses RFC 3339 in UTC (`2026-03-01T20:15:00Z`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let time = humantime::parse_rfc3339(text).ok()?;
        let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok().map(Self)
    }
}

/// RFC 3339, UTC, milliseconds.
impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Year 9999 is as far as RFC 3339 goes; before 1970 no clock of ours can be.
        let ms = u64::try_from(self.0).unwrap_or(0).min(253_402_300_799_000);
        let time = std::time::UNIX_EPOCH + Duration::from_millis(ms);
        humantime::format_rfc3339_millis(time).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_time_prints_as_rfc_3339_and_is_read_back() {
        let wall = Wall(1_795_312_800_250);
        assert_eq!(wall.to_string(), "2026-11-22T02:00:00.250Z");
        assert_eq!(Wall::parse(&wall.to_string()), Some(wall));
    }

    #[test]
    fn absurd_wall_times_print_without_a_panic() {
        for ms in [i64::MIN, -1, i64::MAX] {
            assert!(Wall(ms).to_string().ends_with('Z'));
        }
    }

    #[test]
    fn suspend_is_boot_time_without_monotonic_time() {
        let a = Moment {
            mono: Duration::from_secs(10),
            boot: Duration::from_secs(10),
            wall: Wall(0),
        };
        let b = Moment {
            mono: Duration::from_secs(11),
            boot: Duration::from_secs(3611),
            wall: Wall(0),
        };
        assert_eq!(b.slept_since(&a), Duration::from_secs(3600));
    }
}
