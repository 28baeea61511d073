//! One delivery from append to its end: ids, bodies, marks, crashes.

use std::collections::BTreeSet;

use super::support::*;
use crate::model::{Action, DeliveryId, Ids};
use crate::outbox::{Settled, TitleKey};
use crate::service::Fault;
use crate::store::Durability;

#[test]
fn an_event_becomes_one_delivery_per_call_and_account() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat").tmdb(949);
    bench.add(&mut film, Action::Start);
    assert_eq!(
        bench.queue(),
        ["punchplay start due", "discovr resume_point due"]
    );
    bench.finish(&mut film);
    assert_eq!(
        bench.queue(),
        [
            "punchplay stop due",
            "discovr history due",
            "discovr resume_point due"
        ]
    );
}

#[test]
fn a_watched_double_episode_is_one_event_at_one_service_and_two_entries_then_a_resume_point_at_the_other()
 {
    let mut bench = Bench::both();
    let mut double = Watch::episode(1, "Lost", 1, &[1, 2]).tmdb(4607);
    bench.finish(&mut double);
    assert_eq!(bench.drain(&punchplay()), ["stop"]);
    assert_eq!(
        bench.drain(&discovr()),
        [
            "history Some((1, 1))",
            "history Some((1, 2))",
            "resume_point"
        ]
    );
}

#[test]
fn without_an_account_nothing_is_made_and_the_viewing_is_remembered() {
    let mut bench = Bench::new(&[]);
    let mut film = Watch::film(1, "Heat");
    bench.finish(&mut film);
    assert!(bench.queue().is_empty());
    bench.accounts = vec![punchplay()];
    assert_eq!(bench.crash().viewings, [film.viewing]);
    assert!(bench.next(&punchplay()).is_none());
}

#[test]
fn a_local_viewing_is_never_sent() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat");
    film.viewing.local_only = Some("not identified".into());
    bench.finish(&mut film);
    assert!(bench.queue().is_empty());
}

#[test]
fn a_retry_has_the_same_body_byte_for_byte_even_after_a_crash_and_new_ids() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat");
    bench.finish(&mut film);
    let (first, _) = bench
        .send(&punchplay(), failed(Fault::Unreachable))
        .unwrap();
    assert!(!first.in_doubt);
    bench.wait();
    let key = TitleKey::of(&film.viewing.key).unwrap();
    let ids = Ids {
        tmdb: Some(949),
        ..Ids::default()
    };
    bench.outbox.learn(key, &ids).unwrap();
    bench.crash();
    let (again, _) = bench.send(&punchplay(), taken()).unwrap();
    assert_eq!(again.request, first.request);
    assert!(again.in_doubt);
    assert_eq!(again.first_attempt_at, first.first_attempt_at);
}

#[test]
fn no_event_id_is_ever_used_for_two_deliveries() {
    let mut bench = Bench::both();
    let mut ids = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for number in 0..50 {
        let mut film = Watch::film(number, &format!("Film {number}")).tmdb(number);
        bench.add(&mut film, Action::Start);
        bench.finish(&mut film);
        if number % 7 == 0 {
            bench.crash();
        }
        let list = &mut |queued: crate::outbox::Queued| {
            assert_eq!(seen.insert(queued.id), ids.insert(queued.event_id));
        };
        bench.outbox.queue(bench.now, list).unwrap();
    }
    assert_eq!(ids.len(), 150);
}

#[test]
fn numbers_of_deliveries_only_grow() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat").tmdb(949);
    let before = bench.finish(&mut film).made;
    bench.drain(&punchplay());
    bench.drain(&discovr());
    bench.crash();
    let mut other = Watch::film(2, "Alien").tmdb(348);
    let after = bench.finish(&mut other).made;
    assert!(before.iter().max() < after.iter().min());
}

#[test]
fn a_stop_is_on_the_disk_when_append_returns_and_a_heartbeat_only_outlives_the_process() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    for (action, durability) in [
        (Action::Start, Durability::Process),
        (Action::Progress, Durability::Process),
        (Action::Stop, Durability::Disk),
    ] {
        bench.add(&mut film, action);
        assert_eq!(bench.disk.last_commit(), Some(durability), "{action:?}");
    }
    film.again(1);
    bench.finish(&mut film);
    bench.power_loss();
    assert_eq!(bench.queue(), ["punchplay stop due"]);
}

#[test]
fn the_mark_of_an_attempt_is_on_the_disk_before_the_job_is_handed_out() {
    let mut bench = Bench::new(&[discovr()]);
    let mut film = Watch::film(1, "Heat").tmdb(949);
    bench.finish(&mut film);
    let (_, job) = bench.next(&discovr()).unwrap();
    assert!(!job.in_doubt);
    assert_eq!(bench.disk.last_commit(), Some(Durability::Disk));
    // The power goes before any answer: whether it landed is not known.
    bench.power_loss();
    let (_, again) = bench.next(&discovr()).unwrap();
    assert_eq!(again.request, job.request);
    assert!(again.in_doubt);
}

#[test]
fn what_was_told_live_is_known_after_a_loss_of_power() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    bench.append(&film.step(Action::Start, false, bench.now));
    bench.next(&punchplay()).unwrap();
    assert_eq!(bench.disk.last_commit(), Some(Durability::Disk));
    let remembered = bench.power_loss();
    assert_eq!(remembered.open.len(), 1, "the session with its stamp");
}

#[test]
fn in_doubt_is_what_ended_without_a_clear_answer() {
    for (fault, in_doubt) in [
        (Fault::Unreachable, true),
        (Fault::Server, true),
        (Fault::Throttled, false),
        (Fault::Unsent, false),
    ] {
        let mut bench = Bench::new(&[discovr()]);
        let mut film = Watch::film(1, "Heat").tmdb(949);
        bench.finish(&mut film);
        let (job, _) = bench.send(&discovr(), failed(fault)).unwrap();
        assert!(!job.in_doubt);
        for _ in 0..2 {
            bench.pass(s(120));
            let (job, _) = bench.send(&discovr(), failed(Fault::Throttled)).unwrap();
            assert_eq!(job.in_doubt, in_doubt, "{fault:?}");
            bench.crash();
        }
    }
}

#[test]
fn a_commit_that_failed_may_be_repeated_whether_or_not_it_had_landed() {
    for failure in [Failure::Nothing, Failure::All] {
        let mut bench = Bench::both();
        let mut film = Watch::film(1, "Heat").tmdb(949);
        bench.add(&mut film, Action::Start);
        let step = film.step(Action::Stop, true, bench.now);
        bench.disk.fail_next(failure);
        let accounts = bench.accounts.clone();
        assert!(bench.outbox.append(&step, &accounts, bench.now).is_err());
        assert!(bench.outbox.append(&step, &accounts, bench.now).is_err());
        bench.reopen();
        let appended = bench.append(&step);
        assert_eq!(appended.already, failure == Failure::All);
        assert_eq!(bench.drain(&punchplay()), ["stop"], "{failure:?}");
        assert_eq!(bench.drain(&discovr()), ["history None", "resume_point"]);
    }
}

#[test]
fn an_attempt_whose_mark_failed_is_not_made() {
    for failure in [Failure::Nothing, Failure::All] {
        let mut bench = Bench::new(&[punchplay()]);
        let mut film = Watch::film(1, "Heat");
        bench.finish(&mut film);
        bench.disk.fail_next(failure);
        let context = crate::service::Context::default();
        let refused = bench.outbox.next(&punchplay(), bench.now, &context);
        assert!(refused.is_err());
        bench.reopen();
        let (_, job) = bench.next(&punchplay()).unwrap();
        assert_eq!(job.in_doubt, failure == Failure::All);
    }
}

#[test]
fn an_answer_that_could_not_be_written_is_settled_again_after_reopening() {
    for failure in [Failure::Nothing, Failure::All] {
        let mut bench = Bench::new(&[punchplay()]);
        let mut film = Watch::film(1, "Heat");
        bench.finish(&mut film);
        let (id, _) = bench.next(&punchplay()).unwrap();
        bench.disk.fail_next(failure);
        assert!(bench.outbox.settle(id, taken(), bench.now).is_err());
        bench.reopen();
        assert!(bench.next(&punchplay()).is_none(), "still in flight");
        bench.settle(id, taken());
        assert!(bench.queue().is_empty());
        assert!(bench.outbox.poll_timeout(bench.now).is_none());
    }
}

#[test]
fn the_store_may_be_closed_and_reopened_at_any_time() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    bench.finish(&mut film);
    let (id, _) = bench.next(&punchplay()).unwrap();
    bench.outbox.close();
    assert!(bench.outbox.is_closed());
    assert!(bench.outbox.settle(id, taken(), bench.now).is_err());
    bench.reopen();
    assert!(matches!(
        bench.settle(id, taken()),
        Settled::Delivered { .. }
    ));
}

#[test]
fn an_answer_to_something_unknown_changes_nothing() {
    let mut bench = Bench::both();
    assert_eq!(bench.settle(DeliveryId(77), taken()), Settled::Unknown);
}

#[test]
fn an_outage_of_days_writes_nothing_once_its_deliveries_were_tried() {
    for fault in [Fault::Unreachable, Fault::Unsent] {
        an_outage_of_days_with(fault);
    }
}

fn an_outage_of_days_with(fault: Fault) {
    let mut bench = Bench::both();
    for number in 1..=5 {
        bench.finish(&mut Watch::film(number, &format!("Film {number}")).tmdb(number));
    }
    let mut after_an_hour = 0;
    for minute in 0..2 * 24 * 60 {
        bench.pass(s(60));
        for account in [punchplay(), discovr()] {
            bench.send(&account, failed(fault));
        }
        if minute == 60 {
            after_an_hour = bench.disk.commits();
        }
    }
    assert_eq!(bench.disk.commits(), after_an_hour);
    // What was not written is lost by a crash, and nothing is lost with it.
    bench.crash();
    assert_eq!(bench.drain(&punchplay()).len(), 5);
    assert_eq!(bench.drain(&discovr()).len(), 10);
}

#[test]
fn a_beat_costs_one_write_and_one_for_each_attempt() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat").tmdb(949);
    bench.add(&mut film, Action::Start);
    for _ in 0..10 {
        bench.pass(s(30));
        let before = bench.disk.commits();
        bench.add(&mut film, Action::Progress);
        bench.drain(&punchplay());
        bench.drain(&discovr());
        let starts = usize::from(before == 2);
        assert!(bench.disk.commits() - before <= 3 + starts);
    }
}

#[test]
fn what_is_deferred_outlives_a_failed_commit() {
    for failure in [Failure::Nothing, Failure::All] {
        let mut bench = Bench::both();
        let mut film = Watch::film(1, "Heat").tmdb(949);
        bench.add(&mut film, Action::Start);
        bench.drain(&punchplay());
        bench.drain(&discovr());
        bench.disk.fail_next(failure);
        let step = film.step(Action::Progress, false, bench.now);
        let accounts = bench.accounts.clone();
        assert!(bench.outbox.append(&step, &accounts, bench.now).is_err());
        bench.reopen();
        assert!(bench.outbox.take_problems().is_empty());
        bench.append(&step);
        assert_eq!(
            bench.queue(),
            ["punchplay progress due", "discovr resume_point due"]
        );
    }
}

#[test]
fn a_store_that_is_another_one_after_closing_is_read_anew() {
    let mut bench = Bench::new(&[punchplay()]);
    bench.finish(&mut Watch::film(1, "Heat"));
    bench.outbox.close();
    bench.disk = Disk::default();
    bench.reopen();
    assert!(bench.queue().is_empty());
    assert!(bench.next(&punchplay()).is_none());
    bench.finish(&mut Watch::film(2, "Alien"));
    assert_eq!(bench.drain(&punchplay()), ["stop"]);
    assert!(bench.crash().problems.is_empty());
}

#[test]
fn an_attempt_after_a_clear_refusal_is_marked_on_the_disk_like_the_first() {
    let mut bench = Bench::new(&[discovr()]);
    bench.finish(&mut Watch::film(1, "Heat").tmdb(949));
    bench.send(&discovr(), failed(Fault::Throttled)).unwrap();
    bench.wait();
    let (_, job) = bench.next(&discovr()).unwrap();
    assert!(!job.in_doubt);
    bench.power_loss();
    let (_, job) = bench.next(&discovr()).unwrap();
    assert!(job.in_doubt);
}
