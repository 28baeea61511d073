//! `reeld pause`: for a while nothing that is played is tracked, kept or sent.
//!
//! **States.** off → on (until a time, or for ever) → off, by `reeld resume` or by itself. Turning it on ends every session
//! where it is; what was watched before still goes out. What is played meanwhile is forgotten as it passes.
//! **Order.** The change is on the disk before it is in force, so that a restart in between never looks where it must not.
//! **Time.** In a run the end is a boot time: no step of the wall clock shortens or lengthens a pause. Across runs it is a wall
//! time, and never further away than the pause was meant to be long.
//! One timer while it is on and has an end; none otherwise.

use std::time::Duration;

use tracing::{info, warn};

use super::{Edges, Engine};
use crate::control::{Response, Stamp};
use crate::error::CliError;
use crate::model::{Moment, Wall};

/// What a pause without an end shows as its end: the last day that can be written.
const FOR_EVER: Wall = Wall(253_402_300_799_000);

/// A pause as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Ordered then.
    pub since: Wall,
    /// Ends by itself then; `None`: never.
    pub until: Option<Wall>,
}

impl Pause {
    /// What is left of it; zero if it is over, `None` if it does not end by itself.
    fn left(&self, now: Wall) -> Option<Duration> {
        let until = self.until?;
        Some(until.since(now).min(until.since(self.since)))
    }
}

/// A pause that is in force.
#[derive(Debug, Clone, Copy)]
pub(super) struct InForce {
    /// Boot time.
    ends: Option<Duration>,
    /// As it was ordered.
    until: Option<Wall>,
}

impl<E: Edges> Engine<E> {
    /// A pause that was in force when the last run ended goes on.
    pub(super) fn go_on_pausing(&mut self, now: Moment) {
        let Some(pause) = self.edges.kept_pause() else {
            return;
        };
        self.hold(pause, now);
        self.end_pause_if_due(now);
        if self.pause.is_some() {
            info!("paused by the user: nothing is tracked. Hint: `reeld resume` ends that");
        }
    }

    /// The user's order. Another pause takes the place of one that is in force.
    pub(super) fn pause(&mut self, length: Option<Duration>, now: Moment) -> Response {
        let pause = Pause {
            since: now.wall,
            until: length.map(|length| now.wall.plus(length)),
        };
        if let Err(error) = self.edges.keep_pause(Some(&pause)) {
            return Response::Failed(not_kept(&error));
        }
        self.hold(pause, now);
        info!("paused by the user: nothing is tracked from now on");
        Response::Paused {
            until: self.paused_until(now),
        }
    }

    /// The user's order; `Done` counts what was ended.
    pub(super) fn resume(&mut self, now: Moment) -> Response {
        if self.pause.is_none() {
            return Response::done();
        }
        if let Err(error) = self.edges.keep_pause(None) {
            return Response::Failed(not_kept(&error));
        }
        self.go_on(now);
        info!("the pause was ended by the user");
        Response::Done { count: 1 }
    }

    /// A pause ends by itself.
    pub(super) fn end_pause_if_due(&mut self, now: Moment) {
        let ends = self.pause.and_then(|pause| pause.ends);
        if ends.is_none_or(|at| at > now.boot) {
            return;
        }
        // If it stays on the disk, the next run finds that it is over.
        if let Err(error) = self.edges.keep_pause(None) {
            warn!("the pause that is over cannot be removed from the disk: {error}");
        }
        self.go_on(now);
        info!("the pause is over");
    }

    /// The end of the pause, as people see it.
    pub(super) fn paused_until(&self, now: Moment) -> Option<Stamp> {
        let pause = self.pause?;
        let (Some(ends), Some(ordered)) = (pause.ends, pause.until) else {
            return Some(Stamp(FOR_EVER));
        };
        let truly = now.wall.plus(ends.saturating_sub(now.boot));
        // Only a clock that was set makes another end of it.
        let off = truly.since(ordered).max(ordered.since(truly));
        Some(Stamp(if off < Duration::from_secs(2) {
            ordered
        } else {
            Wall(truly.0 / 1000 * 1000)
        }))
    }

    pub(super) fn pause_timeout(&self) -> Option<(Duration, &'static str)> {
        Some((self.pause?.ends?, "a pause ends"))
    }

    fn hold(&mut self, pause: Pause, now: Moment) {
        let left = pause.left(now.wall);
        self.pause = Some(InForce {
            ends: left.map(|left| now.boot.saturating_add(left)),
            until: pause.until,
        });
        self.debouncer.set_tracking(false, now);
    }

    fn go_on(&mut self, now: Moment) {
        self.pause = None;
        self.debouncer.set_tracking(true, now);
    }
}

/// True for the end of a pause that does not end by itself.
#[must_use]
pub fn is_for_ever(until: Stamp) -> bool {
    until.0 >= FOR_EVER
}

fn not_kept(error: &std::io::Error) -> CliError {
    CliError::user("nothing is changed: the pause could not be written down")
        .because(error.to_string())
        .hint("check the space and the permissions of reeld's state folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_pause_is_never_more_than_it_was_long() {
        let hour = Duration::from_secs(3600);
        let pause = Pause {
            since: Wall(1_000_000),
            until: Some(Wall(1_000_000).plus(hour)),
        };
        for (now, left) in [
            (Wall(1_000_000), hour),
            (Wall(1_000_000 + 600_000), hour / 6 * 5),
            (Wall(1_000_000 + 3_600_000), Duration::ZERO),
            (Wall(99_000_000), Duration::ZERO),
            (Wall(0), hour),
        ] {
            assert_eq!(pause.left(now), Some(left), "{now:?}");
        }
        let endless = Pause {
            until: None,
            ..pause
        };
        assert_eq!(endless.left(Wall(0)), None);
        assert!(is_for_ever(Stamp(FOR_EVER)));
    }
}
