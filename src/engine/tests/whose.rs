//! Whose sessions are: of those linked when they began, whatever happens then.

use super::desk::*;
use super::rig::Trouble;
use crate::control::Response;

/// `user action session-number` of everything queued, sessions numbered as they are first met.
pub fn queue(rig: &mut Rig) -> Vec<String> {
    let Response::Queue(rows) = rig.ask(Request::Queue { after: 0 }) else {
        panic!("no queue");
    };
    let mut sessions: Vec<String> = Vec::new();
    let mut told = Vec::new();
    for row in rows {
        if !sessions.contains(&row.session_id) {
            sessions.push(row.session_id.clone());
        }
        let number = sessions
            .iter()
            .position(|id| *id == row.session_id)
            .unwrap();
        let user = row.user.unwrap_or_default();
        told.push(format!("{user} {} {number}", row.action.as_str()));
    }
    told
}

#[test]
fn a_session_belongs_to_those_it_was_opened_for_and_a_login_begins_another() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(40);
    let start = rig.sent().remove(0).0;
    rig.unreachable(start);
    rig.tell(Input::Accounts(vec![user("bob", 2)]));
    assert!(rig.watching(), "the film goes on");
    rig.pass(40);
    let queued = queue(&mut rig);
    assert_eq!(queued[0], "id-ann stop 0", "{queued:?}");
    assert!(queued.len() > 1 && queued[1..].iter().all(|row| row.starts_with("bob ")));
    assert!(
        queued[1..].iter().all(|row| row.ends_with(" 1")),
        "{queued:?}"
    );

    // Nobody new: nothing is cut.
    rig.tell(Input::Accounts(vec![user("bob", 3)]));
    rig.tell(Input::Accounts(vec![]));
    let stops = queue(&mut rig);
    let stops = stops.iter().filter(|row| row.contains("stop"));
    assert_eq!(stops.count(), 1);
}

#[test]
fn what_a_former_run_left_open_is_told_to_those_linked_then() {
    for bob_later in [false, true] {
        let mut rig = Rig::new(Desk::default(), start_of_time());
        rig.play();
        rig.pass(40);
        let mut rig = rig.kill(vec![user("bob", 2)]);
        if bob_later {
            // What was theirs has ended: the next start has nothing to tell anybody.
            rig = rig.kill(vec![user("bob", 2)]);
        }
        rig.play();
        rig.pass(40);
        let queued = queue(&mut rig);
        let of_ann = queued.iter().filter(|row| row.starts_with("id-ann "));
        let of_ann: Vec<&str> = of_ann.map(String::as_str).collect();
        assert_eq!(of_ann.last(), Some(&"id-ann stop 0"), "{queued:?}");
        assert!(queued.iter().any(|row| row.starts_with("bob start")));
        let mixed = |row: &&String| row.starts_with("bob ") == row.ends_with(" 0");
        assert_eq!(queued.iter().find(mixed), None, "{queued:?}");
    }
}

#[test]
fn what_a_former_run_left_open_for_others_is_not_gone_on_with_while_the_history_cannot_be_read() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(40);
    let log = std::rc::Rc::clone(&rig.engine.edges.machine.log);
    log.borrow_mut().fail(true);
    let mut rig = rig.kill(vec![user("bob", 2)]);
    rig.play_from(45.0);
    rig.pass(100);
    log.borrow_mut().fail(false);
    rig.pass(200);
    let queued = queue(&mut rig);
    assert!(queued.iter().any(|row| row.starts_with("bob start")));
    let mixed = |row: &&String| row.starts_with("bob ") == row.ends_with(" 0");
    assert_eq!(queued.iter().find(mixed), None, "{queued:?}");
}

#[test]
fn what_begins_while_it_cannot_be_closed_is_of_those_linked_by_then() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(40);
    let log = std::rc::Rc::clone(&rig.engine.edges.machine.log);
    log.borrow_mut().fail(true);
    let mut rig = rig.kill(vec![user("bob", 2)]);
    rig.play_from(45.0);
    rig.pass(100);
    let mut rig = rig.kill(vec![user("bob", 2)]);
    log.borrow_mut().fail(false);
    rig.pass(200);
    let queued = queue(&mut rig);
    for row in ["id-ann stop 0", "bob stop 1"] {
        assert!(queued.iter().any(|told| told == row), "{queued:?}");
    }
    let mixed = |row: &&String| row.starts_with("bob ") == row.ends_with(" 0");
    assert_eq!(queued.iter().find(mixed), None, "{queued:?}");
}

#[test]
fn what_a_former_run_left_open_for_the_same_user_goes_on_as_theirs() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(40);
    let mut rig = rig.kill(vec![ann(1)]);
    rig.pass(60);
    let queued = queue(&mut rig);
    assert!(
        queued.iter().all(|row| row.starts_with("ann ")),
        "{queued:?}"
    );
}

#[test]
fn who_is_linked_is_written_down_again_until_the_disk_takes_it() {
    let full = Desk {
        disk_full: true,
        ..Desk::default()
    };
    let mut rig = Rig::new(full, start_of_time());
    rig.pass(100);
    assert_eq!(rig.engine.edges.linked, None);
    rig.engine.edges.disk_full = false;
    rig.pass(60);
    assert_eq!(rig.engine.edges.linked, Some(vec![ann(1).key]));
    assert_eq!(rig.engine.poll_timeout(rig.now), None, "and then it rests");
}

#[test]
fn a_session_that_began_just_before_the_process_died_is_of_those_it_began_for() {
    for fails_first in [false, true] {
        dies_at_each_write_after_a_login(fails_first);
    }
}

/// `fails_first`: the disk does when they log in, and the process dies once it can be written again.
fn dies_at_each_write_after_a_login(fails_first: bool) {
    for at in 1.. {
        let mut rig = Rig::new(Desk::default(), start_of_time());
        rig.play();
        rig.pass(40);
        let machine = rig.engine.edges.machine.clone();
        let dies_at = |at| {
            let at = machine.writes.get() + at;
            machine.trouble.set(Some((at, Trouble::CrashAfter)));
        };
        let bob = || Input::Accounts(vec![user("bob", 2)]);
        if fails_first {
            let next = machine.writes.get() + 1;
            machine.trouble.set(Some((next, Trouble::FailBefore)));
            rig.tell(bob());
            dies_at(at);
            rig.pass(60);
        } else {
            dies_at(at);
            rig.tell(bob());
            rig.pass(1);
        }
        if !machine.crashed.get() {
            assert!(at > 2, "it died nowhere");
            return;
        }
        let mut rig = rig.kill(vec![user("bob", 2)]);
        rig.pass(60);
        let queued = queue(&mut rig);
        let mixed = |row: &&String| row.starts_with("bob ") == row.ends_with(" 0");
        assert_eq!(queued.iter().find(mixed), None, "{at}: {queued:?}");
    }
}

#[test]
fn whoever_logs_out_and_in_again_around_a_crash_has_another_session() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(40);
    rig.tell(Input::Accounts(Vec::new()));
    let mut rig = rig.kill(vec![ann(5)]);
    rig.play_from(45.0);
    rig.pass(60);
    let queued = queue(&mut rig);
    assert!(queued.contains(&"ann start 1".into()), "{queued:?}");
    assert!(!queued.contains(&"ann stop 0".into()), "{queued:?}");
}

#[test]
fn a_session_of_which_the_database_has_lost_whose_it_is_is_of_those_linked_before() {
    for is_known in [true, false] {
        let mut rig = Rig::new(Desk::default(), start_of_time());
        rig.play();
        rig.pass(40);
        let disk = std::rc::Rc::clone(&rig.engine.edges.machine.disk);
        disk.borrow_mut().records.retain(|key, _| key[0] != b'u');
        if !is_known {
            rig.engine.edges.linked = None;
        }
        let mut rig = rig.kill(vec![user("bob", 2)]);
        rig.play_from(45.0);
        rig.pass(60);
        let queued = queue(&mut rig);
        let is_told = queued.contains(&"id-ann stop 0".into());
        assert_eq!(is_told, is_known, "{queued:?}");
        let mixed = |row: &&String| row.starts_with("bob ") == row.ends_with(" 0");
        assert_eq!(queued.iter().find(mixed), None, "{queued:?}");
    }
}

/// It ends while what lies beside it is still read.
#[test]
fn what_a_rule_ignores_by_now_is_not_watched_at_its_end() {
    use crate::identify::rules;
    use crate::model::*;

    for ignored_before in [false, true] {
        let mut rig = Rig::new(Desk::default(), start_of_time());
        rig.play();
        rig.pass(5990);
        rig.sent();
        let mut rig = rig.kill(vec![ann(1)]);
        if ignored_before {
            let text = "[[rule]]\nwhen = { path = \"/films/Heat*\" }\nignore = true";
            let rules = rules::parse(text, None).unwrap();
            rig.tell(Input::Rules(std::sync::Arc::new(rules)));
        }
        let say = |rig: &mut Rig, signal: Signal| {
            let observation = Observation {
                at: rig.now,
                player: PlayerId::new("mpv-1"),
                signal,
            };
            rig.engine
                .handle(Input::Report(Report::Observed(observation)), rig.now);
        };
        say(
            &mut rig,
            Signal::Appeared(PlayerInfo {
                name: "mpv".into(),
                source: Source::Mpv,
                process: Some(Process { pid: 7, started: 1 }),
                ignored: None,
            }),
        );
        say(
            &mut rig,
            Signal::Opened(Box::new(Item {
                location: Some(Location::Path("/films/Heat (1995).mkv".into())),
                duration: Some(6000.0),
                video: Video::Yes,
                ..Default::default()
            })),
        );
        say(
            &mut rig,
            Signal::Transport {
                state: Transport::Playing,
                position: Some(5995.5),
            },
        );
        rig.now = rig.now.after(std::time::Duration::from_secs(1));
        say(&mut rig, Signal::Ended(EndReason::Eof));
        let is_watched = |viewing: &Viewing| viewing.completed.is_some();
        let watched = rig.engine.debouncer.viewings().any(is_watched);
        assert_eq!(watched, !ignored_before);
    }
}
