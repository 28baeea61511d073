//! `reeld pause` and `reeld resume`: what must follow is known from the order alone, whatever the daemon remembers of it or says.
//!
//! A run ends a pause by the clock that goes on in suspend; the next run by the clock on the wall, and never later than the pause
//! was meant to be long.

use std::time::Duration;

use reeld::control::Request;
use reeld::engine::Input;
use reeld::model::Wall;

use crate::log::What;
use crate::world::{Event, World};

/// So soon after an order, a start or an end the daemon does as it must.
const SOON: Duration = Duration::from_secs(1);

/// A pause that ends by itself, as it was ordered.
#[derive(Debug, Clone, Copy)]
pub struct Ordered {
    until: Wall,
    length: Duration,
}

impl World {
    pub fn untrack(&mut self, time: Option<Duration>) {
        if !self.listens() {
            return;
        }
        let wall = self.clock.moment().wall;
        self.ordered = time.map(|length| Ordered {
            until: wall.plus(length),
            length,
        });
        self.foresee_its_end(time);
        let seconds = time.map(|time| time.as_secs());
        self.tell(Input::Request(5, Request::Pause { seconds }));
        self.is_tracked(false);
        self.look_soon();
    }

    pub fn track(&mut self) {
        if !self.listens() {
            return;
        }
        self.ends();
        self.tell(Input::Request(5, Request::Resume));
        self.look_soon();
    }

    /// A daemon starts: what is left of a pause is told by the clock on the wall.
    pub fn goes_on_pausing(&mut self) {
        let wall = self.clock.moment().wall;
        let left = self.ordered.map(|o| o.until.since(wall).min(o.length));
        match left {
            Some(Duration::ZERO) => self.ends(),
            Some(_) => {
                self.foresee_its_end(left);
                self.is_tracked(false);
            }
            None => {}
        }
        self.look_soon();
    }

    /// It is over by itself, if a daemon is there that can tell; `pause`: the one that was meant.
    pub fn pause_ends(&mut self, pause: u32) {
        if pause == self.pause && self.engine.is_some() {
            self.ends();
            self.look_soon();
        }
    }

    fn ends(&mut self) {
        self.ordered = None;
        self.pause += 1;
        self.is_tracked(true);
    }

    fn foresee_its_end(&mut self, left: Option<Duration>) {
        self.pause += 1;
        if let Some(left) = left {
            self.after(left, Event::PauseEnds(self.pause));
        }
    }

    /// In the log: whether anything is tracked.
    fn is_tracked(&mut self, on: bool) {
        if self.tracked != on {
            self.split();
            self.tracked = on;
            self.fact(What::Tracked(on));
        }
    }

    fn look_soon(&mut self) {
        if self.pause > 0 {
            let (life, pause) = (self.life, self.pause);
            self.after(SOON, Event::LookAtPause(life, pause));
        }
    }

    /// Whether the daemon does as it was ordered, or as the end of the pause wants it.
    pub fn look_at_pause(&mut self, life: u32, pause: u32) {
        if life != self.life || pause != self.pause || !self.listens() {
            return;
        }
        if self.ask_status().is_none() {
            // It is still looking for players.
            return self.look_soon();
        }
        match (self.paused, self.tracked) {
            (true, true) => self.complain("a pause goes on after its end".into()),
            (false, false) => self.complain("a pause ended before its time".into()),
            _ => {}
        }
    }
}
