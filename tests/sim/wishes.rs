//! What a user orders besides watching: pause, undo, rules; and what happens to the history. Into a script that is there already,
//! or as a scene of its own, at moments that chance would hit too rarely.

use std::time::Duration;

use fastrand::Rng;

use crate::library::FILMS;
use crate::script::{Act, Env, Step};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Adds orders to a run that plays these films.
pub fn add(rng: &mut Rng, steps: &mut Vec<Step>, films: &[usize], threshold: f64) {
    if rng.u32(0..3) == 0 {
        scene(rng, steps, threshold);
    }
    for _ in 0..rng.usize(1..4) {
        let film = films[rng.usize(0..films.len())];
        match rng.u32(0..5) {
            0 => some_where(rng, steps, Env::Undo),
            1 => {
                let time = (rng.u32(0..3) > 0).then(|| seconds(rng.u64(20..3000)));
                pair(rng, steps, Env::Untrack { time }, Env::Track);
            }
            2 => {
                let restart = match rng.u32(0..3) {
                    0 => Env::LoseDatabase { down: seconds(3) },
                    1 => Env::Term { down: seconds(3) },
                    _ => Env::Kill { down: seconds(3) },
                };
                let line = rng.f64();
                pair(rng, steps, Env::Damage { line }, restart);
            }
            3 => {
                let none = Env::Ignore { film: None };
                pair(rng, steps, Env::Ignore { film: Some(film) }, none);
            }
            _ => {
                let time = seconds(rng.u64(200..7200));
                let service = rng.usize(0..2);
                pair(rng, steps, Env::Outage { service, time }, Env::Undo);
            }
        }
    }
}

fn put(steps: &mut [Step], step: usize, fraction: f64, env: Env) {
    if let Some(step) = steps.get_mut(step) {
        step.env.push((fraction, env));
        step.env.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
}

fn some_where(rng: &mut Rng, steps: &mut [Step], env: Env) {
    let (step, fraction) = (rng.usize(0..steps.len()), rng.f64());
    put(steps, step, fraction, env);
}

/// One, and the other later.
fn pair(rng: &mut Rng, steps: &mut [Step], first: Env, second: Env) {
    let step = rng.usize(0..steps.len());
    let later = rng.usize(step..steps.len());
    let (a, b) = (rng.f64(), rng.f64());
    let (a, b) = if later == step {
        (a.min(b), a.max(b))
    } else {
        (a, b)
    };
    put(steps, step, a, first);
    put(steps, later, b, second);
}

fn exactly(steps: &mut Vec<Step>, act: Act, env: &[(f64, Env)]) {
    let env = env.to_vec();
    steps.push(Step { act, env });
}

/// Watched, taken back, and played on from there: its credits are none of a viewing, and from the beginning it is watched once
/// more; in whatever player, and after whatever restart.
pub fn taken_back(rng: &mut Rng, steps: &mut Vec<Step>, threshold: f64) {
    let (slot, film) = (rng.usize(0..2), rng.usize(2..9));
    let fraction = (threshold + 20.0 / FILMS[film].length).min(1.0);
    let open = |slot, from| Act::Open { slot, film, from };
    let untold = rng.u32(0..3) > 0;
    let outage = |service| {
        let time = seconds(2_500);
        (0.1, Env::Outage { service, time })
    };
    let outages = [outage(0), outage(1)];
    exactly(steps, open(slot, 0.0), if untold { &outages } else { &[] });
    exactly(steps, Act::PlayTo { slot, fraction }, &[]);
    exactly(steps, Act::Quit { slot }, &[]);
    let undo = [(0.5, Env::Undo)];
    exactly(steps, Act::Wait(seconds(rng.u64(5..600))), &undo);
    let down = seconds(3);
    let batches = 0;
    let year_1970 = false;
    let restart = match rng.u32(0..6) {
        0 => Some(Env::Term { down }),
        1 => Some(Env::Kill { down }),
        2 => Some(Env::Power {
            down,
            batches,
            year_1970,
        }),
        _ => None,
    };
    let restart: Vec<_> = restart.map(|restart| (0.2, restart)).into_iter().collect();
    exactly(steps, Act::Wait(seconds(60)), &restart);
    let what = rng.u32(0..3);
    if what < 2 {
        let slot = rng.usize(0..2);
        exactly(steps, open(slot, fraction.clamp(0.8, 0.95)), &[]);
        exactly(steps, Act::PlayOut { slot }, &[]);
        exactly(steps, Act::Quit { slot }, &[]);
    }
    if what > 0 {
        let slot = rng.usize(0..2);
        exactly(steps, open(slot, 0.0), &[]);
        exactly(steps, Act::PlayTo { slot, fraction }, &[]);
        exactly(steps, Act::Quit { slot }, &[]);
    }
    if untold {
        exactly(steps, Act::Wait(seconds(3_000)), &[]);
    }
}

/// One service hears of nothing while half an episode is watched, and all of the next, which is taken back.
pub fn after_another(rng: &mut Rng, steps: &mut Vec<Step>, threshold: f64) {
    let slot = rng.usize(0..2);
    let first = rng.usize(4..6);
    let past = |film: usize| (threshold + 20.0 / FILMS[film].length).min(1.0);
    let part = match rng.u32(0..3) {
        0 => past(first),
        _ => rng.f64().mul_add(0.4, 0.15),
    };
    let service = usize::from(rng.u32(0..3) > 0);
    let outage = Env::Outage {
        service,
        time: seconds(2_500),
    };
    for (film, fraction, env) in [
        (first, part, vec![(0.1, outage)]),
        (first + 1, past(first + 1), Vec::new()),
    ] {
        let from = 0.0;
        exactly(steps, Act::Open { slot, film, from }, &env);
        exactly(steps, Act::PlayTo { slot, fraction }, &[]);
        exactly(steps, Act::Quit { slot }, &[]);
    }
    let undo = [(0.5, Env::Undo)];
    exactly(steps, Act::Wait(seconds(rng.u64(5..600))), &undo);
    exactly(steps, Act::Wait(seconds(3_000)), &[]);
}

fn scene(rng: &mut Rng, steps: &mut Vec<Step>, threshold: f64) {
    let (slot, film) = (rng.usize(0..2), rng.usize(2..9));
    let length = FILMS[film].length;
    let open = Act::Open {
        slot,
        film,
        from: 0.0,
    };
    let past = Act::PlayTo {
        slot,
        fraction: (threshold + 20.0 / length).min(1.0),
    };
    let quit = Act::Quit { slot };
    match rng.u32(0..4) {
        // Watched while nobody could be told, and taken back; perhaps watched after all.
        0 => {
            let outage = |service| {
                let time = seconds(2_500);
                (0.1, Env::Outage { service, time })
            };
            exactly(steps, open.clone(), &[outage(0), outage(1)]);
            exactly(steps, past.clone(), &[]);
            exactly(steps, quit.clone(), &[]);
            let undo = [(0.5, Env::Undo)];
            exactly(steps, Act::Wait(seconds(rng.u64(5..600))), &undo);
            if rng.bool() {
                exactly(steps, open, &[]);
                exactly(steps, past, &[]);
                exactly(steps, quit, &[]);
            }
            exactly(steps, Act::Wait(seconds(3_000)), &[]);
        }
        // Wholly played in a pause.
        1 => {
            let time = rng.bool().then(|| seconds(rng.u64(5..2000)));
            exactly(
                steps,
                Act::Wait(seconds(5)),
                &[(0.5, Env::Untrack { time })],
            );
            exactly(steps, open, &[]);
            exactly(steps, past, &[]);
            exactly(steps, quit, &[]);
            exactly(steps, Act::Wait(seconds(20)), &[(0.5, Env::Track)]);
        }
        // Paused where it would begin to count.
        2 => {
            let near = Act::PlayTo {
                slot,
                fraction: (threshold - rng.f64() * 0.03).max(0.1),
            };
            let time = Some(seconds(rng.u64(5..60)));
            exactly(steps, open, &[]);
            exactly(steps, near, &[]);
            exactly(
                steps,
                Act::Wait(seconds(2)),
                &[(0.5, Env::Untrack { time })],
            );
            exactly(steps, past, &[]);
            exactly(steps, quit, &[]);
        }
        // The history is damaged, and made good before the database is lost as well.
        _ => {
            let line = rng.f64();
            exactly(steps, open, &[]);
            exactly(steps, past, &[]);
            exactly(steps, quit, &[]);
            exactly(
                steps,
                Act::Wait(seconds(rng.u64(2..90))),
                &[(0.5, Env::Damage { line })],
            );
            let restart = Env::Term { down: seconds(2) };
            exactly(steps, Act::Wait(seconds(60)), &[(0.1, restart)]);
            let lost = Env::LoseDatabase { down: seconds(2) };
            exactly(steps, Act::Wait(seconds(60)), &[(0.5, lost)]);
        }
    }
}
