//! One delivery from append to its end: ids, bodies, marks, answers.

use super::support::*;
use crate::model::Action;
use crate::outbox::Settled;
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
fn a_retry_has_the_same_body_byte_for_byte_even_after_a_crash_and_new_ids() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat");
    bench.finish(&mut film);
    let (first, _) = bench
        .send(&punchplay(), failed(Fault::Unreachable))
        .unwrap();
    assert!(!first.in_doubt);
    bench.wait();
    let key = crate::outbox::TitleKey::of(&film.viewing.key).unwrap();
    let ids = crate::model::Ids {
        tmdb: Some(949),
        ..Default::default()
    };
    bench.outbox.learn(key, &ids).unwrap();
    bench.crash();
    let (again, _) = bench.send(&punchplay(), taken()).unwrap();
    assert_eq!(again.request, first.request);
    assert!(again.in_doubt);
    assert_eq!(again.first_attempt_at, first.first_attempt_at);
}

#[test]
fn a_stop_is_on_the_disk_when_append_returns_and_a_heartbeat_only_outlives_the_process() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat").tmdb(949);
    bench
        .outbox
        .learn(
            crate::outbox::TitleKey::of(&film.viewing.key).unwrap(),
            &film.viewing.media.ids,
        )
        .unwrap();
    bench.add(&mut film, Action::Start);
    assert_eq!(bench.disk.last_commit(), Some(Durability::Process));
    bench.add(&mut film, Action::Stop);
    assert_eq!(bench.disk.last_commit(), Some(Durability::Disk));
    let (_, settled) = bench.send(&punchplay(), taken()).unwrap();
    assert!(matches!(settled, Settled::Delivered { .. }));
}
