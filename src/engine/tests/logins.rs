//! Somebody else logs in, and something goes wrong around it: no session is told to both.

use std::fmt::Write;

use super::desk::*;
use super::rig::Trouble;
use super::whose::queue;
use crate::model::Transport;
use crate::store::StoreErrorKind;

/// Ann watches, for so long.
fn anns(seconds: u64) -> Rig {
    let desk = Desk {
        machine: Machine {
            keeps_old: true,
            ..Machine::default()
        },
        ..Desk::default()
    };
    let mut rig = Rig::new(desk, start_of_time());
    rig.play();
    rig.pass(seconds);
    rig
}

fn bob() -> Vec<Account> {
    vec![user("bob", 2)]
}

/// The write that comes as the so-many-th from now goes wrong.
fn trouble(rig: &Rig, at: u64, trouble: Trouble) {
    let machine = &rig.engine.edges.machine;
    machine
        .trouble
        .set(Some((machine.writes.get() + at, trouble)));
}

fn mute(rig: &Rig, is_mute: bool) {
    rig.engine.edges.machine.log.borrow_mut().fail(is_mute);
}

fn has_crashed(rig: &Rig) -> bool {
    rig.engine.edges.machine.crashed.get()
}

/// User, action and session of something queued.
type Row = (String, String, String);

fn rows(rig: &mut Rig) -> Vec<Row> {
    let parts = |row: String| {
        let mut parts = row.splitn(3, ' ').map(str::to_owned);
        let mut next = || parts.next().unwrap();
        let user = next().trim_start_matches("id-").to_owned();
        (user, next(), next())
    };
    queue(rig).into_iter().map(parts).collect()
}

/// What is queued, if a session of it is told to two users.
fn mixed(rig: &mut Rig) -> Option<String> {
    let rows = rows(rig);
    let is_mixed = |(user, _, session): &Row| {
        let mut of_it = rows.iter().filter(|row| row.2 == *session);
        of_it.any(|row| row.0 != *user)
    };
    rows.iter().any(is_mixed).then(|| format!("{rows:?}"))
}

/// Stops of Bob's in sessions that did not begin for him.
fn strange(rig: &mut Rig) -> Vec<Row> {
    let rows = rows(rig);
    let bobs = |action: &'static str| {
        rows.iter()
            .filter(move |row| row.0 == "bob" && row.1 == action)
    };
    let begun = |session: &str| bobs("start").any(|row| row.2 == session);
    bobs("stop").filter(|row| !begun(&row.2)).cloned().collect()
}

#[test]
fn a_login_between_any_two_troubles_of_the_disk_mixes_nothing() {
    let troubles = [
        Trouble::FailBefore,
        Trouble::FailAfter,
        Trouble::CrashBefore,
        Trouble::CrashAfter,
        Trouble::LoseAll,
    ];
    let mut wrong = String::new();
    for (first, second) in troubles
        .iter()
        .flat_map(|a| troubles.iter().map(move |b| (*a, *b)))
    {
        for at in (1..=3).flat_map(|a| (1..=4).map(move |b| (a, b))) {
            for (mute_from, at_once, killed) in orders() {
                let mut rig = anns(40);
                mute(&rig, mute_from == 1);
                trouble(&rig, at.0, first);
                if at_once {
                    rig.tell(Input::Accounts(bob()));
                } else {
                    rig.pass(3);
                }
                if has_crashed(&rig) || killed {
                    let who = if at_once { bob() } else { vec![ann(1)] };
                    rig = rig.kill(who);
                    rig.play_from(60.0);
                }
                trouble(&rig, at.1, second);
                rig.pass(2);
                rig.tell(Input::Accounts(bob()));
                rig.pass(60);
                mute(&rig, mute_from > 0);
                if has_crashed(&rig) {
                    rig = rig.kill(bob());
                    rig.play_from(130.0);
                }
                rig.pass(30);
                rig.engine.edges.machine.trouble.set(None);
                let mut rig = rig.kill(bob());
                rig.pass(40);
                mute(&rig, false);
                rig.pass(400);
                if let Some(queued) = mixed(&mut rig) {
                    let order = (mute_from, at_once, killed);
                    writeln!(wrong, "{first:?} {second:?} {at:?} {order:?}: {queued}").unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// When the history goes mute (never, early, late), whether the login comes at once, whether the daemon is killed after it.
fn orders() -> impl Iterator<Item = (u8, bool, bool)> {
    (0..3).flat_map(|mute| [(true, false), (false, false), (true, true)].map(|(a, b)| (mute, a, b)))
}

#[test]
fn a_login_while_the_database_cannot_be_opened_mixes_nothing_wherever_the_process_dies() {
    for watched_before in [0, 40] {
        for at in 1.. {
            let rig = anns(watched_before);
            let disk = std::rc::Rc::clone(&rig.engine.edges.machine.disk);
            disk.borrow_mut().refuses = Some(StoreErrorKind::Io);
            let mut rig = rig.kill(bob());
            rig.play_from(50.0);
            rig.pass(40);
            disk.borrow_mut().refuses = None;
            trouble(&rig, at, Trouble::CrashAfter);
            rig.pass(100);
            if !has_crashed(&rig) {
                assert!(at > 2, "it died nowhere");
                break;
            }
            let mut rig = rig.kill(bob());
            rig.pass(60);
            assert_eq!(mixed(&mut rig), None, "{watched_before}, {at}");
        }
    }
}

#[test]
fn a_login_mixes_nothing_where_nothing_but_the_database_can_be_written() {
    let mut rig = anns(5);
    rig.engine.edges.disk_full = true;
    rig.tell(Input::Accounts(bob()));
    rig.pass(40);
    let mut rig = rig.kill(bob());
    rig.play_from(50.0);
    rig.pass(60);
    assert_eq!(mixed(&mut rig), None);
}

#[test]
fn a_database_that_falls_back_at_a_login_or_after_it_mixes_nothing() {
    for (back, is_mute) in (0..14).flat_map(|back| [false, true].map(|mute| (back, mute))) {
        for (later, killed) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut rig = anns(40);
            rig.say(Signal::Vanished);
            rig.pass(5);
            rig.play_from(40.0);
            rig.pass(40);
            if later {
                rig.tell(Input::Accounts(bob()));
                rig.pass(40);
            }
            trouble(&rig, 1, Trouble::FallBack(back));
            mute(&rig, is_mute);
            if later {
                let (state, position) = (Transport::Paused, Some(120.0));
                rig.say(Signal::Transport { state, position });
            } else {
                rig.tell(Input::Accounts(bob()));
            }
            rig.pass(100);
            if killed {
                rig = rig.kill(bob());
                rig.pass(30);
            }
            mute(&rig, false);
            rig.pass(200);
            let case = format!("{back}, {is_mute}, {later}, {killed}");
            assert_eq!(mixed(&mut rig), None, "{case}");
            if !later {
                assert_eq!(strange(&mut rig), [], "{case}");
            }
        }
    }
}
