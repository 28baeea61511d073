//! What was lost is made again, and no more than that.

use super::rig::*;
use crate::engine::Input;
use crate::model::{AccountKey, ServiceName, Wall};
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

/// By its date alone it is older than ninety days.
#[test]
fn what_was_watched_in_1970_is_sent_after_a_loss_as_well() {
    let mut rig = Rig::new(Machine::default());
    rig.world.down = true;
    let right = rig.now.wall;
    rig.now.wall = Wall(60_000);
    rig.kill(1.0);
    rig.open("a", HEAT, 0.0);
    rig.wait(355.0);
    rig.quit("a");
    rig.wait(60.0);
    rig.now.wall = right;
    rig.open("a", "/films/Ronin (1998) {tmdb-8195}.mkv", 0.0);
    rig.wait(355.0);
    rig.quit("a");
    rig.wait(60.0);
    delete_the_database(&mut rig);
    rig.kill(5.0);
    rig.world.down = false;
    rig.wait(300.0);
    rig.world.watched.sort();
    assert_eq!(rig.world.watched, ["Heat", "Ronin"]);
    assert_eq!(rig.world.history.len(), 2);
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
fn a_database_of_a_newer_version_is_waited_for_at_the_start_and_in_mid_film() {
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
    let restarted = rig.new_engine();
    assert!(restarted.is_ok_and(|engine| engine.storage.problem().is_some()));
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
    assert!(!rig.problems().is_empty(), "status says so");
    assert_eq!(rig.world.watched.len(), 3, "nobody waits for it");
    rig.kill(5.0);
    rig.wait(60.0);
    rig.machine.log.borrow_mut().fail(false);
    rig.wait(120.0);
    assert_eq!(rig.problems(), "");
    let log = rig.log();
    let titles: Vec<_> = log
        .entries
        .iter()
        .map(|e| e.media.title.clone().unwrap())
        .collect();
    assert_eq!(titles, ["Film0", "Film1", "Film2"]);
    assert!(log.entries.iter().all(|entry| entry.receipts.len() == 2));
}

/// As a disk that lost the end of the file would leave it.
fn cut_history(rig: &mut Rig, lines_kept: usize) {
    let log = rig.machine.log.borrow().text().to_vec();
    let kept = log.split_inclusive(|byte| *byte == b'\n').take(lines_kept);
    let kept = kept.flatten().copied().collect();
    rig.machine.log.borrow_mut().replace(kept);
}

#[test]
fn a_history_that_lost_its_end_or_everything_is_written_again_once_and_it_is_said() {
    for kept in [0, 1, 2] {
        let mut rig = film_watched_offline();
        rig.open("b", "/films/Alien (1979) {tmdb-348}.mkv", 0.0);
        rig.wait(150.0);
        rig.quit("b");
        rig.world.down = false;
        rig.wait(300.0);
        let before = rig.log();
        assert_eq!(before.entries.len(), 2);
        rig.kill(5.0);
        rig.wait(60.0);
        assert!(!rig.problems().contains("history"), "nothing is wrong yet");
        cut_history(&mut rig, kept);
        for life in 0..3 {
            rig.kill(5.0);
            rig.wait(60.0);
            let problems = rig.problems();
            // Two lines are the stops; receipts come again without a word.
            let told = kept < 2 && life == 0;
            assert_eq!(problems.contains("were written"), told, "{problems}");
        }
        let after = rig.log();
        for entry in &before.entries {
            let same = |other: &&crate::history::Entry| other.viewing_id == entry.viewing_id;
            let again = after.entries.iter().find(same).expect("it is there again");
            assert_eq!(again.completed, entry.completed);
            assert_eq!(again.ended_at, entry.ended_at);
            assert_eq!(again.receipts.len(), entry.receipts.len());
        }
        assert_eq!(after.entries.len(), 2);
        assert_eq!(rig.world.watched, ["Heat"], "and nobody is told again");
        assert_eq!(rig.world.history.len(), 1);
    }
}

#[test]
fn a_line_that_is_written_again_names_no_two_users_of_one_service() {
    let mut rig = Rig::new(Machine::default());
    rig.open("a", HEAT, 0.0);
    rig.wait(60.0);
    rig.accounts[0].key.user = "8".into();
    rig.tell(Input::Accounts(rig.accounts.clone()));
    rig.wait(60.0);
    rig.quit("a");
    rig.wait(60.0);
    cut_history(&mut rig, 1);
    rig.kill(5.0);
    rig.wait(60.0);
    assert!(rig.problems().contains("were written"));
    let entry = rig.log().entries.remove(0);
    let told = entry.accounts.iter().map(|account| account.service);
    assert_eq!(told.collect::<Vec<_>>(), [ServiceName::Discovr]);
}

#[test]
fn a_completion_that_waits_is_written_to_a_lost_history_as_it_was() {
    let mut rig = film_watched_offline();
    let before = rig.log().entries.remove(0);
    cut_history(&mut rig, 0);
    rig.kill(5.0);
    rig.wait(60.0);
    let after = rig.log().entries.remove(0);
    assert_eq!(after.completion, before.completion);
    assert_eq!(after.session_id, before.session_id);
}

/// Nothing can be opened any more, or everything again.
fn refuse(rig: &mut Rig, kind: Option<StoreErrorKind>) {
    let mut disk = rig.machine.disk.borrow_mut();
    disk.refuses = kind;
    if kind.is_some() {
        disk.break_off();
    }
}

#[test]
fn what_ends_while_the_database_cannot_be_written_stands_in_the_history_once_and_outlives_the_daemon()
 {
    for dies in [false, true] {
        let mut rig = Rig::new(Machine::default());
        rig.open("a", HEAT, 0.0);
        rig.wait(30.0);
        refuse(&mut rig, Some(StoreErrorKind::Newer));
        rig.wait(325.0);
        rig.quit("a");
        rig.wait(60.0);
        assert_eq!(rig.log().entries.len(), 1);
        if dies {
            rig.kill(5.0);
            rig.wait(60.0);
        }
        refuse(&mut rig, None);
        rig.wait(300.0);
        assert_eq!(rig.world.watched, ["Heat"], "dies: {dies}");
        assert_eq!(rig.world.history.len(), 1);
        let text = rig.machine.log.borrow().text().to_vec();
        let text = String::from_utf8(text).unwrap();
        let stops = text.lines().filter(|line| line.contains("\"session_id\""));
        assert_eq!(stops.count(), 1, "{text}");
    }
}

#[test]
fn a_stop_that_a_service_has_is_not_sent_again_because_the_database_knows_nothing_of_another_film()
{
    let mut rig = Rig::new(Machine::default());
    rig.open("a", HEAT, 0.0);
    rig.wait(100.0);
    rig.quit("a");
    rig.wait(60.0);
    refuse(&mut rig, Some(StoreErrorKind::Full));
    rig.kill(5.0);
    rig.open("b", "/films/Alien (1979) {tmdb-348}.mkv", 0.0);
    rig.wait(100.0);
    rig.quit("b");
    refuse(&mut rig, None);
    rig.kill(5.0);
    rig.wait(300.0);
    let stops = rig.world.requests.iter();
    let stops = stops.filter(|r| r.starts_with("punchplay") && r.ends_with("stop"));
    assert_eq!(stops.count(), 2, "one for each film");
}

#[test]
fn a_film_that_was_watched_is_not_watched_again_by_its_credits_while_the_database_cannot_be_opened()
{
    let mut rig = Rig::new(Machine::default());
    rig.open("a", HEAT, 0.0);
    rig.wait(345.0);
    rig.quit("a");
    rig.wait(60.0);
    refuse(&mut rig, Some(StoreErrorKind::Full));
    rig.kill(5.0);
    rig.open("a", HEAT, 330.0);
    rig.wait(29.0);
    rig.quit("a");
    refuse(&mut rig, None);
    rig.wait(300.0);
    assert_eq!(rig.world.watched, ["Heat"]);
    assert_eq!(rig.world.history.len(), 1);
}

/// The history knew better and could not be asked: the guess was told under the id of that session's stop.
#[test]
fn what_a_stop_that_was_guessed_had_completed_is_told_in_a_session_of_its_own() {
    for watched in [false, true] {
        let mut rig = Rig::new(Machine::default());
        rig.open("a", HEAT, 0.0);
        rig.wait(100.0);
        refuse(&mut rig, Some(StoreErrorKind::Full));
        rig.wait(if watched { 250.0 } else { 50.0 });
        rig.quit("a");
        refuse(&mut rig, None);
        rig.machine.log.borrow_mut().fail(true);
        rig.kill(5.0);
        rig.wait(60.0);
        assert_eq!(rig.world.sessions.len(), 1);
        assert!(rig.world.sessions[0].1, "it has ended");
        let told = rig.world.requests.len();
        rig.machine.log.borrow_mut().fail(false);
        rig.wait(300.0);
        let expected: &[&str] = if watched { &["Heat"] } else { &[] };
        assert_eq!(rig.world.watched, expected);
        assert_eq!(rig.world.history.len(), expected.len());
        assert_eq!(rig.world.sessions.len(), 1 + expected.len());
        let since = rig.world.requests[told..].iter();
        let stops = since.filter(|request| request.starts_with("punchplay") && !watched);
        assert_eq!(stops.count(), 0, "what was guessed stands there");
        rig.machine.disk.borrow_mut().records.clear();
        rig.kill(5.0);
        rig.wait(300.0);
        assert_eq!(rig.world.watched, expected, "once");
    }
}

/// Watched to its end while the database could not be written, and killed; the history, which knows that, cannot be read when the next
/// daemon guesses where the session ended.
fn guessed(machine: Machine, played: f64, away: bool) -> Rig {
    let mut rig = Rig::new(machine);
    rig.open("a", HEAT, 0.0);
    rig.wait(100.0);
    refuse(&mut rig, Some(StoreErrorKind::Full));
    rig.wait(played);
    rig.quit("a");
    refuse(&mut rig, None);
    rig.machine.log.borrow_mut().fail(true);
    rig.world.down = away;
    rig.kill(5.0);
    rig.wait(60.0);
    assert_eq!(rig.world.sessions[0].1, !away, "the guess was told");
    rig
}

/// Whether PunchPlay knows of each session that it has ended.
fn all_have_ended(rig: &Rig) -> bool {
    rig.world.sessions.iter().all(|(_, over)| *over)
}

#[test]
fn what_a_guess_had_ended_outlives_the_loss_of_the_database_before_it_is_told() {
    let mut rig = guessed(Machine::default(), 250.0, false);
    rig.world.down = true;
    rig.machine.log.borrow_mut().fail(false);
    rig.wait(300.0);
    delete_the_database(&mut rig);
    rig.kill(5.0);
    rig.world.down = false;
    rig.wait(300.0);
    assert_eq!(rig.world.watched, ["Heat"]);
    assert_eq!(rig.world.history.len(), 1);
}

#[test]
fn what_a_guess_had_ended_is_told_once_whatever_goes_wrong_at_any_write_once_the_history_can_be_read()
 {
    for trouble in [
        Trouble::CrashBefore,
        Trouble::CrashAfter,
        Trouble::FailBefore,
        Trouble::FailAfter,
        Trouble::LoseAll,
        Trouble::FallBack(1),
        Trouble::FallBack(3),
    ] {
        for at in 1..=12 {
            let machine = Machine {
                keeps_old: true,
                ..Machine::default()
            };
            let mut rig = guessed(machine, 250.0, false);
            let at = rig.machine.writes.get() + at;
            rig.machine.trouble.set(Some((at, trouble)));
            rig.machine.log.borrow_mut().fail(false);
            rig.wait(600.0);
            rig.restart(5.0);
            rig.wait(600.0);
            assert_eq!(rig.world.watched, ["Heat"], "{trouble:?} at {at}");
            assert_eq!(rig.world.history.len(), 1, "{trouble:?} at {at}");
        }
    }
}

#[test]
fn what_a_guess_had_ended_is_told_once_whether_or_not_the_guess_was_told_before() {
    for away in [false, true] {
        let mut rig = guessed(Machine::default(), 250.0, away);
        rig.world.down = true;
        rig.machine.log.borrow_mut().fail(false);
        rig.wait(300.0);
        for _ in 0..3 {
            rig.kill(5.0);
            rig.wait(30.0);
        }
        rig.world.down = false;
        rig.wait(900.0);
        assert_eq!(rig.world.watched, ["Heat"]);
        assert_eq!(rig.world.history.len(), 1);
        assert_eq!(rig.queue(), Vec::<String>::new());
        assert!(all_have_ended(&rig), "away: {away}");
    }
}

#[test]
fn a_guess_that_waits_is_told_or_replaced_and_the_place_is_the_one_that_the_history_knows() {
    for away in [false, true] {
        let mut rig = guessed(Machine::default(), 50.0, away);
        rig.machine.log.borrow_mut().fail(false);
        rig.wait(300.0);
        rig.world.down = false;
        rig.wait(900.0);
        assert!(all_have_ended(&rig), "away: {away}");
        let ended = format!("{:?}", rig.log().entries[0].ended_at.to_string());
        let places = rig.world.resume_points.values().collect::<Vec<_>>();
        assert_eq!(places, [&ended], "away: {away}");
    }
}
