//! What each answer does.

use std::collections::BTreeSet;

use super::support::*;
use crate::model::Action::*;
use crate::model::ViewingId;
use crate::outbox::{Selection, Settled, Told, ToldState};
use crate::service::{Disposition, Fault};

fn told(bench: &Bench, viewing: u64) -> Vec<(ToldState, Option<String>)> {
    let viewings = BTreeSet::from([ViewingId(viewing)]);
    let told = bench.outbox.told(&viewings).unwrap().into_iter();
    told.map(|Told { state, answer, .. }| (state, answer))
        .collect()
}

#[test]
fn ignored_means_lost_at_the_first_attempt_of_a_completion_and_landed_at_a_later_one() {
    let mut bench = Bench::new(&[punchplay()]);
    bench.finish(&mut Watch::film(1, "Heat"));
    let (_, settled) = bench.send(&punchplay(), ignored()).unwrap();
    assert_eq!(settled, Settled::Dead("old_event".into()));
    assert_eq!(bench.queue(), ["punchplay stop dead"]);
    assert_eq!(
        told(&bench, 1),
        [(ToldState::Dead, Some("old_event".into()))]
    );

    for fault in [Fault::Unreachable, Fault::Server] {
        let mut bench = Bench::new(&[punchplay()]);
        bench.finish(&mut Watch::film(1, "Heat"));
        bench.send(&punchplay(), failed(fault)).unwrap();
        bench.wait();
        let (_, settled) = bench.send(&punchplay(), ignored()).unwrap();
        assert!(matches!(
            settled,
            Settled::Delivered {
                ignored: Some(_),
                ..
            }
        ));
        assert!(bench.queue().is_empty());
    }
}

#[test]
fn after_a_refusal_for_want_of_capacity_nothing_has_landed_so_ignored_still_means_lost() {
    let mut bench = Bench::new(&[punchplay()]);
    bench.finish(&mut Watch::film(1, "Heat"));
    bench.send(&punchplay(), failed(Fault::Throttled)).unwrap();
    bench.wait();
    let (_, settled) = bench.send(&punchplay(), ignored()).unwrap();
    assert_eq!(settled, Settled::Dead("old_event".into()));
}

#[test]
fn ignored_is_delivered_for_anything_that_completes_nothing() {
    for action in [Start, Progress, Pause, Resume, Stop] {
        let mut bench = Bench::new(&[punchplay()]);
        let mut film = Watch::film(1, "Heat");
        if action != Start {
            bench.add(&mut film, Start);
            bench.drain(&punchplay());
        }
        bench.add(&mut film, action);
        let (_, settled) = bench.send(&punchplay(), ignored()).unwrap();
        assert!(matches!(settled, Settled::Delivered { .. }), "{action:?}");
        assert!(bench.queue().is_empty());
    }
}

#[test]
fn a_refused_live_event_is_dropped_and_counted_and_a_refused_stop_is_a_dead_letter() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    let (_, settled) = bench.send(&punchplay(), rejected()).unwrap();
    assert_eq!(settled, Settled::Refused("no".into()));
    assert!(bench.queue().is_empty());
    assert_eq!(bench.outbox.counts(bench.now)[0].1.dropped, 1);
    bench.add(&mut film, Stop);
    let (_, settled) = bench.send(&punchplay(), rejected()).unwrap();
    assert_eq!(settled, Settled::Dead("no".into()));
    let counts = bench.outbox.counts(bench.now)[0].1.clone();
    assert_eq!((counts.queued, counts.dead), (0, 1));
    bench.crash();
    assert_eq!(bench.queue(), ["punchplay stop dead"]);
}

#[test]
fn what_cannot_be_expressed_is_skipped_with_the_reason_and_not_queued_for_ever() {
    let mut bench = Bench::new(&[discovr()]);
    bench.finish(&mut Watch::episode(1, "Lost", 0, &[3]).tmdb(4607));
    assert!(bench.next(&discovr()).is_none());
    assert!(bench.queue().is_empty());
    let reason = Some("specials cannot be recorded".to_owned());
    assert_eq!(told(&bench, 1), [(ToldState::Skipped, reason)]);
}

#[test]
fn a_refused_login_stops_sending_keeps_everything_and_the_next_login_drains_it() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat").tmdb(949);
    bench.finish(&mut film);
    let refused = Disposition::NeedsLogin {
        reason: "invalid_grant".into(),
    };
    let (first, settled) = bench.send(&punchplay(), refused).unwrap();
    assert_eq!(settled, Settled::NeedsLogin("invalid_grant".into()));
    bench.pass(s(86_400 * 30));
    assert!(bench.next(&punchplay()).is_none());
    bench.drain(&discovr());
    assert_eq!(bench.outbox.poll_timeout(bench.now), None);
    // Still made, still kept.
    bench.finish(&mut Watch::film(2, "Alien").tmdb(348));
    assert!(bench.outbox.counts(bench.now)[0].1.needs_login);
    assert!(
        bench
            .queue()
            .contains(&"punchplay stop waiting_login".to_owned())
    );
    bench
        .outbox
        .hint(&crate::outbox::Hint::LoggedIn(punchplay()));
    let (again, _) = bench.send(&punchplay(), taken()).unwrap();
    assert_eq!(again.request, first.request);
    assert!(!again.in_doubt);
    assert_eq!(bench.drain(&punchplay()), ["stop"]);
}

#[test]
fn a_retried_dead_letter_goes_out_anew_under_a_new_id_and_a_dropped_one_never() {
    let mut bench = Bench::new(&[punchplay()]);
    bench.finish(&mut Watch::film(1, "Heat"));
    bench.finish(&mut Watch::film(2, "Alien"));
    let (first, _) = bench.send(&punchplay(), ignored()).unwrap();
    bench.send(&punchplay(), rejected()).unwrap();
    let ids = BTreeSet::from([crate::model::DeliveryId(1)]);
    assert_eq!(bench.outbox.retry(&Selection::Ids(ids)).unwrap(), 1);
    let (again, _) = bench.send(&punchplay(), taken()).unwrap();
    assert_ne!(again.request, first.request);
    assert_eq!(again.stamp, first.stamp);
    assert_eq!(bench.outbox.drop_deliveries(&Selection::Dead).unwrap(), 1);
    bench.crash();
    assert!(bench.queue().is_empty());
    assert_eq!(told(&bench, 1), [(ToldState::Delivered, None)]);
    assert_eq!(told(&bench, 2)[0].0, ToldState::Skipped);
}

#[test]
fn a_delivery_dropped_while_in_flight_is_gone_and_its_answer_is_let_pass() {
    let mut bench = Bench::new(&[punchplay()]);
    bench.finish(&mut Watch::film(1, "Heat"));
    let (id, _) = bench.next(&punchplay()).unwrap();
    bench.outbox.drop_deliveries(&Selection::All).unwrap();
    assert_eq!(bench.settle(id, failed(Fault::Server)), Settled::Unknown);
    bench.finish(&mut Watch::film(2, "Alien"));
    assert_eq!(bench.drain(&punchplay()), ["stop"]);
}

#[test]
fn history_hears_of_the_completion_before_anything_else_of_a_viewing() {
    let mut bench = Bench::new(&[discovr()]);
    let mut film = Watch::film(1, "Heat").tmdb(949);
    assert!(told(&bench, 1).is_empty());
    bench.add(&mut film, Stop);
    assert_eq!(told(&bench, 1), [(ToldState::Queued, None)]);
    bench.drain(&discovr());
    assert_eq!(told(&bench, 1), [(ToldState::Delivered, None)]);
    film.again(1);
    bench.finish(&mut film);
    bench.send(&discovr(), rejected()).unwrap();
    bench.drain(&discovr());
    assert_eq!(told(&bench, 1), [(ToldState::Dead, Some("no".into()))]);
    bench.outbox.drop_deliveries(&Selection::Dead).unwrap();
    film.again(2);
    bench.add(&mut film, Stop);
    bench.drain(&discovr());
    assert_eq!(told(&bench, 1)[0].0, ToldState::Skipped);
}

#[test]
fn a_long_answer_is_kept_short() {
    let mut bench = Bench::new(&[punchplay()]);
    bench.finish(&mut Watch::film(1, "Heat"));
    let reason = "ß".repeat(1_000_000);
    bench
        .send(&punchplay(), Disposition::Reject { reason })
        .unwrap();
    let answer = told(&bench, 1)[0].1.clone().unwrap();
    assert_eq!(answer.len(), 500);
}
