//! The running daemon and clocks that step, and sleeps of the machine that nobody announces.

use std::time::Duration;

use reeld::model::Wall;
use rustix::process::Signal;

use crate::support::clocks::{self, Clocks};
use crate::support::evening::{Evening, Mpv, possible};

const SOON: Duration = Duration::from_secs(30);
const HOUR: i64 = 3600;
/// 15 s at the speed of the evenings.
const LENGTH: u32 = 600;

/// Linked, without a logind, in a country where the clocks are often changed.
fn with_clocks() -> Option<(Evening, Clocks)> {
    if !possible() || !clocks::possible() {
        return None;
    }
    let mut evening = Evening::linked();
    evening.set("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent");
    evening.set("TZ", "America/New_York");
    let clocks = Clocks::of(&mut evening);
    Some((evening, clocks))
}

fn play(evening: &mut Evening) -> Mpv {
    let film = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&film])
}

fn watching(evening: &mut Evening) -> Mpv {
    evening.start();
    let mpv = play(evening);
    until_story(evening, "start");
    mpv
}

fn until_story(evening: &Evening, story: &str) {
    evening.until(story, SOON, |evening| evening.story() == story);
}

/// Stamps of what PunchPlay was told.
fn stamps(evening: &Evening) -> Vec<Wall> {
    let events = evening.events();
    let stamp = |body: &serde_json::Value| body["event_created_at"].as_i64();
    events
        .iter()
        .map(|event| Wall(stamp(&event.body).expect("a stamp")))
        .collect()
}

fn one_watch_of_one_viewing(evening: &Evening) {
    evening.until_watches(1);
    assert_eq!(evening.watches(), 1, "{}", evening.story());
    assert_eq!(evening.json(&["history", "--json"]).len(), 1, "one viewing");
    evening.until("nothing waits", SOON, |evening| {
        evening.json(&["queue", "--json"]).is_empty()
    });
    evening.assert_clean();
}

fn seconds_since(earlier: Wall) -> f64 {
    (reeld::clock::now().wall.0 - earlier.0) as f64 / 1000.0
}

#[test]
fn a_sleep_that_nobody_announces_ends_the_session_where_it_was_and_waking_opens_another() {
    let Some((mut evening, clocks)) = with_clocks() else {
        return;
    };
    let mpv = watching(&mut evening);
    let position = mpv.position();
    clocks.sleep(Duration::from_secs(8 * 3600));
    mpv.wait();
    one_watch_of_one_viewing(&evening);
    assert_eq!(evening.story(), "start stop start stop*");
    let events = evening.events();
    let stop = events.iter().position(|event| event.action == "stop");
    let stop = stop.unwrap();
    let told = events[stop].body["position_seconds"].as_f64().unwrap();
    // A beat comes every two seconds, and the film runs on meanwhile.
    assert!(
        told < position + 4.0 * crate::support::evening::SPEED,
        "{told} of {position}"
    );
    let slept = seconds_since(stamps(&evening)[stop]);
    assert!(slept < 60.0, "dated before the sleep: {slept}");
}

#[test]
fn a_clock_that_is_set_back_in_mid_film_ends_the_session_and_costs_nothing() {
    let Some((mut evening, clocks)) = with_clocks() else {
        return;
    };
    let mpv = watching(&mut evening);
    clocks.step(-2 * HOUR);
    mpv.wait();
    one_watch_of_one_viewing(&evening);
    assert_eq!(evening.story(), "start stop start stop*");
}

#[test]
fn a_clock_that_is_set_ahead_in_mid_film_changes_nothing() {
    let Some((mut evening, clocks)) = with_clocks() else {
        return;
    };
    let mpv = watching(&mut evening);
    clocks.step(2 * HOUR);
    mpv.wait();
    one_watch_of_one_viewing(&evening);
    assert_eq!(evening.story(), "start stop*");
}

#[test]
fn what_was_watched_in_1970_is_sent_truly_dated_once_the_clock_is_right() {
    let Some((mut evening, clocks)) = with_clocks() else {
        return;
    };
    clocks.step(60 - reeld::clock::now().wall.0 / 1000);
    evening.start();
    play(&mut evening).wait();
    evening.until("the stop waits for the clock", SOON, |evening| {
        let history = evening.json(&["history", "--json"]);
        history.len() == 1 && history[0]["completed"] == true
    });
    assert_eq!(evening.story(), "", "nothing is sent with a wrong date");
    let ended = reeld::clock::now().wall;
    clocks.correct();
    one_watch_of_one_viewing(&evening);
    let last = *stamps(&evening).last().unwrap();
    let off = (ended.0 - last.0) as f64 / 1000.0;
    assert!((-5.0..20.0).contains(&off), "dated {off} s off: {last}");
}

#[test]
fn after_a_reboot_whose_clocks_begin_anew_the_film_goes_on_as_one_viewing() {
    let Some((mut evening, clocks)) = with_clocks() else {
        return;
    };
    if !rustix::process::geteuid().is_root() {
        return eprintln!("SKIPPED: another boot id needs root");
    }
    let mpv = watching(&mut evening);
    mpv.until_at(200.0);
    // A loss of power takes both.
    evening.end_daemon(Signal::KILL);
    mpv.kill();
    clocks.boot();
    boot_with_another_id(&mut evening);
    evening.start();
    until_story(&evening, "start stop");
    let film = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&["--start=150"], &[&film]).wait();
    one_watch_of_one_viewing(&evening);
    assert_eq!(evening.story(), "start stop start stop*");
}

/// Later daemons find themselves on a machine that has been booted again.
fn boot_with_another_id(evening: &mut Evening) {
    let file = evening.home.folder.path().join("boot_id");
    std::fs::write(&file, "0e5fd5d0-72a4-4d0a-9c2e-6d7f3b1f1c11\n").unwrap();
    let mount = "mount --bind \"$0\" /proc/sys/kernel/random/boot_id && exec \"$@\"";
    let file = file.display().to_string();
    evening.start_under(["unshare", "--mount", "sh", "-c", mount, &file]);
}
