//! Whatever PunchPlay is told of a film is where that was at the time, and every jump is told.

use std::collections::BTreeMap;
use std::time::Duration;

use reeld::model::Wall;

use crate::clock::EVENING;
use crate::judge::{Judgement, beats};
use crate::library::{FILMS, Work};
use crate::log::{Fact, Jump, Time, What};
use crate::punchplay::Place;
use crate::script::{Kind, Script};
use crate::world::Outcome;

/// A position may be wrong by so many seconds at normal speed, and be told so much later.
const BLUR: f64 = 3.5;
/// So little is not told from 0.
const ZEROED: f64 = 8.0;
/// After a jump, a time of rest and an answer.
const TOLD_WITHIN: Duration = Duration::from_secs(5);
/// Between two jumps of a hand that looks for a place, and a little more.
const SCRUBBED: Duration = Duration::from_secs(1);
/// An answer that does not come is not waited for longer.
const LATE: Duration = Duration::from_secs(3);

/// Where a film was, from one time to another, seconds of its length.
#[derive(Debug, Clone, Copy)]
struct Piece {
    began: Time,
    until: Time,
    from: f64,
    to: f64,
    /// Until then it may be believed elsewhere.
    astray: Time,
}

impl Piece {
    const fn rest(here: f64, began: Time, until: Time) -> Self {
        Self {
            began,
            until,
            from: here,
            to: here,
            astray: Time::ZERO,
        }
    }

    fn may_be_at(&self, at: Time, position: f64, most: f64) -> bool {
        let since = at.saturating_sub(self.began);
        let length = self.until.saturating_sub(self.began);
        let rate = (self.to - self.from) / length.as_secs_f64().max(0.001);
        let here = self.from + rate * since.min(length).as_secs_f64();
        let is_then = at + LATE >= self.began && at <= self.until.saturating_add(LATE);
        // A player says 0 just before it says that it stops.
        let is_zeroed = position == 0.0 && here < ZEROED;
        is_then
            && (is_zeroed
                || at <= self.astray
                || (here.min(most) - position.min(most)).abs() <= BLUR * rate.max(1.0))
    }
}

/// Where all films were, as those in the room saw it.
struct Places(BTreeMap<Work, Vec<Piece>>);

impl Places {
    fn of(facts: &[Fact], astray: Duration) -> Self {
        let (mut films, mut lost) = (BTreeMap::new(), BTreeMap::new());
        let mut sought: BTreeMap<u32, Time> = BTreeMap::new();
        let mut places: BTreeMap<Work, Vec<Piece>> = BTreeMap::new();
        for fact in facts {
            let (playback, piece) = match &fact.what {
                What::Opened { playback, film, .. } => {
                    films.insert(*playback, FILMS[*film].work());
                    continue;
                }
                What::Played(stretch) => {
                    let piece = Piece {
                        began: stretch.began,
                        until: fact.at,
                        from: stretch.from,
                        to: stretch.to,
                        astray: Time::ZERO,
                    };
                    if stretch.jump == Jump::Silent {
                        sought.insert(stretch.playback, stretch.began + SCRUBBED);
                    }
                    match stretch.jump {
                        Jump::Silent => lost.insert(stretch.playback, stretch.began + astray),
                        // It may have jumped to and fro before.
                        Jump::Told => lost.insert(stretch.playback, stretch.began + SCRUBBED),
                        Jump::No => None,
                    };
                    (stretch.playback, piece)
                }
                What::Paused {
                    playback,
                    position,
                    since,
                    ..
                } => {
                    // A player that shows a pause while it seeks has nothing to say when one follows, and in it nobody asks.
                    if sought.get(playback).is_some_and(|until| since <= until) {
                        lost.insert(*playback, fact.at);
                    }
                    (*playback, Piece::rest(*position, *since, fact.at))
                }
                // Where it was left it stays.
                What::Ended {
                    playback, position, ..
                } => (*playback, Piece::rest(*position, fact.at, Time::MAX)),
                _ => continue,
            };
            let astray = lost.get(&playback).copied().unwrap_or_default();
            let piece = Piece { astray, ..piece };
            if let Some(work) = films.get(&playback) {
                places.entry(*work).or_default().push(piece);
            }
        }
        Self(places)
    }

    fn allow(&self, place: &Place) -> bool {
        let at = Wall(place.stamp).since(EVENING);
        let mut pieces = self.0.get(&place.work).into_iter().flatten();
        let film = FILMS.iter().find(|film| film.work() == place.work);
        let most = film.map_or(f64::MAX, |film| film.length * 0.99);
        pieces.any(|piece| piece.may_be_at(at, place.position, most))
    }
}

impl Judgement {
    /// See the module's documentation.
    pub fn positions_are_true(&mut self, script: &Script, outcome: &Outcome) {
        let blurs = |fact: &Fact| match fact.what {
            What::Slept => true,
            // It is at 0 for ever.
            What::Opened { kind, .. } => kind == Kind::Mute,
            _ => false,
        };
        if outcome.clock_was_wrong || outcome.facts.iter().any(blurs) {
            return;
        }
        let astray = Duration::from_secs(beats(script).1 + 4);
        let places = Places::of(&outcome.facts, astray);
        for user in &outcome.punchplay {
            for told in user.places.iter().filter(|told| !places.allow(told)) {
                let Place { path, position, .. } = told;
                let complaint = format!("{path} of {:?}, and it was not at {position}", told.work);
                self.complaints.push(complaint);
            }
        }
    }

    /// On an evening on which nothing befalls anybody a jump is told as soon as it plays on.
    pub fn jumps_are_told(&mut self, outcome: &Outcome) {
        let places = &outcome.punchplay[0].places;
        for fact in &outcome.facts {
            let What::Played(stretch) = &fact.what else {
                continue;
            };
            let seen = fact.at.saturating_sub(stretch.began) >= TOLD_WITHIN;
            if !seen || stretch.jump != Jump::Told {
                continue;
            }
            let film = outcome.facts.iter().find_map(|fact| match fact.what {
                What::Opened { playback, film, .. } if playback == stretch.playback => Some(film),
                _ => None,
            });
            let Some(work) = film.map(|film: usize| FILMS[film].work()) else {
                continue;
            };
            let at = |place: &&Place| Wall(place.stamp).since(EVENING);
            let of_it = || places.iter().filter(|place| place.work == work);
            let before = of_it().rfind(|place| at(place) <= stretch.began);
            let goes_on = before.is_some_and(|place| !place.path.ends_with("/stop"));
            // The buffer fills first.
            let soon = stretch.began.saturating_sub(LATE)..=stretch.began + TOLD_WITHIN;
            if goes_on && !of_it().any(|place| soon.contains(&at(&place))) {
                let complaint = format!("{work:?} jumped to {}, and nobody was told", stretch.from);
                self.complaints.push(complaint);
            }
        }
    }
}
