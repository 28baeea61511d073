//! What the engine wants of the world, and what it answers.

use std::time::Duration;

use reeld::control::{QueueRow, QueueState, Request, Response};
use reeld::engine::{Input, Output};
use reeld::service::tmdb::Lookup;

use crate::library::{FILMS, Fate, NAMELESS};
use crate::log::{Fact, What};
use crate::world::{Event, World};

impl World {
    pub fn obey(&mut self, output: Output) {
        match output {
            Output::Ask(player) if self.ears.is_some() => {
                let life = self.life;
                self.after(Duration::ZERO, Event::Asked(life, player));
            }
            Output::Ask(player) => {
                let slow = self.random.u32(0..40) == 0;
                let wait = if slow { 2500 } else { self.random.u64(2..60) };
                let life = self.life;
                self.after(Duration::from_millis(wait), Event::Asked(life, player));
            }
            Output::Deliver {
                delivery,
                account,
                job,
            } => self.send(delivery, &account, job),
            Output::LookUp { title, media } => {
                let named = media.title.as_deref().unwrap_or_default();
                let film = FILMS.iter().find(|film| film.title == named);
                if film.is_none_or(|film| !matches!(film.fate, Fate::Told | Fate::Nameless)) {
                    return self.complain(format!("TMDB was asked for {named:?}"));
                }
                let later = Lookup::Later {
                    after: None,
                    reason: "later".into(),
                };
                let trouble = !self.calm && self.random.u32(0..4) == 0;
                let known = film.filter(|film| film.fate == Fate::Told);
                let found = known.map_or(Lookup::Nothing, |film| Lookup::Found(film.tmdb));
                let lookup = if trouble { later } else { found };
                let life = self.life;
                let input = Input::Looked {
                    title,
                    media,
                    lookup,
                };
                self.after(
                    Duration::from_millis(300),
                    Event::Tells(life, Box::new(input)),
                );
            }
            Output::ReadSidecars { player, path } => {
                let wait = match self.random.u32(0..10) {
                    0 => return,
                    1 => 4000,
                    _ => 15,
                };
                let life = self.life;
                let input = Input::Sidecars {
                    player,
                    path,
                    found: Vec::new(),
                };
                self.after(
                    Duration::from_millis(wait),
                    Event::Tells(life, Box::new(input)),
                );
            }
            Output::Reply(_, response) => self.read(response),
            Output::Notify(_)
            | Output::Rescan
            | Output::Ready
            | Output::Asleep
            | Output::AwaitNetwork(_)
            | Output::Summary(_) => {}
        }
    }

    fn read(&mut self, response: Response) {
        match response {
            Response::Status(status) => {
                let rows = status.accounts.iter();
                self.playing = status.players;
                self.paused = status.paused_until.is_some();
                self.queued =
                    Some(rows.fold((0, 0), |sum, row| (sum.0 + row.queued, sum.1 + row.dead)));
            }
            Response::Rematched(rematched) => self.rematched = Some(rematched.released),
            Response::Queue(rows) => self.waiting = rows.iter().filter(|row| waits(row)).count(),
            Response::TakenBack(taken_back) => self.taken_back = Some(!taken_back.watched),
            _ => {}
        }
    }

    /// Asks the daemon what is queued.
    pub fn ask_status(&mut self) -> Option<(u64, u64)> {
        self.queued = None;
        self.tell(Input::Request(1, Request::Status));
        self.queued
    }

    /// How much of what is queued waits for an id that only the user knows.
    pub fn waiting_for_the_user(&mut self) -> u64 {
        self.waiting = 0;
        let opened = |fact: &Fact| matches!(fact.what, What::Opened { film: NAMELESS, .. });
        if self.log.facts.iter().any(opened) {
            self.tell(Input::Request(8, Request::Queue { after: 0 }));
        }
        self.waiting as u64
    }
}

fn waits(row: &QueueRow) -> bool {
    row.state == QueueState::WaitingId
}
