//! kill -9 of the daemon at random instants, under services at which anything goes wrong by chance.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reeld::model::Random;
use rustix::process::Signal;

use super::{number, seed};
use crate::support::evening::{Evening, SPEED, possible};

/// 20 s at the speed of the evenings.
const LENGTH: u32 = 800;
/// How often the daemon is killed in a film.
const KILLS: u64 = 6;
/// How many of all requests go wrong.
const BAD: f64 = 0.3;

fn title(number: u64) -> String {
    format!("Film Number {number}")
}

#[test]
#[ignore = "takes half an hour: `just torture kill 300`"]
fn killed_at_random_instants_under_faulty_services_every_film_is_completed_exactly_once() {
    if !possible() {
        return;
    }
    torment(number("KILLS", 300).div_ceil(KILLS));
}

#[test]
fn killed_six_times_in_a_film_under_faulty_services_it_is_completed_exactly_once() {
    if !possible() {
        return;
    }
    torment(1);
}

fn torment(films: u64) {
    let seed = seed();
    let mut random = Random::seeded(seed);
    let mut evening = Evening::at_both();
    evening.set("REELD__DEBOUNCE__PROGRESS_EVERY", "10s");
    evening.punchplay.weather(random.bits(), BAD);
    evening.discovr.weather(random.bits(), BAD);
    evening.start();
    for film in 1..=films {
        watch_and_kill(&mut evening, film, &mut random);
        eprintln!("film {film} of {films} seen");
    }
    let before = evening.punchplay.requests().len() + evening.discovr.requests().len();
    evening.punchplay.clear_faults();
    evening.discovr.clear_faults();
    evening.until("nothing waits", Duration::from_secs(1800), |evening| {
        evening.json(&["queue", "--json"]).is_empty()
    });
    judge(&evening, films);
    let bad = [evening.punchplay.requests(), evening.discovr.requests()].concat();
    let bad = bad
        .iter()
        .filter(|request| !request["fault"].is_null())
        .count();
    eprintln!(
        "{films} films, {} kills, {before} requests of which {bad} went wrong",
        films * KILLS
    );
}

/// The player stays at the end of the film until the daemon has seen that.
fn watch_and_kill(evening: &mut Evening, number: u64, random: &mut Random) {
    let name = format!("{} (2001) {{tmdb-{}}}.mkv", title(number), 1000 + number);
    let film = evening.film(&name, LENGTH);
    let mpv = evening.mpv(&["--keep-open=yes"], &[&film]);
    let begun = Instant::now();
    // Also before the start, at the end, and while it starts itself.
    let whole = f64::from(LENGTH) / SPEED + 2.0;
    let mut instants: Vec<_> = (0..KILLS).map(|_| whole * random.fraction()).collect();
    instants.sort_by(f64::total_cmp);
    for instant in instants {
        let wait = Duration::from_secs_f64(instant).saturating_sub(begun.elapsed());
        std::thread::sleep(wait);
        evening.end_daemon(Signal::KILL);
        evening.launch();
    }
    evening.until_ready();
    evening.until(
        "the film is completed",
        Duration::from_secs(60),
        |evening| {
            let history = evening.json(&["history", "--json"]);
            let ours = |entry: &&serde_json::Value| entry["media"]["title"] == *title(number);
            history
                .iter()
                .find(ours)
                .is_some_and(|entry| entry["completed"] == true)
        },
    );
    mpv.quit();
    std::fs::remove_file(film).unwrap();
}

/// Everybody has every film exactly once.
fn judge(evening: &Evening, films: u64) {
    let mut watches = BTreeMap::new();
    for event in evening.events().iter().filter(|event| event.is_watch()) {
        *watches.entry(event.title().to_owned()).or_insert(0) += 1;
    }
    let once: BTreeMap<_, _> = (1..=films).map(|number| (title(number), 1)).collect();
    assert_eq!(watches, once, "at PunchPlay");
    let mut watches = BTreeMap::new();
    for entry in evening.discovr.with(|app| app.history.clone()) {
        *watches.entry(entry.media_id).or_insert(0) += 1;
    }
    let once: BTreeMap<_, _> = (1..=films)
        .map(|number| (format!("MV_{}", 1000 + number), 1))
        .collect();
    assert_eq!(watches, once, "at Discovr");
    let limit = (films + 1).to_string();
    let history = evening.json(&["history", "--json", "--limit", &limit]);
    assert_eq!(history.len() as u64, films, "one viewing a film");
    assert!(history.iter().all(|entry| entry["completed"] == true));
    evening.assert_clean();
}
