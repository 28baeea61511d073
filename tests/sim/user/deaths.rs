//! Deaths of the daemon at moments that chance would hit too rarely.

use std::time::Duration;

use fastrand::Rng;

use super::open;
use crate::library::FILMS;
use crate::script::{Act, Env, Step, USUAL};

/// Of an order, most need no more operations of the disk.
const OPERATIONS: u32 = 16;

/// In the middle of some of what the user orders; if that is nothing, somebody else logs in while the history cannot be read.
pub fn add(rng: &mut Rng, steps: &mut Vec<Step>) {
    let is_order = |(_, env): &(f64, Env)| {
        matches!(
            env,
            Env::Switch
                | Env::Login { .. }
                | Env::Enable { .. }
                | Env::Undo
                | Env::Rematch { .. }
                | Env::DropDead
                | Env::RetryDead
        )
    };
    if !steps.iter().any(|step| step.env.iter().any(is_order)) {
        let slot = rng.usize(0..USUAL);
        let wait = |seconds| Act::Wait(Duration::from_secs(seconds));
        let time = Duration::from_secs(rng.u64(0..200));
        let history = Env::History { time };
        exactly(steps, open(slot, rng.usize(2..9)), &[]);
        let befalls = [(0.7, history), (0.9, Env::Switch)];
        exactly(steps, wait(rng.u64(10..60)), &befalls);
        exactly(steps, wait(rng.u64(60..300)), &[]);
        exactly(steps, Act::Quit { slot }, &[]);
    }
    for step in steps {
        let orders = step.env.iter().filter(|env| is_order(env));
        let fractions: Vec<f64> = orders.map(|(fraction, _)| *fraction).collect();
        for fraction in fractions {
            if rng.u32(0..3) == 0 {
                continue;
            }
            let operations = rng.u32(0..OPERATIONS);
            let after = rng.bool();
            let at = step.env.partition_point(|(other, _)| *other < fraction);
            step.env
                .insert(at, (fraction, Env::Die { operations, after }));
        }
    }
}

/// The stop went to the history alone, which cannot be read when the next daemon finds the session open.
pub fn guessed(rng: &mut Rng, steps: &mut Vec<Step>, threshold: f64) {
    let seconds = Duration::from_secs;
    let (slot, film) = (rng.usize(0..USUAL), rng.usize(2..9));
    let length = FILMS[film].length;
    let fraction = match rng.u32(0..3) {
        0 => threshold * 0.7,
        _ => (threshold + 20.0 / length).min(1.0),
    };
    let before = seconds(rng.u64(10..100));
    // All that is left to play, at normal speed.
    let time = Duration::from_secs_f64(length) + seconds(60);
    let (blind, down) = (seconds(rng.u64(400..2000)), time);
    exactly(steps, open(slot, film), &[]);
    exactly(steps, Act::Wait(before), &[(0.9, Env::Disk { time })]);
    exactly(steps, Act::PlayTo { slot, fraction }, &[]);
    exactly(steps, Act::Quit { slot }, &[]);
    let deaf = [
        (0.4, Env::History { time: blind }),
        (0.5, Env::Kill { down }),
    ];
    exactly(steps, Act::Wait(seconds(4)), &deaf);
    exactly(steps, Act::Wait(down + blind), &[]);
}

fn exactly(steps: &mut Vec<Step>, act: Act, env: &[(f64, Env)]) {
    let env = env.to_vec();
    steps.push(Step { act, env });
}
