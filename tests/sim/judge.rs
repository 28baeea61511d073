//! One run, judged: what went wrong on the way, and what the services hold against what they must.

use std::collections::BTreeMap;
use std::time::Duration;

use reeld::model::Wall;

use crate::clock::EVENING;
use crate::discovr::media_id;
use crate::library::{FILMS, Fate, Work};
use crate::log::{Fact, What};
use crate::punchplay::PunchPlay;
use crate::reference::{Count, Reference, Verdict};
use crate::script::{Env, RequestFault, Script};
use crate::warnings;
use crate::world::{Outcome, World};

/// What was found out.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Empty if all is well.
    pub complaints: Vec<String>,
    /// Films of which the reference knew exactly what must be, and those of which it did not.
    pub decided: u32,
    pub undecided: u32,
    pub requests: u32,
    /// Seconds of playing.
    pub played: f64,
    pub diary: Vec<String>,
}

/// Carries out a script and judges it.
pub fn judge(script: &Script, diary: bool) -> Judgement {
    warnings::listen();
    let mut outcome = World::new(script, diary).run();
    let warnings = warnings::heard();
    let mut judgement = Judgement {
        complaints: std::mem::take(&mut outcome.complaints),
        requests: outcome.requests,
        played: outcome.played,
        ..Judgement::default()
    };
    if judgement.complaints.is_empty() {
        let (_, rarest) = beats(script);
        let verdicts = Reference::new(&outcome.facts, rarest).verdicts();
        let steady = steady(script, &outcome.facts);
        for verdict in &verdicts {
            judgement.weigh(verdict, &outcome);
            judgement.nothing_is_missing(verdict, &outcome, steady);
        }
        judgement.requests_are_bounded(script, &outcome);
        if !loses_the_clock(script) {
            judgement.times_are_true(&outcome);
            judgement.positions_are_true(script, &outcome);
        }
        judgement.quiet_evenings(script, &outcome);
        judgement.warns_of_nothing(script, &warnings);
    }
    judgement.diary = outcome.diary;
    judgement
}

impl Judgement {
    fn weigh(&mut self, verdict: &Verdict, outcome: &Outcome) {
        let work = verdict.work;
        let punchplay = [0, 1].map(|user: usize| {
            let watches = &outcome.punchplay[user].watches;
            watches.get(&work).copied().unwrap_or(0)
        });
        let (least, most) = outcome.discovr.watches(work);
        let told = |punchplay: &PunchPlay| punchplay.told.contains(&work);
        if !verdict.begun && outcome.punchplay.iter().any(told) {
            self.complaints.push(format!(
                "{} was only skipped through, and PunchPlay was told",
                name(work)
            ));
        }
        let Some(counts) = &verdict.counts else {
            self.undecided += 1;
            return;
        };
        let special = FILMS
            .iter()
            .any(|film| film.work() == work && film.fate == Fate::Special);
        let within =
            |(low, high): (u8, u8), n: usize| (usize::from(low)..=usize::from(high)).contains(&n);
        // What was ignored lay in the database alone.
        let gone = outcome.punchplay[0].gone.values();
        let gone = gone.filter(|gone| **gone == work).count();
        let gone = u8::try_from(gone).unwrap_or(u8::MAX);
        let as_it_must_be = |count: &Count| {
            let discovr = if special { (0, 0) } else { count[1] };
            let (least_here, most_here) = count[0];
            within((least_here.saturating_sub(gone), most_here), punchplay[0])
                && within(count[2], punchplay[1])
                && within(discovr, least)
                && within(discovr, most)
        };
        if counts.iter().any(as_it_must_be) {
            let exact = counts.len() == 1 && counts.iter().flatten().all(|(low, high)| low == high);
            self.decided += u32::from(verdict.opened && exact);
            self.undecided += u32::from(verdict.opened && !exact);
        } else {
            self.complaints.push(format!(
                "watches of {}: {punchplay:?} at PunchPlay, {least} to {most} at Discovr, and must be one of {counts:?}",
                name(work)
            ));
        }
        if !outcome.clock_was_wrong {
            self.position(verdict, outcome);
        }
    }

    /// The last stop says where it really ended.
    fn position(&mut self, verdict: &Verdict, outcome: &Outcome) {
        let work = verdict.work;
        let Some((expected, film)) = verdict
            .position
            .zip(FILMS.iter().find(|film| film.work() == work))
        else {
            return;
        };
        // Short of the end, and no nearer to it than one may tell without counting.
        let expected = expected.min(film.length * 0.99);
        let slack = (film.length * 0.02).max(8.0);
        let off = |told: f64| (told.min(film.length * 0.99) - expected).abs() > slack;
        if let Some((_, told)) = outcome.punchplay[0].stopped_at.get(&work)
            && off(*told)
        {
            self.complaints.push(format!(
                "{} ended at {expected:.0} s, and PunchPlay was told {told:.0}",
                name(work)
            ));
        }
        let resume = outcome.discovr.resume.get(&media_id(film));
        // A completed one is at its end, wherever the credits were left.
        let unfinished = resume.filter(|resume| {
            verdict.named && resume.progress < 100 && resume.episode == film.resume_episode()
        });
        if let Some(resume) = unfinished {
            let told = f64::from(resume.progress) / 100.0 * film.length;
            if off(told) {
                self.complaints.push(format!(
                    "{} ended at {expected:.0} s, and Discovr was told {told:.0}",
                    name(work)
                ));
            }
        }
    }

    /// Where it was left is told at all, to whom could be told all the time.
    fn nothing_is_missing(&mut self, verdict: &Verdict, outcome: &Outcome, steady: [bool; 2]) {
        let work = verdict.work;
        let film = FILMS.iter().find(|film| film.work() == work);
        let Some(film) = film.filter(|film| film.fate == Fate::Told) else {
            return;
        };
        if verdict.position.is_none() || outcome.clock_was_wrong {
            return;
        }
        if steady[0] && !outcome.punchplay[0].stopped_at.contains_key(&work) {
            let complaint = format!("{} was left, and PunchPlay has no stop of it", name(work));
            self.complaints.push(complaint);
        }
        let unwatched = |count: &Count| count[1] == (0, 0);
        let unfinished = verdict
            .counts
            .as_ref()
            .is_some_and(|all| all.iter().all(unwatched));
        let resume = outcome.discovr.resume.get(&media_id(film));
        if steady[1] && unfinished && film.episodes.is_none() && resume.is_none() {
            let complaint = format!("{} was left, and Discovr does not know where", name(work));
            self.complaints.push(complaint);
        }
    }

    /// A watch is dated to a time at which the film was open, or had just been left.
    fn times_are_true(&mut self, outcome: &Outcome) {
        if outcome.clock_was_wrong {
            return;
        }
        let shown = Shown::of(&outcome.facts);
        let punchplay = outcome.punchplay.iter().flat_map(|user| &user.watched_at);
        let punchplay = punchplay.map(|(work, at)| (*work, *at));
        let discovr = outcome.discovr.history.iter().flat_map(|entry| {
            let films = FILMS.iter().filter(|film| entry.is_of(film));
            films.take(1).map(|film| (film.work(), entry.at))
        });
        for (work, at) in punchplay.chain(discovr) {
            if !shown.was(work, at) {
                let complaint =
                    format!("{} was watched at {at}, and was not open then", name(work));
                self.complaints.push(complaint);
            }
        }
    }

    /// Requests cost, and so does waking a player to ask it: one at each service, or two, for every beat, some for everything that
    /// happens. Of 12,000 evenings none had more than three quarters of that.
    fn requests_are_bounded(&mut self, script: &Script, outcome: &Outcome) {
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let beats = outcome.played / beats(script).0 as f64;
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let happened = script.size() as f64;
        let bound = 20.0 + 2.0 * beats + 4.0 * happened + outcome.outages / 15.0;
        if f64::from(outcome.requests) > bound {
            self.complaints.push(format!(
                "{} requests, which is more than {bound:.0}",
                outcome.requests
            ));
        }
        let bound = 2.0 * beats + 3.0 * (happened + 8.0);
        if f64::from(outcome.calls) > bound {
            let calls = outcome.calls;
            let complaint = format!("players were asked {calls} times, more than {bound:.0}");
            self.complaints.push(complaint);
        }
    }
}

/// The shortest and the longest time between two progress reports, seconds.
pub fn beats(script: &Script) -> (u64, u64) {
    let env = script.steps.iter().flat_map(|step| &step.env);
    let changes = env.filter_map(|(_, env)| match env {
        Env::Beats(seconds) => Some(*seconds),
        _ => None,
    });
    let all = || changes.clone().chain([script.setup.progress_every]);
    let (least, most) = (all().min(), all().max());
    (least.unwrap_or_default(), most.unwrap_or_default())
}

/// Of each service, whether Ann could be told of everything there all the time.
pub fn steady(script: &Script, facts: &[Fact]) -> [bool; 2] {
    let ignored = script
        .requests
        .values()
        .any(|fault| *fault == RequestFault::Ignored);
    [0, 1].map(|service: usize| {
        let breaks = |fact: &Fact| match fact.what {
            What::Linked { account, on } => account == service && !on,
            What::Dropped { account } => account == service,
            What::Tracked(on) => !on,
            What::Ignored(work) | What::Hidden(work) => work.is_some(),
            _ => false,
        };
        !ignored && script.setup.linked[service] && !facts.iter().any(breaks)
    })
}

/// What happened before that is dated as late as it can have been.
fn loses_the_clock(script: &Script) -> bool {
    let mut env = script.steps.iter().flat_map(|step| &step.env);
    env.any(|(_, env)| {
        matches!(
            env,
            Env::Power {
                year_1970: true,
                ..
            }
        )
    })
}

/// When each film was open, true time.
struct Shown(Vec<(Work, Duration, Duration)>);

/// A minute of pause completes, and what is left is dated as it is heard of.
const AFTERWARDS: Duration = Duration::from_secs(90);

impl Shown {
    fn of(facts: &[Fact]) -> Self {
        let mut shown: BTreeMap<u32, (Work, Duration, Duration)> = BTreeMap::new();
        for fact in facts {
            let (playback, film) = match &fact.what {
                What::Opened { playback, film, .. } => (*playback, Some(*film)),
                What::Played(stretch) => (stretch.playback, None),
                What::Paused { playback, .. } | What::Ended { playback, .. } => (*playback, None),
                _ => continue,
            };
            if let Some(film) = film {
                let begins = (FILMS[film].work(), fact.at, fact.at);
                shown.insert(playback, begins);
            } else if let Some((_, _, until)) = shown.get_mut(&playback) {
                *until = fact.at;
            }
        }
        Self(shown.into_values().collect())
    }

    fn was(&self, work: Work, at: Wall) -> bool {
        let at = at.since(EVENING);
        let mut shown = self.0.iter();
        shown.any(|(of, from, until)| *of == work && *from <= at && at <= *until + AFTERWARDS)
    }
}

fn name(work: Work) -> String {
    match work.1 {
        Some((season, episode)) => format!("{} S{season:02}E{episode:02}", work.0),
        None => work.0.to_owned(),
    }
}
