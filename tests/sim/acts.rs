//! What the user does: from the script to the players.

use std::time::Duration;

use crate::library::FILMS;
use crate::log::{End, Jump, What};
use crate::player::{Open, Player, State};
use crate::script::{Act, Kind, Step};
use crate::world::{Event, Seat, World};

/// What anybody needs to press a key.
const KEY: Duration = Duration::from_millis(400);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

impl World {
    /// One step of the user, and what befalls meanwhile.
    pub fn step(&mut self, step: &Step) {
        self.note(|| format!("** {:?}", step.act));
        let time = self.act(&step.act).max(KEY);
        for (fraction, env) in &step.env {
            self.after(time.mul_f64(*fraction), Event::Env(env.clone()));
        }
        let (until, slept) = (self.clock.now + time, self.sleeps.len());
        self.run_until(until);
        if self.sleeps.len() > slept {
            // What was on its way when the machine went to sleep comes before the next key.
            let until = self.clock.now + KEY;
            self.run_until(until);
        }
    }

    /// Does it, and says how long it takes.
    fn act(&mut self, act: &Act) -> Duration {
        match *act {
            Act::Open { slot, film, from } => self.open(slot, film, from),
            Act::PlayTo { slot, fraction } => return self.plays_to(slot, fraction),
            Act::PlayOut { slot } => return self.plays_to(slot, 1.0) + Duration::from_secs(8),
            Act::Pause { slot } => self.change(slot, |open| open.state = State::Paused),
            Act::Resume { slot } => self.resume(slot),
            Act::Seek { slot, fraction } => self.seek(slot, fraction),
            Act::Scrub { slot, fraction } => {
                for step in 0..6 {
                    let wobble = f64::from(step) * 0.013;
                    self.seek(slot, (fraction + 0.065 - wobble).clamp(0.0, 0.99));
                    let until = self.clock.now + ms(180);
                    self.run_until(until);
                }
                self.seek(slot, fraction);
            }
            Act::Rate { slot, rate } => self.rate(slot, rate),
            Act::Stop { slot } => self.stop_or_rewind(slot),
            Act::Quit { slot } => self.quit(slot),
            Act::Kill { slot } => self.kill(slot),
            Act::Loop { slot, on } => self.loops(slot, on),
            Act::Break { slot } => self.breaks(slot),
            Act::Wait(time) => return time,
        }
        KEY
    }

    /// The player in a slot with what is open in it.
    pub fn with_open<T>(
        &mut self,
        slot: usize,
        use_it: impl FnOnce(&mut Seat, Duration) -> T,
    ) -> Option<T> {
        let awake = self.clock.awake();
        let seat = self.slots.get_mut(slot)?.as_mut()?;
        seat.player.open.as_ref()?;
        Some(use_it(seat, awake))
    }

    fn open(&mut self, slot: usize, film: usize, from: f64) {
        if self.slots[slot].is_none() {
            self.players += 1;
            let booted = self.clock.moment().boot;
            let setup = &self.script.setup;
            let mut player = Player::new(setup.players[slot], self.players, booted, setup.wired);
            if let Some(face) = &mut player.face {
                face.leave(&self.names());
            }
            let said = player.appears();
            self.slots[slot] = Some(Seat {
                player,
                since: (self.clock.awake(), self.clock.now),
                from: 0.0,
                jump: Jump::No,
                serial: 0,
                deaf: false,
            });
            self.hear_all(slot, said);
        }
        let there = self.with_open(slot, |seat, _| {
            let same = seat
                .player
                .open
                .as_ref()
                .is_some_and(|open| open.film == film);
            (
                same && seat.player.runs_on(),
                seat.player.tells_end(false, true),
            )
        });
        match there {
            // The same file again, and nobody could tell: it jumped.
            Some((true, _)) => {
                self.seek(slot, from);
                return self.resume(slot);
            }
            Some((false, said)) => {
                self.end(slot, End::Left);
                self.hear_all(slot, said);
            }
            None => self.split(),
        }
        self.playbacks += 1;
        self.opened_again(FILMS[film].work());
        let (playback, awake, now) = (self.playbacks, self.clock.awake(), self.clock.now);
        let Some(seat) = &mut self.slots[slot] else {
            return;
        };
        let kind = seat.player.kind;
        seat.player.open = Some(Open::new(film, playback, from, kind, awake));
        seat.restart(from * FILMS[film].length, awake, now);
        seat.jump = Jump::No;
        let said = seat.player.introduces(awake);
        let wired = seat.player.wired;
        let ready = now + ms(if wired { 500 } else { 0 } + kind.ready_after());
        self.fact(What::Opened {
            playback,
            film,
            kind,
            ready,
            again: None,
        });
        self.hear_all(slot, said);
        self.foresee(slot);
        self.look_again();
    }

    /// What is bound to happen in a player: its buffer fills, its film ends.
    pub fn foresee(&mut self, slot: usize) {
        let filling = ms(self.random.u64(200..2600));
        self.serial += 1;
        let next = self.serial;
        let Some(Some((event, delay))) = self.with_open(slot, |seat, awake| {
            seat.serial = next;
            let (serial, rate) = (seat.serial, seat.player.rate);
            let open = seat.player.open.as_ref()?;
            match open.state {
                State::Playing => Some((Event::Out { slot, serial }, open.left(awake, rate)?)),
                State::Buffering => Some((Event::Filled { slot, serial }, filling)),
                State::Paused => None,
            }
        }) else {
            return;
        };
        self.after(delay, event);
    }

    fn is_serial(&self, slot: usize, serial: u32) -> bool {
        self.slots[slot]
            .as_ref()
            .is_some_and(|seat| seat.serial == serial)
    }

    pub fn filled(&mut self, slot: usize, serial: u32) {
        if self.is_serial(slot, serial) {
            self.change(slot, |open| open.state = State::Playing);
        }
    }

    /// Changes what a player does, and lets it say so.
    fn change(&mut self, slot: usize, change: impl FnOnce(&mut Open)) {
        let pause = self.pause_so_far(slot);
        self.cut(slot);
        let Some(said) = self.with_open(slot, |seat, awake| {
            let rate = seat.player.rate;
            let exact = seat.player.is_mpv();
            if let Some(open) = &mut seat.player.open {
                let here = open.at(awake, rate);
                open.put(here, awake);
                change(open);
                if open.says_paused() {
                    seat.since = pause.unwrap_or(seat.since);
                }
            }
            // Watchers of the others read the position after every change.
            if !exact && seat.player.kind != Kind::Mute && seat.jump == Jump::Silent {
                seat.jump = Jump::Told;
            }
            seat.player.tells_state(awake)
        }) else {
            return;
        };
        self.hear_all(slot, said);
        self.foresee(slot);
    }

    /// Since when a player says that it pauses; a pause that follows on its filling its buffer is the same to whoever listens.
    fn pause_so_far(&mut self, slot: usize) -> Option<(Duration, Duration)> {
        self.with_open(slot, |seat, _| {
            let open = seat.player.open.as_ref();
            open.is_some_and(Open::says_paused).then_some(seat.since)
        })?
    }

    fn resume(&mut self, slot: usize) {
        let fills = self.with_open(slot, |seat, _| {
            let open = seat.player.open.as_ref();
            let paused = open.filter(|open| !open.at_end && open.state == State::Paused);
            paused.map(|open| seat.player.kind.buffers(open.film()))
        });
        if let Some(Some(fills)) = fills {
            let state = if fills {
                State::Buffering
            } else {
                State::Playing
            };
            let since = self.slots[slot].as_ref().map(|seat| seat.since);
            self.change(slot, |open| open.state = state);
            // To whoever is told that it pauses while it fills its buffer, that is one pause.
            if let (true, Some(seat), Some(since)) = (fills, &mut self.slots[slot], since) {
                seat.since = since;
            }
        }
    }

    pub fn seek(&mut self, slot: usize, fraction: f64) {
        self.cut(slot);
        let Some(said) = self.with_open(slot, |seat, awake| {
            let kind = seat.player.kind;
            let told = seat.player.tells_jumps();
            let Some(open) = &mut seat.player.open else {
                return Vec::new();
            };
            open.at_end = false;
            open.rewound = false;
            open.put(fraction * open.film().length, awake);
            seat.from = fraction * open.film().length;
            seat.jump = if told { Jump::Told } else { Jump::Silent };
            let fills = kind.buffers(open.film()) && open.state == State::Playing;
            if fills {
                open.state = State::Buffering;
            }
            let mut said = seat.player.tells_jump();
            if fills {
                said.extend(seat.player.tells_state(awake));
            }
            said
        }) else {
            return;
        };
        self.hear_all(slot, said);
        self.foresee(slot);
    }

    fn rate(&mut self, slot: usize, rate: f64) {
        self.cut(slot);
        let Some(said) = self.with_open(slot, |seat, awake| {
            let before = seat.player.rate;
            seat.player.rate = rate;
            if let Some(open) = &mut seat.player.open {
                let here = open.at(awake, before);
                open.put(here, awake);
            }
            seat.player.tells_rate()
        }) else {
            return;
        };
        self.hear_all(slot, said);
        self.foresee(slot);
    }

    /// In the log: the playback is over.
    pub fn end(&mut self, slot: usize, how: End) {
        self.cut(slot);
        let ended = self.with_open(slot, |seat, awake| {
            seat.serial = 0;
            let rate = seat.player.rate;
            let open = seat.player.open.as_ref().filter(|open| !open.rewound)?;
            Some((open.playback, open.at(awake, rate), rate))
        });
        if let Some(Some((playback, position, rate))) = ended {
            self.fact(What::Ended {
                playback,
                position,
                rate,
                how,
            });
        }
    }

    pub fn stop(&mut self, slot: usize) {
        self.end(slot, End::Left);
        self.close(slot, false);
    }

    /// Nothing is open any more, and the player says so.
    fn close(&mut self, slot: usize, eof: bool) {
        let said = self.with_open(slot, |seat, _| seat.player.tells_end(eof, false));
        if let Some(said) = said {
            self.hear_all(slot, said);
            self.with_open(slot, |seat, _| seat.player.open = None);
        }
    }

    /// The film has played to its end.
    pub fn out(&mut self, slot: usize, serial: u32) {
        if !self.is_serial(slot, serial) || self.laps(slot) {
            return;
        }
        let Some((mpv, keeps, said)) = self.with_open(slot, |seat, awake| {
            let mpv = seat.player.is_mpv();
            let open = seat.player.open.as_ref();
            let keeps = mpv && open.is_some_and(|open| open.playback % 2 == 1);
            let end = open.map_or(0.0, |open| open.at(awake, seat.player.rate));
            (mpv, keeps, seat.player.tells_reached_end(end + 0.07))
        }) else {
            return;
        };
        self.end(slot, End::Out(mpv));
        if !keeps {
            return self.close(slot, true);
        }
        let (awake, now) = (self.clock.awake(), self.clock.now);
        self.with_open(slot, |seat, _| {
            let Some(open) = &mut seat.player.open else {
                return;
            };
            let length = open.film().length;
            open.put(length, awake);
            open.state = State::Paused;
            open.at_end = true;
            seat.restart(length, awake, now);
        });
        self.hear_all(slot, said);
    }

    pub fn quit(&mut self, slot: usize) {
        self.stop(slot);
        if self.script.setup.wired {
            // On the wire it still says that it stops.
            let until = self.clock.now + ms(200);
            self.run_until(until);
        }
        let Some(seat) = &self.slots[slot] else {
            return;
        };
        let mut gone = seat.player.vanishes();
        for said in &mut gone {
            said.0 += ms(300);
        }
        self.hear_all(slot, gone);
        self.slots[slot] = None;
    }

    fn kill(&mut self, slot: usize) {
        self.note_hang();
        self.end(slot, End::Left);
        let Some(seat) = &self.slots[slot] else {
            return;
        };
        let gone = seat.player.vanishes();
        self.hear_all(slot, gone);
        self.slots[slot] = None;
    }

    fn plays_to(&mut self, slot: usize, fraction: f64) -> Duration {
        let left = self.with_open(slot, |seat, awake| {
            let open = seat.player.open.as_ref()?;
            let to = fraction * open.film().length;
            let left = (to - open.at(awake, seat.player.rate)) / seat.player.rate;
            (open.state != State::Paused).then(|| left.max(0.0))
        });
        Duration::from_secs_f64(left.flatten().unwrap_or(0.0))
    }
}
