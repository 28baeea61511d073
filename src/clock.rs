//! The only file that reads a clock.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::model::{Moment, Wall};

/// Reads all clocks.
#[must_use]
pub fn now() -> Moment {
    Moment {
        mono: read(ClockId::Monotonic),
        boot: read(ClockId::Boottime),
        wall: wall(),
    }
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

fn wall() -> Wall {
    let time = clock_gettime(ClockId::Realtime);
    Wall(
        time.tv_sec
            .saturating_mul(1000)
            .saturating_add(time.tv_nsec / 1_000_000),
    )
}
