//! One run, judged: what went wrong on the way, and what the services hold against what they must.

use crate::discovr::media_id;
use crate::library::{FILMS, Fate, Work};
use crate::punchplay::PunchPlay;
use crate::reference::{Count, Reference, Verdict};
use crate::script::Script;
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
    let mut outcome = World::new(script, diary).run();
    let mut judgement = Judgement {
        complaints: std::mem::take(&mut outcome.complaints),
        requests: outcome.requests,
        played: outcome.played,
        ..Judgement::default()
    };
    if judgement.complaints.is_empty() {
        let verdicts = Reference::new(&outcome.facts, script.setup.progress_every).verdicts();
        for verdict in &verdicts {
            judgement.weigh(verdict, &outcome);
        }
        judgement.requests_are_bounded(script, &outcome);
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
        let gone = outcome.punchplay[0].gone.iter();
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
            self.decided += u32::from(exact);
            self.undecided += u32::from(!exact);
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
        let unfinished = resume
            .filter(|resume| resume.progress < 100 && resume.episode == film.resume_episode());
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

    /// Requests cost: some for every beat, some for everything that happens.
    fn requests_are_bounded(&mut self, script: &Script, outcome: &Outcome) {
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let beats = outcome.played / script.setup.progress_every as f64;
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let happened = script.size() as f64;
        let bound = 60.0 + 2.5 * beats + 30.0 * happened + outcome.outages / 15.0;
        if f64::from(outcome.requests) > bound {
            self.complaints.push(format!(
                "{} requests, which is more than {bound:.0}",
                outcome.requests
            ));
        }
    }
}

fn name(work: Work) -> String {
    match work.1 {
        Some((season, episode)) => format!("{} S{season:02}E{episode:02}", work.0),
        None => work.0.to_owned(),
    }
}
