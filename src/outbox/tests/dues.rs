//! When something is due.

use super::support::*;
use crate::model::Action::*;
use crate::outbox::Hint;
use crate::service::{Disposition, Fault};

#[test]
fn an_empty_outbox_has_no_timer() {
    let bench = Bench::both();
    assert_eq!(bench.outbox.poll_timeout(bench.now), None);
}

#[test]
fn an_outage_is_probed_at_least_once_a_minute_and_ends_with_the_first_success() {
    let mut bench = Bench::new(&[punchplay()]);
    for number in 1..=3 {
        bench.finish(&mut Watch::film(number, "Heat"));
    }
    for attempt in 1..=30 {
        bench
            .send(&punchplay(), failed(Fault::Unreachable))
            .unwrap();
        let (at, why) = bench.outbox.poll_timeout(bench.now).unwrap();
        let wait = at.saturating_sub(bench.now.boot);
        assert!(wait <= s(60), "{attempt}: {wait:?}");
        assert_eq!(why, "delivery");
        bench.pass(wait);
    }
    bench.send(&punchplay(), taken()).unwrap();
    bench.wait();
    bench.pass(s(1));
    assert_eq!(bench.drain(&punchplay()), ["stop", "stop"]);
}

#[test]
fn nothing_is_sent_before_the_moment_that_was_announced() {
    let mut bench = Bench::new(&[punchplay()]);
    bench.finish(&mut Watch::film(1, "Heat"));
    for _ in 0..20 {
        bench
            .send(&punchplay(), failed(Fault::Unreachable))
            .unwrap();
        let (at, _) = bench.outbox.poll_timeout(bench.now).unwrap();
        let wait = at.saturating_sub(bench.now.boot);
        if !wait.is_zero() {
            bench.pass(wait - std::time::Duration::from_nanos(1));
            assert!(bench.next(&punchplay()).is_none());
            bench.pass(std::time::Duration::from_nanos(1));
        }
    }
}

#[test]
fn network_back_resume_login_and_a_restart_try_at_once() {
    for hint in [
        Some(Hint::NetworkBack),
        Some(Hint::Resumed),
        Some(Hint::LoggedIn(punchplay())),
        None,
    ] {
        let mut bench = Bench::new(&[punchplay()]);
        bench.finish(&mut Watch::film(1, "Heat"));
        let mut tries = 0;
        while bench.send(&punchplay(), failed(Fault::Throttled)).is_some() {
            tries += 1;
            assert!(tries < 100);
        }
        match &hint {
            Some(hint) => bench.outbox.hint(hint),
            None => drop(bench.crash()),
        }
        assert_eq!(bench.drain(&punchplay()), ["stop"], "{hint:?}");
    }
}

#[test]
fn a_service_that_asked_for_patience_gets_it_whatever_the_network_does() {
    let mut bench = Bench::new(&[punchplay()]);
    bench.finish(&mut Watch::film(1, "Heat"));
    let asked = Disposition::Retry {
        after: Some(s(300)),
        fault: Fault::Throttled,
        reason: "429".into(),
    };
    bench.send(&punchplay(), asked).unwrap();
    bench.outbox.hint(&Hint::NetworkBack);
    bench.pass(s(299));
    assert!(bench.next(&punchplay()).is_none());
    bench.pass(s(1));
    assert_eq!(bench.drain(&punchplay()), ["stop"]);
}

#[test]
fn a_deadline_runs_on_while_the_machine_sleeps() {
    let mut bench = Bench::new(&[punchplay()]);
    bench.finish(&mut Watch::film(1, "Heat"));
    bench.send(&punchplay(), failed(Fault::Throttled)).unwrap();
    bench.now.boot += s(3600);
    assert!(bench.next(&punchplay()).is_some());
}

#[test]
fn an_event_is_due_at_once() {
    let mut bench = Bench::new(&[punchplay()]);
    bench.add(&mut Watch::film(1, "Heat"), Start);
    let (at, _) = bench.outbox.poll_timeout(bench.now).unwrap();
    assert!(at <= bench.now.boot);
}

#[test]
fn going_on_keeps_the_pace_and_everything_else_goes_at_once() {
    let mut bench = Bench::new(&[discovr()]);
    let mut film = Watch::film(1, "Heat").tmdb(949);
    bench.add(&mut film, Start);
    assert_eq!(bench.drain(&discovr()).len(), 1, "the start");
    let mut sent = 0;
    for _ in 0..30 {
        bench.pass(s(2));
        bench.add(&mut film, Progress);
        sent += bench.drain(&discovr()).len();
    }
    assert_eq!(sent, 2, "in a minute of beats");

    bench.pass(s(2));
    let mut seek = film.step(Progress, false, bench.now);
    seek.seeked = true;
    bench.append(&seek);
    assert_eq!(bench.drain(&discovr()).len(), 1, "a seek");
    for action in [Pause, Resume] {
        bench.pass(s(2));
        bench.add(&mut film, action);
        assert_eq!(bench.drain(&discovr()).len(), 1, "{action:?}");
    }
    bench.pass(s(2));
    bench.add(&mut film, Progress);
    assert_eq!(bench.drain(&discovr()).len(), 0, "a beat soon after");
    let (at, _) = bench.outbox.poll_timeout(bench.now).unwrap();
    assert_eq!(at.saturating_sub(bench.now.boot), PACE - s(2));
    bench.finish(&mut film);
    assert_eq!(bench.drain(&discovr()).len(), 2, "the end");
}

#[test]
fn a_beat_that_takes_the_place_of_a_seek_does_not_wait() {
    let mut bench = Bench::new(&[discovr()]);
    let mut film = Watch::film(1, "Heat").tmdb(949);
    bench.add(&mut film, Start);
    let (start, _) = bench.next(&discovr()).unwrap();
    bench.pass(s(1));
    let mut seek = film.step(Progress, false, bench.now);
    seek.seeked = true;
    bench.append(&seek);
    bench.pass(s(2));
    bench.add(&mut film, Progress);
    bench.settle(start, taken());
    assert_eq!(bench.drain(&discovr()).len(), 1);
}
