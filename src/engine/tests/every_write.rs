//! Scripted evenings, with something going wrong at every write in turn.

use std::collections::{BTreeMap, BTreeSet};

use super::rig::*;

const HEAT: &str = "/films/Heat (1995) {tmdb-949}.mkv";
const ALIEN: &str = "/films/Alien (1979) {tmdb-348}.mkv";

/// What happens, and what each service must have completed in the end.
struct Evening {
    name: &'static str,
    script: fn(&mut Rig),
    watched: &'static [&'static str],
}

const EVENINGS: &[Evening] = &[
    Evening {
        name: "a film to its end",
        script: |rig| {
            rig.open("a", HEAT, 0.0);
            rig.wait(358.0);
            rig.quit("a");
        },
        watched: &["Heat"],
    },
    Evening {
        name: "half of it, and the rest in another player after a restart",
        script: |rig| {
            rig.open("a", HEAT, 0.0);
            rig.wait(150.0);
            rig.quit("a");
            rig.wait(30.0);
            rig.restart(60.0);
            rig.open("b", HEAT, 140.0);
            rig.wait(215.0);
            rig.quit("b");
        },
        watched: &["Heat"],
    },
    Evening {
        name: "two films in a row, with a pause",
        script: |rig| {
            rig.open("a", HEAT, 0.0);
            rig.wait(100.0);
            rig.set_playing("a", false);
            rig.wait(60.0);
            rig.set_playing("a", true);
            rig.wait(255.0);
            rig.open("a", ALIEN, 0.0);
            rig.wait(355.0);
            rig.quit("a");
        },
        watched: &["Heat", "Alien"],
    },
    Evening {
        name: "offline, with answers that get lost when the services are back",
        script: |rig| {
            rig.world.down = true;
            rig.open("a", HEAT, 0.0);
            rig.wait(355.0);
            rig.quit("a");
            rig.wait(60.0);
            rig.world.down = false;
            rig.world.deaf = 3;
        },
        watched: &["Heat"],
    },
    Evening {
        name: "a double episode, and a suspend in the middle of it",
        script: |rig| {
            rig.open("a", "/shows/Lost {tmdb-4607}/Lost S01E02-E03.mkv", 0.0);
            rig.wait(150.0);
            rig.tell(crate::engine::Input::Sleep);
            rig.suspend(3600);
            rig.tell(crate::engine::Input::Woke);
            rig.wait(205.0);
            rig.quit("a");
        },
        watched: &["Lost"],
    },
    Evening {
        name: "given up after a while",
        script: |rig| {
            rig.open("a", HEAT, 0.0);
            rig.wait(150.0);
            rig.quit("a");
        },
        watched: &[],
    },
    Evening {
        name: "two players at once, and a kill -9",
        script: |rig| {
            rig.open("a", HEAT, 0.0);
            rig.wait(60.0);
            rig.open("b", ALIEN, 0.0);
            rig.wait(120.0);
            rig.kill(5.0);
            rig.wait(170.0);
            rig.quit("a");
            rig.wait(58.0);
            rig.quit("b");
        },
        watched: &["Heat", "Alien"],
    },
];

/// Plays an evening on a machine, and everything out to the end.
fn play(evening: &Evening, machine: Machine, away: f64) -> Rig {
    let mut rig = Rig::new(machine);
    rig.away = away;
    (evening.script)(&mut rig);
    rig.wait(1000.0);
    rig.restart(10.0);
    rig.wait(1000.0);
    rig
}

fn check(rig: &Rig, evening: &Evening, how: &str) {
    let name = format!("{}, {how}", evening.name);
    let mut watched = rig.world.watched.clone();
    watched.sort();
    let mut expected: Vec<&str> = evening.watched.to_vec();
    expected.sort_unstable();
    assert_eq!(watched, expected, "{name}: at PunchPlay");
    let episodes = evening.watched.iter().map(|title| match *title {
        "Lost" => 2,
        _ => 1,
    });
    let history = &rig.world.history;
    assert_eq!(
        history.len(),
        episodes.sum::<usize>(),
        "{name}: at Discovr {history:?}"
    );
    assert_eq!(rig.queue(), Vec::<String>::new(), "{name}: in the queue");
    let playing = rig.world.sessions.iter().filter(|(_, over)| !over);
    assert_eq!(playing.count(), 0, "{name}: still playing at PunchPlay");
    whole(rig, evening, &name);
}

/// The history has everything, once, with a receipt from each account.
fn whole(rig: &Rig, evening: &Evening, name: &str) {
    let log = rig.log();
    assert_eq!(log.damaged_lines + log.holes, 0, "{name}");
    let completed = log.entries.iter().filter(|entry| entry.completed);
    let mut titles: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in completed {
        let title = entry.media.title.clone().unwrap();
        let receipts = entry.receipts.iter();
        let delivered = receipts.filter(|receipt| receipt.delivered);
        let services = delivered.map(|receipt| receipt.account.service.to_string());
        let before = titles.insert(title, services.collect());
        assert_eq!(before, None, "{name}: completed twice in the history");
    }
    let both: BTreeSet<String> = ["punchplay".into(), "discovr".into()].into();
    let expected = evening.watched.iter();
    let expected = expected.map(|title| ((*title).to_owned(), both.clone()));
    assert_eq!(titles, expected.collect(), "{name}: in the history");
    let text = String::from_utf8(rig.machine.log.borrow().text().to_vec()).unwrap();
    let stops = text.lines().filter(|line| !line.contains("\"receipt\""));
    assert_eq!(
        stops.count(),
        log.sessions.len(),
        "{name}: a line for each stop\n{text}"
    );
}

fn troubled(at: u64, trouble: Trouble) -> Machine {
    let machine = Machine {
        keeps_old: matches!(trouble, Trouble::FallBack(_)),
        ..Machine::default()
    };
    machine.trouble.set(Some((at, trouble)));
    machine
}

/// Every evening, with trouble of each kind at every write in turn.
fn at_every_write(troubles: &[Trouble], away: f64, check: fn(&Rig, &Evening, &str)) {
    for evening in EVENINGS {
        let calm = play(evening, Machine::default(), away);
        check(&calm, evening, "undisturbed");
        let writes = calm.machine.writes.get();
        assert!(writes > 10, "{}: only {writes} writes", evening.name);
        for at in 1..=writes {
            for trouble in troubles {
                let rig = play(evening, troubled(at, *trouble), away);
                check(&rig, evening, &format!("{trouble:?} at write {at}"));
            }
        }
    }
}

#[test]
fn a_crash_before_any_write_of_any_evening_leaves_each_completion_once_and_the_history_whole() {
    at_every_write(&[Trouble::CrashBefore], 3.0, check);
}

#[test]
fn a_crash_after_any_write_of_any_evening_leaves_each_completion_once_and_the_history_whole() {
    at_every_write(&[Trouble::CrashAfter], 3.0, check);
}

#[test]
fn a_write_that_fails_in_any_evening_leaves_each_completion_once_and_the_history_whole() {
    at_every_write(&[Trouble::FailBefore], 3.0, check);
}

#[test]
fn a_write_that_fails_and_has_happened_leaves_each_completion_once_and_the_history_whole() {
    at_every_write(&[Trouble::FailAfter], 3.0, check);
}

#[test]
fn a_database_that_loses_everything_at_any_write_is_filled_again_and_nothing_is_told_twice() {
    at_every_write(&[Trouble::LoseAll], 3.0, check);
}

#[test]
fn a_database_that_falls_back_to_an_older_state_at_any_write_tells_nothing_twice_and_loses_nothing()
{
    let troubles = [Trouble::FallBack(1), Trouble::FallBack(7)];
    at_every_write(&troubles, 3.0, check);
}
