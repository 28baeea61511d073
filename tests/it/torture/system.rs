//! What the machine says on the system bus: logind that it sleeps and wakes up, NetworkManager that the network is back.

use std::time::{Duration, Instant};

use reeld::model::Wall;
use serde_json::Value;

use crate::support::evening::{Evening, SPEED, possible};
use crate::support::players::is_installed;
use crate::support::system_bus::SystemBus;

const SOON: Duration = Duration::from_secs(30);
/// 30 s at the speed of the evenings.
const LENGTH: u32 = 1200;

fn with_a_system_bus() -> Option<(Evening, SystemBus)> {
    if !possible() || !is_installed("dbus-daemon") {
        return None;
    }
    let mut evening = Evening::linked();
    let system = SystemBus::start(evening.home.folder.path());
    evening.set("DBUS_SYSTEM_BUS_ADDRESS", &system.address());
    Some((evening, system))
}

fn queued(evening: &Evening) -> Vec<Value> {
    evening.json(&["queue", "--json"])
}

/// Fails over and over until the next attempt is far away; seconds until then.
fn until_backed_off(evening: &Evening) -> f64 {
    let mut wait = 0.0;
    evening.until(
        "the next attempt is far away",
        Duration::from_secs(150),
        |evening| {
            wait = queued(evening)
                .iter()
                .filter_map(|row| Wall::parse(row["next_attempt_at"].as_str()?))
                .map(|at| (at.0 - reeld::clock::now().wall.0) as f64 / 1000.0)
                .fold(0.0, f64::max);
            wait > 6.0
        },
    );
    wait
}

fn is_delivered_at_once(evening: &Evening, wait: f64, say: impl FnOnce()) {
    evening.punchplay.up();
    let said = Instant::now();
    say();
    evening.until_watches(1);
    let took = said.elapsed().as_secs_f64();
    eprintln!("due in {wait:.1} s, delivered after {took:.2} s");
    assert!(
        took < 3.0,
        "due in {wait:.1} s, delivered after {took:.2} s"
    );
    assert!(queued(evening).is_empty());
}

#[test]
fn before_sleep_the_session_is_ended_where_it_is_and_written_and_then_the_inhibitor_is_released() {
    let Some((mut evening, system)) = with_a_system_bus() else {
        return;
    };
    let mpv = evening.watching("Heat (1995).mkv", LENGTH);
    let mut inhibitor = system.inhibitor().expect("an inhibitor is held");
    let [what, who, _, mode] = &inhibitor.arguments;
    assert_eq!([what, who, mode], ["sleep", "reeld", "delay"]);
    // Nothing can be sent now: what counts is on the disk.
    evening.punchplay.down();
    let position = mpv.position();
    let said = Instant::now();
    system.prepare_for_sleep(true);
    assert!(inhibitor.released(Duration::from_secs(3)), "not released");
    let took = said.elapsed().as_secs_f64();
    eprintln!("released after {took:.3} s");
    let stop = queued(&evening);
    assert_eq!(stop.len(), 1, "{stop:#?}");
    assert_eq!(stop[0]["action"], "stop");
    let history = evening.json(&["history", "--json"]);
    let written = history[0]["progress"].as_f64().unwrap() * f64::from(LENGTH);
    // Asked for over another connection just before; the time in between runs at the speed of the film.
    let off = written - position;
    assert!(
        (-SPEED..SPEED * (took + 1.0)).contains(&off),
        "{written} for {position}"
    );
    assert!(
        system.inhibitor().is_none(),
        "no new inhibitor while asleep"
    );

    evening.punchplay.up();
    system.prepare_for_sleep(false);
    evening.until("a new inhibitor is taken", SOON, |_| {
        system.inhibitor().is_some()
    });
    mpv.wait();
    evening.until_watches(1);
    assert_eq!(evening.watches(), 1, "{}", evening.story());
    assert_eq!(evening.json(&["history", "--json"]).len(), 1, "one viewing");
    evening.assert_clean();
}

#[test]
fn slept_through_the_night_while_paused_the_film_goes_on_as_one_viewing() {
    let Some((mut evening, system)) = with_a_system_bus() else {
        return;
    };
    let mpv = evening.watching("Heat (1995).mkv", LENGTH);
    mpv.command(&["set", "pause", "yes"]);
    evening.until("the pause arrives", SOON, |evening| {
        evening.story() == "start pause"
    });
    for _ in 0..3 {
        let mut inhibitor = None;
        evening.until("an inhibitor is held", SOON, |_| {
            inhibitor = system.inhibitor();
            inhibitor.is_some()
        });
        system.prepare_for_sleep(true);
        assert!(inhibitor.unwrap().released(Duration::from_secs(3)));
        system.prepare_for_sleep(false);
    }
    mpv.command(&["set", "pause", "no"]);
    mpv.wait();
    evening.until_watches(1);
    assert_eq!(evening.watches(), 1, "{}", evening.story());
    assert_eq!(evening.json(&["history", "--json"]).len(), 1, "one viewing");
    evening.assert_clean();
}

#[test]
fn woken_up_it_tries_at_once_what_waits() {
    let Some((mut evening, system)) = with_a_system_bus() else {
        return;
    };
    let mpv = evening.watching("Heat (1995).mkv", LENGTH);
    evening.punchplay.down();
    mpv.wait();
    let wait = until_backed_off(&evening);
    is_delivered_at_once(&evening, wait, || system.prepare_for_sleep(false));
}

#[test]
fn with_the_network_back_it_tries_at_once_what_waits_and_listens_no_longer_than_that() {
    let Some((mut evening, system)) = with_a_system_bus() else {
        return;
    };
    let mpv = evening.watching("Heat (1995).mkv", LENGTH);
    evening.punchplay.down();
    mpv.wait();
    let wait = until_backed_off(&evening);
    let before = evening.punchplay.connections();
    system.network_state(20);
    system.network_state(40);
    is_delivered_at_once(&evening, wait, || system.network_state(70));
    let after = evening.punchplay.connections();
    eprintln!("{} connections", after - before);
}
