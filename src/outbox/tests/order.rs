//! What waits for what, and what passes.

use std::time::Duration;

use super::support::*;
use crate::model::Action::*;
use crate::outbox::TitleKey;
use crate::service::Fault;

#[test]
fn one_request_at_a_time_per_account() {
    let mut bench = Bench::both();
    for number in 1..=3 {
        let mut film = Watch::film(number, &format!("Film {number}")).tmdb(number);
        bench.finish(&mut film);
    }
    for account in [punchplay(), discovr()] {
        assert!(bench.next(&account).is_some());
        assert!(bench.next(&account).is_none());
    }
}

#[test]
fn within_a_viewing_order_holds_while_a_delivery_fails_and_others_pass() {
    let mut bench = Bench::new(&[punchplay()]);
    let (mut heat, mut alien) = (Watch::film(1, "Heat"), Watch::film(2, "Alien"));
    bench.add(&mut heat, Stop);
    heat.again(1);
    bench.add(&mut heat, Start);
    bench.add(&mut alien, Start);
    let (job, _) = bench.send(&punchplay(), failed(Fault::Server)).unwrap();
    assert_eq!(job.request.path, "stop");
    let mut sent = Vec::new();
    while sent.len() < 3 {
        bench.wait();
        let (job, _) = bench.send(&punchplay(), taken()).unwrap();
        sent.push(job.request.path);
    }
    // After a failure another viewing is tried first.
    assert_eq!(sent, ["start", "stop", "start"]);
}

#[test]
fn viewings_of_a_playlist_are_told_in_their_order() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut first = Watch::film(1, "Heat");
    bench.finish(&mut first);
    let mut second = Watch::film(2, "Alien");
    bench.add(&mut second, Start);
    bench.finish(&mut second);
    bench.add(&mut Watch::film(3, "Brazil"), Start);
    assert_eq!(bench.drain(&punchplay()), ["stop", "stop", "start"]);
}

#[test]
fn a_history_entry_goes_before_the_resume_point_of_the_same_title() {
    let mut bench = Bench::new(&[discovr()]);
    bench.finish(&mut Watch::film(1, "Heat").tmdb(949));
    bench.send(&discovr(), failed(Fault::Unreachable)).unwrap();
    bench.wait();
    assert_eq!(bench.drain(&discovr()), ["history None", "resume_point"]);
}

#[test]
fn what_waits_for_an_id_keeps_nobody_waiting_and_no_timer() {
    let mut bench = Bench::new(&[discovr()]);
    let mut unknown = Watch::film(1, "Heat");
    bench.finish(&mut unknown);
    assert!(bench.next(&discovr()).is_none());
    assert_eq!(bench.outbox.poll_timeout(bench.now), None);
    bench.finish(&mut Watch::film(2, "Alien").tmdb(348));
    assert_eq!(bench.drain(&discovr()), ["history None", "resume_point"]);
    bench.crash();
    assert_eq!(
        bench.queue(),
        [
            "discovr history waiting_id",
            "discovr resume_point waiting_id"
        ]
    );
    assert_eq!(bench.outbox.poll_timeout(bench.now), None);
    let wanted = bench.outbox.wanted(10).unwrap();
    assert_eq!(wanted.len(), 1);
    assert_eq!(wanted[0].media, unknown.viewing.media);
    // Days later it turns up.
    bench.pass(s(3 * 86_400));
    let ids = Watch::film(1, "Heat").tmdb(949).viewing.media.ids;
    bench.outbox.learn(wanted[0].title, &ids).unwrap();
    assert_eq!(bench.drain(&discovr()), ["history None", "resume_point"]);
}

#[test]
fn the_answer_of_one_service_tells_the_other_the_id() {
    let mut bench = Bench::both();
    bench.finish(&mut Watch::film(1, "Heat"));
    assert!(bench.next(&discovr()).is_none());
    bench.send(&punchplay(), resolved(949)).unwrap();
    let (job, _) = bench.send(&discovr(), taken()).unwrap();
    assert!(job.request.body.ends_with("|949"), "{}", job.request.body);
    // Also to a later viewing, after a restart, and when the other one is quicker.
    bench.crash();
    bench.finish(&mut Watch::film(2, "Heat"));
    let (job, _) = bench.send(&discovr(), taken()).unwrap();
    assert!(job.request.body.ends_with("|949"), "{}", job.request.body);
}

#[test]
fn what_the_file_says_of_its_id_comes_before_what_a_service_answered() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat");
    let title = TitleKey::of(&film.viewing.key).unwrap();
    bench.finish(&mut film);
    bench.send(&punchplay(), resolved(1)).unwrap();
    bench.finish(&mut Watch::film(2, "Heat").tmdb(949));
    let mut bodies = Vec::new();
    while let Some((job, _)) = bench.send(&discovr(), taken()) {
        bodies.push(job.request.body);
    }
    assert!(
        bodies.iter().any(|body| body.ends_with("|949")),
        "{bodies:?}"
    );
    // And replaces it for the title.
    bench.send(&punchplay(), resolved(2)).unwrap();
    bench.finish(&mut Watch::film(3, "Heat"));
    let (job, _) = bench.send(&discovr(), taken()).unwrap();
    assert!(
        job.request.body.ends_with("|949"),
        "{title:?} {}",
        job.request.body
    );
}

#[test]
fn a_title_that_the_service_does_not_know_is_asked_for_again_in_an_hour_and_frozen_anew() {
    let mut bench = Bench::new(&[discovr()]);
    let mut film = Watch::film(1, "Heat").tmdb(1);
    bench.finish(&mut film);
    bench
        .send(&discovr(), crate::service::Disposition::NeedsId)
        .unwrap();
    bench.drain(&discovr());
    assert_eq!(bench.queue(), ["discovr history waiting_id"]);
    let (at, _) = bench.outbox.poll_timeout(bench.now).unwrap();
    assert_eq!(at - bench.now.boot, s(3600));
    bench.wait();
    assert_eq!(bench.drain(&discovr()), ["history None"]);
}

#[test]
fn five_failures_while_others_succeed_stand_aside_with_their_own_backoff() {
    let mut bench = Bench::new(&[punchplay()]);
    let poison = bench.finish(&mut Watch::film(1, "Heat")).made[0];
    let mut failures = 0;
    for number in 2..60 {
        bench.finish(&mut Watch::film(number, "Alien"));
        loop {
            bench.pass(s(61));
            let (id, _) = bench.next(&punchplay()).unwrap();
            if id != poison {
                bench.settle(id, taken());
                break;
            }
            bench.settle(id, failed(Fault::Server));
            failures += 1;
        }
        if bench.queue() == ["punchplay stop aside"] {
            break;
        }
    }
    assert_eq!(failures, 5);
    let (at, _) = bench.outbox.poll_timeout(bench.now).unwrap();
    assert!(at <= bench.now.boot + s(120));
    // It is tried again, and can still succeed.
    bench.pass(s(120));
    assert_eq!(bench.drain(&punchplay()), ["stop"]);
}

#[test]
fn in_an_outage_nothing_stands_aside_and_few_are_touched() {
    let mut bench = Bench::new(&[punchplay()]);
    for number in 1..=50 {
        bench.finish(&mut Watch::film(number, "Heat"));
    }
    bench.pass(s(3600));
    for _ in 0..40 {
        bench.pass(s(61));
        bench.send(&punchplay(), failed(Fault::Server)).unwrap();
    }
    assert!(bench.queue().iter().all(|line| line.ends_with(" due")));
    let mut attempted = 0;
    let list = &mut |queued: crate::outbox::Queued| attempted += u32::from(queued.attempts > 0);
    bench.outbox.queue(bench.now, list).unwrap();
    assert_eq!(attempted, 2);
}

#[test]
fn the_dead_block_nobody() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    bench.finish(&mut film);
    bench.send(&punchplay(), rejected()).unwrap();
    film.again(1);
    bench.add(&mut film, Start);
    assert_eq!(bench.drain(&punchplay()), ["start"]);
    assert_eq!(bench.queue(), ["punchplay stop dead"]);
    assert_eq!(bench.outbox.poll_timeout(bench.now), None);
}

#[test]
fn backlog_and_live_alternate() {
    let mut bench = Bench::new(&[punchplay()]);
    for number in 1..=10 {
        bench.finish(&mut Watch::film(number, "Old"));
    }
    bench.pass(s(3600));
    for number in 11..=13 {
        let mut film = Watch::film(number, "New");
        bench.add(&mut film, Start);
    }
    let sent = bench.drain(&punchplay());
    assert_eq!(
        sent[..6],
        ["start", "stop", "start", "stop", "start", "stop"],
    );
}

#[test]
fn a_backlog_leaves_room_in_the_budget_for_what_starts_and_stops_now() {
    let mut bench = Bench::new(&[punchplay()]);
    for number in 1..=300 {
        bench.finish(&mut Watch::film(number, "Old"));
    }
    bench.pass(s(3600));
    assert_eq!(bench.drain(&punchplay()).len(), 80);
    let mut new = Watch::film(1000, "New");
    bench.add(&mut new, Start);
    assert_eq!(bench.drain(&punchplay()), ["start"]);
    for _ in 0..30 {
        bench.pass(Duration::from_millis(100));
        bench.add(&mut new, Progress);
        bench.drain(&punchplay());
    }
    bench.add(&mut new, Stop);
    assert_eq!(bench.drain(&punchplay()), ["stop"]);
    let (at, _) = bench.outbox.poll_timeout(bench.now).unwrap();
    bench.pass(at - bench.now.boot);
    assert!(!bench.drain(&punchplay()).is_empty());
}

#[test]
fn no_older_resume_point_follows_a_newer_one_of_what_turns_out_to_be_the_same_title() {
    for crash in [false, true] {
        let mut bench = Bench::new(&[discovr()]);
        let mut first = Watch::episode(1, "Naruto Shippuuden", 1, &[1]);
        bench.add(&mut first, Start);
        bench.add(&mut first, Stop);
        assert!(bench.next(&discovr()).is_none(), "no id yet");
        bench.pass(s(60));
        let mut second = Watch::episode(2, "Naruto Shippuden", 1, &[2]).tmdb(31910);
        bench.add(&mut second, Start);
        bench.add(&mut second, Stop);
        assert_eq!(bench.drain(&discovr()), ["resume_point"]);
        if crash {
            bench.crash();
        }
        let title = TitleKey::of(&first.viewing.key).unwrap();
        let ids = second.viewing.media.ids.clone();
        bench.outbox.learn_answer(title, &ids).unwrap();
        assert!(bench.drain(&discovr()).is_empty(), "after a crash: {crash}");
        assert!(bench.queue().is_empty());
        // What is newer still goes.
        bench.pass(s(60));
        first.again(1);
        bench.add(&mut first, Start);
        bench.add(&mut first, Stop);
        assert_eq!(bench.drain(&discovr()), ["resume_point"]);
    }
}

#[test]
fn the_completion_of_the_older_is_told_though_its_resume_point_is_not() {
    let mut bench = Bench::new(&[discovr()]);
    let mut first = Watch::episode(1, "Naruto Shippuuden", 1, &[1]);
    bench.finish(&mut first);
    bench.pass(s(60));
    let mut second = Watch::episode(2, "Naruto Shippuden", 1, &[2]).tmdb(31910);
    bench.add(&mut second, Stop);
    assert_eq!(bench.drain(&discovr()), ["resume_point"]);
    let title = TitleKey::of(&first.viewing.key).unwrap();
    let ids = second.viewing.media.ids.clone();
    bench.outbox.learn_answer(title, &ids).unwrap();
    assert_eq!(bench.drain(&discovr()), ["history Some((1, 1))"]);
}

#[test]
fn a_resume_point_of_a_clock_that_was_ahead_holds_nothing_up() {
    let mut bench = Bench::new(&[discovr()]);
    let true_time = bench.now.wall;
    bench.now.wall = true_time.plus(s(365 * 86_400));
    bench.add(&mut Watch::film(1, "Heat").tmdb(949), Stop);
    assert_eq!(bench.drain(&discovr()), ["resume_point"]);
    bench.now.wall = true_time;
    bench.pass(s(60));
    bench.add(&mut Watch::film(2, "Heat").tmdb(949), Stop);
    assert_eq!(bench.drain(&discovr()), ["resume_point"]);
}

#[test]
fn after_a_completion_no_lower_resume_point_of_the_viewing_goes_out() {
    let mut bench = Bench::new(&[discovr()]);
    let mut one = Watch::film(1, "Heat").tmdb(949);
    let mut other = one.clone();
    other.again(1);
    bench.add(&mut one, Start);
    bench.add(&mut other, Start);
    assert_eq!(bench.drain(&discovr()), ["resume_point"]);
    bench.finish(&mut one);
    other.viewing.completed = Some(bench.now.wall);
    bench.pass(s(1));
    for action in [Progress, Pause, Stop] {
        bench.add(&mut other, action);
    }
    assert_eq!(bench.drain(&discovr()), ["history None", "resume_point"]);
}

#[test]
fn a_delivery_for_which_it_is_too_early_waits_alone() {
    let mut bench = Bench::new(&[discovr()]);
    bench.finish(&mut Watch::film(1, "Heat").tmdb(949));
    let (doubtful, _) = bench.next(&discovr()).unwrap();
    bench.settle(doubtful, failed(Fault::Server));
    bench.pass(s(2));
    let (again, job) = bench.next(&discovr()).unwrap();
    assert!(again == doubtful && job.in_doubt);
    let wait = crate::service::Disposition::Retry {
        after: Some(s(28)),
        fault: Fault::TooEarly,
        reason: "waiting to see".into(),
    };
    bench.settle(again, wait);
    assert!(!bench.outbox.failing(bench.now), "the service answers");
    bench.finish(&mut Watch::film(2, "Alien").tmdb(348));
    let others = bench.drain(&discovr());
    assert!(others.len() >= 2, "{others:?}");
    assert!(bench.next(&discovr()).is_none(), "not before its time");
    bench.pass(s(28));
    let (last, job) = bench.next(&discovr()).unwrap();
    assert!(last == doubtful && job.in_doubt, "and still in doubt");
}
