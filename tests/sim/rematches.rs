//! Films of which nobody can be sure, or whose id nobody knows, and the user's word on what they are (`reeld rematch`): while one
//! plays, after it was watched or left, after a restart, before and after an undo; or never.

use std::time::Duration;

use fastrand::Rng;

use crate::library::{DOUBTFUL, FILMS, NAMELESS};
use crate::script::{Act, Env, Step};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

struct Scene<'a> {
    rng: &'a mut Rng,
    steps: Vec<Step>,
    film: usize,
    /// Fraction past which it is watched.
    past: f64,
}

/// Adds a scene of its own.
pub fn add(rng: &mut Rng, steps: &mut Vec<Step>, threshold: f64) {
    let film = if rng.u32(0..3) > 0 {
        DOUBTFUL
    } else {
        NAMELESS
    };
    let past = (threshold + 20.0 / FILMS[film].length).min(1.0);
    let mut scene = Scene {
        rng,
        steps: Vec::new(),
        film,
        past,
    };
    scene.write();
    scene.trouble();
    steps.append(&mut scene.steps);
}

impl Scene<'_> {
    fn write(&mut self) {
        if self.rng.u32(0..3) == 0 {
            let to = self.rng.f64() * 0.6 + 0.1;
            self.watch(0.0, to);
            self.says(2);
            self.watch(to, self.past);
        } else {
            self.watch(0.0, self.past);
        }
        if self.rng.u32(0..5) == 0 {
            self.order(Env::Undo);
        }
        self.says(5);
        if self.rng.u32(0..5) == 0 {
            self.order(Env::Undo);
        }
        match self.rng.u32(0..4) {
            0 => self.watch(0.0, self.past),
            1 => self.watch(0.9, 1.0),
            _ => {}
        }
        self.says(2);
    }

    /// From a fraction of the length to another, and leaves it; now and then the user says meanwhile what it is.
    fn watch(&mut self, from: f64, fraction: f64) {
        let (slot, film) = (self.rng.usize(0..2), self.film);
        self.act(Act::Open { slot, film, from });
        self.act(Act::PlayTo { slot, fraction });
        if self.rng.u32(0..5) == 0 {
            let at = self.rng.f64();
            self.put(at, Env::Rematch { film });
        }
        let leaves = match self.rng.u32(0..3) {
            0 => Act::Stop { slot },
            1 => Act::PlayOut { slot },
            _ => Act::Quit { slot },
        };
        self.act(leaves);
        self.act(Act::Quit { slot });
    }

    /// In so many runs of six.
    fn says(&mut self, of_six: u32) {
        if self.rng.u32(0..6) < of_six {
            let film = self.film;
            self.order(Env::Rematch { film });
        }
    }

    fn order(&mut self, order: Env) {
        let time = match self.rng.u32(0..4) {
            0 => seconds(self.rng.u64(200..20_000)),
            _ => seconds(self.rng.u64(3..120)),
        };
        self.act(Act::Wait(time));
        self.put(0.5, order);
    }

    fn act(&mut self, act: Act) {
        let env = Vec::new();
        self.steps.push(Step { act, env });
    }

    fn put(&mut self, fraction: f64, env: Env) {
        if let Some(step) = self.steps.last_mut() {
            step.env.push((fraction, env));
        }
    }

    /// What befalls meanwhile.
    fn trouble(&mut self) {
        for _ in 0..self.rng.usize(0..3) {
            let rng = &mut *self.rng;
            let down = seconds(rng.u64(1..60));
            let time = seconds(rng.u64(5..3_000));
            let service = rng.usize(0..2);
            let env = match rng.u32(0..9) {
                0 => Env::Kill { down },
                1 => Env::Term { down },
                2 => Env::Power {
                    down,
                    batches: if rng.bool() { 1000 } else { rng.usize(0..4) },
                    year_1970: false,
                },
                3 | 4 => Env::Outage { service, time },
                5 => Env::Disk { time },
                6 => Env::History { time },
                7 => Env::LoseDatabase { down },
                _ => Env::Switch,
            };
            let (step, fraction) = (rng.usize(0..self.steps.len()), rng.f64());
            let step = &mut self.steps[step];
            step.env.push((fraction, env));
            step.env.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
    }
}
