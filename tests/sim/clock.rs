//! The clocks of a machine that sleeps, is set, and loses power.

use std::time::Duration;

use reeld::model::{Moment, Wall};

/// 2026-11-22, evening.
pub const EVENING: Wall = Wall(1_795_370_000_000);
/// The first thing that runs does so some seconds after boot.
const BOOTED: Duration = Duration::from_secs(20);

/// True time, and what the machine's clocks make of it.
#[derive(Debug, Clone)]
pub struct Clock {
    /// Since the beginning of the run.
    pub now: Duration,
    /// When this boot began, and how long before the run if it was before.
    booted: Duration,
    before: Duration,
    /// Asleep since then.
    slept: Duration,
    /// How far the wall clock is off, milliseconds.
    pub off: i64,
    pub boot_id: u64,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            now: Duration::ZERO,
            booted: Duration::ZERO,
            before: BOOTED,
            slept: Duration::ZERO,
            off: 0,
            boot_id: 1,
        }
    }
}

impl Clock {
    /// All clocks, as the machine reads them now.
    pub fn moment(&self) -> Moment {
        let boot = self.now - self.booted + self.before;
        Moment {
            mono: boot - self.slept,
            boot,
            wall: Wall(self.true_wall().0 + self.off),
        }
    }

    /// What a right clock would show.
    pub fn true_wall(&self) -> Wall {
        EVENING.plus(self.now)
    }

    /// Time that passes while the machine is on and awake, over all boots: players run by it.
    pub fn awake(&self) -> Duration {
        self.moment().mono
    }

    pub fn sleep(&mut self, time: Duration) {
        self.now += time;
        self.slept += time;
    }

    pub fn reboot(&mut self, year_1970: bool) {
        self.booted = self.now;
        self.before = Duration::ZERO;
        self.now += BOOTED;
        self.slept = Duration::ZERO;
        self.boot_id += 1;
        self.off = if year_1970 { -self.true_wall().0 } else { 0 };
    }
}
