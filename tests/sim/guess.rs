//! One way in which things may stand with a film, and what it leads to.

use std::collections::{BTreeMap, BTreeSet};

use reeld::control::Release;

use crate::log::{Reach, TakenBack};
use crate::reference::{BEGINNING, Count};
use crate::world::ACCOUNTS;

/// Before this fraction a start after an undo is surely a viewing / perhaps one.
const CREDITS: (f64, f64) = (0.73, 0.77);

/// One way in which things may stand with a film.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Guess {
    /// Number of the viewing; 0: there was none.
    pub viewing: u8,
    /// Not completed.
    pub open: bool,
    /// Surely past the threshold, since (milliseconds) when.
    pub reached: Option<u64>,
    /// The playback that completed the last one.
    pub by: Option<u32>,
    /// Others that had a part in it: they go on with nothing, unless they are looked at too late.
    pub shared: BTreeSet<u32>,
    pub sessions: BTreeMap<u32, Session>,
    /// Playbacks that were looked at and are nothing new, until they jump.
    pub nothing: BTreeSet<u32>,
    /// When the viewing began, milliseconds.
    pub began: u64,
    /// It was taken back: it is over, and what is not its credits is another.
    pub void: bool,
    /// Nobody can be sure what the film is; and the present viewing is kept here for that.
    pub doubtful: bool,
    pub kept: bool,
    pub counts: Count,
    /// What the last completion added to them.
    pub last: Count,
    /// As it was when something last reached the disk.
    pub durable: (u8, bool, bool, Option<u32>),
}

/// A session in one playback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    /// Of which viewing; `None`: a piece of something watched already.
    pub of: Option<u8>,
    /// Left over from a daemon that was killed.
    pub orphan: bool,
    /// Accounts that were linked or unlinked since it began: it may be told to them or not.
    pub mixed: [bool; ACCOUNTS],
    /// When it began, milliseconds.
    pub since: u64,
}

impl Guess {
    pub fn has_orphans(&self) -> bool {
        self.sessions.values().any(|session| session.orphan)
    }

    pub fn reaching(mut self, at: u64) -> Self {
        self.reached.get_or_insert(at);
        self
    }

    /// What was watched may be taken to play round and round in a playback that nobody saw being opened.
    pub fn looping(&self, number: u32, unseen: bool) -> Option<Self> {
        let mut looping = self.clone();
        looping.nothing.insert(number);
        (unseen && self.viewing > 0 && !self.open).then_some(looping)
    }

    /// What was reached after then (milliseconds) may be forgotten.
    pub fn perhaps_not_reached(self, known: u64) -> Vec<Self> {
        let forgotten = Self {
            reached: None,
            ..self.clone()
        };
        match self.reached.is_some_and(|at| at >= known) {
            true => vec![forgotten, self],
            false => vec![self],
        }
    }

    /// A playback goes on with one that has ended: it is none of a viewing if that one completed it.
    pub fn goes_on(mut self, before: u32, number: u32) -> Vec<Self> {
        if self.viewing == 0 || self.open {
            return vec![self];
        }
        let sure = self.by == Some(before) || self.nothing.contains(&before);
        let otherwise = (!sure).then(|| self.clone());
        self.nothing.insert(number);
        otherwise.into_iter().chain([self]).collect()
    }

    /// A session begins in a playback, from this fraction of the length.
    pub fn starts(mut self, number: u32, from: f64, astray: bool, now: u64) -> Vec<Self> {
        if self.nothing.contains(&number) {
            return vec![self];
        }

        let with = |mut guess: Self, of: Option<u8>| {
            guess.sessions.insert(
                number,
                Session {
                    of,
                    orphan: false,
                    mixed: [false; ACCOUNTS],
                    since: now,
                },
            );
            guess
        };
        let just_now = |since: u64| now - since < 14_000;
        let fresh = |mut guess: Self| {
            guess.viewing += 1;
            guess.open = true;
            guess.void = false;
            guess.kept = guess.doubtful;
            guess.reached = None;
            guess.began = now;
            let viewing = guess.viewing;
            let first = with(guess, Some(viewing));
            // Which of them was first? The others go on with this one then.
            let mut last = first.clone();
            let pieces = last.sessions.values_mut();
            let pieces = pieces.filter(|piece| piece.of.is_none() && just_now(piece.since));
            pieces.for_each(|piece| piece.of = Some(viewing));
            vec![first, last]
        };
        let beginning = if self.void { CREDITS } else { BEGINNING };
        let viewing = self.viewing;
        if self.open && viewing > 1 && just_now(self.began) {
            // Which of them was first?
            let mut other = self.clone();
            if self.by == Some(number) {
                other.nothing.insert(number);
            } else if from > BEGINNING.0 {
                other = with(other, None);
            }
            vec![with(self, Some(viewing)), other]
        } else if self.open {
            vec![with(self, Some(viewing))]
        } else if viewing == 0 {
            fresh(self)
        } else if self.by == Some(number) {
            self.nothing.insert(number);
            vec![self]
        } else if self.shared.contains(&number) {
            let nothing = self.looping(number, true);
            self.shared.remove(&number);
            let otherwise = self.starts(number, from, astray, now);
            nothing.into_iter().chain(otherwise).collect()
        } else if from < beginning.0 && !astray {
            fresh(self)
        } else if from > beginning.1 && !astray {
            vec![with(self, None)]
        } else {
            let mut either = fresh(self.clone());
            either.push(with(self, None));
            either
        }
    }

    /// The session in a playback ends; `at_end`: there was nothing left to play.
    pub fn ends(mut self, number: u32, at_end: bool, linked: [bool; ACCOUNTS]) -> Self {
        let Some(session) = self.sessions.remove(&number) else {
            return self;
        };
        let own = self.open && session.of == Some(self.viewing);
        if own && (at_end || self.reached.is_some()) {
            self.open = false;
            self.reached = None;
            self.by = Some(number);
            let others = self.sessions.iter().filter(|(_, s)| s.of == session.of);
            self.shared = others.map(|(number, _)| *number).collect();
            let told = std::array::from_fn(|account| {
                let mixed = session.mixed[account];
                let sure = linked[account] && !mixed;
                (u8::from(sure), u8::from(linked[account] || mixed))
            });
            self.is_told(if self.kept { Count::default() } else { told });
        }
        self.durable = (self.viewing, self.open, self.reached.is_some(), self.by);
        self
    }

    /// What a former run left open in these ends.
    pub fn closes(self, over: &[u32], linked: [bool; ACCOUNTS]) -> Self {
        let is_left = |guess: &Self, number: &u32| {
            let session = guess.sessions.get(number);
            session.is_some_and(|session| session.orphan)
        };
        over.iter()
            .fold(self, |guess, number| match is_left(&guess, number) {
                true => guess.ends(*number, false, linked),
                false => guess,
            })
    }

    /// The last completion is told to these.
    fn is_told(&mut self, told: Count) {
        self.last = told;
        for (count, more) in self.counts.iter_mut().zip(told) {
            *count = (count.0 + more.0, count.1 + more.1);
        }
    }

    /// The user has said what it is, and this was let go by it; `None`: that cannot be.
    /// `linked`: who is told then of what was watched.
    pub fn let_go(mut self, released: Option<Release>, linked: Count) -> Option<Self> {
        let is_kept = self.kept && self.viewing > 0 && !self.void;
        let is_piece = self.sessions.values().any(|session| session.of.is_none());
        match released {
            None => (!is_kept || is_piece).then_some(self),
            Some(Release::FromNowOn) => (is_kept && self.open).then(|| {
                self.kept = false;
                self
            }),
            Some(Release::Watched) => (is_kept && !self.open).then(|| {
                self.kept = false;
                self.is_told(linked);
                self
            }),
        }
    }

    /// What the user said of what is not watched yet may be lost.
    pub fn perhaps_kept(self) -> Vec<Self> {
        let kept = Self {
            kept: true,
            ..self.clone()
        };
        match self.doubtful && !self.kept && self.open {
            true => vec![kept, self],
            false => vec![self],
        }
    }

    /// The last completion was none.
    pub fn taken_back(mut self, taken_back: &TakenBack) -> Self {
        let counts = self.counts.iter_mut().zip(self.last);
        for ((count, last), reach) in counts.zip(taken_back.reach) {
            let gone = |count: u8, last: u8, really: bool| {
                count.saturating_sub(if really { last } else { 0 })
            };
            *count = (
                gone(count.0, last.0, reach < Reach::Surely),
                gone(count.1, last.1, reach == Reach::Never),
            );
        }
        self.last = Count::default();
        if taken_back.whole {
            self.void = true;
            self.reached = None;
            self.by = None;
            self.shared.clear();
            self.nothing.clear();
        }
        self.durable = (self.viewing, self.open, false, self.by);
        self
    }

    /// What completed the last viewing may have been this playback.
    pub fn perhaps_by(self, number: u32) -> Vec<Self> {
        if self.open || self.viewing == 0 {
            return vec![self];
        }
        let by = Some(number);
        vec![Self { by, ..self.clone() }, self]
    }

    /// The database is gone: what the history tells is known, and of what it does not tell perhaps nothing.
    pub fn lost(self) -> Vec<Self> {
        let sessions = BTreeMap::new();
        let nothing = BTreeSet::new();
        let kept = Self {
            sessions,
            nothing,
            ..self
        };
        let (viewing, open, reached, by) = kept.durable;
        let stopped = Self {
            viewing,
            open,
            reached: reached.then_some(0),
            by,
            ..kept.clone()
        };
        let unreached = |guess: &Self| Self {
            reached: None,
            ..guess.clone()
        };
        let forgotten = Self {
            counts: kept.counts,
            doubtful: kept.doubtful,
            ..Self::default()
        };
        let guesses = [
            unreached(&kept),
            unreached(&stopped),
            kept,
            stopped,
            forgotten,
        ];
        guesses.into_iter().flat_map(Self::perhaps_kept).collect()
    }

    /// The daemon died. `known`: what was reached before then (milliseconds) is remembered; `None`: only what is durable.
    pub fn orphaned(self, known: Option<u64>, lossy: bool) -> Vec<Self> {
        let mut kept = self;
        for session in kept.sessions.values_mut() {
            session.orphan = true;
        }
        let mut guesses = vec![kept.clone()];
        let fresh = |at: u64| known.is_none_or(|known| at >= known);
        if kept.reached.is_some_and(fresh) {
            guesses.push(Self {
                reached: None,
                ..kept.clone()
            });
        }
        if known.is_none() {
            let (viewing, open, reached, by) = kept.durable;
            let reached = reached.then_some(0);
            guesses.push(Self {
                viewing,
                open,
                reached,
                by,
                sessions: BTreeMap::new(),
                ..kept.clone()
            });
        }
        // A session that began only just now may not be known at all.
        let young = |session: &Session| known.is_none_or(|known| session.since >= known);
        if lossy || kept.sessions.values().any(young) {
            guesses.push(Self {
                sessions: BTreeMap::new(),
                ..kept
            });
        }
        match known {
            Some(_) => guesses,
            None => guesses.into_iter().flat_map(Self::perhaps_kept).collect(),
        }
    }
}
