//! A service in trouble delays nobody but itself: measured side by side.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::evening::{Evening, possible};
use crate::support::standin::{Fault, Reply};

const LENGTH: u32 = 200;
/// The machine may be busy; a delivery that waits for another service waits far longer.
const MARGIN: Duration = Duration::from_secs(4);

fn troubles() -> Vec<(&'static str, Option<Fault>)> {
    let throttled = Reply::json(429, &json!({ "message": "slow" })).header("Retry-After", "60");
    vec![
        ("well", None),
        ("hanging", Some(Fault::Hang)),
        ("failing", Some(Fault::Answer(Reply::html(500)))),
        ("throttling", Some(Fault::Answer(throttled))),
        ("resetting", Some(Fault::ResetBefore)),
    ]
}

/// From the end of the film to the moment at which the other service has the completion.
fn delay(evening: &mut Evening, has_it: impl FnMut(&Evening) -> bool) -> Duration {
    evening.start();
    let film = evening.film("Heat (1995) {tmdb-949}.mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    let end = Instant::now();
    evening.until("the other service has it", Duration::from_secs(30), has_it);
    end.elapsed()
}

fn compare(delays: &[(&str, Duration)]) {
    println!("from the end of the film to its delivery: {delays:?}");
    let (_, well) = delays[0];
    for (trouble, delay) in delays {
        assert!(
            *delay <= well + MARGIN,
            "{trouble}: {delay:?} instead of {well:?}"
        );
    }
}

#[test]
fn punchplay_in_trouble_does_not_delay_discovr() {
    if !possible() {
        return;
    }
    let mut delays = Vec::new();
    for (name, fault) in troubles() {
        let mut evening = Evening::at_both();
        if let Some(fault) = fault {
            evening.punchplay.fault("POST", fault, None);
        }
        let took = delay(&mut evening, |evening| {
            evening.discovr.with(|app| app.history.len()) == 1
        });
        delays.push((name, took));
    }
    let mut evening = Evening::at_both();
    evening.punchplay.with(|app| app.revoke_all());
    let took = delay(&mut evening, |evening| {
        evening.discovr.with(|app| app.history.len()) == 1
    });
    delays.push(("logged out", took));
    compare(&delays);
}

#[test]
fn discovr_in_trouble_does_not_delay_punchplay() {
    if !possible() {
        return;
    }
    let watched = |evening: &Evening| evening.story().ends_with("stop*");
    let mut delays = Vec::new();
    for (name, fault) in troubles() {
        let mut evening = Evening::at_both();
        if let Some(fault) = fault {
            evening.discovr.fault("", fault, None);
        }
        delays.push((name, delay(&mut evening, watched)));
    }
    let mut evening = Evening::at_both();
    evening.discovr.with(|app| app.revoke_all());
    delays.push(("logged out", delay(&mut evening, watched)));
    compare(&delays);
}
