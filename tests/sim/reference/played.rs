//! What a stretch of playing, a pause and an end make of the guesses.

use std::time::Duration;

use super::{BEGINNING, Follow, HEARD, Playback, Time};
use crate::guess::Guess;
use crate::library::FILMS;
use crate::log::{End, Jump, Stretch};
use crate::script::Kind;
use crate::world::ACCOUNTS;

/// Playing this long is surely a start / perhaps one, seconds.
pub(super) const START: (f64, f64) = (8.5, 4.0);
/// Seconds of media past the threshold reach it.
pub(super) const REACHED: f64 = 10.0;
/// Seconds by which a position may be wrong though the player tells it, at normal speed.
const BLUR: f64 = 3.5;
/// So close to the end (seconds, at normal speed) an end is one.
const AT_THE_END: f64 = 3.0;
/// A pause past the threshold surely completes / perhaps does, seconds; a player may say that it pauses while it buffers.
const PAUSE: (f64, f64) = (64.0, 57.0);
/// Played between two pauses for less than this (seconds), they may be one.
const UNNOTICED: f64 = 2.5;
/// The longest pause of one session, likewise.
const PAUSE_LIMIT: (f64, f64) = (1805.0, 1800.0);

/// What a stretch may be, whatever the guess.
struct Played {
    number: u32,
    at: u64,
    /// It began with a jump, and with one that was told.
    jumped: bool,
    told: bool,
    /// Fraction of the length where the run began that it is part of.
    from: f64,
    /// It is a start, surely / perhaps.
    start: (bool, bool),
    /// Where that began may not be known.
    astray_start: bool,
    unseen: bool,
    anew: bool,
    /// The threshold is reached, surely / perhaps.
    reached: (bool, bool),
}

impl Playback {
    /// Seconds for which the daemon may be wrong about where it is, after a jump.
    fn jump(&mut self, jump: Jump, progress_every: f64) {
        if jump != Jump::No {
            let silent = jump == Jump::Silent;
            self.astray = if silent { progress_every + 4.0 } else { 0.0 };
        }
    }

    /// The daemon dies, and what happened in the last so many seconds was not written: of a jump back nobody will know.
    pub(super) fn jump_is_lost(&mut self, unwritten: Duration) {
        let (run, from) = self.run;
        let numbered = matches!(self.kind, Kind::Mpv | Kind::MpvTwice | Kind::Vlc);
        let is_unwritten = self.went_back && run <= unwritten.as_secs_f64();
        self.anew |= !numbered && from < BEGINNING.1 && is_unwritten;
    }

    /// Goes on with a stretch that counts. `mark`: the threshold, seconds.
    fn play(&mut self, stretch: &Stretch, now: Time, mark: f64, progress_every: f64) -> Played {
        let length = FILMS[self.film].length;
        let mute = self.kind == Kind::Mute;
        self.pause = None;
        let jumped = stretch.jump != Jump::No;
        let seconds = now.saturating_sub(stretch.began).as_secs_f64();
        self.all += seconds;
        let (before, since) = self.rested;
        self.rested = match seconds < UNNOTICED {
            true => (before + since, 0.0),
            false => (0.0, 0.0),
        };
        self.jump(stretch.jump, progress_every);
        if jumped {
            self.went_back = stretch.from < self.last;
            self.run = (0.0, stretch.from / length);
            let numbered = matches!(self.kind, Kind::Mpv | Kind::MpvTwice | Kind::Vlc);
            let at_beginning = self.run.1 < BEGINNING.1;
            let unseen = !stretch.seen || self.back_unseen;
            self.anew = unseen && !numbered && at_beginning;
            self.unseen |= !numbered && at_beginning && length - self.last < AT_THE_END;
        } else if self.run.0 == 0.0 {
            self.run.1 = stretch.from / length;
        }
        self.back_unseen = false;
        self.last = stretch.to;
        let run_before = self.run.0;
        if stretch.seen {
            self.run.0 += seconds;
        } else {
            self.run = (0.0, stretch.to / length);
        }
        let (run, from) = self.run;
        let ready = now.saturating_sub(self.ready).as_secs_f64();
        let lost = self.astray.min(seconds);
        self.astray -= lost;
        let astray = lost > 0.0;
        let begun_astray = astray && run_before == 0.0 && run < progress_every + 8.0;
        // It says that it is at the beginning, wherever it is.
        let mute_start = mute && (from > BEGINNING.0 || self.all > run + 0.1);
        Played {
            number: stretch.playback,
            at: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            jumped,
            told: stretch.jump == Jump::Told,
            from,
            start: (
                run >= START.0 && ready >= 1.0 && !begun_astray,
                run >= START.1,
            ),
            astray_start: astray || mute_start,
            unseen: self.unseen,
            anew: self.anew,
            reached: self.reach(stretch, lost, mark, progress_every),
        }
    }

    /// Whether the threshold is reached, surely / perhaps. `lost`: seconds of the stretch in which it was believed elsewhere.
    fn reach(
        &mut self,
        stretch: &Stretch,
        lost: f64,
        mark: f64,
        progress_every: f64,
    ) -> (bool, bool) {
        if self.kind == Kind::Mute {
            return (false, false);
        }
        let blur = BLUR * stretch.rate.max(1.0) + lost * stretch.rate;
        let counted = (stretch.to - stretch.from.max(mark)).max(0.0);
        // The daemon may believe that it plays on past the threshold, wherever it truly is.
        let imagined = if self.astray_past {
            lost * stretch.rate
        } else {
            0.0
        };
        self.past += counted + imagined;
        self.astray_past = stretch.to + progress_every * stretch.rate >= mark;
        let perhaps =
            self.past + blur >= REACHED && self.past > 0.0 || stretch.to + blur >= mark + REACHED;
        (counted - blur >= REACHED, perhaps)
    }
}

impl Played {
    /// In this session, if it is in that of the present viewing, the threshold may be reached.
    fn reaches(&self, guess: Guess) -> Vec<Guess> {
        let session = guess.sessions.get(&self.number);
        let counts = guess.open && session.is_some_and(|s| s.of == Some(guess.viewing));
        match self.reached {
            (true, _) if counts => vec![guess.reaching(self.at)],
            (_, true) if counts => vec![guess.clone().reaching(self.at), guess],
            _ => vec![guess],
        }
    }

    /// A piece of something watched that goes back to the beginning is over; and so is what another player completed meanwhile.
    fn leaves_a_piece(&self, guess: Guess) -> Vec<Guess> {
        let goes_on = guess.open.then_some(guess.viewing);
        let session = guess.sessions.get(&self.number);
        let piece = session.is_some_and(|s| s.of.is_none() || s.of != goes_on);
        if !(piece && self.jumped && self.from < BEGINNING.1) {
            return vec![guess];
        }
        let mut without = guess.clone();
        without.sessions.remove(&self.number);
        if self.told && self.from < BEGINNING.0 {
            vec![without]
        } else {
            vec![without, guess]
        }
    }

    /// A session may begin; those that a former run left open in what is `over` end first.
    fn begins(&self, guess: Guess, over: &[u32], linked: [bool; ACCOUNTS]) -> Vec<Guess> {
        let (sure, maybe) = self.start;
        let session = guess.sessions.get(&self.number);
        if let Some(session) = session.filter(|_| sure || maybe) {
            // Where the daemon was killed before it had written that it went back, it finds another playing.
            let lost = self.anew && session.orphan;
            let closed = lost.then(|| Guess {
                by: None,
                ..guess.clone().ends(self.number, false, linked)
            });
            let anew = closed.into_iter();
            let anew =
                anew.flat_map(|way| way.starts(self.number, self.from, self.astray_start, self.at));
            return anew.chain([guess.clone()]).collect();
        }
        if session.is_some() || !(sure || maybe) {
            return vec![guess];
        }
        let looping = guess.looping(self.number, self.unseen);
        let closed = guess.clone().closes(over, linked);
        let anew = self.anew && closed.by == Some(self.number);
        let anew = anew.then(|| Guess {
            by: None,
            ..closed.clone()
        });
        let ways = anew.into_iter().chain([closed]);
        let started =
            ways.flat_map(|way| way.starts(self.number, self.from, self.astray_start, self.at));
        let not_yet = (!sure).then_some(guess);
        looping.into_iter().chain(started).chain(not_yet).collect()
    }
}

impl Follow {
    /// Where a minute of pause in another player and a start may have come at about the same time, either was first.
    fn perhaps_pauses_first(&mut self, number: u32, now: Time) {
        let others = self.playbacks.iter().filter(|(n, _)| **n != number);
        let pauses = others.filter_map(|(n, other)| Some((*n, other.pause?)));
        for (other, (position, since)) in pauses.collect::<Vec<_>>() {
            let held = now.saturating_sub(since).as_secs_f64();
            if (PAUSE.1..PAUSE.0 + START.0).contains(&held) {
                let before = self.guesses.clone();
                self.paused(other, position, held);
                self.guesses.extend(before);
            }
        }
    }

    pub(super) fn played(&mut self, stretch: &Stretch, now: Time) {
        let number = stretch.playback;
        if stretch.seen && self.playbacks.contains_key(&number) {
            self.perhaps_pauses_first(number, now);
        }
        if !self.knows {
            self.perhaps_unseen(number);
        }
        let others = self.playbacks.iter().filter(|(n, _)| **n != number);
        let crowded = others.map(|(_, other)| other).any(|other| !other.done);
        let Some(playback) = self.playbacks.get_mut(&number) else {
            return;
        };
        (playback.done, playback.lingers) = (false, false);
        if !self.tracked || self.ignored || self.hidden {
            return self.played_for_nothing(stretch);
        }
        self.crowded |= crowded;
        self.touched = Some(now);
        let mark = self.threshold * FILMS[playback.film].length;
        let played = playback.play(stretch, now, mark, self.progress_every);
        self.begun |= playback.all >= START.1;
        if !self.knows {
            // What the user said of it lies where nobody can read it.
            self.each(Guess::perhaps_kept);
        }
        if !stretch.seen {
            let perhaps = Played {
                reached: (false, played.reached.1),
                ..played
            };
            return self.each(|guess| perhaps.reaches(guess));
        }
        let over = self.playbacks.iter().filter(|(_, p)| p.over);
        let over: Vec<u32> = over.map(|(number, _)| *number).collect();
        let linked = self.linked;
        self.each(|mut guess| {
            if played.jumped {
                guess.nothing.remove(&number);
            }
            let guesses = played.leaves_a_piece(guess).into_iter();
            let begun = guesses.flat_map(|guess| played.begins(guess, &over, linked));
            begun.flat_map(|guess| played.reaches(guess)).collect()
        });
    }

    /// What has no session yet is new to a daemon that cannot read in which entry of a playlist it was completed.
    fn perhaps_unseen(&mut self, number: u32) {
        let mut guesses = self.guesses.iter();
        let new = guesses.any(|guess| !guess.sessions.contains_key(&number));
        if let Some(playback) = self.playbacks.get_mut(&number) {
            playback.unseen |= new;
        }
    }

    /// What is not tracked counts for nothing; but where it is must be known afterwards.
    fn played_for_nothing(&mut self, stretch: &Stretch) {
        let (number, progress_every) = (stretch.playback, self.progress_every);
        if let Some(playback) = self.playbacks.get_mut(&number) {
            playback.run = (0.0, stretch.to / FILMS[playback.film].length);
            playback.jump(stretch.jump, progress_every);
        }
        if stretch.jump != Jump::No {
            self.each(|mut guess| {
                guess.nothing.remove(&number);
                vec![guess]
            });
        }
    }

    pub(super) fn paused(&mut self, number: u32, position: f64, held: f64) {
        let Some(playback) = self.playbacks.get_mut(&number) else {
            return;
        };
        playback.rested.1 = held;
        let perhaps_held = playback.rested.0 + held;
        let length = FILMS[playback.film].length;
        let mute = playback.kind == Kind::Mute;
        let left = length - position;
        let linked = self.linked;
        let (sure_end, maybe_end) = (
            left < AT_THE_END - 1.5 && held > 3.5,
            left < AT_THE_END * 3.0 + 1.5 && held > 1.0,
        );
        let (sure_end, maybe_end) = (sure_end && !mute, maybe_end && !mute);
        let limit = (held > PAUSE_LIMIT.0, perhaps_held > PAUSE_LIMIT.1);
        let mark = self.threshold * length;
        // Where it is believed to be is not where it is.
        let astray = mute || playback.astray > 0.0;
        let knows = self.knows;
        let minute = (
            held > PAUSE.0 && position >= mark + BLUR && !astray,
            perhaps_held > PAUSE.1 && (position >= mark - BLUR * 3.0 || astray),
        );
        self.each(|guess| {
            let Some(session) = guess.sessions.get(&number) else {
                return vec![guess];
            };
            let reached =
                guess.reached.is_some() && guess.open && session.of == Some(guess.viewing);
            let known = knows || !session.orphan;
            let sure = known && (sure_end || limit.0 || (reached && minute.0));
            let maybe = maybe_end || limit.1 || (reached && minute.1);
            let ended = |ended: bool| guess.clone().ends(number, ended, linked);
            match (sure, maybe) {
                (true, _) => vec![ended(sure_end)],
                (false, true) => vec![ended(maybe_end), ended(false), guess],
                (false, false) => vec![guess],
            }
        });
        self.rerun(number, limit.1);
    }

    /// The next start in a playback takes its time again.
    pub(super) fn rerun(&mut self, number: u32, surely: bool) {
        let left = self
            .guesses
            .iter()
            .any(|guess| !guess.sessions.contains_key(&number));
        if let Some(playback) = self.playbacks.get_mut(&number)
            && (left || surely)
        {
            playback.run.0 = 0.0;
            playback.past = 0.0;
        }
    }

    pub(super) fn ended(&mut self, number: u32, position: f64, rate: f64, how: End, now: Time) {
        let Some(playback) = self.playbacks.get_mut(&number) else {
            return;
        };
        playback.over = how == End::Left;
        playback.done = true;
        let length = FILMS[playback.film].length;
        let mute = playback.kind == Kind::Mute;
        let left = length - position;
        let astray = playback.astray > 0.0;
        playback.run = (0.0, position / length);
        playback.past = 0.0;
        let near = AT_THE_END * rate.max(1.0);
        let linked = self.linked;
        let there = self.up.is_some();
        // It ended before a daemon that has just started could look at it.
        let missed = self.up.is_some_and(|up| now.saturating_sub(up) <= HEARD);
        let (sure, maybe) = match how {
            End::Out(true) => (!astray, true),
            _ if mute => (false, false),
            End::Out(false) => (!astray, true),
            End::Left => (
                left < near - 2.0 * rate.max(1.0) && !astray,
                left < near + BLUR * rate.max(1.0) || astray,
            ),
        };
        // It was opened anew just now, or will be closed later in another player.
        let unheard = playback
            .pause
            .is_some_and(|(_, since)| now.saturating_sub(since) <= playback.ready + HEARD);
        let lingers = self.playbacks.values().any(|p| p.lingers);
        let sure = sure && !missed;
        let told = there && !astray && !mute && !unheard && !lingers && !missed;
        let told = told && self.linked[..2] == [true; 2];
        self.position = self.stops_at(position).filter(|_| told);
        if !there {
            return;
        }
        // What plays in another player is looked at when that one is.
        if missed || self.guesses.iter().any(|guess| guess.sessions.len() > 1) {
            self.perhaps_not_reached(now);
        }
        self.each(
            |guess| match (guess.sessions.contains_key(&number), sure, maybe) {
                (false, ..) => vec![guess],
                (true, true, _) => vec![guess.ends(number, true, linked)],
                (true, false, true) => vec![
                    guess.clone().ends(number, true, linked),
                    guess.ends(number, false, linked),
                ],
                (true, false, false) => vec![guess.ends(number, false, linked)],
            },
        );
    }
}
