//! What each service must hold in the end, by what truly happened.
//!
//! Far simpler than the code that it judges, and independent of it: it reads the log of the world (what was played from
//! where to where, what befell the machine) and knows the promises, not the mechanism. For every film it follows all
//! *guesses* of how things may stand; where a promise leaves something open, a guess becomes two. What all guesses agree on
//! must be so.
//!
//! # What is left open, and why
//! * **Near a limit.** Ten seconds past the threshold reach it, five seconds of playing are a start, a start in the first
//!   tenth is a re-watch, a minute of pause past the threshold completes, three seconds before the end are the end. Within a
//!   small distance of each (`Sure` and `Perhaps` below) either is right.
//! * **Unseen jumps.** Where a player does not say that it jumped, the daemon learns so at its next question: until then
//!   what it believes is not what is.
//! * **kill -9** may cost what was learnt since the last beat; **loss of power**, and a death while the disk could not be
//!   written, whatever was not yet on the disk (a stop is). While no daemon runs, playing may count or not.
//! * **Links that change in mid-session.** Whether the session goes on, and whether that account is told of it.
//! * **A playback that was opened while no daemon ran** and stands where a loop of what was watched would: it may be one.
//!   The same where a playback went back to its beginning meanwhile, in a player that does not number what it plays.
//! * **An undo that is refused**: where the disk, the history or a clock has failed, or an answer is yet to come.
//! * **An undo in which the disk fails or the daemon dies**: the history may say that it was taken back, and the database not.
//! * **A database that cannot be opened** tells neither what the last daemon left open, which an end or a pause may close unseen,
//!   nor what the user said of a film.
//! * **A minute of pause that runs out while the film begins in another player**: either may be first.
//! * **What the user said of a film that is not watched yet** lies in the database alone until its next stop: a loss of power or
//!   of the database may take it along. So does the id of what waits for one.
//! * **A rematch in which the disk fails or the daemon dies**: what is kept here may be let go or not.
//! * **Whether Ben was linked when a film was watched that is let go later**, if he came while it played, or a clock was wrong.
//! * **A playback that is open when the database is lost**: it may be what completed the last viewing, as the history does not
//!   say in what that was.
//! * **The same film again at once** in a player on the bus, which does not say that it loops: it may be a loop.
//! * **An account that leaves at an end**, before the daemon can have heard of that.
//! * **A clock that is set back** is noticed at the next beat: a session may end there, or not at all.
//! * **Both witnesses mute**: a daemon that starts while the database cannot be read and the history is damaged.
//! * A player that tells no position never completes anything, unless it says itself that it played to the end.

mod deaths;
mod orders;
mod played;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::guess::Guess;
use crate::library::{FILMS, Fate, NAMELESS, Work};
use crate::log::{Fact, Time, What};
use crate::script::Kind;
use crate::world::ACCOUNTS;

/// More guesses than this are no judgement.
const MOST_GUESSES: usize = 48;
/// Before this fraction a start after completion is surely a re-watch / perhaps one.
pub const BEGINNING: (f64, f64) = (0.085, 0.115);

/// What happened so shortly before a crash may have been in the middle of its write.
const UNWRITTEN: Duration = Duration::from_millis(500);

/// An end is heard of within this.
const HEARD: Duration = Duration::from_millis(300);

/// How often each account must have it: at least, at most.
pub type Count = [(u8, u8); ACCOUNTS];

/// What the reference says of one film or episode.
#[derive(Debug)]
pub struct Verdict {
    pub work: Work,
    /// As many ways as it may be; none: it cannot say.
    pub counts: Option<BTreeSet<Count>>,
    /// Where the last stop must be, seconds; `None`: it cannot say.
    pub position: Option<f64>,
    /// Discovr can be told of it.
    pub named: bool,
    /// It was played long enough for a start, perhaps.
    pub begun: bool,
    /// Somebody had it open.
    pub opened: bool,
}

impl Verdict {
    /// Nobody had it open.
    fn of_nothing(work: Work) -> Self {
        Self {
            work,
            counts: Some(BTreeSet::from([Count::default()])),
            position: None,
            named: true,
            begun: false,
            opened: false,
        }
    }
}

/// What follows the same film so soon may be a loop of it.
const LOOPED_WITHIN: Time = Duration::from_millis(3_100);

/// Whether the id is known that Discovr wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    No,
    Perhaps,
    Yes,
}

impl Named {
    /// Of what is owed there, what arrives.
    fn of(self, (least, most): (u8, u8)) -> (u8, u8) {
        match self {
            Self::No => (0, 0),
            Self::Perhaps => (0, most),
            Self::Yes => (least, most),
        }
    }
}

/// What is known of a playback, whatever the guess.
#[derive(Debug, Clone)]
struct Playback {
    film: usize,
    kind: Kind,
    ready: Time,
    /// Played towards a start, seconds, and the fraction where that began.
    run: (f64, f64),
    /// Played at all, seconds.
    all: f64,
    /// Paused before a moment of playing that nobody notices, and since, seconds.
    rested: (f64, f64),
    /// Media past the threshold that may have been counted in this session.
    past: f64,
    /// The daemon may believe it elsewhere for this long (seconds of playing), and that it is past the threshold.
    astray: f64,
    astray_past: bool,
    /// It was opened while no daemon ran, or follows the same film at once, or its own end, where nobody says that it loops.
    unseen: bool,
    /// Where it was last, seconds.
    last: f64,
    /// It went back while no daemon ran, and has stood there since.
    back_unseen: bool,
    /// Its last jump led back.
    went_back: bool,
    /// It went back to its beginning while no daemon ran, and its player does not number what it plays.
    anew: bool,
    /// It pauses there, since then.
    pause: Option<(f64, Time)>,
    over: bool,
    /// It has come to its end, or was left.
    done: bool,
    /// … and its player, which is still there, shows it paused at its beginning (Showtime): only later it is over for the daemon.
    lingers: bool,
}

/// All films, one after the other.
pub struct Reference<'a> {
    facts: &'a [Fact],
    progress_every: f64,
}

impl<'a> Reference<'a> {
    pub fn new(facts: &'a [Fact], progress_every: u64) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "a few minutes")]
        let progress_every = progress_every as f64;
        Self {
            facts,
            progress_every,
        }
    }

    /// What must be, for every film that may be told at all.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let told = FILMS.iter().filter(|film| film.may_be_told());
        let works: BTreeSet<Work> = told.map(crate::library::Film::work).collect();
        let opened = self.facts.iter().filter_map(|fact| match fact.what {
            What::Opened { film, .. } => Some(FILMS[film].work()),
            _ => None,
        });
        let opened: BTreeSet<Work> = opened.collect();
        let verdict = |work| match opened.contains(&work) {
            true => self.of(work),
            false => Verdict::of_nothing(work),
        };
        works.into_iter().map(verdict).collect()
    }

    fn of(&self, work: Work) -> Verdict {
        let mut film = Follow::new(work, self.progress_every);
        for fact in self.facts {
            film.take(fact);
        }
        let end =
            self.facts.last().map_or(Duration::ZERO, |fact| fact.at) + Duration::from_secs(3600);
        film.orphans(end);
        let named = |guess: &Guess| {
            let mut counts = guess.counts;
            counts[1] = film.named.of(counts[1]);
            counts
        };
        Verdict {
            work,
            counts: (!film.vague).then(|| film.guesses.iter().map(named).collect()),
            position: film.position,
            named: film.named == Named::Yes,
            begun: film.begun,
            opened: true,
        }
    }
}

/// One film is followed through everything that happened.
struct Follow {
    work: Work,
    progress_every: f64,
    threshold: f64,
    linked: [bool; ACCOUNTS],
    /// When a daemon last started, if one runs.
    up: Option<Time>,
    /// It could open its database, and knows what the last one left open.
    knows: bool,
    playbacks: BTreeMap<u32, Playback>,
    ended_at: BTreeMap<u32, Time>,
    /// Few: a list is cheaper than a set.
    guesses: Vec<Guess>,
    /// Since when, and how things stood before: what is newer is perhaps not written yet.
    before: (Time, Vec<Guess>),
    /// It was in two players at once: either may have had the last word.
    crowded: bool,
    /// When anything last happened with it.
    touched: Option<Time>,
    /// The clock was set back, and that may not have been noticed yet.
    set_back: bool,
    /// The user wants it to be tracked.
    tracked: bool,
    ignored: bool,
    hidden: bool,
    /// When it was first opened, and last played, paused or left.
    played_from: Option<Time>,
    played_until: Time,
    /// When Ben was linked, or his service switched on again.
    came: Vec<Time>,
    named: Named,
    vague: bool,
    position: Option<f64>,
    begun: bool,
}

impl Follow {
    fn new(work: Work, progress_every: f64) -> Self {
        let fate = FILMS.iter().find(|film| film.work() == work);
        let fate = fate.map(|film| film.fate);
        let nothing = Guess {
            doubtful: fate == Some(Fate::Doubtful),
            ..Guess::default()
        };
        Self {
            work,
            progress_every,
            played_from: None,
            played_until: Time::ZERO,
            came: Vec::new(),
            named: match fate {
                Some(Fate::Nameless) => Named::No,
                _ => Named::Yes,
            },
            threshold: 0.85,
            linked: [false; ACCOUNTS],
            up: None,
            knows: false,
            playbacks: BTreeMap::new(),
            ended_at: BTreeMap::new(),
            guesses: vec![nothing.clone()],
            before: (Duration::ZERO, vec![nothing]),
            crowded: false,
            touched: None,
            set_back: false,
            tracked: true,
            ignored: false,
            hidden: false,
            vague: false,
            position: None,
            begun: false,
        }
    }

    /// Every guess becomes what it leads to.
    fn each(&mut self, lead: impl Fn(Guess) -> Vec<Guess>) {
        let guesses = std::mem::take(&mut self.guesses);
        self.guesses = guesses.into_iter().flat_map(lead).collect();
        self.guesses.sort_unstable();
        self.guesses.dedup();
        self.vague |= self.guesses.len() > MOST_GUESSES;
        if self.vague {
            self.guesses = vec![Guess::default()];
        }
    }

    fn take(&mut self, fact: &Fact) {
        if fact.at > self.before.0 + UNWRITTEN {
            self.before.0 = fact.at;
            if self.before.1 != self.guesses {
                self.before.1.clone_from(&self.guesses);
            }
        }
        self.orphans(fact.at);
        match &fact.what {
            What::Opened {
                playback,
                film,
                kind,
                ready,
                again,
            } => {
                if FILMS[*film].work() == self.work && FILMS[*film].fate != Fate::Short {
                    self.opened(*playback, *film, *kind, *ready, fact.at);
                    if let Some(before) = *again {
                        self.each(|guess| guess.goes_on(before, *playback));
                    }
                }
            }
            What::Played(stretch) => {
                self.played(stretch, fact.at);
                self.goes_on(stretch.playback, fact.at);
                if self.set_back && self.playbacks.contains_key(&stretch.playback) {
                    self.perhaps_end_all();
                }
            }
            What::Paused {
                playback,
                position,
                since,
                seen,
            } => {
                self.goes_on(*playback, fact.at);
                if let Some(playback) = self.playbacks.get_mut(playback) {
                    playback.pause = seen.then_some((*position, *since));
                    playback.lingers |= playback.done && *position == 0.0;
                    playback.back_unseen |= !*seen && *position < playback.last;
                }
                if *seen && self.playbacks.contains_key(playback) {
                    self.paused(
                        *playback,
                        *position,
                        fact.at.saturating_sub(*since).as_secs_f64(),
                    );
                }
            }
            What::Ended {
                playback,
                position,
                rate,
                how,
            } => {
                if self.doubtful() {
                    // What is answered tells apart what was not written yet.
                    self.before.1.extend(self.guesses.iter().cloned());
                }
                self.ended(*playback, *position, *rate, *how, fact.at);
                self.ended_at.insert(*playback, fact.at);
                self.goes_on(*playback, fact.at);
            }
            What::Up => {
                self.up = Some(fact.at);
                self.knows = false;
                self.set_back = false;
            }
            What::Knows => self.knows = true,
            What::Down(how) => self.down(*how, fact.at),
            What::Slept => self.end_all(),
            What::SetBack => {
                self.set_back = true;
                self.perhaps_end_all();
            }
            What::Linked { account, on } => {
                let account = *account;
                if self.linked[account] != *on {
                    // Sessions may end here, so that others begin with it.
                    self.perhaps_end_all();
                    self.linked[account] = *on;
                    if account == 2 && *on {
                        self.came.push(fact.at);
                    }
                    let heard = |ended: &Time| fact.at.saturating_sub(*ended) > HEARD;
                    let unheard = !*on && !self.ended_at.values().all(heard);
                    self.each(|mut guess| {
                        let least = &mut guess.counts[account].0;
                        *least = least.saturating_sub(u8::from(unheard));
                        for session in guess.sessions.values_mut() {
                            session.mixed[account] = true;
                        }
                        vec![guess]
                    });
                }
            }
            What::Dropped { account } => {
                let account = *account;
                self.position = None;
                self.each(|mut guess| {
                    guess.counts[account].0 = 0;
                    vec![guess]
                });
            }
            What::Tracked(on) => self.track(*on),
            What::Hangs => self.perhaps_not_reached(fact.at),
            What::Lapped(playback) => {
                if self.playbacks.contains_key(playback) {
                    self.position = None;
                }
            }
            What::Hidden(work) => self.hide(*work == Some(self.work)),
            What::Ignored(work) => self.ignored = *work == Some(self.work),
            What::TakenBack(taken_back) => {
                if taken_back.work == self.work {
                    self.taken_back(taken_back);
                }
            }
            What::Rematched(rematched) => {
                if rematched.work == self.work {
                    self.rematched(*rematched, fact.at);
                }
            }
            What::Threshold(fraction) => {
                self.threshold = *fraction;
                // What was counted in a session before was counted by another measure.
                for playback in self.playbacks.values_mut() {
                    playback.past += played::REACHED;
                }
            }
        }
    }

    /// What was played since the last beat may not be known.
    fn perhaps_not_reached(&mut self, now: Time) {
        let beat = Duration::from_secs_f64(self.progress_every + 5.0);
        let known = u64::try_from(now.saturating_sub(beat).as_millis()).unwrap_or(0);
        self.each(|guess| guess.perhaps_not_reached(known));
    }

    fn goes_on(&mut self, number: u32, now: Time) {
        if self.playbacks.contains_key(&number) {
            self.played_until = now;
        }
    }

    /// The id may be lost that the user has told.
    fn unnamed(&mut self) {
        if self.work == FILMS[NAMELESS].work() {
            self.named = self.named.min(Named::Perhaps);
        }
    }

    fn opened(&mut self, number: u32, film: usize, kind: Kind, ready: Time, now: Time) {
        let says_loops = matches!(kind, Kind::Mpv | Kind::MpvTwice);
        let follows = |before: &u32| {
            let same = |old: &Playback| old.film == film && old.kind == kind && old.done;
            let just = |at: &Time| now.saturating_sub(*at) <= LOOPED_WITHIN;
            self.playbacks.get(before).is_some_and(same)
                && self.ended_at.get(before).is_some_and(just)
        };
        let at_once = !says_loops && self.playbacks.keys().any(follows);
        // Whether it is a re-watch, or the same viewing in two players, is known only to who has seen the stop.
        self.vague |= self.playbacks.values().any(|other| other.lingers);
        let playback = Playback {
            film,
            kind,
            ready,
            run: (0.0, 0.0),
            all: 0.0,
            rested: (0.0, 0.0),
            past: 0.0,
            astray: 0.0,
            astray_past: false,
            unseen: self.up.is_none() || at_once,
            last: 0.0,
            back_unseen: false,
            went_back: false,
            anew: false,
            pause: None,
            over: false,
            done: false,
            lingers: false,
        };
        self.playbacks.insert(number, playback);
        self.played_from.get_or_insert(now);
    }

    /// The position, if all guesses have exactly one session open, of a viewing that is told.
    fn stops_at(&self, position: f64) -> Option<f64> {
        let told = |guess: &Guess| {
            guess.sessions.len() == 1
                && guess.sessions.values().all(|s| s.of.is_some() && !s.orphan)
                && !guess.kept
        };
        let known = !self.vague && !self.crowded && self.guesses.iter().all(told);
        known.then_some(position)
    }

    fn end_all(&mut self) {
        self.end_sessions();
        if self.up.is_some() {
            self.rerun_all(|_| true);
        }
    }

    fn end_sessions(&mut self) {
        self.position = None;
        if self.up.is_none() {
            return;
        }
        let linked = self.linked;
        self.each(|guess| {
            let sessions = guess.sessions.iter();
            let open = sessions.filter(|(_, session)| !session.orphan);
            let open: Vec<u32> = open.map(|(number, _)| *number).collect();
            let end = |guess: Guess, number: &u32| guess.ends(*number, false, linked);
            // Which of them was the last, and completed it?
            vec![
                open.iter().fold(guess.clone(), end),
                open.iter().rev().fold(guess, end),
            ]
        });
    }

    /// What has no session yet goes on towards one.
    fn perhaps_end_all(&mut self) {
        let before = self.guesses.clone();
        self.end_sessions();
        let has_session = |number: &u32| {
            let mut guesses = before.iter();
            guesses.any(|guess| guess.sessions.contains_key(number))
        };
        if self.up.is_some() {
            self.rerun_all(has_session);
        }
        self.guesses.extend(before);
    }

    fn rerun_all(&mut self, which: impl Fn(&u32) -> bool) {
        let numbers = self.playbacks.keys().copied().filter(which);
        for number in numbers.collect::<Vec<_>>() {
            self.rerun(number, true);
        }
    }
}
