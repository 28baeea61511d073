//! Live events that came too late, and the fresh start.

use super::support::*;
use crate::model::Action::*;
use crate::service::Fault;

#[test]
fn live_events_expire_after_ten_minutes_and_stops_never() {
    for (age, expected) in [(s(599), vec!["start", "stop"]), (s(600), vec!["stop"])] {
        let mut bench = Bench::new(&[punchplay()]);
        bench.add(&mut Watch::film(1, "Heat"), Start);
        bench.add(&mut Watch::film(2, "Alien"), Stop);
        bench.pass(age);
        assert_eq!(bench.drain(&punchplay()), expected, "{age:?}");
        bench.pass(s(86_400 * 365));
        bench.add(&mut Watch::film(3, "Brazil"), Stop);
        bench.pass(s(86_400 * 365));
        assert_eq!(bench.drain(&punchplay()), ["stop"]);
    }
}

#[test]
fn what_expired_is_counted() {
    let mut bench = Bench::new(&[discovr()]);
    bench.add(&mut Watch::film(1, "Heat").tmdb(949), Start);
    bench.pass(s(600));
    assert!(bench.next(&discovr()).is_none());
    assert_eq!(bench.outbox.counts(bench.now)[0].1.dropped, 1);
}

#[test]
fn time_asleep_counts_towards_expiry() {
    let mut bench = Bench::new(&[discovr()]);
    bench.add(&mut Watch::film(1, "Heat").tmdb(949), Start);
    bench.now.boot += s(600);
    bench.now.wall = bench.now.wall.plus(s(600));
    assert!(bench.next(&discovr()).is_none());
}

#[test]
fn nothing_live_outlives_the_boot() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat").tmdb(949);
    bench.add(&mut film, Start);
    bench.add(&mut Watch::film(2, "Alien").tmdb(348), Stop);
    bench.power_loss();
    assert_eq!(
        bench.queue(),
        ["punchplay stop due", "discovr resume_point due"]
    );
    bench.drain(&punchplay());
    assert!(bench.crash().problems.is_empty());
}

#[test]
fn after_an_outage_a_live_session_gets_a_fresh_start_with_its_present_position() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    let (old, _) = bench
        .send(&punchplay(), failed(Fault::Unreachable))
        .unwrap();
    for minute in 1..=11 {
        bench.pass(s(60));
        film.position = 10.0 + f64::from(minute) * 60.0;
        bench.add(&mut film, Progress);
    }
    let (job, _) = bench.send(&punchplay(), taken()).unwrap();
    assert_eq!(job.request.path, "start");
    assert!(!job.in_doubt);
    let [old_id, new_id] = [&old, &job].map(|job| job.request.body.split('|').nth(1).unwrap());
    assert_ne!(old_id, new_id);
    assert!(job.request.body.contains("|670|"), "{}", job.request.body);
    assert_eq!(job.stamp, bench.now.wall);
    // The start said everything that the last progress would have.
    assert!(bench.queue().is_empty());
    bench.pass(s(30));
    bench.add(&mut film, Progress);
    assert_eq!(bench.drain(&punchplay()), ["progress"]);
}

#[test]
fn a_fresh_start_is_retried_as_it_is_and_renewed_when_it_expires_too() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    let mut bodies = Vec::new();
    for _ in 0..26 {
        bench.pass(s(61));
        bench.add(&mut film, Progress);
        let (job, _) = bench
            .send(&punchplay(), failed(Fault::Unreachable))
            .unwrap();
        assert_eq!(job.request.path, "start");
        bodies.push(job.request.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 3, "{bodies:?}");
}

#[test]
fn after_a_fresh_start_a_pause_still_says_that_it_is_paused() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    bench.pass(s(700));
    bench.add(&mut film, Pause);
    let (start, _) = bench.send(&punchplay(), taken()).unwrap();
    let (pause, _) = bench.send(&punchplay(), taken()).unwrap();
    assert_eq!(
        [&*start.request.path, &*pause.request.path],
        ["start", "pause"]
    );
    assert!(start.stamp < pause.stamp);
    let [start, pause] = [&start, &pause].map(|job| job.request.body.split('|').nth(1).unwrap());
    assert_ne!(start, pause, "each under its own id");
}

#[test]
fn a_session_that_fell_silent_gets_its_fresh_start_with_the_next_event_and_no_timer_before() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    bench.add(&mut film, Pause);
    bench.pass(s(1200));
    assert!(bench.next(&punchplay()).is_none());
    assert_eq!(bench.outbox.poll_timeout(bench.now), None);
    assert!(bench.queue().is_empty());
    bench.crash();
    bench.add(&mut film, Resume);
    assert_eq!(bench.drain(&punchplay()), ["start"]);
}

#[test]
fn a_stop_makes_the_missing_start_pointless() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    bench.pass(s(1200));
    assert!(bench.next(&punchplay()).is_none());
    bench.finish(&mut film);
    assert_eq!(bench.drain(&punchplay()), ["stop"]);
    assert!(bench.disk.keys(b'd').is_empty());
    assert!(bench.disk.keys(b'p').is_empty());
    assert!(bench.disk.keys(b'm').is_empty());
}
