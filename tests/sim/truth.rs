//! What truly happens, for the log: who plays what from where to where.

use std::time::Duration;

use crate::log::{Jump, Stretch, What};
use crate::player::State;
use crate::script::SLOTS;
use crate::world::{Event, World};

/// So long after a change something may come of it: a start, a completion in a pause.
const ORDER: [Duration; 2] = [Duration::from_secs(9), Duration::from_millis(64_500)];

impl World {
    /// Something changes in a player: in the log everybody's present stretch ends, and the next begins here. What comes of
    /// it in time is told in its order, too.
    pub fn cut(&mut self, slot: usize) {
        self.split_but(Some(slot));
        self.cut_one(slot);
        self.look_again();
    }

    /// Where two players may have the same film, it matters what came first: the log says how things are when something may
    /// have come of what happens now.
    pub fn look_again(&mut self) {
        if self.slots.iter().flatten().count() > 1 {
            for later in ORDER {
                self.after(later, Event::Pulse);
            }
        }
    }

    fn cut_one(&mut self, slot: usize) {
        let (now, awake) = (self.clock.now, self.clock.awake());
        let listens = self.engine.is_some() && !self.ending && self.tracked;
        let Some(seat) = &mut self.slots[slot] else {
            return;
        };
        let seen = listens && !seat.deaf;
        let Some(open) = &seat.player.open else {
            return;
        };
        let (began, rate) = (seat.since.1, seat.player.rate);
        let here = open.at(awake, rate);
        let playback = open.playback;
        let what = match open.state {
            State::Playing => {
                let from = seat.from;
                let jump = std::mem::replace(&mut seat.jump, Jump::No);
                self.log.played += now.saturating_sub(began).as_secs_f64();
                What::Played(Stretch {
                    playback,
                    from,
                    to: here,
                    began,
                    rate,
                    jump,
                    seen,
                })
            }
            // A jump that nobody has told is one, though nothing has played since.
            State::Buffering if seat.jump == Jump::Silent => {
                seat.jump = Jump::No;
                seat.restart(here, awake, now);
                return self.fact(What::Played(Stretch {
                    playback,
                    from: here,
                    to: here,
                    began: now,
                    rate,
                    jump: Jump::Silent,
                    seen,
                }));
            }
            State::Buffering if !open.says_paused() => {
                return seat.restart(here, awake, now);
            }
            // One of them says that it pauses while it fills its buffer.
            State::Paused | State::Buffering => What::Paused {
                playback,
                position: here,
                since: began,
                seen,
            },
        };
        seat.restart(here, awake, now);
        if now > began {
            self.fact(what);
        } else if let What::Played(stretch) = what {
            seat.jump = stretch.jump;
        }
    }

    /// Something happens to the whole machine: stretches do not reach across it.
    pub fn split(&mut self) {
        self.split_but(None);
    }

    fn split_but(&mut self, but: Option<usize>) {
        for slot in (0..SLOTS).filter(|slot| Some(*slot) != but) {
            let paused = self.slots[slot].as_ref().is_some_and(|seat| {
                let open = seat.player.open.as_ref();
                open.is_none_or(|open| open.state != State::Playing)
            });
            let since = self.slots[slot].as_ref().map(|seat| seat.since);
            self.cut_one(slot);
            // A pause goes on being one.
            if let (true, Some(seat), Some(since)) = (paused, &mut self.slots[slot], since) {
                seat.since = since;
            }
        }
    }
}
