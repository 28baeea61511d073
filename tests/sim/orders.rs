//! What the user orders on the command line that is not about accounts: undo, rematch, rules; and somebody who damages the history.

use std::sync::Arc;
use std::time::Duration;

use reeld::control::{PlayerRow, Request};
use reeld::engine::Input;
use reeld::identify::rules;
use reeld::model::{Ids, Wall};

use crate::clock::EVENING;
use crate::edges::Last;
use crate::library::{FILMS, Fate, Film, PRIVATE, Work};
use crate::log::{Down, Fact, Reach, Rematched, TakenBack, What};
use crate::world::{ACCOUNTS, World};

/// Within this everybody has heard of an end.
const HEARD: Duration = Duration::from_millis(600);

impl World {
    pub fn listens(&self) -> bool {
        self.engine.is_some() && !self.ending
    }

    fn is_open(&self, work: Work) -> bool {
        let mut seats = self.slots.iter().flatten();
        seats.any(|seat| {
            let open = seat.player.open.as_ref();
            open.is_some_and(|open| open.film().work() == work)
        })
    }

    /// What was completed last is to be watched again, if it was not opened since.
    pub fn undo(&mut self) {
        let Some(last) = self.remembered.borrow_mut().last.take() else {
            return;
        };
        let Some(work) = last
            .work
            .filter(|work| self.listens() && !self.is_open(*work))
        else {
            return;
        };
        if self.was_opened_since(work, last.at) {
            return;
        }
        self.split();
        let wrong = self.log.clock_was_wrong;
        let reach = std::array::from_fn(|account| {
            let reached = self.reached.get(&(account, last.at, work.0.to_owned()));
            let reached = reached.copied();
            let reached = reached.unwrap_or(if wrong { Reach::Perhaps } else { Reach::Never });
            // Discovr is told of each episode in a file for itself, and may have one of them.
            match account == 1 && has_several(work) {
                true => reached.min(Reach::Perhaps),
                false => reached,
            }
        });
        let may_be_refused = self.may_refuse_to_undo(&last);
        let life = self.life;
        self.taken_back = None;
        let viewing = last.viewing.to_string();
        self.tell(Input::Request(6, Request::Undo { viewing }));
        let sure = self.life == life && self.failing().is_none();
        if let Some(whole) = self.taken_back {
            self.tells_what_is_there(whole, &reach);
        }
        let is_refused = sure && self.taken_back.is_none();
        if is_refused && may_be_refused {
            return;
        }
        self.log.discovr.taken_back(work);
        for punchplay in &mut self.log.punchplay {
            punchplay.taken_back(&last.session.to_string());
        }
        self.fact(What::TakenBack(TakenBack {
            work,
            sure,
            refused: is_refused,
            whole: self.taken_back != Some(false),
            reach,
        }));
    }

    /// A history that could not be written tells of it late.
    fn was_opened_since(&self, work: Work, at: Wall) -> bool {
        let later = |fact: &Fact| EVENING.plus(fact.at) > at || self.log.clock_was_wrong;
        let opened = |fact: &&Fact| matches!(fact.what, What::Opened { film, .. } if FILMS[film].work() == work);
        self.history_failed && self.log.facts.iter().filter(opened).any(later)
    }

    /// Whether anything may stand in the way: the disk, the history, a clock, an answer that is yet to come.
    fn may_refuse_to_undo(&self, last: &Last) -> bool {
        self.failing().is_some()
            || self.history_failed
            || self.damaged
            || self.log.clock_was_wrong
            || self.is_being_told(last.at)
    }

    /// An undo says that a watch is at some service for good, or that it is to be watched again. Where nothing was ever forgotten, it is
    /// known here which of them is so.
    fn tells_what_is_there(&mut self, whole: bool, reach: &[Reach; ACCOUNTS]) {
        let forgets = self.life > 1 || self.store_failed || self.log.clock_was_wrong;
        let there = reach.contains(&Reach::Surely);
        let nowhere = reach.iter().all(|reach| *reach == Reach::Never);
        if !forgets && (whole && there || !whole && nowhere) {
            let word = if whole { "nowhere" } else { "at a service" };
            self.complain(format!("an undo found the watch {word}, and it is not"));
        }
    }

    /// It is opened again: to take it back would be to take back something else.
    pub fn opened_again(&mut self, work: Work) {
        let mut remembered = self.remembered.borrow_mut();
        if remembered
            .last
            .as_ref()
            .is_some_and(|last| last.work == Some(work))
        {
            remembered.last = None;
        }
        if remembered
            .kept
            .as_ref()
            .is_some_and(|kept| kept.work == Some(work))
        {
            remembered.kept = None;
        }
    }

    /// The user says what a film is: of the viewing that is tracked now, or of the last in the history, if it was not opened since.
    pub fn rematch(&mut self, film: usize) {
        if !self.listens() {
            return;
        }
        let film = &FILMS[film];
        self.ask_status();
        let is_it = |row: &PlayerRow| {
            let media = row.media.as_ref();
            let title = media.and_then(|media| media.get("title")?.as_str());
            title == Some(film.title)
        };
        let playing = std::mem::take(&mut self.playing);
        let tracked = playing.into_iter().find(is_it);
        let tracked = tracked.and_then(|row| row.viewing_id);
        let remembered = self.remembered.borrow().kept.clone();
        let remembered = remembered.filter(|kept| kept.work == Some(film.work()));
        let (viewing, known) = match (tracked, remembered) {
            (Some(viewing), _) => (viewing, None),
            (None, Some(kept)) => {
                let known = serde_json::to_value(&kept.media).ok();
                (kept.viewing.to_string(), known)
            }
            (None, None) => return,
        };
        self.split();
        let work = film.work();
        for punchplay in &mut self.log.punchplay {
            punchplay.let_go.insert(work);
        }
        self.log.discovr.let_go.insert(work);
        let ids = Ids {
            tmdb: Some(film.tmdb),
            ..Ids::default()
        };
        let life = self.life;
        self.rematched = None;
        let order = Request::Rematch {
            viewing,
            known,
            ids,
        };
        self.tell(Input::Request(7, order));
        let sure = self.life == life && self.failing().is_none();
        let answer = self.rematched.take();
        let dated = !self.log.clock_was_wrong;
        self.fact(What::Rematched(Rematched {
            work,
            answer,
            sure,
            dated,
        }));
    }

    pub fn ignore(&mut self, film: Option<usize>) {
        // What has just ended is heard of first.
        let until = self.clock.now + HEARD;
        self.run_until(until);
        let work = film.map(|film| FILMS[film].work());
        let either = [work, self.ignored];
        if !self.listens() || either.iter().flatten().any(|work| self.is_open(*work)) {
            return;
        }
        self.ignored = work;
        let files = FILMS.iter().filter(|film| Some(film.work()) == work);
        let rules: String = files
            .map(|film| {
                format!(
                    "[[rule]]\nwhen = {{ path = {:?} }}\nignore = true\n",
                    film.path
                )
            })
            .collect();
        let rules = rules::parse(&rules, None).expect("rules");
        self.rules = Arc::new(rules);
        self.tell(Input::Rules(Arc::clone(&self.rules)));
        self.fact(What::Ignored(work));
    }

    /// The folder of a film is private from now on, or none but the one that always is.
    pub fn hide(&mut self, film: Option<usize>) {
        if !self.listens() {
            return;
        }
        self.split();
        let work = film.map(|film| FILMS[film].work());
        self.hidden = work.map(|work| (work, self.clock.true_wall().0));
        let paths = |of_it: bool| {
            let films = FILMS.iter().filter(move |film| film.fate != Fate::Private);
            let films = films.filter(move |film| (Some(film.work()) == work) == of_it);
            films.map(|film| film.path.to_owned())
        };
        // One way to say it or the other.
        let rest = work.is_some() && self.random.bool();
        let privacy = &mut self.config.privacy;
        privacy.ignore_paths = [PRIVATE.to_owned()]
            .into_iter()
            .chain(paths(true).filter(|_| !rest))
            .collect();
        privacy.only_paths = paths(false).filter(|_| rest).collect();
        self.reconfigured();
        self.fact(What::Hidden(work));
    }

    pub fn damage(&mut self, line: f64) {
        self.damaged = true;
        // A stop that went ahead of the database, perhaps.
        let ahead = self.failing().is_some() || (self.engine.is_none() && !self.could_write);
        let alone = ahead || self.history_failed || self.disk().is_empty();
        let mut remembered = self.remembered.borrow_mut();
        remembered.damage(line);
        if alone {
            remembered.alone();
        }
        drop(remembered);
        if self.engine.is_none() && self.disk().is_empty() {
            // With the database lost it was the only witness.
            self.fact(What::Down(Down::Lost(true)));
        }
    }

    /// Whether the history lacks something that a lost database would need.
    pub fn history_is_short(&self) -> bool {
        self.history_failed || self.failing().is_some() || !self.remembered.borrow().is_complete()
    }
}

fn has_several(work: Work) -> bool {
    let several = |film: &Film| film.episodes.is_some_and(|(_, all)| all.len() > 1);
    FILMS
        .iter()
        .any(|film| film.work() == work && several(film))
}
