//! An evening on which nothing befalls anybody, and each film is opened once: what is played and told of it can be counted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::judge::{Judgement, steady};
use crate::library::{FILMS, Fate, Work};
use crate::log::{Fact, Jump, Time, What};
use crate::script::Script;
use crate::world::Outcome;

/// Seconds until a start is told, at most: a length may be known late, and a buffer fill.
const STARTED: f64 = 8.5;
/// After it the first beat comes so soon.
const FIRST_BEAT: f64 = 30.0;
/// A beat waits for an answer so long, at most.
const ANSWER: f64 = 1.1;
/// A pause of this many seconds may have ended the session for good.
const LONG: Duration = Duration::from_secs(57);

/// The longest pause of one session.
const PAUSE_LIMIT: Duration = Duration::from_secs(1795);

/// What was played of a film without a break.
#[derive(Debug)]
struct Run {
    seconds: f64,
    until: Time,
    /// Of its playback.
    first: bool,
    /// There may be no session any more.
    over: bool,
}

/// What there was to tell of.
#[derive(Debug, Default)]
struct Told {
    runs: BTreeMap<u32, Vec<Run>>,
    /// How long each was, by its playback and beginning.
    pauses: BTreeMap<(u32, Time), Duration>,
    over: BTreeSet<u32>,
    files: u32,
}

impl Told {
    fn of(facts: &[Fact]) -> Self {
        let mut told = Self::default();
        for fact in facts {
            match &fact.what {
                What::Opened { .. } => told.files += 1,
                What::Played(stretch) => {
                    let over = told.over.contains(&stretch.playback);
                    let runs = told.runs.entry(stretch.playback).or_default();
                    let seconds = (fact.at - stretch.began).as_secs_f64();
                    let goes_on =
                        |run: &&mut Run| stretch.jump == Jump::No && run.until == stretch.began;
                    match runs.last_mut().filter(goes_on) {
                        Some(run) => (run.seconds, run.until) = (run.seconds + seconds, fact.at),
                        None => runs.push(Run {
                            seconds,
                            until: fact.at,
                            first: runs.is_empty(),
                            over,
                        }),
                    }
                }
                What::Paused {
                    playback, since, ..
                } => {
                    told.pauses.insert((*playback, *since), fact.at - *since);
                    if fact.at - *since > LONG {
                        told.over.insert(*playback);
                    }
                }
                What::Ended { playback, .. } => {
                    told.over.insert(*playback);
                }
                _ => {}
            }
        }
        told
    }

    fn all_runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.values().flatten()
    }

    /// Requests that tell of no beat, at most: of each film a start, a stop, and the history of two episodes; of each pause that
    /// it begins and ends, or that the session does and another begins.
    fn beside_beats(&self) -> u32 {
        let of_pause = |length: &Duration| if *length > PAUSE_LIMIT { 6 } else { 4 };
        7 * self.files + self.pauses.values().map(of_pause).sum::<u32>()
    }

    /// Beats, at least and at most.
    fn beats(&self, every: f64) -> (f64, f64) {
        let least = |run: &Run| {
            let first = if run.first {
                STARTED + FIRST_BEAT.min(every) + ANSWER
            } else {
                STARTED
            };
            let later = ((run.seconds - first) / (every + ANSWER)).floor();
            match run.first {
                true => (later + 1.0).max(0.0),
                false => later.max(0.0),
            }
        };
        let most = |run: &Run| 2.0 + (run.seconds / every).floor();
        (
            self.all_runs().filter(|run| !run.over).map(least).sum(),
            self.all_runs().map(most).sum(),
        )
    }
}

impl Judgement {
    /// PunchPlay follows each film as it is played, once each, and is not told more than there is to tell.
    pub fn quiet_evenings(&mut self, script: &Script, outcome: &Outcome) {
        let opened = outcome.facts.iter().filter_map(|fact| match fact.what {
            What::Opened { film, .. } => Some(film),
            _ => None,
        });
        let films: Vec<usize> = opened.collect();
        let once: BTreeSet<Work> = films.iter().map(|film| FILMS[*film].work()).collect();
        let all_told = films.iter().all(|film| FILMS[*film].fate == Fate::Told);
        let nothing_befalls = script.steps.iter().all(|step| step.env.is_empty())
            && script.requests.is_empty()
            && script.store.is_empty();
        let quiet = nothing_befalls && all_told && once.len() == films.len();
        let can_be_told = steady(script, &outcome.facts);
        if !quiet || !can_be_told[0] {
            return;
        }
        let punchplay = &outcome.punchplay[0];
        if punchplay.without_start > 0 {
            self.complaints.push("sessions without a start".into());
        }
        #[allow(clippy::cast_precision_loss, reason = "a few minutes")]
        let every = script.setup.progress_every as f64;
        self.jumps_are_told(outcome);
        let told = Told::of(&outcome.facts);
        let (least, most) = told.beats(every);
        let beats = f64::from(punchplay.beats);
        if !(least..=most).contains(&beats) {
            let complaint = format!("{beats} beats, and there must be {least} to {most}");
            self.complaints.push(complaint);
        }
        let most = 2 * punchplay.beats + told.beside_beats();
        if can_be_told[1] && outcome.requests > most {
            let complaint = format!("{} requests, and {most} are enough", outcome.requests);
            self.complaints.push(complaint);
        }
    }
}
