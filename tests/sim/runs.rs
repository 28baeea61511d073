//! Many runs: what fails is cut down and told.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use crate::judge::judge;
use crate::script::Script;
use crate::shrink::shrink;
use crate::user;

/// Evenings of a plain `cargo test`, which is not optimised; `tests/run` has ten times as many.
const RUNS: u64 = 1_000;

/// Figures of many runs.
#[derive(Debug, Default)]
struct Figures {
    runs: u64,
    requests: u64,
    played: f64,
    decided: u64,
    undecided: u64,
    /// Of all diaries, if it is asked for: the same before and after a change that should change nothing.
    digest: u64,
}

/// Runs these seeds; the first one that fails, if one does, and its complaints.
fn run(seeds: impl Iterator<Item = u64>, figures: &mut Figures) -> Option<(u64, Vec<String>)> {
    let [digests, diaries] =
        ["SIM_DIGEST", "SIM_DIARY"].map(|name| std::env::var_os(name).is_some());
    for seed in seeds {
        let judgement = judge(&user::script(seed), digests || diaries);
        if diaries {
            eprintln!("seed {seed}\n{}", judgement.diary.join("\n"));
        }
        let mut digest = DefaultHasher::new();
        (figures.digest, &judgement.diary, &judgement.complaints).hash(&mut digest);
        figures.digest = digest.finish();
        if !judgement.complaints.is_empty() {
            return Some((seed, judgement.complaints));
        }
        figures.runs += 1;
        figures.requests += u64::from(judgement.requests);
        figures.played += judgement.played;
        figures.decided += u64::from(judgement.decided);
        figures.undecided += u64::from(judgement.undecided);
    }
    None
}

/// The whole story of a script that fails.
pub fn tell(script: &Script) -> String {
    let judgement = judge(script, true);
    let mut text = judgement.diary.join("\n");
    text.push_str("\n\n");
    text.push_str(&judgement.complaints.join("\n"));
    text
}

fn all_is_well(seeds: impl Iterator<Item = u64>) {
    if let Some((seed, complaints)) = run(seeds, &mut Figures::default()) {
        let small = shrink(user::script(seed));
        panic!(
            "seed {seed}: {}\n\ncut down to {small:#?}\n\n{}\n\nagain: just simulate 1 {seed}",
            complaints.join("; "),
            tell(&small)
        );
    }
}

/// As many tests can run at once.
const PARTS: u64 = 10;

fn part(part: u64) {
    let runs = number("SIM_RUNS").unwrap_or(RUNS);
    all_is_well((part * runs / PARTS..(part + 1) * runs / PARTS).map(|seed| seed + 1));
}

macro_rules! parts {
    ($($name:ident: $part:literal)*) => {
        $(#[test]
        fn $name() {
            part($part);
        })*
    };
}

parts! {
    evenings_keep_every_promise_part_0: 0
    evenings_keep_every_promise_part_1: 1
    evenings_keep_every_promise_part_2: 2
    evenings_keep_every_promise_part_3: 3
    evenings_keep_every_promise_part_4: 4
    evenings_keep_every_promise_part_5: 5
    evenings_keep_every_promise_part_6: 6
    evenings_keep_every_promise_part_7: 7
    evenings_keep_every_promise_part_8: 8
    evenings_keep_every_promise_part_9: 9
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// `just simulate N [SEED]`: with figures; tells every seed that fails, and the first of them in full.
#[test]
#[ignore = "by hand"]
fn simulate() {
    let (runs, first) = (
        number("SIM_RUNS").unwrap_or(RUNS),
        number("SIM_SEED").unwrap_or(1),
    );
    let most = number("SIM_FAILURES").unwrap_or(1);
    let began = Instant::now();
    let mut figures = Figures::default();
    let mut failures = Vec::new();
    let mut next = first;
    while let Some((seed, complaints)) = run(next..first + runs, &mut figures) {
        eprintln!("seed {seed}: {}", complaints.join("; "));
        failures.push(seed);
        next = seed + 1;
        if failures.len() as u64 >= most {
            break;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "figures for people")]
    {
        let Figures {
            runs,
            requests,
            played,
            decided,
            undecided,
            digest,
        } = figures;
        let films = (decided + undecided).max(1) as f64;
        eprintln!(
            "{runs} evenings in {seconds:.1} s ({:.0}/s): {:.0} h of playing, {requests} requests; of {films} films {:.1} % were decided",
            runs as f64 / seconds,
            played / 3600.0,
            decided as f64 / films * 100.0,
        );
        if std::env::var_os("SIM_DIGEST").is_some() {
            eprintln!("digest of all diaries: {digest:016x}");
        }
    }
    if let Some(seed) = failures.first() {
        if number("SIM_BRIEF").is_some() {
            panic!("failed: {failures:?}");
        }
        let small = shrink(user::script(*seed));
        eprintln!("seed {seed}, cut down to {small:#?}\n\n{}", tell(&small));
        panic!("{} of them failed: {failures:?}", failures.len());
    }
}
