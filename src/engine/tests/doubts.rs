//! Corners of sleep, login and outage.

use super::rig::*;
use crate::engine::Input;
use crate::model::{Action, ServiceName};

const HEAT: &str = "/films/Heat (1995) {tmdb-949}.mkv";

#[test]
fn asleep_is_not_said_before_the_stop_is_written() {
    let mut rig = Rig::new(Machine::default());
    rig.open("a", HEAT, 0.0);
    rig.wait(100.0);
    let writes = rig.machine.writes.get();
    rig.machine
        .trouble
        .set(Some((writes + 1, Trouble::FailBefore)));
    rig.tell(Input::Sleep);
    assert_eq!(rig.asleep, 0, "the stop is not on the disk");
    rig.wait(1.5);
    assert_eq!(rig.asleep, 1);
    assert_eq!(rig.log().entries.len(), 1);
}

#[test]
fn nothing_begins_between_falling_asleep_and_the_sleep() {
    let mut rig = Rig::new(Machine::default());
    rig.open("a", HEAT, 0.0);
    rig.wait(100.0);
    rig.tell(Input::Sleep);
    rig.wait(8.0);
    assert!(!rig.engine().debouncer.watching(), "about to sleep");
    rig.suspend(3600);
    rig.tell(Input::Woke);
    rig.wait(20.0);
    assert!(rig.engine().debouncer.watching(), "awake");
    let sessions = rig.world.sessions.len();
    assert_eq!(sessions, 2, "one before and one after");
}

#[test]
fn a_sleep_that_never_comes_ends_by_itself() {
    let mut rig = Rig::new(Machine::default());
    rig.open("a", HEAT, 0.0);
    rig.wait(100.0);
    rig.tell(Input::Sleep);
    rig.wait(40.0);
    assert!(rig.engine().debouncer.watching());
}

#[test]
fn an_account_that_is_linked_in_the_middle_of_a_film_hears_a_start_first() {
    let mut rig = Rig::new(Machine::default());
    rig.accounts = vec![discovr()];
    rig.kill(1.0);
    rig.open("a", HEAT, 0.0);
    rig.wait(100.0);
    rig.tell(Input::Accounts(vec![punchplay(), discovr()]));
    rig.wait(5.0);
    rig.set_playing("a", false);
    rig.wait(5.0);
    let told = |request: &&String| request.starts_with("punchplay");
    let told: Vec<_> = rig.world.requests.iter().filter(told).collect();
    let ends = |end: &str, place: usize| told.get(place).is_some_and(|r| r.ends_with(end));
    assert!(ends("start", 0) && ends("pause", 1), "{told:?}");
}

#[test]
fn what_the_last_run_left_open_is_not_for_whoever_logs_in_before_it_is_closed() {
    let mut rig = Rig::new(Machine::default());
    rig.open("a", HEAT, 0.0);
    rig.wait(100.0);
    rig.reboot(60.0);
    rig.world.down = true;
    let mut other = punchplay();
    other.key.user = "8".into();
    rig.tell(Input::Accounts(vec![other, discovr()]));
    rig.wait(30.0);
    assert_eq!(rig.queue(), ["punchplay 7: 1 + 0", "discovr 7: 1 + 0"]);
}

#[test]
fn an_unfinished_special_is_no_completion_where_specials_cannot_be_told() {
    let mut rig = Rig::new(Machine::default());
    rig.open("a", "/shows/Lost {tmdb-4607}/Specials/Lost S00E01.mkv", 0.0);
    rig.wait(100.0);
    rig.quit("a");
    rig.wait(60.0);
    let log = rig.log();
    assert!(!log.entries[0].completed && log.entries[0].receipts.is_empty());
}

#[test]
fn a_session_that_a_service_was_told_of_gets_its_stop_there_although_the_viewing_went_on() {
    let mut rig = Rig::new(Machine::default());
    rig.open("a", HEAT, 0.0);
    rig.wait(100.0);
    assert_eq!(rig.world.sessions.len(), 1);
    rig.world.down = true;
    rig.quit("a");
    rig.wait(60.0);
    rig.kill(5.0);
    rig.open("b", HEAT, 100.0);
    rig.wait(255.0);
    rig.quit("b");
    rig.wait(5.0);
    let outbox = rig.engine().storage.outbox().unwrap();
    let mut stops = 0;
    let count = &mut |queued: crate::outbox::Queued| {
        let stop = queued.event.action == Action::Stop;
        stops += u32::from(stop && queued.account.service == ServiceName::Punchplay);
    };
    outbox.queue(rig.now, count).unwrap();
    assert_eq!(stops, 2, "that of the first session as well");
    rig.world.down = false;
    rig.wait(120.0);
    assert_eq!(rig.world.watched, ["Heat"]);
    assert!(rig.world.sessions.iter().all(|(_, over)| *over));
}
