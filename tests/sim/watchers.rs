//! What watchers say of the players, and when the daemon hears it.

use std::time::Duration;

use reeld::engine::Input;
use reeld::model::{Observation, PlayerId, Signal};
use reeld::watch::Report;

use crate::player::{Said, Say};
use crate::script::{Kind, SLOTS};
use crate::world::{Event, World};

impl World {
    /// Passes on what a player's watchers say from now on.
    pub fn hear_all(&mut self, slot: usize, said: Vec<Said>) {
        let Some(seat) = &self.slots[slot] else {
            return;
        };
        let playback = seat.player.open.as_ref().map(|open| open.playback);
        let ids = seat.player.ids.clone();
        for (delay, transport, say) in said {
            let Some(id) = ids.get(transport).cloned() else {
                continue;
            };
            if delay.is_zero() {
                self.say(slot, &id, playback, say);
            } else {
                self.after(
                    delay,
                    Event::Say {
                        slot,
                        id,
                        playback,
                        say: Box::new(say),
                    },
                );
            }
        }
    }

    pub fn say(&mut self, slot: usize, id: &PlayerId, playback: Option<u32>, say: Say) {
        let awake = self.clock.awake();
        let signal = match say {
            Say::Signal(signal) => signal,
            Say::Gone(owner, names) => return self.gone(&owner, names),
            Say::HangsUp(number) => return self.hangs_up(number),
            Say::Connects(number) => return self.connects(number),
            Say::Owns | Say::Show(_) | Say::Seeked | Say::Line(_) => {
                return self.wires(slot, id, say);
            }
            Say::Position { .. } | Say::Refined => {
                let Some(seat) = &mut self.slots[slot] else {
                    return;
                };
                let (kind, rate) = (seat.player.kind, seat.player.rate);
                let open = seat
                    .player
                    .open
                    .as_mut()
                    .filter(|open| Some(open.playback) == playback);
                let Some(open) = open else { return };
                match say {
                    Say::Position { .. } if kind == Kind::Mute => match mute(open, awake) {
                        Some(signal) => signal,
                        None => return,
                    },
                    Say::Position { seeked } => Signal::Position {
                        seconds: open.at(awake, rate),
                        seeked,
                    },
                    _ => {
                        open.length_known = true;
                        Signal::Refined(Box::new(open.item()))
                    }
                }
            }
        };
        self.hear(id.clone(), signal);
    }

    /// What is said on the wire of a player that is still there.
    fn wires(&mut self, slot: usize, id: &PlayerId, say: Say) {
        let is_there = |seat: &crate::world::Seat| seat.player.ids.contains(id);
        if !self.slots[slot].as_ref().is_some_and(is_there) {
            return;
        }
        match say {
            Say::Owns => self.owns(slot),
            Say::Show(show) => self.show(slot, *show),
            Say::Seeked => self.seeked(slot),
            Say::Line(line) => self.line(slot, line),
            _ => {}
        }
    }

    fn hear(&mut self, player: PlayerId, signal: Signal) {
        if self.engine.is_none() {
            return;
        }
        let at = self.clock.moment();
        self.observed(Observation { at, player, signal });
    }

    /// Passes on what a watcher has seen.
    pub fn observed(&mut self, observation: Observation) {
        if self.ears.is_some() {
            self.note(|| format!("   {}: {:?}", observation.player, observation.signal));
        }
        let lag = Duration::from_millis(self.script.setup.lag);
        if lag.is_zero() {
            self.tell(Input::Report(Report::Observed(observation)));
        } else {
            let life = self.life;
            self.after(lag, Event::Hear(life, Box::new(observation)));
        }
    }

    /// The position was asked for.
    pub fn answer(&mut self, id: &PlayerId) {
        if self.ears.is_some() {
            return self.asks(id);
        }
        for slot in 0..SLOTS {
            let Some(seat) = &self.slots[slot] else {
                continue;
            };
            if seat.player.ids.contains(id) {
                let playback = seat.player.open.as_ref().map(|open| open.playback);
                let say = Say::Position { seeked: false };
                return self.say(slot, id, playback, say);
            }
        }
    }
}

/// A position that is 0 for ever is found out after ten seconds.
fn mute(open: &mut crate::player::Open, awake: Duration) -> Option<Signal> {
    if open.told_unknown {
        return None;
    }
    let long = awake.saturating_sub(open.watched_since) > Duration::from_secs(10);
    open.told_unknown = long;
    Some(if long {
        Signal::PositionUnknown
    } else {
        Signal::Position {
            seconds: 0.0,
            seeked: false,
        }
    })
}
