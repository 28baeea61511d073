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

    /// The player in a slot is denied.
    pub fn deny(&mut self, slot: usize, time: Duration) {
        let seat = self.slots[slot]
            .as_ref()
            .filter(|seat| !seat.player.is_mpv());
        let face = seat.and_then(|seat| seat.player.face.as_ref());
        if let Some(name) = face.map(|face| face.denied_as()) {
            self.config.players.deny = vec![name];
            self.lose(slot);
            self.reconfigured();
            self.after(time, Event::Found(slot));
        }
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

    /// What was lost from sight is there again.
    pub fn found(&mut self, slot: usize) {
        if !self.slots[slot].as_ref().is_some_and(|seat| seat.deaf) {
            return;
        }
        self.cut(slot);
        let here = self.with_open(slot, |seat, awake| {
            let open = seat.player.open.as_ref();
            open.map(|open| open.at(awake, seat.player.rate))
        });
        if let Some(Some(here)) = here {
            self.goes_on(slot, here);
        }
        let Some(seat) = &mut self.slots[slot] else {
            return;
        };
        seat.deaf = false;
        let number = seat.player.number;
        if seat.player.is_mpv() {
            return self.connects(number);
        }
        self.config.players.deny = Vec::new();
        self.reconfigured();
    }
}
