//! What was lost is made again, and no more than that.

use super::rig::*;
use crate::model::{AccountKey, ServiceName};
use crate::store::StoreErrorKind;

const HEAT: &str = "/films/Heat (1995) {tmdb-949}.mkv";

fn film_watched_offline() -> Rig {
    let mut rig = Rig::new(Machine::default());
    rig.world.down = true;
    rig.open("a", HEAT, 0.0);
    rig.wait(355.0);
    rig.quit("a");
    rig.wait(60.0);
    rig
}

fn delete_the_database(rig: &mut Rig) {
    *rig.machine.disk.borrow_mut() = Platter::default();
}

#[test]
fn a_completion_that_was_queued_in_a_deleted_database_is_sent_from_the_history() {
    let mut rig = film_watched_offline();
    delete_the_database(&mut rig);
    rig.kill(5.0);
    rig.world.down = false;
    rig.wait(120.0);
    assert_eq!(rig.world.watched, ["Heat"]);
    assert_eq!(rig.world.history.len(), 1);
}

#[test]
fn what_had_arrived_before_the_database_was_lost_is_recognised_by_its_event_id_and_by_reading_back()
{
    let mut rig = film_watched_offline();
    rig.world.down = false;
    // Both arrive, and no answer does.
    rig.world.deaf = 2;
    rig.wait(1.0);
    delete_the_database(&mut rig);
    rig.kill(5.0);
    rig.wait(300.0);
    assert_eq!(rig.world.watched, ["Heat"]);
    assert_eq!(rig.world.history.len(), 1);
    assert_eq!(rig.log().entries[0].receipts.len(), 2);
}

#[test]
fn what_has_a_receipt_is_not_sent_again_after_a_loss() {
    let mut rig = film_watched_offline();
    rig.world.down = false;
    rig.wait(300.0);
    let before = rig.world.requests.len();
    delete_the_database(&mut rig);
    rig.kill(5.0);
    rig.wait(300.0);
    assert_eq!(rig.world.requests.len(), before);
}

#[test]
fn what_is_older_than_ninety_days_is_left_alone() {
    let mut rig = film_watched_offline();
    delete_the_database(&mut rig);
    rig.reboot(91.0 * 86_400.0);
    rig.world.down = false;
    rig.wait(300.0);
    assert_eq!(rig.world.requests, Vec::<String>::new());
    assert_eq!(rig.engine().debouncer.viewings().count(), 0);
}

#[test]
fn only_accounts_that_it_was_made_for_hear_of_it_and_nobody_else_in_their_place() {
    let mut rig = film_watched_offline();
    delete_the_database(&mut rig);
    let mut other = punchplay();
    other.key = AccountKey {
        service: ServiceName::Punchplay,
        user: "8".into(),
        profile: None,
    };
    rig.accounts = vec![other, discovr()];
    rig.kill(5.0);
    rig.world.down = false;
    rig.wait(300.0);
    assert_eq!(rig.world.watched, Vec::<String>::new(), "of another user");
    assert_eq!(rig.world.history.len(), 1);
    assert_eq!(rig.queue(), ["punchplay 7: 1 + 0"]);
}

#[test]
fn a_viewing_half_watched_before_the_loss_goes_on_after_it() {
    let mut rig = Rig::new(Machine::default());
    rig.open("a", HEAT, 0.0);
    rig.wait(150.0);
    rig.quit("a");
    rig.wait(60.0);
    delete_the_database(&mut rig);
    rig.kill(5.0);
    rig.open("a", HEAT, 140.0);
    rig.wait(215.0);
    rig.quit("a");
    rig.wait(60.0);
    let log = rig.log();
    assert_eq!(log.entries.len(), 1, "one viewing");
    assert!(log.entries[0].completed && log.entries[0].played_seconds > 340.0);
}

#[test]
fn a_film_that_was_watched_before_the_loss_is_not_watched_again_by_its_credits() {
    let mut rig = Rig::new(Machine::default());
    rig.open("a", HEAT, 0.0);
    rig.wait(345.0);
    rig.quit("a");
    rig.wait(60.0);
    delete_the_database(&mut rig);
    rig.kill(5.0);
    rig.open("a", HEAT, 330.0);
    rig.wait(29.0);
    rig.quit("a");
    rig.wait(60.0);
    assert_eq!(rig.world.watched, ["Heat"]);
    assert_eq!(rig.world.history.len(), 1);
}

#[test]
fn a_loss_is_said_to_be_repaired_once_everything_is_in_the_store_again_and_not_before() {
    let mut rig = film_watched_offline();
    rig.machine.log.borrow_mut().fail(true);
    rig.machine.disk.borrow_mut().records.clear();
    rig.machine.disk.borrow_mut().lose("records are missing");
    rig.kill(5.0);
    assert_eq!(rig.machine.disk.borrow().repaired, 0, "no history to read");
    rig.machine.log.borrow_mut().fail(false);
    rig.world.down = false;
    rig.wait(300.0);
    assert_eq!(rig.machine.disk.borrow().repaired, 1);
    assert_eq!(rig.world.watched, ["Heat"]);
}

#[test]
fn an_older_database_put_in_place_while_no_daemon_runs_sends_nothing_that_has_arrived() {
    let mut rig = film_watched_offline();
    let old = rig.machine.disk.borrow().records.clone();
    rig.world.down = false;
    rig.wait(300.0);
    let sent = rig.world.requests.len();
    rig.machine.disk.borrow_mut().records = old;
    rig.kill(5.0);
    rig.wait(300.0);
    assert_eq!(rig.world.history.len(), 1);
    assert_eq!(rig.world.watched, ["Heat"]);
    let again = &rig.world.requests[sent..];
    assert!(
        !again.iter().any(|request| request.contains("history")),
        "{again:?}"
    );
}

#[test]
fn a_database_of_a_newer_version_is_refused_at_the_start_and_waited_for_in_mid_film() {
    let mut rig = Rig::new(Machine::default());
    rig.open("a", HEAT, 0.0);
    rig.wait(100.0);
    let writes = rig.machine.writes.get();
    rig.machine.disk.borrow_mut().refuses = Some(StoreErrorKind::Newer);
    rig.machine
        .trouble
        .set(Some((writes + 1, Trouble::FailBefore)));
    rig.wait(255.0);
    rig.quit("a");
    rig.wait(100.0);
    let refused = rig.new_engine().err().expect("refused");
    assert_eq!(refused.kind, StoreErrorKind::Newer);
    assert!(rig.engine().storage.problem().is_some());
    rig.machine.disk.borrow_mut().refuses = None;
    rig.wait(100.0);
    assert_eq!(rig.world.watched, ["Heat"]);
    assert_eq!(rig.world.history.len(), 1);
    assert_eq!(rig.log().entries.len(), 1);
}

#[test]
fn while_the_history_cannot_be_written_its_lines_are_kept_and_written_later_in_order() {
    let mut rig = Rig::new(Machine::default());
    rig.machine.log.borrow_mut().fail(true);
    for number in 0..3 {
        rig.open(
            "a",
            &format!("/films/Film{number} (1995) {{tmdb-{}}}.mkv", 10 + number),
            0.0,
        );
        rig.wait(355.0);
        rig.quit("a");
        rig.wait(5.0);
    }
    assert!(rig.engine().diary.problem().is_some(), "status says so");
    assert_eq!(rig.world.watched.len(), 3, "nobody waits for it");
    rig.kill(5.0);
    rig.wait(60.0);
    rig.machine.log.borrow_mut().fail(false);
    rig.wait(120.0);
    assert_eq!(rig.engine().diary.problem(), None);
    let log = rig.log();
    let titles: Vec<_> = log
        .entries
        .iter()
        .map(|e| e.media.title.clone().unwrap())
        .collect();
    assert_eq!(titles, ["Film0", "Film1", "Film2"]);
    assert!(log.entries.iter().all(|entry| entry.receipts.len() == 2));
}
