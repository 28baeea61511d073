//! Evenings with the built daemon and players that need a screen, at their own speed with short films; judged by a
//! strict stand-in of PunchPlay. Their longer lives are under `tests/traces`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::evening::{Evening, possible};
use crate::support::players::{RealPlayer, is_installed};

/// Seconds.
const LENGTH: u32 = 20;
/// A player may take long to show itself on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// An evening on a bus where short films count, if it can be held with this player.
fn with(program: &str) -> Option<Evening> {
    if !possible()
        || ![program, "dbus-daemon", "Xvfb"]
            .into_iter()
            .all(is_installed)
    {
        return None;
    }
    let mut evening = Evening::linked();
    evening.set("REELD__WATCHED__MINIMUM_LENGTH", "5s");
    evening.start_bus();
    evening.start();
    Some(evening)
}

fn play(evening: &Evening, program: &str, film: &Path) -> RealPlayer {
    RealPlayer::on_screen(program, evening.bus(), &[film])
}

fn until_told(evening: &Evening, story: &str) {
    evening.until(story, PATIENCE, |evening| evening.story() == story);
}

/// What a player does when a film is over.
#[derive(Clone, Copy, PartialEq)]
enum Afterwards {
    Ends,
    /// Plays what lies beside it; alone, the film again and again.
    GoesOn,
}

/// Left midway, killed midway, and seen to its end: one viewing, watched once.
fn is_one_viewing(program: &str, afterwards: Afterwards) {
    let Some(evening) = with(program) else {
        return;
    };
    let film = evening.film("Heat (1995).mkv", LENGTH);
    if afterwards == Afterwards::GoesOn {
        evening.film("Ronin (1998).mkv", LENGTH);
    }
    let mut player = play(&evening, program, &film);
    until_told(&evening, "start");
    evening.until("some progress arrives", PATIENCE, |evening| {
        evening
            .events()
            .iter()
            .any(|event| event.action == "progress")
    });
    player.kill();
    until_told(&evening, "start stop");
    let first = evening.events().last().unwrap().body["progress"].as_f64();
    assert!((0.05..0.9).contains(&first.unwrap()), "{first:?}");

    let mut player = play(&evening, program, &film);
    evening.until("it is over", PATIENCE, |evening| {
        evening.story().starts_with("start stop start stop*")
    });
    player.kill();
    let events = evening.events();
    let stop = events.iter().find(|event| event.is_watch()).unwrap();
    assert_eq!(stop.title(), "Heat");
    let length = stop.body["duration_seconds"].as_f64().unwrap();
    assert!((length - f64::from(LENGTH)).abs() < 1.0, "{length}");
    let history = evening.json(&["history", "--json"]);
    let heat = history.iter().filter(|row| row["media"]["title"] == "Heat");
    assert_eq!(heat.count(), 1);
    evening.assert_clean();
}

#[test]
fn a_film_in_celluloid_is_one_viewing() {
    is_one_viewing("celluloid", Afterwards::Ends);
}

#[test]
fn a_film_in_totem_is_one_viewing() {
    is_one_viewing("totem", Afterwards::Ends);
}

#[test]
fn a_film_in_haruna_is_one_viewing() {
    is_one_viewing("haruna", Afterwards::GoesOn);
}

#[test]
fn a_film_in_smplayer_is_one_viewing() {
    is_one_viewing("smplayer", Afterwards::Ends);
}

/// Totem tells of the next film nothing but its length, which may be that of the one before.
#[test]
fn the_next_film_of_the_same_length_in_totem_is_another_viewing() {
    let Some(evening) = with("totem").filter(|_| is_installed("gdbus")) else {
        return;
    };
    let film = evening.film("Heat (1995).mkv", LENGTH);
    let next = evening.film("Ronin (1998).mkv", LENGTH);
    let mut player = play(&evening, "totem", &film);
    until_told(&evening, "start");
    let uri = format!("['file://{}']", next.to_str().unwrap().replace(' ', "%20"));
    let opened = Command::new("gdbus")
        .args(["call", "--session", "--dest", "org.gnome.Totem"])
        .args(["--object-path", "/org/gnome/Totem"])
        .args(["--method", "org.freedesktop.Application.Open"])
        .args([uri.as_str(), "{}"])
        .env("DBUS_SESSION_BUS_ADDRESS", evening.bus().address_text())
        .status()
        .unwrap();
    assert!(opened.success());
    until_told(&evening, "start stop start");
    player.kill();
    until_told(&evening, "start stop start stop");
    let titles: Vec<String> = evening
        .events()
        .iter()
        .map(|e| e.title().to_owned())
        .collect();
    assert_eq!(titles[0], "Heat");
    assert_eq!(titles.last().unwrap(), "Ronin");
    evening.assert_clean();
}
