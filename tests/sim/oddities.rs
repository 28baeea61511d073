//! What players do that nobody pressed a key for: they play round and round, break off, and are lost from sight and found again.

use std::time::Duration;

use reeld::watch::ears::EndFile;

use crate::log::{End, What};
use crate::player::State;
use crate::script::{Kind, SLOTS};
use crate::world::{Event, World};

impl World {
    pub fn loops(&mut self, slot: usize, on: bool) {
        let said = self.with_open(slot, |seat, _| {
            seat.player.loops = on;
            seat.player.wired_loops()
        });
        self.hear_all(slot, said.unwrap_or_default());
    }

    /// What has come to its end begins again, if that is what its player does.
    pub fn laps(&mut self, slot: usize) -> bool {
        let lap = self.with_open(slot, |seat, _| {
            let playback = seat.player.open.as_ref().map_or(0, |open| open.playback);
            let player = &seat.player;
            player
                .loops
                .then(|| (playback, player.loops_file(), player.is_mpv()))
        });
        let Some(Some((playback, of_file, mpv))) = lap else {
            return false;
        };
        if of_file {
            self.seek(slot, 0.0);
            self.fact(What::Lapped(playback));
            return true;
        }
        self.end(slot, End::Out(mpv));
        let said = self.with_open(slot, |seat, _| seat.player.tells_end(true, true));
        self.hear_all(slot, said.unwrap_or_default());
        self.goes_on(slot, 0.0);
        let said = self.with_open(slot, |seat, awake| seat.player.introduces(awake));
        self.hear_all(slot, said.unwrap_or_default());
        self.foresee(slot);
        true
    }

    /// In the log: another playback, which goes on with the one before; at so many seconds.
    fn goes_on(&mut self, slot: usize, position: f64) {
        self.playbacks += 1;
        let (playback, now) = (self.playbacks, self.clock.now);
        let before = self.with_open(slot, |seat, awake| {
            seat.restart(position, awake, now);
            let open = seat.player.open.as_mut()?;
            open.put(position, awake);
            let before = std::mem::replace(&mut open.playback, playback);
            Some((before, open.film, open.kind))
        });
        if let Some(Some((before, film, kind))) = before {
            let ready = now + Duration::from_millis(500 + kind.ready_after());
            let again = Some(before);
            self.fact(What::Opened {
                playback,
                film,
                kind,
                ready,
                again,
            });
        }
    }

    /// Some take a stop for a pause at the beginning.
    pub fn stop_or_rewind(&mut self, slot: usize) {
        let rewinds = self.with_open(slot, |seat, _| seat.player.rewinds());
        if rewinds != Some(true) {
            return self.stop(slot);
        }
        self.end(slot, End::Left);
        let (awake, now) = (self.clock.awake(), self.clock.now);
        let said = self.with_open(slot, |seat, _| {
            if let Some(open) = &mut seat.player.open {
                open.put(0.0, awake);
                open.state = State::Paused;
                (open.at_end, open.rewound) = (true, true);
            }
            seat.restart(0.0, awake, now);
            let mut said = seat.player.tells_state(awake);
            said.extend(seat.player.tells_jump());
            said
        });
        self.hear_all(slot, said.unwrap_or_default());
    }

    pub fn breaks(&mut self, slot: usize) {
        self.end(slot, End::Left);
        let said = self.with_open(slot, |seat, _| seat.player.wired_end(EndFile::Error, false));
        if let Some(said) = said {
            self.hear_all(slot, said);
            self.with_open(slot, |seat, _| seat.player.open = None);
        }
    }

    /// The sockets of all mpvs that are nowhere else are lost.
    pub fn deafen(&mut self, time: Duration) {
        for slot in 0..SLOTS {
            let seat = self.slots[slot].as_ref();
            let number = seat
                .filter(|seat| seat.player.kind == Kind::Mpv)
                .map(|seat| seat.player.number);
            if let Some(number) = number.filter(|_| self.ears.is_some()) {
                self.lose(slot);
                self.hangs_up(number);
                self.after(time, Event::Found(slot));
            }
        }
    }

    /// The player in a slot is denied, with all that are of its name.
    pub fn deny(&mut self, slot: usize, time: Duration) {
        let Some(name) = self.denied_as(slot) else {
            return;
        };
        let of_it = (0..SLOTS).filter(|slot| self.denied_as(*slot).as_ref() == Some(&name));
        let of_it: Vec<usize> = of_it.collect();
        self.config.players.deny = vec![name];
        for slot in of_it {
            self.lose(slot);
        }
        self.reconfigured();
        self.after(time, Event::Found(slot));
    }

    fn denied_as(&self, slot: usize) -> Option<String> {
        let seat = self.slots[slot].as_ref()?;
        let face = seat.player.face.as_ref().filter(|_| !seat.player.is_mpv());
        face.map(|face| face.denied_as())
    }

    fn lose(&mut self, slot: usize) {
        self.cut(slot);
        let lost = self.with_open(slot, |seat, awake| {
            let open = seat.player.open.as_ref()?;
            Some((
                open.playback,
                open.at(awake, seat.player.rate),
                seat.player.rate,
            ))
        });
        if let Some(Some((playback, position, rate))) = lost {
            let how = End::Left;
            self.fact(What::Ended {
                playback,
                position,
                rate,
                how,
            });
        }
        if let Some(seat) = &mut self.slots[slot] {
            seat.deaf = true;
        }
    }

    /// What was lost from sight is there again; nobody is denied any more.
    pub fn found(&mut self, slot: usize) {
        let Some(seat) = self.slots[slot].as_ref().filter(|seat| seat.deaf) else {
            return;
        };
        if seat.player.is_mpv() {
            let number = seat.player.number;
            self.is_heard(slot);
            return self.connects(number);
        }
        for slot in 0..SLOTS {
            let seat = self.slots[slot].as_ref();
            if seat.is_some_and(|seat| seat.deaf && !seat.player.is_mpv()) {
                self.is_heard(slot);
            }
        }
        self.config.players.deny = Vec::new();
        self.reconfigured();
    }

    fn is_heard(&mut self, slot: usize) {
        self.cut(slot);
        let here = self.with_open(slot, |seat, awake| {
            let open = seat.player.open.as_ref();
            open.map(|open| open.at(awake, seat.player.rate))
        });
        if let Some(Some(here)) = here {
            self.goes_on(slot, here);
        }
        if let Some(seat) = &mut self.slots[slot] {
            seat.deaf = false;
        }
    }
}
