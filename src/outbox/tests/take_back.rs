//! The user takes a watch back.

use super::support::*;
use crate::model::{Action, Viewing};
use crate::outbox::{Reach, ToldState};
use crate::service::Fault;
use crate::store::Durability;

fn unwatched(watch: &Watch) -> Viewing {
    let mut viewing = watch.viewing.clone();
    viewing.completed = None;
    viewing.reached = false;
    viewing
}

#[test]
fn what_was_not_sent_goes_and_an_unfinished_stop_and_resume_point_take_its_place() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat").tmdb(949);
    bench.add(&mut film, Action::Start);
    assert_eq!(bench.drain(&punchplay()), ["start"]);
    bench.finish(&mut film);
    let reach = bench.outbox.reach(film.viewing.id).unwrap();
    assert_eq!(
        reach,
        [(punchplay(), Reach::Here), (discovr(), Reach::Here)]
    );

    bench.outbox.take_back(&unwatched(&film), &[]).unwrap();
    assert_eq!(bench.disk.last_commit(), Some(Durability::Disk));
    assert_eq!(
        bench.queue(),
        ["punchplay stop due", "discovr resume_point due"]
    );
    let remembered = bench.crash();
    assert_eq!(remembered.viewings, [unwatched(&film)]);
    let mut watched = Vec::new();
    let all = &mut |queued: crate::outbox::Queued| watched.push(queued.event.watched);
    bench.outbox.queue(bench.now, all).unwrap();
    assert_eq!(watched, [false, false]);
    assert_eq!(bench.drain(&punchplay()), ["stop"]);
    assert_eq!(bench.drain(&discovr()), ["resume_point"]);
    let told = bench.outbox.told(&[film.viewing.id].into()).unwrap();
    for told in told {
        assert_eq!(told.state, ToldState::Skipped);
        assert_eq!(told.answer.as_deref(), Some("taken back by the user"));
    }
    assert!(bench.outbox.reach(film.viewing.id).unwrap().is_empty());
}

#[test]
fn what_is_there_stays_there_and_what_is_in_doubt_or_in_flight_is_said_to_be() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat").tmdb(949);
    bench.finish(&mut film);
    bench.send(&punchplay(), failed(Fault::Unreachable));
    assert!(!bench.outbox.is_being_told(film.viewing.id));
    let (id, _) = bench.next(&discovr()).unwrap();
    assert!(bench.outbox.is_being_told(film.viewing.id));
    let reach = bench.outbox.reach(film.viewing.id).unwrap();
    assert_eq!(
        reach,
        [(punchplay(), Reach::Doubtful), (discovr(), Reach::Doubtful)]
    );
    bench.settle(id, taken());
    assert!(!bench.outbox.is_being_told(film.viewing.id));
    let reach = bench.outbox.reach(film.viewing.id).unwrap();
    assert_eq!(
        reach,
        [
            (punchplay(), Reach::Doubtful),
            (discovr(), Reach::Delivered)
        ]
    );

    bench.outbox.take_back(&film.viewing, &[]).unwrap();
    bench.pass(s(120));
    let (job, _) = bench.send(&punchplay(), taken()).unwrap();
    assert!(!job.in_doubt, "a new delivery, under a new id");
    assert_eq!(bench.drain(&discovr()), ["resume_point"]);
    let told = bench.outbox.told(&[film.viewing.id].into()).unwrap();
    let states: Vec<ToldState> = told.iter().map(|told| told.state).collect();
    assert_eq!(states, [ToldState::Skipped, ToldState::Delivered]);
}

#[test]
fn what_was_watched_in_an_earlier_boot_and_is_taken_back_is_older_than_what_plays_in_this_one() {
    let mut bench = Bench::new(&[discovr()]);
    let mut film = Watch::film(1, "Heat").tmdb(949);
    bench.finish(&mut film);
    bench.power_loss();
    bench.outbox.take_back(&unwatched(&film), &[]).unwrap();
    film.again(1);
    bench.pass(s(60));
    bench.add(&mut film, Action::Start);
    assert_eq!(bench.drain(&discovr()), ["resume_point"]);
    film.position = 3000.0;
    bench.pass(s(60));
    bench.add(&mut film, Action::Stop);
    assert_eq!(bench.drain(&discovr()), ["resume_point"]);
}

#[test]
fn what_another_account_has_is_not_told_as_a_resume_point_either() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat").tmdb(949);
    bench.finish(&mut film);
    film.viewing.completed = Some(bench.now.wall);
    assert_eq!(bench.drain(&punchplay()), ["stop"]);
    bench.outbox.take_back(&film.viewing, &[]).unwrap();
    assert_eq!(bench.queue(), Vec::<String>::new());
    let told = bench.outbox.told(&[film.viewing.id].into()).unwrap();
    let states: Vec<ToldState> = told.iter().map(|told| told.state).collect();
    assert_eq!(states, [ToldState::Delivered, ToldState::Skipped]);
}

/// It had superseded that of the episode before it: the account would be left with an older one for ever.
#[test]
fn instead_of_a_place_that_is_taken_back_the_one_before_it_is_told_again() {
    for (watched, told) in [
        (true, vec!["history Some((1, 1))", "resume_point"]),
        (false, vec!["resume_point"]),
    ] {
        let mut bench = Bench::both();
        let mut first = Watch::episode(1, "The Wire", 1, &[1]).tmdb(1438);
        let mut second = Watch::episode(2, "The Wire", 1, &[2]).tmdb(1438);
        let step = first.step(Action::Stop, watched, bench.now);
        bench.append(&step);
        bench.pass(s(600));
        bench.finish(&mut second);
        second.viewing.completed = Some(bench.now.wall);
        assert_eq!(bench.drain(&punchplay()), ["stop", "stop"]);
        let others = (step.clone(), vec![punchplay()]);
        let before = [(step, vec![discovr()]), others];
        bench.outbox.take_back(&second.viewing, &before).unwrap();
        assert!(bench.crash().problems.is_empty(), "as many as were counted");
        assert_eq!(bench.drain(&discovr()), told);
    }
}

#[test]
fn an_answer_that_comes_after_it_was_taken_back_changes_nothing() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    bench.finish(&mut film);
    let (id, job) = bench.next(&punchplay()).unwrap();
    bench.outbox.take_back(&unwatched(&film), &[]).unwrap();
    assert!(bench.next(&punchplay()).is_none(), "one request at a time");
    bench.settle(id, taken());
    let (later, again) = bench.next(&punchplay()).unwrap();
    assert_ne!(later, id);
    assert_ne!(again.request.body, job.request.body);
}

#[test]
fn a_watch_that_was_refused_is_taken_back_and_watching_on_completes_it_anew() {
    let mut bench = Bench::new(&[discovr()]);
    let mut film = Watch::film(1, "Heat").tmdb(949);
    bench.finish(&mut film);
    bench.send(&discovr(), rejected());
    assert_eq!(bench.queue()[0], "discovr history dead");
    bench.outbox.take_back(&unwatched(&film), &[]).unwrap();
    assert_eq!(bench.queue(), ["discovr resume_point due"]);
    film.again(1);
    bench.pass(s(600));
    bench.finish(&mut film);
    assert_eq!(bench.drain(&discovr()), ["history None", "resume_point"]);
}

#[test]
fn a_failed_commit_takes_nothing_back_and_may_be_repeated() {
    for failure in [Failure::Nothing, Failure::All] {
        let mut bench = Bench::both();
        let mut film = Watch::film(1, "Heat").tmdb(949);
        bench.finish(&mut film);
        bench.disk.fail_next(failure);
        assert!(bench.outbox.take_back(&unwatched(&film), &[]).is_err());
        bench.reopen();
        bench.outbox.take_back(&unwatched(&film), &[]).unwrap();
        assert_eq!(
            bench.queue(),
            ["punchplay stop due", "discovr resume_point due"],
            "{failure:?}"
        );
    }
}
