//! Runs, many of them: found failures are cut down and told.

use std::time::{Duration, Instant};

use crate::script::Script;
use crate::user;
use crate::world::{Outcome, World};

pub struct Failure {
    pub complaints: Vec<String>,
    pub outcome: Outcome,
}

fn judge(script: &Script, diary: bool) -> (Vec<String>, Outcome) {
    let mut outcome = World::new(script, diary).run();
    let complaints = std::mem::take(&mut outcome.complaints);
    (complaints, outcome)
}

#[test]
fn first_try() {
    let runs: u64 = std::env::var("SIM_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
    let first: u64 = std::env::var("SIM_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let began = Instant::now();
    let mut requests = 0;
    let mut beats = 0.0;
    let mut failures = 0;
    for seed in first..first + runs {
        let script = user::script(seed);
        let (complaints, outcome) = judge(&script, false);
        requests += outcome.requests;
        beats += outcome.beats;
        if !complaints.is_empty() {
            failures += 1;
            if failures < 12 {
                eprintln!("seed {seed}: {}", complaints[0]);
            }
            if runs == 1 {
                let (_, outcome) = judge(&script, true);
                eprintln!("{:#?}", script.setup);
                for line in outcome.diary {
                    eprintln!("{line}");
                }
            }
        }
    }
    let time = began.elapsed();
    eprintln!("{runs} runs, {failures} failed, {time:?}, {requests} requests, {} h", beats / 3600.0);
    let _ = Duration::ZERO;
}
