//! What an account was told of a session, and what follows from it.

use super::support::*;
use crate::model::Action::*;
use crate::outbox::{Hint, ToldState};
use crate::service::Fault;

#[test]
fn a_stop_of_a_session_that_was_told_of_is_not_superseded_even_after_a_crash() {
    for outcome in [taken(), failed(Fault::Unreachable)] {
        let mut bench = Bench::new(&[punchplay()]);
        let mut film = Watch::film(1, "Heat");
        bench.add(&mut film, Start);
        bench.send(&punchplay(), outcome);
        bench.add(&mut film, Stop);
        bench.crash();
        film.again(1);
        bench.add(&mut film, Start);
        bench.add(&mut film, Stop);
        assert_eq!(bench.queue(), ["punchplay stop due", "punchplay stop due"]);
        bench.pass(s(60));
        assert_eq!(bench.drain(&punchplay()), ["stop", "stop"]);
        assert!(bench.disk.keys(b'l').is_empty(), "nothing is left behind");
    }
}

#[test]
fn a_viewing_made_while_every_connection_is_refused_leaves_one_record_per_service() {
    for outcome in [failed(Fault::Unsent), failed(Fault::Throttled)] {
        let mut bench = Bench::both();
        let mut film = Watch::film(1, "Heat").tmdb(949);
        for number in 0..4 {
            film.again(number);
            for action in [Start, Progress, Pause, Resume, Progress, Stop] {
                bench.add(&mut film, action);
                bench.pass(s(70));
                for account in [punchplay(), discovr()] {
                    bench.send(&account, outcome.clone());
                }
            }
        }
        assert!(bench.disk.keys(b'l').is_empty(), "nobody has heard of it");
        bench.pass(s(70));
        assert_eq!(bench.drain(&punchplay()), ["stop"], "{outcome:?}");
        assert_eq!(bench.drain(&discovr()), ["resume_point"], "{outcome:?}");
    }
}

#[test]
fn a_stop_that_was_kept_for_a_start_that_did_not_arrive_is_superseded_after_all() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    let (start, _) = bench.next(&punchplay()).unwrap();
    bench.add(&mut film, Stop);
    film.again(1);
    bench.add(&mut film, Start);
    bench.add(&mut film, Stop);
    assert_eq!(bench.queue().len(), 3, "the start is under way");
    bench.settle(start, failed(Fault::Unsent));
    assert_eq!(bench.queue(), ["punchplay stop due"]);
    bench.power_loss();
    assert_eq!(bench.queue(), ["punchplay stop due"]);
}

#[test]
fn what_once_may_have_arrived_is_heard_of_whatever_fails_later() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    bench.send(&punchplay(), failed(Fault::Unreachable));
    bench.pass(s(70));
    bench.send(&punchplay(), failed(Fault::Unsent));
    bench.add(&mut film, Stop);
    film.again(1);
    bench.add(&mut film, Start);
    bench.add(&mut film, Stop);
    bench.pass(s(70));
    assert_eq!(bench.drain(&punchplay()), ["stop", "stop"]);
}

#[test]
fn marks_of_sessions_that_ended_unseen_go_with_the_next_start() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    bench.drain(&punchplay());
    bench.accounts.clear();
    bench.add(&mut film, Stop);
    assert_eq!(bench.disk.keys(b'l').len(), 1, "its stop is for nobody");
    bench.crash();
    bench.add(&mut Watch::film(2, "Alien"), Start);
    assert!(bench.disk.keys(b'l').is_empty());
}

#[test]
fn an_account_that_hears_of_a_session_late_hears_a_start_first() {
    for (action, expected) in [
        (Progress, vec!["start"]),
        (Resume, vec!["start"]),
        (Pause, vec!["start", "pause"]),
        (Stop, vec!["stop"]),
    ] {
        let mut bench = Bench::new(&[]);
        let mut film = Watch::film(1, "Heat");
        bench.add(&mut film, Start);
        bench.accounts.push(punchplay());
        bench.outbox.hint(&Hint::LoggedIn(punchplay()));
        bench.pass(s(60));
        film.position = 70.0;
        bench.add(&mut film, action);
        let mut told = Vec::new();
        let mut last = crate::model::Wall(0);
        while let Some((job, _)) = bench.send(&punchplay(), taken()) {
            assert!(job.stamp > last, "stamps increase");
            assert!(job.request.body.contains("|70|"), "where it is now");
            last = job.stamp;
            told.push(job.request.path);
        }
        assert_eq!(told, expected, "{action:?}");
        if action != Stop {
            bench.pass(s(60));
            bench.add(&mut film, Progress);
            assert_eq!(bench.drain(&punchplay()), ["progress"], "once");
        }
    }
}

#[test]
fn of_dead_letters_the_newest_thousand_are_kept_and_the_rest_says_so() {
    let mut bench = Bench::new(&[punchplay()]);
    let most = super::super::settle::MOST_DEAD as u64;
    for number in 0..most + 2 {
        bench.finish(&mut Watch::film(number, "Heat"));
        bench.pass(s(10));
        bench.send(&punchplay(), rejected()).unwrap();
    }
    assert_eq!(bench.queue().len() as u64, most);
    assert_eq!(bench.outbox.take_problems().len(), 2);
    let oldest = bench.outbox.told(&[crate::model::ViewingId(0)].into());
    let oldest = oldest.unwrap().remove(0);
    assert_eq!(oldest.state, ToldState::Skipped);
    assert!(oldest.answer.unwrap().starts_with("forgotten"));
}
