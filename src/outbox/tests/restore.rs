//! A store that is filled again.

use std::collections::BTreeSet;

use super::support::*;
use crate::model::Action::*;
use crate::model::{DeliveryId, Moment, Step};
use crate::outbox::{Ended, Owed, Standing};
use crate::service::{Disposition, Fault};

fn event_ids(bench: &Bench) -> Vec<String> {
    let mut ids = Vec::new();
    let list = &mut |queued: crate::outbox::Queued| ids.push(queued.event_id.to_string());
    bench.outbox.queue(bench.now, list).unwrap();
    ids
}

fn owed(step: &Step, newest: bool) -> Vec<Owed> {
    vec![Owed {
        step: step.clone(),
        accounts: vec![punchplay(), discovr()],
        newest,
    }]
}

/// A step as the history tells it: without the clocks of the boot.
fn retold(step: &Step) -> Step {
    let mut step = step.clone();
    if let Some(event) = &mut step.event {
        event.at = Moment {
            mono: s(0),
            boot: s(0),
            ..event.at
        };
    }
    step
}

#[test]
fn a_completion_made_again_has_the_same_event_ids_and_is_in_doubt() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat").tmdb(949);
    let step = film.step(Stop, true, bench.now);
    bench.append(&step);
    let before = event_ids(&bench);
    let mut new = Bench::both();
    new.outbox
        .owe(&owed(&retold(&step), true), new.now)
        .unwrap();
    assert_eq!(event_ids(&new), before);
    assert_eq!(
        before.iter().collect::<BTreeSet<_>>().len(),
        3,
        "all differ"
    );
    for account in [punchplay(), discovr()] {
        let (job, _) = new.send(&account, taken()).unwrap();
        assert!(job.in_doubt, "{account:?}");
    }
    new.crash();
    new.outbox
        .owe(&owed(&retold(&step), true), new.now)
        .unwrap();
}

#[test]
fn what_this_run_told_is_told_again_with_its_resume_point_where_the_store_was_lost_under_it() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat").tmdb(949);
    let step = film.step(Stop, true, bench.now);
    bench.append(&step);
    let before = bench.queue();
    bench.outbox.close();
    bench.outbox.mistrust();
    bench.disk = Disk::default();
    bench.reopen();
    assert_eq!(bench.queue(), Vec::<String>::new());
    let again = owed(&retold(&step), true);
    bench.outbox.owe(&again, bench.now).unwrap();
    assert_eq!(bench.queue().len(), before.len(), "{before:?}");
}

#[test]
fn what_is_queued_is_not_queued_again_and_an_old_resume_point_stays_away() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat").tmdb(949);
    let step = film.step(Stop, true, bench.now);
    for _ in 0..2 {
        bench.outbox.owe(&owed(&step, false), bench.now).unwrap();
        assert_eq!(bench.queue(), ["punchplay stop due", "discovr history due"]);
    }
    assert_eq!(bench.crash().problems, Vec::<String>::new());
}

#[test]
fn how_a_completion_stands_at_an_account_is_known_as_long_as_its_viewing() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat").tmdb(949);
    bench.finish(&mut film);
    bench.send(&punchplay(), taken());
    let asked = BTreeSet::from([
        (film.viewing.id, punchplay()),
        (film.viewing.id, discovr()),
        (crate::model::ViewingId(9), discovr()),
    ]);
    let standings = bench.outbox.standings(asked).unwrap();
    let delivered = Standing::Ended {
        delivered: true,
        answer: None,
    };
    let standings: Vec<Standing> = standings.into_values().collect();
    assert_eq!(standings, [delivered, Standing::Queued, Standing::Unknown]);
}

#[test]
fn the_end_of_a_completion_is_told_once_and_only_when_its_last_delivery_has_ended() {
    let mut bench = Bench::new(&[discovr()]);
    let mut double = Watch::episode(1, "Lost", 1, &[2, 3]).tmdb(4607);
    bench.add(&mut double, Start);
    bench.drain(&discovr());
    assert_eq!(bench.outbox.take_ended(), []);
    bench.finish(&mut double);
    bench.send(&discovr(), taken());
    assert_eq!(bench.outbox.take_ended(), [], "one episode of two");
    bench.send(&discovr(), taken());
    let ended = Ended {
        viewing: double.viewing.id,
        account: discovr(),
        delivered: true,
        answer: None,
    };
    assert_eq!(bench.outbox.take_ended(), [ended]);
    bench.drain(&discovr());
    assert_eq!(bench.outbox.take_ended(), []);
    for (number, refused) in [(2, rejected()), (3, failed(Fault::Server))] {
        let mut film = Watch::film(number, "Heat").tmdb(949);
        bench.pass(s(60));
        bench.finish(&mut film);
        bench.send(&discovr(), refused);
        assert_eq!(bench.outbox.take_ended(), [], "it may still be delivered");
        let all = crate::outbox::Selection::All;
        bench.outbox.drop_deliveries(&all).unwrap();
        let ended = bench.outbox.take_ended();
        assert!(ended.len() == 1 && !ended[0].delivered, "{ended:?}");
    }
}

#[test]
fn a_number_in_flight_is_not_given_away_by_a_store_that_forgot_it() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat");
    bench.finish(&mut film);
    let (in_flight, _) = bench.next(&punchplay()).unwrap();
    bench.disk.0.borrow_mut().now.clear();
    bench.outbox.mistrust();
    bench.reopen();
    let made = bench.finish(&mut Watch::film(2, "Alien")).made;
    assert!(made.iter().all(|id| *id > in_flight), "{made:?}");
    let unknown = Disposition::Reject {
        reason: "no".into(),
    };
    bench.settle(in_flight, unknown);
    assert_eq!(bench.queue(), ["punchplay stop due"]);
    assert_ne!(in_flight, DeliveryId(u64::MAX));
}

#[test]
fn a_note_stays_until_the_history_was_told_and_outlives_a_crash() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    assert_eq!(bench.outbox.untold(), 0, "only stops are noted");
    let step = film.step(Stop, false, bench.now);
    bench.append(&step);
    bench.crash();
    let (number, note) = bench.outbox.note().unwrap().unwrap();
    assert_eq!(Some(&note.event), step.event.as_ref());
    assert_eq!(
        (note.viewing, note.accounts.len()),
        (step.viewing.clone(), 2)
    );
    bench.outbox.noted(number, note.event.session);
    assert_eq!(bench.outbox.untold(), 0);
    bench.crash();
    let told = BTreeSet::from([note.event.session]);
    assert_eq!(bench.outbox.noted_before(&told).unwrap(), told);
    let untold = bench.outbox.untold_viewings(&told).unwrap();
    assert!(untold.is_empty(), "the history has it");
    bench.outbox.forget_noted(&told).unwrap();
    assert_eq!(bench.outbox.untold(), 0);
}

#[test]
fn the_playback_that_completed_a_viewing_is_remembered_beside_it() {
    let mut bench = Bench::both();
    let mut film = Watch::film(1, "Heat");
    let of = |bench: &mut Bench| bench.crash().viewings.remove(0).played_in;
    bench.add(&mut film, Start);
    assert_eq!(of(&mut bench), None);
    let mut playback = film.span(bench.now).playback;
    // An entry that is known, none (as older versions wrote it), another one.
    for entry in [Some(3), None, Some(4)] {
        playback.entry = entry;
        film.viewing.played_in = Some(playback.clone());
        bench.add(&mut film, Start);
        assert_eq!(of(&mut bench), Some(playback.clone()));
        let stored = bench.outbox.remembered(film.viewing.id).unwrap();
        assert_eq!(stored.unwrap().played_in, Some(playback.clone()));
    }
}

#[test]
fn lines_that_the_history_has_lost_are_news_once_also_to_later_runs() {
    let mut bench = Bench::both();
    for (lost, is_news) in [
        (0, false),
        (2, true),
        (2, false),
        (3, true),
        (1, false),
        (3, true),
    ] {
        assert_eq!(bench.outbox.note_lost_lines(lost), Ok(is_news), "{lost}");
        bench.crash();
    }
}
