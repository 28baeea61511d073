//! `undo` while the disk fails or the process dies: afterwards a viewing is taken back everywhere or not at all, and the user has
//! been told which.

use std::collections::BTreeMap;

use super::rig::*;
use crate::control::{Request, Response};
use crate::engine::Input;
use crate::history::Receipt;
use crate::model::ServiceName;
use crate::store::StoreErrorKind;

const HEAT: &str = "/films/Heat (1995) {tmdb-949}.mkv";

/// What the user was told; of a process that died nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Done,
    Noted,
    NothingChanged,
    Nothing,
}

/// Heat was watched, and PunchPlay has not been told: Discovr has unless it is `away` as well.
fn watched(machine: Machine, both_away: bool) -> Rig {
    let mut rig = Rig::new(machine);
    rig.world.away = Some(ServiceName::Punchplay);
    rig.world.down = both_away;
    rig.open("a", HEAT, 0.0);
    rig.wait(355.0);
    rig.quit("a");
    rig.wait(60.0);
    rig
}

fn undo(rig: &mut Rig) -> Said {
    let viewing = rig.log().entries[0].viewing_id.to_string();
    rig.replies.clear();
    rig.tell(Input::Request(1, Request::Undo { viewing }));
    match rig.replies.last() {
        Some(Response::TakenBack(_)) => Said::Done,
        Some(Response::Failed(error)) => match error.to_string() {
            said if said.contains("it is noted") => Said::Noted,
            said if said.contains("nothing is changed") => Said::NothingChanged,
            said => panic!("{said}"),
        },
        None => Said::Nothing,
        other => panic!("{other:?}"),
    }
}

fn everything_works_again(rig: &mut Rig) {
    rig.wait(100.0);
    rig.world.away = None;
    rig.world.down = false;
    rig.wait(1000.0);
    rig.restart(10.0);
    rig.wait(1000.0);
}

/// Whether it counts as watched: at PunchPlay, which was to be told of no more, and here.
fn check(rig: &Rig, both_away: bool, how: &str) -> bool {
    let told = rig.world.watched.len();
    assert!(told <= 1, "{how}: told {told} times");
    assert_eq!(rig.queue(), Vec::<String>::new(), "{how}: in the queue");
    let here = rig.engine().debouncer.viewings().next().unwrap();
    let log = rig.log();
    let line = &log.entries[0];
    assert_eq!(here.completed.is_some(), line.completed, "{how}: {line:?}");
    let expected = usize::from(!both_away || told == 1);
    assert_eq!(rig.world.history.len(), expected, "{how}: at Discovr");
    assert_eq!(line.completed, expected == 1, "{how}: {line:?}");
    told == 1
}

fn at_every_write(trouble: Trouble) {
    for both_away in [true, false] {
        let mut calm = watched(Machine::default(), both_away);
        let before = calm.machine.writes.get();
        assert_eq!(undo(&mut calm), Said::Done);
        let writes = calm.machine.writes.get() - before;
        assert!(writes >= 2, "only {writes}");
        everything_works_again(&mut calm);
        assert!(!check(&calm, both_away, "undisturbed"));
        for at in 1..=writes {
            let mut rig = watched(
                Machine {
                    keeps_old: true,
                    ..Machine::default()
                },
                both_away,
            );
            let at = rig.machine.writes.get() + at;
            rig.machine.trouble.set(Some((at, trouble)));
            let said = undo(&mut rig);
            everything_works_again(&mut rig);
            let how = format!("{trouble:?} at {at}, both away: {both_away}, said {said:?}");
            let is_watched = check(&rig, both_away, &how);
            match said {
                Said::Done | Said::Noted => assert!(!is_watched, "{how}"),
                Said::NothingChanged => assert!(is_watched, "{how}"),
                Said::Nothing => {}
            }
        }
    }
}

#[test]
fn an_undo_in_which_the_process_dies_is_done_everywhere_or_not_at_all() {
    at_every_write(Trouble::CrashBefore);
    at_every_write(Trouble::CrashAfter);
}

#[test]
fn an_undo_in_which_the_disk_fails_is_done_everywhere_or_not_at_all_and_the_user_is_told_so() {
    at_every_write(Trouble::FailBefore);
    at_every_write(Trouble::FailAfter);
}

#[test]
fn an_undo_in_which_the_database_is_lost_or_falls_back_is_done_all_the_same() {
    at_every_write(Trouble::LoseAll);
    at_every_write(Trouble::FallBack(3));
}

/// Discovr is away, and keeps one place of a series: that of the second episode took the place of the first one's.
#[test]
fn where_the_episode_before_was_left_is_told_once_the_later_one_is_taken_back() {
    let mut rig = Rig::new(Machine::default());
    rig.world.away = Some(ServiceName::Discovr);
    episode(&mut rig, 1, 180.0);
    episode(&mut rig, 2, 355.0);
    take_back(&mut rig, 2);
    rig.world.away = None;
    rig.wait(300.0);
    assert_left_in_the_first(&rig);
}

#[test]
fn what_the_history_has_not_been_told_of_is_not_taken_back() {
    let mut rig = watched(Machine::default(), true);
    let id = rig.log().entries[0].viewing_id;
    rig.open("a", "/films/Alien (1979) {tmdb-348}.mkv", 0.0);
    rig.wait(350.0);
    rig.machine.log.borrow_mut().fail(true);
    rig.quit("a");
    rig.wait(1.0);
    let all = rig.engine().debouncer.viewings();
    let alien = all.map(|viewing| viewing.id).find(|other| *other != id);
    let viewing = alien.unwrap().to_string();
    rig.machine.log.borrow_mut().fail(false);
    rig.tell(Input::Request(1, Request::Undo { viewing }));
    let said = format!("{:?}", rig.replies.last());
    assert!(said.contains("nothing is changed"), "{said}");
}

/// Watched while nobody can be told, taken back, and the store as it is then.
fn taken_back() -> (Rig, BTreeMap<Vec<u8>, Vec<u8>>) {
    let mut rig = watched(Machine::default(), true);
    assert_eq!(undo(&mut rig), Said::Done);
    rig.wait(10.0);
    rig.kill(5.0);
    let store = rig.machine.disk.borrow().records.clone();
    (rig, store)
}

fn watch_again(rig: &mut Rig) {
    rig.open("a", HEAT, 0.0);
    rig.wait(355.0);
    rig.quit("a");
    rig.wait(60.0);
}

fn credits(rig: &mut Rig) {
    rig.open("a", HEAT, 335.0);
    rig.wait(20.0);
    rig.quit("a");
    rig.wait(300.0);
}

#[track_caller]
fn assert_one_watch(rig: &Rig) {
    assert_eq!(rig.world.watched, ["Heat"], "at PunchPlay");
    assert_eq!(rig.world.history.len(), 1, "at Discovr");
}

#[test]
fn what_was_watched_again_after_an_undo_counts_though_an_older_database_knows_only_the_undo() {
    let (mut rig, old) = taken_back();
    watch_again(&mut rig);
    rig.machine.disk.borrow_mut().records = old;
    rig.kill(5.0);
    everything_works_again(&mut rig);
    credits(&mut rig);
    assert_one_watch(&rig);
}

#[test]
fn what_was_watched_again_after_an_undo_counts_though_the_disk_was_full_from_then_on() {
    let (mut rig, _) = taken_back();
    rig.machine.disk.borrow_mut().refuses = Some(StoreErrorKind::Full);
    rig.kill(5.0);
    watch_again(&mut rig);
    rig.machine.disk.borrow_mut().refuses = None;
    rig.kill(5.0);
    everything_works_again(&mut rig);
    assert_one_watch(&rig);
}

#[test]
fn a_damaged_line_of_what_was_watched_again_does_not_make_an_undo_of_it() {
    for delivered in [false, true] {
        let (mut rig, _) = taken_back();
        watch_again(&mut rig);
        if delivered {
            everything_works_again(&mut rig);
            assert_one_watch(&rig);
        }
        let again = rig.log().entries.last().unwrap().viewing_id.to_string();
        let mut text = rig.machine.log.borrow().text().to_vec();
        let line = text
            .split_inclusive(|byte| *byte == b'\n')
            .position(|line| String::from_utf8_lossy(line).contains(&again));
        let start: usize = text
            .split_inclusive(|byte| *byte == b'\n')
            .take(line.unwrap())
            .map(<[u8]>::len)
            .sum();
        text[start + 3] ^= 1;
        rig.machine.log.borrow_mut().replace(text);
        rig.kill(5.0);
        everything_works_again(&mut rig);
        credits(&mut rig);
        assert_one_watch(&rig);
    }
}

/// Watches an episode of one series from its beginning.
fn episode(rig: &mut Rig, number: u32, seconds: f64) {
    let path = format!("/tv/The Wire {{tmdb-1438}}/The.Wire.S01E0{number}.mkv");
    rig.open("a", &path, 0.0);
    rig.wait(seconds);
    rig.quit("a");
    rig.wait(60.0);
}

fn take_back(rig: &mut Rig, number: u32) {
    let log = rig.log();
    let mut entries = log.entries.iter();
    let entry = entries.find(|entry| entry.media.episode == [number]);
    let viewing = entry.unwrap().viewing_id.to_string();
    rig.tell(Input::Request(1, Request::Undo { viewing }));
}

/// Discovr has no watch, and the place at which the first episode was left.
#[track_caller]
fn assert_left_in_the_first(rig: &Rig) {
    assert_eq!(rig.world.history, Vec::<String>::new());
    let log = rig.log();
    let mut entries = log.entries.iter();
    let first = entries.find(|entry| entry.media.episode == [1]).unwrap();
    let places = rig.world.resume_points.values().collect::<Vec<_>>();
    assert_eq!(places, [&format!("{:?}", first.ended_at.to_string())]);
}

#[test]
fn what_was_taken_back_itself_is_no_place_to_go_back_to() {
    for order in [[3, 2], [2, 3]] {
        let mut rig = Rig::new(Machine::default());
        rig.world.away = Some(ServiceName::Discovr);
        episode(&mut rig, 1, 180.0);
        episode(&mut rig, 2, 355.0);
        episode(&mut rig, 3, 355.0);
        for number in order {
            take_back(&mut rig, number);
        }
        rig.world.away = None;
        rig.wait(300.0);
        assert_left_in_the_first(&rig);
    }
}

#[test]
fn a_place_that_a_service_has_is_not_told_again() {
    let mut rig = Rig::new(Machine::default());
    episode(&mut rig, 1, 180.0);
    rig.wait(600.0);
    let told = rig.world.requests.len();
    rig.world.away = Some(ServiceName::Discovr);
    episode(&mut rig, 2, 355.0);
    take_back(&mut rig, 2);
    rig.world.away = None;
    rig.wait(300.0);
    let since = rig.world.requests[told..].iter();
    assert_eq!(since.filter(|r| r.starts_with("discovr")).count(), 0);
}

#[test]
fn an_undo_at_one_account_is_done_to_its_end_after_a_crash_or_a_failing_disk() {
    for trouble in [
        Trouble::CrashBefore,
        Trouble::CrashAfter,
        Trouble::FailBefore,
        Trouble::FailAfter,
    ] {
        for at in 1..=4 {
            let machine = Machine {
                keeps_old: true,
                ..Machine::default()
            };
            let mut rig = Rig::new(machine);
            rig.world.away = Some(ServiceName::Discovr);
            episode(&mut rig, 1, 180.0);
            episode(&mut rig, 2, 355.0);
            let at = rig.machine.writes.get() + at;
            rig.machine.trouble.set(Some((at, trouble)));
            take_back(&mut rig, 2);
            let is_ordered = rig.log().entries[1].receipts.iter().any(Receipt::is_void);
            rig.wait(100.0);
            rig.world.away = None;
            rig.wait(1000.0);
            if is_ordered {
                assert_left_in_the_first(&rig);
            } else {
                assert_eq!(
                    rig.world.history.len(),
                    1,
                    "{trouble:?} at {at}: nothing is changed"
                );
            }
        }
    }
}
