//! What the user's orders make of the guesses.

use std::time::Duration;

use super::{Count, Follow, Named, played};
use crate::library::{DOUBTFUL, FILMS};
use crate::log::{Rematched, TakenBack, Time};

/// What is over has been watched by then, if at all.
const WATCHED: Duration = Duration::from_secs(120);

impl Follow {
    /// A pause ends everything where it is, and nothing that is played in it counts.
    pub(super) fn track(&mut self, on: bool) {
        self.end_all();
        self.tracked = on;
        self.rerun_all(|_| true);
    }

    /// What becomes private ends where it is.
    pub(super) fn hide(&mut self, hidden: bool) {
        if hidden != self.hidden {
            self.end_all();
            self.hidden = hidden;
            // What a session had already is tracked again at once.
            for playback in self.playbacks.values_mut().filter(|_| !hidden) {
                playback.run.0 = played::START.1;
            }
        }
    }

    pub(super) fn taken_back(&mut self, taken_back: &TakenBack) {
        self.position = None;
        self.vague |= !taken_back.sure;
        let sure = taken_back.sure;
        self.each(|guess| {
            let was_watched = guess.viewing > 0 && !guess.open && !guess.void;
            match was_watched {
                // What the daemon answered is not so.
                _ if sure && was_watched == taken_back.refused => vec![],
                true => vec![guess.taken_back(taken_back)],
                false => vec![guess],
            }
        });
    }

    pub(super) fn rematched(&mut self, rematched: Rematched, now: Time) {
        self.position = None;
        self.touched = Some(now);
        let doubtful = self.doubtful();
        match rematched.answer {
            Some(released) if rematched.sure => {
                self.named = Named::Yes;
                let linked = self.linked_then(rematched.dated);
                self.each(|guess| match doubtful {
                    true => guess.let_go(released, linked).into_iter().collect(),
                    // It was never kept here.
                    false if released.is_some() => vec![],
                    false => vec![guess],
                });
            }
            // Nothing is in the way, and yet it was refused.
            None if rematched.sure => self.guesses.clear(),
            _ => {
                self.named = self.named.max(Named::Perhaps);
                self.vague |= doubtful;
            }
        }
    }

    /// Who is told of what was watched and kept: those who were linked then.
    fn linked_then(&self, dated: bool) -> Count {
        let here = |account: usize| {
            (
                u8::from(self.linked[account]),
                u8::from(self.linked[account]),
            )
        };
        let opened = self.played_from.unwrap_or_default();
        let is_over = self.playbacks.values().all(|playback| playback.done);
        let came = self.came.as_slice();
        let ben = match came {
            [came] if dated && *came < opened => here(2),
            [came] if dated && is_over && *came > self.played_until + WATCHED => (0, 0),
            _ => (0, here(2).1),
        };
        [here(0), here(1), ben]
    }

    pub(super) fn doubtful(&self) -> bool {
        self.work == FILMS[DOUBTFUL].work()
    }
}
