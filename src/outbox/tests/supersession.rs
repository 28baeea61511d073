//! What makes what pointless.

use super::support::*;
use crate::model::Action::{self, *};
use crate::model::{Moment, Step, Wall};
use crate::outbox::Settled;
use crate::service::Fault;

/// Appends a story of one viewing while nothing can be sent; what is left of it.
fn left(account: &crate::model::AccountKey, story: &[(u64, Action, bool)]) -> Vec<String> {
    let mut bench = Bench::new(std::slice::from_ref(account));
    let mut film = Watch::film(1, "Heat").tmdb(949);
    for (session, action, watched) in story {
        if film.session != super::support::session(1, *session) {
            film.again(*session);
        }
        let step = film.step(*action, *watched, bench.now);
        bench.append(&step);
        bench.pass(s(30));
    }
    let mut sent = Vec::new();
    for line in bench.queue() {
        sent.push(line.split(' ').nth(1).unwrap_or_default().to_owned());
    }
    sent
}

#[test]
fn what_is_undelivered_shrinks_to_what_is_still_true() {
    for (story, expected) in [
        (vec![(0, Start, false)], vec!["start"]),
        (
            vec![(0, Start, false), (0, Progress, false)],
            vec!["start", "progress"],
        ),
        (
            vec![(0, Start, false), (0, Progress, false), (0, Pause, false)],
            vec!["start", "pause"],
        ),
        (
            vec![
                (0, Start, false),
                (0, Pause, false),
                (0, Resume, false),
                (0, Progress, false),
            ],
            vec!["start", "progress"],
        ),
        (
            vec![(0, Start, false), (0, Progress, false), (0, Stop, false)],
            vec!["stop"],
        ),
        // A later stop removes an unfinished one …
        (
            vec![
                (0, Start, false),
                (0, Stop, false),
                (1, Start, false),
                (1, Stop, false),
            ],
            vec!["stop"],
        ),
        (
            vec![(0, Start, false), (0, Stop, false), (1, Start, false)],
            vec!["stop", "start"],
        ),
        // … and never a completed one.
        (
            vec![(0, Stop, true), (1, Start, false), (1, Stop, false)],
            vec!["stop", "stop"],
        ),
        (vec![(0, Stop, false), (1, Stop, true)], vec!["stop"]),
    ] {
        assert_eq!(left(&punchplay(), &story), expected, "{story:?}");
    }
}

#[test]
fn of_resume_points_only_the_newest_is_kept_and_history_is_never_touched() {
    for (story, expected) in [
        (
            vec![(0, Start, false), (0, Progress, false)],
            vec!["resume_point"],
        ),
        (
            vec![(0, Stop, false), (1, Start, false)],
            vec!["resume_point"],
        ),
        (vec![(0, Stop, true)], vec!["history", "resume_point"]),
        (
            vec![(0, Stop, true), (1, Start, false), (1, Stop, false)],
            vec!["history", "resume_point"],
        ),
    ] {
        assert_eq!(left(&discovr(), &story), expected, "{story:?}");
    }
}

#[test]
fn a_viewing_made_offline_leaves_one_record_per_service() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat").tmdb(949);
    for number in 0..3 {
        film.again(number);
        for action in [Start, Progress, Pause, Resume, Progress] {
            bench.add(&mut film, action);
            bench.pass(s(30));
        }
        bench.add(&mut film, Stop);
    }
    assert_eq!(
        bench.queue(),
        ["punchplay stop due", "discovr resume_point due"]
    );
}

#[test]
fn a_series_has_one_resume_point_whichever_episode_it_is_of() {
    let mut bench = Bench::new(&[discovr()]);
    for number in 1..=3 {
        let mut episode = Watch::episode(u64::from(number), "Lost", 1, &[number]).tmdb(4607);
        bench.finish(&mut episode);
    }
    assert_eq!(
        bench.drain(&discovr()),
        [
            "history Some((1, 1))",
            "history Some((1, 2))",
            "history Some((1, 3))",
            "resume_point"
        ]
    );
}

#[test]
fn what_a_session_of_the_last_run_was_closed_with_does_not_replace_a_newer_resume_point_that_waits()
{
    let mut bench = Bench::new(&[discovr()]);
    let mut closed_late = Watch::film(1, "Heat").tmdb(949);
    let mut ended = closed_late.clone();
    ended.again(1);
    let last_seen = bench.now;
    bench.pass(s(14));
    bench.add(&mut ended, Stop);
    for restarted in [false, true] {
        if restarted {
            bench.crash();
        }
        let step = closed_late.step(Stop, false, last_seen);
        assert_eq!(bench.append(&step).made, [], "restarted: {restarted}");
    }
    assert_eq!(bench.drain(&discovr()), ["resume_point"]);
}

/// An episode that was left open and another one that was stopped a minute later, both in the last boot; and the step that
/// closes the former in this one.
fn closed_in_the_next_boot(bench: &mut Bench) -> Step {
    let mut open = Watch::episode(1, "The Wire", 1, &[1]).tmdb(1438);
    let mut stopped = Watch::episode(2, "The Wire", 1, &[2]).tmdb(1438);
    let opened = bench.now.wall;
    bench.add(&mut open, Start);
    bench.drain(&discovr());
    bench.pass(s(60));
    bench.add(&mut stopped, Stop);
    bench.power_loss();
    let before = Moment {
        mono: s(0),
        boot: s(0),
        wall: opened,
    };
    open.step(Stop, false, before)
}

#[test]
fn what_the_last_boot_left_open_does_not_replace_a_newer_resume_point_that_waits() {
    let mut bench = Bench::new(&[discovr()]);
    let closing = closed_in_the_next_boot(&mut bench);
    assert_eq!(bench.append(&closing).made, []);
    assert_eq!(bench.drain(&discovr()), ["resume_point"]);
}

#[test]
fn what_the_last_boot_left_open_does_not_follow_a_newer_resume_point_whatever_the_clock_shows() {
    for clock in [None, Some(Wall(30_000))] {
        let mut bench = Bench::new(&[discovr()]);
        let closing = closed_in_the_next_boot(&mut bench);
        bench.now.wall = clock.unwrap_or(bench.now.wall);
        assert_eq!(bench.drain(&discovr()), ["resume_point"]);
        bench.append(&closing);
        assert_eq!(bench.drain(&discovr()), Vec::<String>::new(), "{clock:?}");
    }
}

#[test]
fn a_film_and_a_series_with_the_same_id_do_not_share_a_resume_point() {
    let mut bench = Bench::new(&[discovr()]);
    bench.add(&mut Watch::film(1, "Heat").tmdb(949), Stop);
    bench.add(&mut Watch::episode(2, "Lost", 1, &[1]).tmdb(949), Stop);
    assert_eq!(bench.drain(&discovr()), ["resume_point", "resume_point"]);
}

#[test]
fn titles_that_turn_out_to_be_one_keep_only_the_newest_resume_point() {
    let mut bench = Bench::new(&[discovr()]);
    let mut unknown = Watch::episode(1, "Lost", 1, &[1]);
    bench.add(&mut unknown, Stop);
    let mut known = Watch::episode(2, "Lost (US)", 1, &[2]).tmdb(4607);
    known.position = 77.0;
    bench.add(&mut known, Stop);
    let title = crate::outbox::TitleKey::of(&unknown.viewing.key).unwrap();
    bench.outbox.learn(title, &known.viewing.media.ids).unwrap();
    assert_eq!(bench.queue(), ["discovr resume_point due"]);
    let (job, _) = bench.send(&discovr(), taken()).unwrap();
    assert!(job.request.body.contains("|77|"), "{}", job.request.body);
}

#[test]
fn a_request_in_flight_ends_before_what_makes_it_pointless_goes_out() {
    for outcome in [taken(), failed(Fault::Unreachable), rejected()] {
        let mut bench = Bench::new(&[punchplay()]);
        let mut film = Watch::film(1, "Heat");
        bench.add(&mut film, Start);
        let (start, _) = bench.next(&punchplay()).unwrap();
        bench.add(&mut film, Progress);
        bench.finish(&mut film);
        assert!(bench.next(&punchplay()).is_none());
        assert!(bench.outbox.poll_timeout(bench.now).is_none());
        let settled = bench.settle(start, outcome.clone());
        if outcome != taken() {
            assert_eq!(settled, Settled::Superseded);
        }
        bench.wait();
        assert_eq!(bench.drain(&punchplay()), ["stop"]);
    }
}

#[test]
fn what_was_in_flight_and_pointless_at_a_crash_is_not_sent_again() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    bench.next(&punchplay()).unwrap();
    bench.add(&mut film, Stop);
    bench.crash();
    assert_eq!(bench.drain(&punchplay()), ["stop"]);
    assert!(bench.crash().problems.is_empty());
}

#[test]
fn two_viewings_do_not_touch_each_other() {
    let mut bench = Bench::new(&[punchplay()]);
    let (mut heat, mut alien) = (Watch::film(1, "Heat"), Watch::film(2, "Alien"));
    bench.add(&mut heat, Stop);
    bench.add(&mut alien, Start);
    bench.add(&mut alien, Stop);
    assert_eq!(bench.drain(&punchplay()), ["stop", "stop"]);
}
