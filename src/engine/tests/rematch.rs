//! What was kept on this machine because nobody could be sure, and what the user says it was; films in several files.

use super::rig::*;
use crate::control::Request;
use crate::engine::Input;
use crate::model::Ids;

fn watch(rig: &mut Rig, path: &str, seconds: f64) {
    rig.open("a", path, 0.0);
    rig.wait(seconds);
    rig.quit("a");
    rig.wait(5.0);
}

fn rematch(rig: &mut Rig) {
    let viewing = rig.log().entries.last().unwrap().viewing_id.to_string();
    let ids = Ids {
        tmdb: Some(949),
        ..Ids::default()
    };
    let known = None;
    rig.tell(Input::Request(
        1,
        Request::Rematch {
            viewing,
            known,
            ids,
        },
    ));
    rig.wait(5.0);
}

#[test]
fn a_watch_that_was_kept_here_is_told_once_when_the_user_has_said_what_it_was() {
    let mut rig = Rig::new(Machine::default());
    watch(&mut rig, "/v/Heat.mkv", LENGTH + 5.0);
    assert!(rig.world.requests.is_empty());
    for _ in 0..2 {
        rematch(&mut rig);
        assert_eq!(rig.world.watched, ["Heat"]);
        assert_eq!(rig.world.history.len(), 1);
        assert!(
            rig.world
                .history
                .iter()
                .all(|entry| entry.contains("MV_949"))
        );
    }
    rig.restart(60.0);
    rig.wait(60.0);
    assert_eq!(rig.world.watched, ["Heat"]);
    let log = rig.log();
    assert!(
        log.entries
            .iter()
            .all(|entry| entry.completed && entry.local_only.is_none())
    );
}

#[test]
fn what_was_kept_here_unfinished_is_told_from_then_on_also_by_the_next_run() {
    for restarted in [false, true] {
        let mut rig = Rig::new(Machine::default());
        watch(&mut rig, "/v/Heat.mkv", 100.0);
        rematch(&mut rig);
        assert!(rig.world.requests.is_empty());
        if restarted {
            rig.restart(60.0);
        }
        watch(&mut rig, "/v/Heat.mkv", LENGTH + 5.0);
        assert_eq!(rig.world.watched, ["Heat"]);
        assert_eq!(rig.world.history.len(), 1);
    }
}

#[test]
fn a_film_in_two_files_is_watched_with_the_second() {
    let mut rig = Rig::new(Machine::default());
    watch(&mut rig, "/v/Heat (1995) {tmdb-949} cd1.avi", LENGTH + 5.0);
    assert!(rig.world.requests.is_empty(), "{:?}", rig.world.requests);
    watch(&mut rig, "/v/Heat (1995) {tmdb-949} cd2.avi", LENGTH + 5.0);
    assert_eq!(rig.world.watched, ["Heat"]);
    assert_eq!(rig.world.history.len(), 1);
    let viewings: std::collections::BTreeSet<_> = rig
        .log()
        .entries
        .iter()
        .map(|entry| entry.viewing_id)
        .collect();
    assert_eq!(viewings.len(), 1, "one film, one viewing");
}

#[test]
fn a_watch_that_was_kept_here_is_told_to_whom_was_logged_in_then_and_logged_in_anew_since() {
    for (since_then, told) in [(true, 1), (false, 0)] {
        let mut rig = Rig::new(Machine::default());
        watch(&mut rig, "/v/Heat.mkv", LENGTH + 5.0);
        for account in &mut rig.accounts {
            account.linked_at = rig.now.wall;
            if !since_then {
                account.linked_since = rig.now.wall;
            }
        }
        rig.tell(Input::Accounts(rig.accounts.clone()));
        rematch(&mut rig);
        assert_eq!(rig.world.watched.len(), told);
        assert_eq!(rig.world.history.len(), told);
    }
}
